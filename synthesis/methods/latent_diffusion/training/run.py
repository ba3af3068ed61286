"""Training a stage in a folder, from a config and a manifest, and making a model of the three stages."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm import tqdm

from synthesis.methods.latent_diffusion.devices import device_named, enough_memory, same_bits
from synthesis.methods.latent_diffusion.library import FORMAT, ModelConfig, read_stored
from synthesis.methods.latent_diffusion.model import load, write_model
from synthesis.methods.latent_diffusion.networks import Autoencoder
from synthesis.methods.latent_diffusion.schedule import DEFAULT_STEPS
from synthesis.methods.latent_diffusion.training.autoencoder import AutoencoderTask
from synthesis.methods.latent_diffusion.training.calibration import calibrate
from synthesis.methods.latent_diffusion.training.cases import Cases, Skipped, TrainingCase, held_out, read_cases
from synthesis.methods.latent_diffusion.training.checkpoint import load_tensors, write_atomically
from synthesis.methods.latent_diffusion.training.config import STAGES, Config, Stage
from synthesis.methods.latent_diffusion.training.diffusion import DiffusionTask
from synthesis.methods.latent_diffusion.training.judge import FilterTask
from synthesis.methods.latent_diffusion.training.loop import BEST, CHECKPOINT, Outcome, Training, TrainingStopped
from synthesis.methods.latent_diffusion.training.parallel import World, joined
from synthesis.methods.latent_diffusion.training.stage import StageTask

MODEL = "model"
_SUMMARY = "summary.json"


@dataclass(frozen=True)
class TrainingRun:
    """What to train, on what, where.

    Attributes
    ----------
    stage : Stage
    config : Config
    manifest : Path
    out : Path
        One folder for all stages: ``autoencoder/``, ``diffusion/``, ``filter/`` and, when all are there, ``model/``.
    device : str
    resume : bool
        Go on from the stage's checkpoint.
    max_minutes : float or None
    """

    stage: Stage
    config: Config
    manifest: Path
    out: Path
    device: str = "cpu"
    resume: bool = False
    max_minutes: float | None = None


@dataclass(frozen=True)
class Trained:
    """Whether this process leads, how a run ended, what was left out, and the folder of a finished model."""

    leads: bool
    outcome: Outcome
    skipped: list[Skipped]
    model: Path | None


def train(run: TrainingRun) -> Trained:
    """Train one stage, or go on with it.

    Raises
    ------
    TrainingStopped
        If there is something in the folder already, an earlier stage is missing, or training breaks off.
    UnusableManifest, CheckpointLost, NoDevice
    """
    device = device_named(run.device)
    folder = run.out / run.stage
    if (folder / CHECKPOINT).exists() and not run.resume:
        raise TrainingStopped(f"{folder} holds a training already; go on with --resume, or name another folder.")
    if run.stage == "diffusion" and not (run.out / "autoencoder" / _SUMMARY).exists():
        raise TrainingStopped(
            f"{run.out / 'autoencoder'} holds no finished training: train the autoencoder first, with the same --out "
            "(python -m synthesis train autoencoder …)."
        )
    folder.mkdir(parents=True, exist_ok=True)
    how = run.config.of(run.stage).training
    otherwise = (
        f"{how.batch} patches of {how.patch_voxels}³ voxels at a time; lower {run.stage}.training.batch and raise "
        "accumulate by as much in the config, and go on with --resume."
    )
    with enough_memory(otherwise), same_bits(), joined(device) as world:
        with _progress("reading cases", world) as report:
            cases = read_cases(run.manifest, run.config.data, cache=run.out / "cases", progress=report)
        for case, reason in cases.skipped if world.leads else []:
            sys.stderr.write(f"warning: {case} is left out: {reason}\n")
        task = _task(run, cases, device, world)
        training = Training(
            task,
            how,
            folder,
            seed=run.config.seed,
            fingerprint=_fingerprint(run, run.stage, cases),
            device=device,
            world=world,
        )
        if run.resume:
            training.resume()
        outcome = training.run(max_minutes=run.max_minutes)
        model = None
        if world.leads and outcome.ended != "time":
            _summarise(run, cases, outcome, task)
            model = _make_model(run, cases)
        world.wait()
    return Trained(world.leads, outcome, cases.skipped, model)


def _fingerprint(run: TrainingRun, stage: Stage, cases: Cases) -> str:
    """Return what a stage's weights belong to: its config, the cases, and, for diffusion, the autoencoder's weights."""
    fingerprint = f"{run.config.fingerprint(stage)} {cases.sha256}"
    if stage != "diffusion":
        return fingerprint
    return f"{fingerprint} {_digest(load_tensors(run.out / 'autoencoder' / BEST)[0])}"


def _check_stages(run: TrainingRun, stages: Sequence[Stage], cases: Cases) -> None:
    """Refuse to build on a finished stage that belongs to another config, other cases or another autoencoder."""
    for stage in stages:
        summary = json.loads((run.out / stage / _SUMMARY).read_text(encoding="utf-8"))
        if summary.get("fingerprint") != _fingerprint(run, stage, cases):
            raise TrainingStopped(
                f"{run.out / stage} was trained with another config, other cases or another autoencoder than the "
                "stages beside it: train it again in an empty folder, or use what it was trained with."
            )


def _task(run: TrainingRun, cases: Cases, device: torch.device, world: World) -> StageTask:
    training, out = held_out(cases.cases, run.config.data.held_out, run.config.seed)
    if run.stage == "autoencoder":
        return AutoencoderTask(run.config, training, out or training, device)
    if run.stage == "filter":
        return FilterTask(run.config, training, out if _tumors(out) else training, device)
    _check_stages(run, ["autoencoder"], cases)
    network = Autoencoder(run.config.autoencoder.network)
    network.load_state_dict(load_tensors(run.out / "autoencoder" / BEST)[0])
    network.to(device).eval().requires_grad_(requires_grad=False)
    with _progress("encoding patches", world) as report:
        return DiffusionTask(
            run.config,
            _tumors(training),
            _tumors(out) or _tumors(training),
            device,
            autoencoder=network,
            cache=run.out / "diffusion" / f"latents-{world.rank}.safetensors",
            fingerprint=_fingerprint(run, "diffusion", cases),
            progress=report,
        )


def _tumors(cases: Sequence[TrainingCase]) -> list[TrainingCase]:
    return [case for case in cases if case.tumor.any()]


def _digest(weights: dict[str, torch.Tensor]) -> float:
    return float(sum(tensor.double().abs().sum() for tensor in weights.values()))


def _summarise(run: TrainingRun, cases: Cases, outcome: Outcome, task: StageTask) -> None:
    training, out = held_out(cases.cases, run.config.data.held_out, run.config.seed)
    summary = {
        "fingerprint": _fingerprint(run, run.stage, cases),
        "held_out_error": outcome.error,
        "unit": outcome.unit,
        "steps": outcome.steps,
        "settings": outcome.settings,
        "data_sha256": cases.sha256,
        "patients": len({case.patient for case in training}),
        "tumors": len(_tumors(training)),
        "held_out_patients": len({case.patient for case in out}),
        "organs": sorted({case.organ for case in _tumors(training)}),
    }
    if isinstance(task, FilterTask):
        network = task.network
        network.load_state_dict(load_tensors(run.out / "filter" / BEST)[0])
        network.eval()
        with torch.inference_mode():
            summary["called_from"], summary["accepted_of_held_out"] = task.calibrated(network)
    write_atomically(run.out / run.stage / _SUMMARY, (json.dumps(summary, indent=2) + "\n").encode())


def _make_model(run: TrainingRun, cases: Cases) -> Path | None:
    """Write the model of the three stages' best weights, once all are there, and calibrate it."""
    config = run.config
    if not all((run.out / stage / _SUMMARY).exists() for stage in STAGES):
        return None
    _check_stages(run, STAGES, cases)
    of = {stage: json.loads((run.out / stage / _SUMMARY).read_text(encoding="utf-8")) for stage in STAGES}
    best = {stage: load_tensors(run.out / stage / BEST) for stage in STAGES}
    facts = best["diffusion"][1]
    changed = {stage: of[stage]["settings"] for stage in STAGES if len(of[stage]["settings"]) > 1}
    described = ModelConfig(
        format=FORMAT,
        name=config.name,
        voxel_mm=config.data.voxel_mm,
        window_hu=config.data.window_hu,
        autoencoder=config.autoencoder.network.model_dump(mode="json"),
        denoiser=config.diffusion.network.model_dump(mode="json"),
        filter=config.filter.network.model_dump(mode="json"),
        patch_voxels=config.diffusion.training.patch_voxels,
        latent_mean=facts["latent_mean"],
        latent_sd=facts["latent_sd"],
        steps=DEFAULT_STEPS,
        texture_gain=1.0,
        accepted_share=config.filter.accepted_share,
        called_from=of["filter"]["called_from"],
        organs=of["diffusion"]["organs"],
        training={
            "config": config.model_dump(mode="json"),
            "steps": {stage: of[stage]["steps"] for stage in STAGES},
            **({"changed": changed} if changed else {}),
            **{key: of["diffusion"][key] for key in ("data_sha256", "patients", "tumors", "held_out_patients")},
        },
        metrics={
            "autoencoder_error_hu": of["autoencoder"]["held_out_error"],
            "velocity_error": of["diffusion"]["held_out_error"],
            "filter_lost_dice": of["filter"]["held_out_error"],
            "filter_accepts_of_held_out": of["filter"]["accepted_of_held_out"],
        },
        licence=config.licence,
        weights_sha256="",
    )
    weights = {"autoencoder": best["autoencoder"][0], "denoiser": best["diffusion"][0], "filter": best["filter"][0]}
    write_model(run.out / MODEL, described, weights, _card(described))
    raw = load(read_stored(run.out / MODEL), run.device)
    training, _ = held_out(cases.cases, config.data.held_out, config.seed)
    if found := calibrate(raw, _tumors(training), seed=config.seed):
        metrics = {**described.metrics, "texture_hu": found.tumors_hu, "sampled_texture_hu": found.samples_hu}
        described = described.model_copy(update={"texture_gain": found.gain, "metrics": metrics})
        write_model(run.out / MODEL, described, weights, _card(described))
    return run.out / MODEL


