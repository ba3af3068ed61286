"""The entry of the layout's package; the libraries that read DICOM are loaded when there is DICOM to read."""

from pathlib import Path

from readerstudy.domain.importing.source import ImportOptions, Source


def read_dicom(path: Path, options: ImportOptions) -> Source:
    """Read the tree `path`; masks lie in it, or in the file or folder `options.masks`."""
    from readerstudy.domain.importing.dicom.tree import read_tree

    return read_tree(path, options)
