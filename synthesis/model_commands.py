"""The commands about trained models: ``python -m synthesis train | models | evaluate | phantoms``.

torch takes seconds to import, so each command imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from synthesis.errors import UnusableInput

Line = dict[str, Any]
AddCommand = Callable[[Any, str, str, str], argparse.ArgumentParser]

_TRAIN_EXAMPLE = """example, on cases that a manifest lists (docs/operations.md says how):
  python -m synthesis train autoencoder config.toml --manifest cases.csv --out run
  python -m synthesis train diffusion config.toml --manifest cases.csv --out run
  python -m synthesis train filter config.toml --manifest cases.csv --out run
writes run/STAGE/{checkpoint.safetensors,losses.csv,samples.png} and, after the last, run/model/; then
  python -m synthesis models import run/model
  python -m synthesis generate --method latent-diffusion --model NAME …
with several GPUs: torchrun --nproc-per-node 4 -m synthesis train … --device cuda"""

_MODELS_EXAMPLE = """examples:
  python -m synthesis models list
  python -m synthesis models verify starter
  python -m synthesis models import run/model --name mine
  python -m synthesis models export mine --out mine"""

_EVALUATE_EXAMPLE = """example:
  python -m synthesis evaluate --model starter --manifest held-out.csv --training cases.csv --out evaluation
writes evaluation/{figures.csv,tumors.csv,samples.png}: reconstruction error, statistics of intensity and texture,
distance of features, a two-sample classifier's AUC, diversity, and whether training cases are copied"""

_PHANTOMS_EXAMPLE = """example:
  python -m synthesis phantoms --tumors 36 --hosts 6 --seed 8 --diameter-mm 6 24 --out phantoms
writes CTs, masks and phantoms/manifest.csv, which train and import_dataset read"""


def add_model_commands(commands: Any, add: AddCommand) -> None:
    """Add the commands to a parser; `add` makes one with its summary and example."""
    train = add(commands, "train", "train a stage of latent diffusion on cases of your own", _TRAIN_EXAMPLE)
    train.add_argument("stage", choices=["autoencoder", "diffusion", "filter"])
    train.add_argument("config", type=Path, metavar="CONFIG.toml")
    train.add_argument("--manifest", required=True, type=Path, metavar="CASES.csv")
    train.add_argument("--out", required=True, type=Path, metavar="DIR", help="the same for all three stages")
    train.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="default: cpu")
    train.add_argument("--resume", action="store_true", help="go on from the stage's checkpoint, if there is one")
    train.add_argument("--max-minutes", type=_positive_number, metavar="N", help="stop after so long, to go on later")
    train.set_defaults(run=_train)

    models = add(commands, "models", "list, verify, import or export trained models", _MODELS_EXAMPLE)
    models.add_argument("action", choices=["list", "verify", "import", "export"])
    models.add_argument("model", nargs="?", metavar="NAME|DIR", help="a model's name; for import, its folder")
    models.add_argument("--name", help="import under this name")
    models.add_argument("--out", type=Path, metavar="DIR", help="export to this new folder")
    models.set_defaults(run=_models)

    judge = add(commands, "evaluate", "compare a model's samples with tumours it has not seen", _EVALUATE_EXAMPLE)
    judge.add_argument("--model", default="starter", metavar="NAME")
    judge.add_argument("--manifest", required=True, type=Path, metavar="CASES.csv", help="tumours not trained on")
    judge.add_argument("--training", type=Path, metavar="CASES.csv", help="those trained on, to look for copies")
    judge.add_argument("--samples", type=int, default=2, metavar="N", help="in the place of each tumour; default: 2")
    judge.add_argument("--seed", type=int, default=0)
    judge.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    judge.add_argument("--out", required=True, type=Path, metavar="DIR")
    judge.set_defaults(run=_evaluate)

    phantoms = add(commands, "phantoms", "render phantom patients with and without tumours", _PHANTOMS_EXAMPLE)
    phantoms.add_argument("--tumors", type=int, default=8, metavar="N", help="patients with a tumour, an organ")
    phantoms.add_argument("--hosts", type=int, default=2, metavar="N", help="patients without")
    phantoms.add_argument("--seed", type=int, default=0)
    phantoms.add_argument("--diameter-mm", nargs=2, type=float, default=[8.0, 20.0], metavar=("LOW", "HIGH"))
    phantoms.add_argument("--jobs", type=int, default=1)
    phantoms.add_argument("--out", required=True, type=Path, metavar="DIR")
    phantoms.set_defaults(run=_phantoms)


