"""A study of large CT-like volumes, built and served by the project's own commands in a folder of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

ROOT = Path(__file__).parents[1]
SPACING_MM = (0.75, 0.75, 2.5)
START_WITHIN_S = 30
STUDY = """
slug = "benchmark"
title = "Viewer benchmark"
seed = 1
stand_ins_allowed = true

[[organs]]
name = "liver"
real = 1
synthetic = { hand-crafted = 1 }
diameter_mm = [10, 20]

[reading]
practice = 0
"""


def ct_like_volume(shape: tuple[int, int, int], seed: int) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """Return a body that compresses as CT does, and the mask of its liver.

    An elliptic body of soft tissue with slow variations, fat around it, air outside, noise of 12 HU with the
    short correlation of a soft kernel.

    Parameters
    ----------
    shape : tuple of int
        (i, j, k) on RAS axes.
    seed : int

    Returns
    -------
    hu : array of int16, shape (i, j, k)
    liver : array of bool, shape (i, j, k)
    """
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(*(np.linspace(-1, 1, n, dtype=np.float32) for n in shape[:2]), indexing="ij")
    radius = np.hypot(x / 0.85, y / 0.62)
    liver_2d = np.hypot((x - 0.35) / 0.33, (y - 0.05) / 0.35) < 1
    hu = np.empty(shape, dtype=np.int16)
    for k in range(shape[2]):
        tissue = 30 * ndimage.zoom(rng.standard_normal((9, 9)), np.array(shape[:2]) / 9, order=1)
        noise = ndimage.gaussian_filter(rng.standard_normal(shape[:2]), 0.7)
        plane = np.select([radius > 1, radius > 0.9, liver_2d], [-1000, -100, 60], 30 + tissue)
        hu[:, :, k] = np.rint(plane + noise * (12 / noise.std()))
    liver = np.zeros(shape, dtype=np.bool_)
    liver[:, :, shape[2] // 4 : shape[2] * 3 // 4] = liver_2d[:, :, None]
    return hu, liver


def ball(liver: NDArray[np.bool_], radius_mm: float = 7.5) -> NDArray[np.bool_]:
    """Return a ball in the middle of the liver."""
    far = np.ones_like(liver)
    far[tuple(round(middle) for middle in ndimage.center_of_mass(liver))] = False
    return np.asarray(ndimage.distance_transform_edt(far, sampling=SPACING_MM) < radius_mm)


def write_dataset(folder: Path, shape: tuple[int, int, int]) -> Path:
    """Write one patient with a lesion and one without; return the manifest."""
    affine = np.diag([*SPACING_MM, 1.0])
    lines = ["case_id,patient_id,organ,ct,organ_mask,organ_label,tumor_mask,tumor_label,origin,generator,stand_in"]
    for seed, origin in enumerate(("real", "healthy")):
        hu, liver = ct_like_volume(shape, seed)
        lesion = np.zeros_like(liver)
        if origin == "real":
            lesion = ball(liver)
            hu[lesion] -= 40
        for name, array in {"ct": hu, "liver": liver.astype(np.uint8), "lesion": lesion.astype(np.uint8)}.items():
            nib.save(nib.Nifti1Image(array, affine), folder / f"{origin}_{name}.nii")
        tumor = f"{origin}_lesion.nii,1" if origin == "real" else ","
        stand_in = "true" if origin == "real" else "false"
        lines.append(f"{origin},{origin},liver,{origin}_ct.nii,{origin}_liver.nii,1,{tumor},{origin},,{stand_in}")
    manifest = folder / "manifest.csv"
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


@contextmanager
def serve_study(folder: Path, shape: tuple[int, int, int]) -> Iterator[str]:
    """Build a study of two cases, serve it as `make demo` does, and yield a reader's invitation link."""
    port = _free_port()
    environment = os.environ | {
        "DATA_ROOT": str(folder / "data"),
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite:///{folder / 'data' / 'db.sqlite3'}",
        "CELERY_BROKER_URL": "filesystem://local",
    }

    def manage(*arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        result = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return result.stdout.strip()

    study = folder / "study.toml"
    study.write_text(STUDY)
    manage("migrate", "--verbosity", "0")
    manage("import_dataset", "benchmark", str(write_dataset(folder, shape)), "--layout", "manifest")
    manage("create_study", str(study))
    manage("generate_cases", "benchmark", "--wait")
    manage("audit_blinding", "benchmark")
    manage("open_study", "benchmark", "--acknowledge-audit", "A benchmark: nobody reads it.")
    link = manage("invite_reader", "benchmark", "--code", "R1", "--years", "7")
    gunicorn = [sys.executable, "-m", "gunicorn", "readerstudy.wsgi", "--bind", f"127.0.0.1:{port}"]
    server = subprocess.Popen(
        [*gunicorn, "--workers", "2", "--threads", "4", "--preload", "--log-level", "warning"],
        cwd=ROOT,
        env=environment,
    )
    try:
        _wait_until_served(port)
        yield link
    finally:
        server.terminate()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_served(port: int) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"The project's server did not listen on port {port} within {START_WITHIN_S} s.")
