"""The layouts that a data set may come in, by the names that the command line knows.

A layout is a function that turns a folder into rows (`source.py`); nothing is read but what that takes.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from readerstudy.domain.importing.dicom.layout import read_dicom
from readerstudy.domain.importing.kits import read_kits
from readerstudy.domain.importing.manifest import read_manifest
from readerstudy.domain.importing.msd import read_msd
from readerstudy.domain.importing.source import ImportOptions, Source
from readerstudy.domain.importing.totalsegmentator import read_totalsegmentator

LAYOUTS: Mapping[str, Callable[[Path, ImportOptions], Source]] = {
    "manifest": read_manifest,
    "msd": read_msd,
    "kits": read_kits,
    "totalsegmentator": read_totalsegmentator,
    "dicom": read_dicom,
}
