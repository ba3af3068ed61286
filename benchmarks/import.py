"""Time an import beside reading and writing the same files with nibabel, and measure its memory.

    python -m benchmarks.import                     # 3 CTs of 512 x 512 x 200, once each in two layouts
    python -m benchmarks.import --cts 1 --slices 100

Two data sets of CTs of a noisy body: a TotalSegmentator folder (three organs in one mask), and a Decathlon folder (a
liver with three tumours, whose edges and sizes are measured). Each is imported in a process of its own, and in another
each of its files is read whole and written again with nibabel, gzip level 1. Goals: 1.5 times nibabel's time, and less
than 4 times the largest volume of memory beyond what the libraries take.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

EDGE = 512
SPACING = (0.8, 0.8, 1.5)
TIME_GOAL, MEMORY_GOAL = 1.5, 4.0
CLOCKS = {"seconds": "wall", "cpu": "processor"}  # the second does not count what other programs take


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cts", type=int, default=3)
    parser.add_argument("--slices", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=2, help="the quickest of so many counts")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        _measure(*options.measure)
        return 0
    volume_bytes = EDGE * EDGE * options.slices * 2
    print(f"{options.cts} CTs of {EDGE} x {EDGE} x {options.slices}, {volume_bytes / 1e6:.0f} MB each\n")
    print("| layout | clock | nibabel, s | import, s | ratio (goal 1.5) | peak, volumes (goal < 4) |")
    print("| --- | --- | --- | --- | --- | --- |")
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        for layout in ("totalsegmentator", "msd"):
            source = Path(folder) / layout
            _write(source, layout, options.cts, options.slices)
            runs = {
                what: [_run(what, layout, source) for _ in range(options.repeats)] for what in ("nibabel", "import")
            }
            peak = max(run["peak"] for run in runs["import"]) / volume_bytes
            for clock in ("seconds", "cpu"):
                theirs, ours = (min(run[clock] for run in runs[what]) for what in ("nibabel", "import"))
                missed |= ours > TIME_GOAL * theirs or peak >= MEMORY_GOAL
                cells = (layout, CLOCKS[clock], f"{theirs:.1f}", f"{ours:.1f}", f"{ours / theirs:.2f}", f"{peak:.1f}")
                print(f"| {' | '.join(cells)} |", flush=True)
    return int(missed)


def _run(what: str, layout: str, source: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.import", "--measure", what, layout, str(source)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result: dict[str, float] = json.loads(printed.splitlines()[-1])
    return result


def _measure(what: str, layout: str, source: str) -> None:
    """Do one of the two, and print its time and how far memory rose."""
    with tempfile.TemporaryDirectory() as root:
        run = _importer(layout, Path(source), Path(root)) if what == "import" else _copier(Path(source), Path(root))
        before = _memory("VmRSS")
        began, began_cpu = time.perf_counter(), time.process_time()
        run()
        seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        peak = _memory("VmHWM") - before
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak}))


def _importer(layout: str, source: Path, root: Path) -> Callable[[], object]:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
        "DATA_ROOT": str(root),
        "DATABASE_URL": f"sqlite:///{root}/db.sqlite3",
    }
    import django

    django.setup()
    from django.core.management import call_command

    import synthesis  # noqa: F401  what an import loads is loaded before the clock runs
    from readerstudy.domain.importing.datasets import import_dataset

    call_command("migrate", verbosity=0)
    origin = "real" if layout == "msd" else "healthy"
    return lambda: import_dataset(name="timed", path=source, layout=layout, origin=origin, actor="benchmark")


def _copier(source: Path, root: Path) -> Callable[[], object]:
    files = sorted(source.rglob("*.nii.gz"))

    def copy() -> None:
        for file in files:
            image: Any = nib.load(file)
            nib.save(nib.Nifti1Image(np.asarray(image.dataobj), image.affine, image.header), root / file.name)

    return copy


def _memory(line: str) -> int:
    """Return what the system says of this process's memory, in bytes."""
    status = dict(each.split(":", 1) for each in Path("/proc/self/status").read_text().splitlines())
    return int(status[line].split()[0]) * 1024


def _write(folder: Path, layout: str, cts: int, slices: int) -> None:
    """Write bodies in air with noise of 12 HU, a liver, a pancreas, two kidneys, and tumours for the Decathlon."""
    names = {
        "totalsegmentator": ("s{}.nii.gz", "s{}_seg.nii.gz"),
        "msd": ("imagesTr/s{}.nii.gz", "labelsTr/s{}.nii.gz"),
    }
    for number in range(cts):
        rng = np.random.default_rng(number)
        labels = np.zeros((EDGE, EDGE, slices), dtype=np.uint8)
        hu = np.full(labels.shape, -1000, dtype=np.int16)
        hu[_ball(labels.shape, (0.5, 0.5, 0.5), (0.42, 0.33, 2.0))] = 40
        for value, at, radii, brightness in (
            (5, (0.65, 0.55, 0.6), (0.2, 0.2, 0.35), 105),
            (7, (0.48, 0.55, 0.55), (0.12, 0.05, 0.12), 95),
            (2, (0.65, 0.32, 0.35), (0.06, 0.06, 0.25), 160),
            (3, (0.35, 0.32, 0.35), (0.06, 0.06, 0.25), 160),
        ):
            organ = _ball(labels.shape, at, radii)
            labels[organ], hu[organ] = value, brightness
        if layout == "msd":
            labels[labels != 5] = 0
            labels[labels == 5] = 1
            for at in ((0.6, 0.55, 0.55), (0.72, 0.5, 0.65), (0.65, 0.62, 0.7)):
                tumor = _ball(labels.shape, at, (0.03, 0.03, 0.05))
                labels[tumor], hu[tumor] = 2, 60
        hu += rng.normal(0, 12, hu.shape).astype(np.int16)
        for name, array in zip(names[layout], (hu, labels), strict=True):
            path = folder / name.format(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            nib.save(nib.Nifti1Image(array, np.diag([*SPACING, 1.0])), path)
    if layout == "msd":
        training = [{"image": f"imagesTr/s{n}.nii.gz", "label": f"labelsTr/s{n}.nii.gz"} for n in range(cts)]
        described = {"labels": {"0": "background", "1": "liver", "2": "cancer"}, "training": training}
        (folder / "dataset.json").write_text(json.dumps(described))


def _ball(
    shape: tuple[int, ...], at: tuple[float, float, float], radii: tuple[float, float, float]
) -> npt.NDArray[np.bool_]:
    """Return an ellipsoid whose centre and semi-axes are given as shares of the shape."""
    places = [((np.arange(n) / n - a) / r) ** 2 for n, a, r in zip(shape, at, radii, strict=True)]
    x, y, z = np.meshgrid(*places, indexing="ij", sparse=True)
    return np.asarray(x + y + z <= 1)


if __name__ == "__main__":
    sys.exit(main())
