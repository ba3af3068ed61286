"""In a process of its own: write CTs, slow enough to be killed at work. `prepare_import FOLDER CTS [--upload]`.

With `--upload`, it is packed, kept as an upload, and its import asked for and rung.
"""

import csv
import shutil
import sys
from pathlib import Path

import django
import nibabel as nib
import numpy as np

SHAPE = (160, 160, 60)


def write_source(folder: Path, cts: int) -> None:
    folder.mkdir()
    with (folder / "manifest.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["case_id", "organ", "ct", "organ_mask", "tumor_mask", "origin"])
        for number in range(cts):
            hu = np.random.default_rng(number).normal(50, 12, SHAPE)
            hu[:8] = -1000
            organ = np.zeros(SHAPE, np.uint8)
            organ[40:120, 40:120, 10:50] = 1
            for name, array in ((f"{number}.nii.gz", hu.astype(np.int16)), (f"{number}_organ.nii.gz", organ)):
                nib.save(nib.Nifti1Image(array, np.eye(4)), folder / name)
            table.writerow([f"c{number}", "liver", f"{number}.nii.gz", f"{number}_organ.nii.gz", "", "healthy"])


def ask(folder: Path) -> None:
    from django.core.management import call_command

    from readerstudy.domain.importing.runs import Asked, ask_import
    from readerstudy.domain.importing.uploads import keep_upload

    call_command("migrate", verbosity=0)
    archive = shutil.make_archive(str(folder), "zip", root_dir=folder)
    key = keep_upload(Path(archive))
    ask_import(name="set", layout="manifest", source=key, asked=Asked("healthy"), actor="crash", uploaded=True)


if __name__ == "__main__":
    write_source(Path(sys.argv[1]), int(sys.argv[2]))
    if "--upload" in sys.argv:
        django.setup()
        ask(Path(sys.argv[1]))