def _train(options: argparse.Namespace) -> list[Line]:
    from synthesis.methods.latent_diffusion.training.config import read_config
    from synthesis.methods.latent_diffusion.training.run import TrainingRun, train

    trained = train(
        TrainingRun(
            stage=options.stage,
            config=read_config(options.config),
            manifest=options.manifest,
            out=options.out,
            device=options.device,
            resume=options.resume,
            max_minutes=options.max_minutes,
        )
    )
    if not trained.leads:  # one of several processes tells of them all
        return []
    outcome = trained.outcome
    why = {
        "done": "trained",
        "early": "stopped, as held-out cases improved no more",
        "time": "out of time; go on with --resume",
    }
    looked = math.isfinite(outcome.error)
    text = f"{options.out / options.stage}: {why[outcome.ended]}, after {outcome.steps} steps"
    text += f"; held-out error {outcome.error:.4g} {outcome.unit}" if looked else ""
    text += f"; the model is in {trained.model}" if trained.model else ""
    return [
        {
            "text": text,
            "stage": options.stage,
            "ended": outcome.ended,
            "steps": outcome.steps,
            "held_out_error": outcome.error if looked else None,
            "left_out": [case for case, _ in trained.skipped],
            "model": str(trained.model) if trained.model else None,
        }
    ]


def _models(options: argparse.Namespace) -> list[Line]:
    from synthesis.methods.latent_diffusion import library

    if options.action == "list":
        return [_described(stored) for stored in library.stored_models()]
    if options.model is None:
        raise UnusableInput(f"models {options.action} takes the name of a model, or its folder for import.")
    if options.action == "verify":
        return [_verified(library.find(options.model))]
    if options.action == "export":
        if options.out is None:
            raise UnusableInput("models export takes --out DIR, a new folder.")
        return [_described(library.copy_model(library.find(options.model), options.out))]
    stored = library.read_stored(Path(options.model))
    _verified(stored)
    name = options.name or stored.config.name
    return [_described(library.copy_model(stored, library.own_folder() / name, name=name))]


def _verified(stored: Any) -> Line:
    from synthesis.methods.latent_diffusion.model import load

    load(stored)
    line = _described(stored)
    return {**line, "text": f"{line['text']}: whole, and its networks fit"}


def _described(stored: Any) -> Line:
    config = stored.config
    text = f"{stored.folder.name}: {', '.join(config.organs)}; {stored.sha256[:12]}; {config.licence}; {stored.folder}"
    return {
        "text": text,
        "name": stored.folder.name,
        "sha256": stored.sha256,
        "folder": str(stored.folder),
        "licence": config.licence,
        "organs": config.organs,
        "metrics": config.metrics,
    }


def _evaluate(options: argparse.Namespace) -> list[Line]:
    from synthesis.methods.latent_diffusion.evaluation_report import evaluate_manifest

    figures = evaluate_manifest(
        model=options.model,
        manifest=options.manifest,
        training=options.training,
        samples=max(options.samples, 1),
        seed=options.seed,
        device=options.device,
        out=options.out,
    )
    return [{"text": f"{name}: {value:.4g}", "figure": name, "value": value} for name, value in figures.items()]


def _phantoms(options: argparse.Namespace) -> list[Line]:
    from synthesis.phantom.dataset import write_dataset

    if options.out.exists() and any(options.out.iterdir()):
        raise UnusableInput(f"{options.out} is not empty; name another folder with --out.")
    with tqdm(desc="phantoms", unit="patient", disable=None, file=sys.stderr) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        manifest = write_dataset(
            options.out,
            real_per_organ=options.tumors,
            hosts=options.hosts,
            seed=options.seed,
            diameter_mm=(options.diameter_mm[0], options.diameter_mm[1]),
            jobs=min(options.jobs, os.cpu_count() or 1),
            progress=report,
        )
    return [{"text": str(manifest), "manifest": str(manifest)}]


def _positive_number(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return number