def _card(config: ModelConfig) -> str:
    training, metrics = config.training, config.metrics
    organs = ", ".join(config.organs) or "an organ that its manifest does not name"
    about = f"A latent diffusion model of tumours of {organs}.\n{training['config']['about']}".strip()
    return f"""# {config.name}

{about}

- Trained on {training["tumors"]} tumours of {training["patients"]} patients; {training["held_out_patients"]} patients
  held out. SHA-256 of the data: `{training["data_sha256"]}`.
- Held out: the autoencoder is off by {metrics["autoencoder_error_hu"]:.1f} HU on average (the scanner's noise, which it
  leaves out, among it); the filter takes {metrics["filter_accepts_of_held_out"]:.0%} of the tumours for tumours.
{_calibrated(config)}- Licence: {config.licence}.

What it was not trained on (other organs, phases, scanners, larger tumours), it can't be expected to make well.
"""


def _calibrated(config: ModelConfig) -> str:
    """Say on the card what a model's samples are scaled by, if its tumours were large enough to tell."""
    if "texture_hu" not in config.metrics:
        return ""
    tumors_hu, samples_hu = (config.metrics[name] for name in ("texture_hu", "sampled_texture_hu"))
    return (
        f"- Well within, the tumours trained on vary by {tumors_hu:.1f} HU beyond the organ around, and samples, as\n"
        f"  they are decoded, by {samples_hu:.1f} HU: their texture is scaled by {config.texture_gain:g}.\n"
    )


@contextlib.contextmanager
def _progress(what: str, world: World) -> Iterator[Callable[[int, int], None]]:
    """Give a function that shows how far a piece of work is."""
    bar = tqdm(desc=what, disable=None if world.leads else True, file=sys.stderr)

    def report(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield report
    finally:
        bar.close()
