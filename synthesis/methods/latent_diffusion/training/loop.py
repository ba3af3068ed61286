"""The training loop: steps, the weights' average, looks at held-out patches, checkpoints, and going on from them.

What is drawn at a step follows from the seed, the step and the process's rank, so that a training that was killed and
goes on from its checkpoint ends with the same weights, bit for bit on one device, as one that was not.
"""

from __future__ import annotations

import copy
import csv
import io
import math
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from synthesis.errors import UnusableInput
from synthesis.methods.latent_diffusion.model import part
from synthesis.methods.latent_diffusion.training.checkpoint import (
    CheckpointLost,
    load_tensors,
    optimizer_tensors,
    prefixed,
    restore_optimizer,
    save_tensors,
    write_atomically,
)
from synthesis.methods.latent_diffusion.training.config import Steps
from synthesis.methods.latent_diffusion.training.parallel import World
from synthesis.methods.latent_diffusion.training.pictures import slices_png
from synthesis.methods.latent_diffusion.training.stage import StageTask

CHECKPOINT, BEST, LOSSES, PICTURE = "checkpoint.safetensors", "best.safetensors", "losses.csv", "samples.png"
_COLUMNS = ("step", "seconds", "loss", "held_out", "learning_rate")
_CLIPPED_NORM = 1.0  # of the gradient


class TrainingStopped(UnusableInput):
    """Training can't go on as it is."""


