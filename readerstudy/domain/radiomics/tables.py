"""The features of a run as CSV, with their data dictionary."""

from __future__ import annotations

import io

from readerstudy.domain.radiomics.tumors import rows_of
from readerstudy.models.radiomics_run import RadiomicsRun

TABLES = ("features", "dictionary")


def run_table(run: RadiomicsRun, name: str) -> str:
    """Return one of `TABLES` as CSV, in the form that ``python -m synthesis radiomics`` writes."""
    from synthesis.radiomics.settings import Settings
    from synthesis.radiomics.table import write_dictionary, write_table

    file = io.StringIO()
    if name == "features":
        write_table(file, rows_of(run.features))
    else:
        write_dictionary(file, Settings(**run.result["settings"]))
    return file.getvalue()
