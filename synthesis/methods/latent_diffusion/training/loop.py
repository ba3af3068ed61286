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
    """

    step: int = 0
    seconds: float = 0.0
    best: float = math.inf
    best_look: int = 0
    looks: int = 0
    losses: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the reason in a word, the steps taken, the least held-out error and its unit."""

    ended: str
    steps: int
    error: float
    unit: str


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
                f"{path} was made with another config or other cases; use those, or begin anew in another folder."
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
        ended = "done" if progress.step >= how.steps else ""
        bar = tqdm(
            total=how.steps,
            initial=progress.step,
            unit="step",
            disable=None if self._world.leads else True,
            file=sys.stderr,
        )
        loss_sum, loss_count = 0.0, 0
        while not ended:
            loss = self._step(progress.step)
            over = max_minutes is not None and time.monotonic() - started > 60 * max_minutes
            broken, over = self._world.any(not math.isfinite(loss), over, device=self._device)
            if broken:
                raise self._diverged(progress.step)
            self._apply(progress.step)
            progress.step += 1
            progress.seconds = spent + time.monotonic() - started
            loss_sum, loss_count = loss_sum + loss, loss_count + 1
            bar.update()
            finished = progress.step >= how.steps
            if over or finished or progress.step % how.check_every == 0:
                tired = self._look(loss_sum / loss_count, bar)
                loss_sum, loss_count = 0.0, 0
                ended = "done" if finished else "early" if tired else "time" if over else ""
        bar.close()
        return Outcome(ended, progress.step, progress.best, self._task.unit)

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

    def _apply(self, step: int) -> None:
        how, network = self._how, self._task.network
        self._world.average_gradients(network)
        torch.nn.utils.clip_grad_norm_(network.parameters(), _CLIPPED_NORM)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(step, how)
        self._optimizer.step()
        keep = min(how.ema, (1 + step) / (10 + step))  # short at first, or the average would remember the beginning
        with torch.no_grad():
            for mean, weight in zip(self._average.parameters(), network.parameters(), strict=True):
                mean.lerp_(weight, 1 - keep)

    def _look(self, loss: float, bar: Any) -> bool:
        """Look at held-out patches and write a checkpoint; return whether patience is over."""
        progress, how = self._progress, self._how
        progress.looks += 1
        error = math.nan
        if self._world.leads:
            self._average.eval()
            with torch.inference_mode():
                error = self._task.check(self._average)
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
        tired = self._world.leads and 0 < how.patience <= progress.looks - progress.best_look
        return self._world.any(tired, device=self._device)[0]

    def _save(self) -> None:
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
        last = int(self._progress.losses[-1][0]) if kept.exists() and self._progress.losses else None
        go_on = (
            f"the checkpoint of step {last} is kept: lower learning_rate and go on with --resume"
            if last is not None
            else "there was no checkpoint yet: lower learning_rate and begin again"
        )
        return TrainingStopped(f"The loss of step {step + 1} is no number; {go_on}.")


def learning_rate(step: int, how: Steps) -> float:
    """Return a step's learning rate: it rises over the warm-up and falls to a hundredth as a cosine."""
    rise = min((step + 1) / max(how.warm_up, 1), 1.0)
    fall = 0.5 + 0.5 * math.cos(math.pi * min(step / how.decay, 1.0))
    return how.learning_rate * rise * max(fall, 0.01)
