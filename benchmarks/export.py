"""How long the export of a large study takes, and how much memory: `python -m benchmarks.export --readings 1000000`.

A study of that many readings is put into a database of its own and exported as `export_study` does. Each step runs in
this process, so that the peak of its memory can be told; it only ever rises.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KIB_PER_MIB = 1024


@contextmanager
def step(name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB
    print(f"{name:<32}{time.perf_counter() - started:8.1f} s   peak {peak:8.0f} MiB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--replicates", type=int, default=50, help="of each bootstrap; a study takes 2,000")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_ROOT": folder, "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "readerstudy.settings"}
        os.environ.pop("DATABASE_URL")
        measure(Path(folder), arguments.readings, arguments.readers, arguments.replicates)


def measure(folder: Path, n_readings: int, n_readers: int, replicates: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from readerstudy.analysis.analysis import analyse
    from readerstudy.analysis.exports.folder import Described, finish, write_tables
    from readerstudy.domain.export_tables import cases_table, readers_table
    from readerstudy.domain.readings_import import import_readings
    from readerstudy.domain.results import build_readings

    call_command("migrate", verbosity=0)
    with step("import into the database"):
        study = import_readings(slug="large", readings=simulated(n_readings, n_readers), actor="benchmark")
    with step("readings from the database"):
        readings = build_readings(study)
    with step("cases and readers"):
        described = Described("Large", cases_table(study, readings), readers_table(study, readings))
    with step(f"analysis ({replicates} replicates)"):
        analysis = analyse(readings, replicates=replicates)
    out = folder / "export"
    out.mkdir()
    with step("write all tables"):
        write_tables(out, readings=readings, analysis=analysis, described=described)
        finish(out, described)
    for path in sorted(out.iterdir()):
        print(f"  {path.name:<24}{path.stat().st_size / 1e6:10.1f} MB")


def simulated(n_readings: int, n_readers: int) -> Any:
    import numpy as np
    import pandas as pd

    from readerstudy.analysis.frame import readings_frame

    rng = np.random.default_rng(1)
    n_cases = n_readings // n_readers
    case = np.tile(np.arange(n_cases), n_readers)
    real = case % 2 == 0
    right = rng.random(case.size) < 0.65
    label = np.where(right == real, "real", "synthetic")
    label[rng.random(case.size) < 0.1] = "unsure"
    return readings_frame(
        pd.DataFrame(
            {
                "reader_id": np.repeat([f"R{n:04}" for n in range(n_readers)], n_cases),
                "case_id": np.array([f"C{n:06}" for n in range(n_cases)])[case],
                "organ": np.array(["liver", "pancreas", "kidney"])[case % 3],
                "generator": np.where(real, "", np.where(case % 4 == 1, "hand-crafted", "latent-diffusion")),
                "truth": np.where(real, "real", "synthetic"),
                "label": label,
                "order": np.tile(np.arange(1, n_cases + 1), n_readers),
                "time_s": rng.lognormal(3, 0.5, case.size).round(1),
            }
        )
    )


if __name__ == "__main__":
    main()
