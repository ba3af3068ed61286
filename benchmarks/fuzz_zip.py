"""Import thousands of mutated zip archives: `python -m benchmarks.fuzz_zip [--archives 2000] [--seed 0]`.

Each is imported as an upload is, by the code of the workers: it must be refused with a sentence or be right, take
less than 10 s, and leave nothing behind. Prints how many were refused, the slowest, and the peak of memory.
"""

import argparse
import logging
import os
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

import django

SECONDS = 10.0
MEGABYTES = 2048


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archives", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="of the first archive; each counts one up")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATA_ROOT": f"{folder}/data",
            "CELERY_BROKER_URL": "memory://",
            "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
        }
        os.environ.pop("DATABASE_URL", None)
        django.setup()
        fuzz(Path(folder), archives=arguments.archives, first=arguments.seed)


def fuzz(folder: Path, *, archives: int, first: int) -> None:
    from django.core.management import call_command

    from tests.readerstudy.domain.importing.archive_builder import pack_folder
    from tests.readerstudy.domain.importing.archive_fuzzing import import_mutated
    from tests.readerstudy.domain.importing.conftest import Folder, manifest_row

    logging.disable(logging.WARNING)
    call_command("migrate", verbosity=0)
    source = Folder(folder / "source")
    source.ct("ct.nii.gz")
    source.mask("organ.nii.gz", (4, 12))
    source.mask("tumor.nii.gz", (5, 8))
    source.manifest(manifest_row())
    content = pack_folder(folder / "sound.zip", source.path, inside="set/").read_bytes()
    contents: Counter[str] = Counter()
    slowest, refused = 0.0, 0
    for seed in range(first, first + archives):
        begun = time.perf_counter()
        try:
            outcome = import_mutated(content, seed=seed, folder=folder)
        except BaseException:
            print(f"The archive of seed {seed} is not handled:")
            raise
        slowest = max(slowest, time.perf_counter() - begun)
        refused += bool(outcome.refusal)
        contents.update(outcome.volumes)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{archives} archives: {refused} refused, {archives - refused} imported, all alike: {len(contents) == 1}")
    print(f"slowest {slowest:.2f} s (limit {SECONDS:.0f}), peak of memory {peak:.0f} MB (limit {MEGABYTES})")
    if slowest > SECONDS or peak > MEGABYTES or len(contents) > 1:
        raise SystemExit("A limit was missed.")


if __name__ == "__main__":
    main()