@dataclass
class Progress:
    """How far a training is.

    Attributes
    ----------
    step : int
        Steps taken.
    seconds : float
        That they took, in all runs together.
    best : float
        Least error on the held-out patches, and at which look, of how many, it was.
    losses : list
        The rows of ``losses.csv``.
    settings : list of dict
        Batch, accumulation and learning rate, and from which step on: more than one where they were changed on the way.
    """

    step: int = 0
    seconds: float = 0.0
    best: float = math.inf
    best_look: int = 0
    looks: int = 0
    losses: list[list[float]] = field(default_factory=list)
    settings: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the reason in a word, steps taken, least held-out error and its unit, `Progress.settings`."""

    ended: str
    steps: int
    error: float
    unit: str
    settings: list[dict[str, float]]


class Training:
    """One stage's training in a folder."""

    def __init__(
        self,
        task: StageTask,
        how: Steps,
        folder: Path,
        *,
        seed: int,
        fingerprint: str,
        device: torch.device,
        world: World,
    ) -> None:
        self._task, self._how, self._folder = task, how, folder
        self._seed, self._fingerprint, self._device, self._world = seed, fingerprint, device, world
        self._average = copy.deepcopy(task.network)
        self._optimizer = torch.optim.AdamW(
            task.network.parameters(), lr=how.learning_rate, weight_decay=how.weight_decay
        )
        self._progress = Progress()

    def resume(self) -> None:
        """Go on from the folder's checkpoint, where there is one.

        Raises
        ------
        CheckpointLost
            If it is damaged, or was made with another config.
        """
        path = self._folder / CHECKPOINT
        if not path.exists():
            return
        tensors, facts = load_tensors(path)
        if facts["fingerprint"] != self._fingerprint:
            raise CheckpointLost(
                f"{path} was made with another config, other cases or another autoencoder; use those, or begin anew in "
                "another folder."
            )
        self._task.network.load_state_dict(part(tensors, "network"))
        self._average.load_state_dict(part(tensors, "average"))
        restore_optimizer(self._optimizer, part(tensors, "optimizer"))
        self._progress = Progress(**facts["progress"])

    def run(self, *, max_minutes: float | None = None) -> Outcome:
        """Train until the steps are done, the time is over, or held-out patches improve no more.

        Raises
        ------
        TrainingStopped
            If the loss is no number.
        """
        started = time.monotonic()
        progress, how = self._progress, self._how
        spent = progress.seconds
        ended = "done" if progress.step >= how.steps else "early" if self._tired() else ""
        bar = tqdm(
            total=how.steps,
            initial=progress.step,
            unit="step",
            disable=None if self._world.leads else True,
            file=sys.stderr,
        )
        now: dict[str, float] = {"batch": how.batch, "accumulate": how.accumulate, "learning_rate": how.learning_rate}
        if not ended and (not progress.settings or progress.settings[-1] != progress.settings[-1] | now):
            progress.settings.append({"from_step": progress.step, **now})
        loss_sum, loss_count = 0.0, 0
        while not ended:
            loss = self._step(progress.step)
            over = max_minutes is not None and time.monotonic() - started > 60 * max_minutes
            broken, over = self._world.any(not math.isfinite(loss), over, device=self._device)
            if broken:
                raise self._diverged(progress.step)
            if not self._apply(progress.step):
                raise self._diverged(progress.step)
            progress.step += 1
            progress.seconds = spent + time.monotonic() - started
            loss_sum, loss_count = loss_sum + loss, loss_count + 1
            bar.update()
            finished = progress.step >= how.steps
            if finished or progress.step % how.check_every == 0:
                self._look(loss_sum / loss_count, bar)
                loss_sum, loss_count = 0.0, 0
                ended = "done" if finished else "early" if self._tired() else "time" if over else ""
            elif over:  # no look at what an uninterrupted training would not have looked at
                self._save()
                ended = "time"
        bar.close()
        return Outcome(ended, progress.step, progress.best, self._task.unit, progress.settings)

    def _step(self, step: int) -> float:
        """Work out the gradients of a step; return its loss."""
        task, how = self._task, self._how
        task.network.train()
        self._optimizer.zero_grad(set_to_none=True)
        rng = np.random.default_rng([self._seed, step, self._world.rank])
        total = 0.0
        for _ in range(how.accumulate):
            with torch.autocast("cuda", dtype=torch.bfloat16, enabled=self._device.type == "cuda"):
                loss = task.loss(rng) / how.accumulate
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        return total

    def _apply(self, step: int) -> bool:
        """Take a step along the gradients; return whether they are numbers, as nothing is changed where not."""
        how, network = self._how, self._task.network
        self._world.average_gradients(network)
        if not math.isfinite(float(torch.nn.utils.clip_grad_norm_(network.parameters(), _CLIPPED_NORM))):
            return False
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(step, how)
        self._optimizer.step()
        keep = min(how.ema, (1 + step) / (10 + step))  # short at first, or the average would remember the beginning
        with torch.no_grad():
            for mean, weight in zip(self._average.parameters(), network.parameters(), strict=True):
                mean.lerp_(weight, 1 - keep)
        return True

    def _look(self, loss: float, bar: Any) -> None:
        """Look at held-out patches and write a checkpoint, unless the weights are of no use any more."""
        progress, how = self._progress, self._how
        error, broken = math.nan, False
        if self._world.leads:
            self._average.eval()
            with torch.inference_mode():
                error = self._task.check(self._average)
                broken = not (math.isfinite(error) and all(one.isfinite().all() for one in self._average.parameters()))
        if self._world.any(broken, device=self._device)[0]:
            raise self._diverged(progress.step - 1)
        progress.looks += 1
        if self._world.leads:
            with torch.inference_mode():
                rows = self._task.picture(self._average)
            if error < progress.best:
                progress.best, progress.best_look = error, progress.looks
                save_tensors(self._folder / BEST, self._average.state_dict(), self._task.facts())
            progress.losses.append([progress.step, progress.seconds, loss, error, learning_rate(progress.step, how)])
            self._save()
            self._write_losses()
            write_atomically(self._folder / PICTURE, slices_png(rows))
            bar.set_postfix_str(f"loss {loss:.4g}, held-out {error:.4g} {self._task.unit}")
            if bar.disable:
                sys.stderr.write(
                    f"step {progress.step} of {how.steps}, {progress.seconds:.0f} s: loss {loss:.4g}, "
                    f"held-out {error:.4g} {self._task.unit}\n"
                )

    def _tired(self) -> bool:
        """Return whether held-out patches have improved no more for as long as patience lasts: the leader knows."""
        tired = self._world.leads and 0 < self._how.patience <= self._progress.looks - self._progress.best_look
        return self._world.any(tired, device=self._device)[0]

    def _save(self) -> None:
        if not self._world.leads:
            return
        tensors = {
            **prefixed(self._task.network.state_dict(), "network"),
            **prefixed(self._average.state_dict(), "average"),
            **prefixed(optimizer_tensors(self._optimizer), "optimizer"),
        }
        facts = {"fingerprint": self._fingerprint, "progress": vars(self._progress)}
        save_tensors(self._folder / CHECKPOINT, tensors, facts)

    def _write_losses(self) -> None:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(_COLUMNS)
        for step, *rest in self._progress.losses:
            writer.writerow([int(step), *(f"{value:.6g}" for value in rest)])
        write_atomically(self._folder / LOSSES, text.getvalue().encode())

    def _diverged(self, step: int) -> TrainingStopped:
        kept = self._folder / CHECKPOINT
        go_on = "there was no checkpoint yet: lower learning_rate and begin again"
        if kept.exists():
            last = load_tensors(kept)[1]["progress"]["step"]
            go_on = f"the checkpoint of step {last} is kept: lower learning_rate and go on with --resume"
        return TrainingStopped(f"At step {step + 1} the loss, or what follows from it, is no number; {go_on}.")


def learning_rate(step: int, how: Steps) -> float:
    """Return a step's learning rate: it rises over the warm-up and falls to a hundredth as a cosine."""
    rise = min((step + 1) / max(how.warm_up, 1), 1.0)
    fall = 0.5 + 0.5 * math.cos(math.pi * min(step / how.decay, 1.0))
    return how.learning_rate * rise * max(fall, 0.01)
