"""The sample CT: one freely licensed patient with organ masks, from a package's source distribution.

`totalsegmentator` 2.18.0 ships test data under Apache-2.0 (see its LICENSE). pip fetches the archive; its
SHA-256 is checked before anything is read from it.
"""

import hashlib
import logging
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

logger = logging.getLogger(__name__)

PACKAGE = "totalsegmentator==2.18.0"
SHA256 = "5d4223ef93973bc36d710869d11e7742ead2c154c72f7f9edcaaadd5b6c4bd03"
FOLDER = "totalsegmentator-2.18.0/tests/reference_files"
FILES = {
    "example_ct.nii.gz": "sample.nii.gz",
    "example_seg_fast_force_split.nii.gz": "sample_seg.nii.gz",
}
TIMEOUT_S = 300


def fetch_sample_ct(folder: Path) -> bool:
    """Put the sample CT and its masks into `folder`, in the `totalsegmentator` layout.

    Returns False, with a word in the log, where the archive can't be had or is not the one expected.
    """
    with tempfile.TemporaryDirectory() as download:
        try:
            archive = _download(Path(download))
        except (OSError, subprocess.SubprocessError) as error:
            logger.warning("The sample CT can't be downloaded (%s); the demo goes on without it.", error)
            return False
        if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
            logger.warning("The archive of the sample CT is not the one expected; the demo goes on without it.")
            return False
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as tar:
            for name, target in FILES.items():
                member = tar.extractfile(f"{FOLDER}/{name}")
                if member is None:
                    raise FileNotFoundError(f"{archive.name} has no file {name}")
                (folder / target).write_bytes(member.read())
    return True


def _download(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    as_source = ["--no-deps", "--no-binary", ":all:"]
    command = [*pip, "download", *as_source, "--dest", str(folder), PACKAGE]
    subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)
    return next(folder.glob("*.tar.gz"))
