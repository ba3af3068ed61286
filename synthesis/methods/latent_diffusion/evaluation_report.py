"""An evaluation's files: figures and features as CSV, and a picture of real tumours beside samples."""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from tqdm import tqdm

from synthesis.errors import UnusableInput
from synthesis.masks import bounding_box
from synthesis.methods.latent_diffusion.conditioning import to_unit
from synthesis.methods.latent_diffusion.evaluation import FEATURES, Compared, Evaluation, evaluate
from synthesis.methods.latent_diffusion.library import find
from synthesis.methods.latent_diffusion.model import Model, load
from synthesis.methods.latent_diffusion.region import Field
from synthesis.methods.latent_diffusion.training.cases import TrainingCase, read_cases
from synthesis.methods.latent_diffusion.training.config import Data
from synthesis.methods.latent_diffusion.training.pictures import slices_png

_PICTURED = 12
_REGION_MM = 64.0


def evaluate_manifest(
    *, model: str, manifest: Path, training: Path | None, samples: int, seed: int, device: str, out: Path
) -> dict[str, float]:
    """Evaluate a model on a manifest's tumours, write the files, and return the figures; see `evaluate`.

    Raises
    ------
    UnusableInput
        If the folder is there already, or what is needed is not.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UnusableInput(f"{out} exists and is not an empty folder; name another with --out.")
    networks = load(find(model), device)
    held_out = _read(manifest, networks)
    trained = _read(training, networks) if training else []
    with tqdm(desc="tumours", disable=None, file=sys.stderr) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        found = evaluate(networks, held_out, trained, samples=samples, seed=seed, progress=report)
    out.mkdir(parents=True, exist_ok=True)
    _write_csv(out / "figures.csv", ["figure", "value"], [[name, f"{v:.6g}"] for name, v in found.figures.items()])
    _write_csv(out / "tumors.csv", ["case", "origin", *FEATURES], _rows(found, samples))
    (out / "samples.png").write_bytes(_picture(found.compared, networks))
    return found.figures


def _read(manifest: Path, networks: Model) -> list[TrainingCase]:
    config = networks.config
    edge = networks.multiple * round(_REGION_MM / config.voxel_mm / networks.multiple)
    data = Data(
        voxel_mm=config.voxel_mm,
        window_hu=config.window_hu,
        region_voxels=max(edge, 16),
        regions_per_host=1,
        held_out=0,
    )
    with tempfile.TemporaryDirectory() as cache:
        cases = read_cases(manifest, data, cache=Path(cache))
    for case, reason in cases.skipped:
        sys.stderr.write(f"warning: {case} is left out: {reason}\n")
    return cases.cases


def _rows(found: Evaluation, samples: int) -> list[list[str]]:
    real = [[one.name, "real", *_texts(values)] for one, values in zip(found.compared, found.real, strict=True)]
    names = [one.name for one in found.compared for _ in range(samples)]
    made = [[name, "synthetic", *_texts(values)] for name, values in zip(names, found.synthetic, strict=True)]
    return real + made


def _texts(values: np.ndarray) -> list[str]:
    return ["" if not np.isfinite(value) else f"{value:.5g}" for value in values]


def _write_csv(path: Path, header: list[str], rows: list[list[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def _picture(compared: list[Compared], networks: Model) -> bytes:
    """Draw tumours in columns: the CT, as the decoder shows it, and the samples in its place."""
    some = compared[:_PICTURED]
    count = max(len(one.samples) for one in some)

    def row(images: list[Field]) -> list[Field]:
        window_hu = networks.config.window_hu
        return [
            to_unit(image, window_hu)[:, :, (box.start + box.stop) // 2]
            for image, box in zip(images, (bounding_box(one.mask)[2] for one in some), strict=True)
        ]

    rows = [row([one.hu for one in some]), row([one.real for one in some])]
    return slices_png(rows + [row([one.samples[number] for one in some]) for number in range(count)])
