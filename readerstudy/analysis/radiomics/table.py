"""The table of features: read, checked, and narrowed down to what a machine can be given."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

DESCRIBED = ("case_id", "patient_id", "organ", "origin")
OPTIONAL = {"generator": "", "not_estimable": ""}
CLASSES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "ngtdm", "gldm")
ORIGINS = ("real", "synthetic")
LEAST_ESTIMABLE = 0.5
"""Share of a tumour's features below which it is left out: what would be filled in would be most of it."""
MOST_MISSING = 0.1
"""Share of the tumours beyond which a feature is left out."""
NOTHING = 1e-12


class InvalidFeatures(ValueError):  # noqa: N818 - named for what it says
    """A table of features that can't be used."""


@dataclass(frozen=True)
class Tumors:
    """What the machines are given.

    Attributes
    ----------
    rows : DataFrame
        `case_id`, `patient_id`, `organ`, `origin`, `generator`, `diameter_mm`; a row a tumour.
    features : DataFrame
        A column a feature, the rows those of `rows`; NaN where not estimable, at most 10 % of a column.
    left_out : dict
        Tumour → why.
    unused : list of str
        Features that too few tumours have, or that do not vary.
    """

    rows: pd.DataFrame
    features: pd.DataFrame
    left_out: dict[str, str]
    unused: list[str]

    def only(self, kept: npt.NDArray[np.bool_]) -> "Tumors":
        """Return some of the tumours, with the features that vary among them."""
        features = self.features[kept].reset_index(drop=True)
        varying = features.columns[(features.std(ddof=0) > NOTHING).to_numpy()]
        return Tumors(self.rows[kept].reset_index(drop=True), features[varying], self.left_out, self.unused)


def read_features_csv(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a table as ``python -m synthesis radiomics`` writes it.

    Raises
    ------
    InvalidFeatures
        With file, column and line, and what to do.
    """
    name = Path(path).name
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        raise InvalidFeatures(f"{name} can't be read as CSV ({str(error).strip()}); name another file.") from error
    for column in DESCRIBED:
        if column not in table:
            raise InvalidFeatures(f"{name} has no column {column}; make the table with python -m synthesis radiomics.")
    features = feature_columns(table)
    if not features or not len(table):
        raise InvalidFeatures(f"{name} holds no features of tumours; make it with python -m synthesis radiomics.")
    numbers = {column: _numbers(table[column], name) for column in features if column in table}
    described = [*DESCRIBED, *(column for column in OPTIONAL if column in table)]
    diameter = _numbers(table["diameter_mm"], name) if "diameter_mm" in table else pd.Series(np.nan, table.index)
    return pd.DataFrame({**{column: table[column] for column in described}, "diameter_mm": diameter, **numbers})


def feature_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns that hold features: those whose names begin with a feature class."""
    return [str(column) for column in table if str(column).partition("_")[0] in CLASSES]


def usable(table: pd.DataFrame) -> Tumors:
    """Narrow a table down to tumours and features that a machine can be given; what it leaves out is named.

    Parameters
    ----------
    table : DataFrame
        `DESCRIBED`, `diameter_mm`, a column for each feature, NaN where not estimable; and `generator`,
        `not_estimable`, which may be missing.

    Raises
    ------
    InvalidFeatures
        If an origin is unknown, or nothing is left.
    """
    if strange := sorted(set(table["origin"]) - set(ORIGINS)):
        raise InvalidFeatures(f"The origin '{strange[0]}' is neither real nor synthetic; mend the table.")
    table = table.assign(**{name: value for name, value in OPTIONAL.items() if name not in table})
    columns = feature_columns(table)
    features = table[columns].astype(np.float64)
    estimable = features.notna().mean(axis=1) >= LEAST_ESTIMABLE
    left_out = {
        str(case): str(why).partition(":")[0] or "most of its features are not estimable"
        for case, why in table.loc[~estimable, ["case_id", "not_estimable"]].itertuples(index=False)
    }
    if not estimable.any():
        raise InvalidFeatures("No tumour has enough features; check the masks that they were measured in.")
    kept = features[estimable].reset_index(drop=True)
    good = (kept.isna().mean() <= MOST_MISSING) & (kept.std(ddof=0) > NOTHING)
    rows = table.loc[estimable, ["case_id", "patient_id", "organ", "origin", "generator", "diameter_mm"]]
    unused = [column for column in columns if not good[column]]
    return Tumors(rows.reset_index(drop=True), kept.loc[:, good], left_out, unused)


def _numbers(cells: "pd.Series[str]", name: str) -> "pd.Series[float]":
    numbers = pd.to_numeric(cells.where(cells != ""), errors="coerce").astype(np.float64)
    wrong = (numbers.isna() & (cells != "")) | np.isinf(numbers)
    if wrong.any():
        line = int(np.flatnonzero(wrong)[0])
        raise InvalidFeatures(
            f"{name}, line {line + 2}, column {cells.name}: '{cells.iloc[line]}' is no finite number; leave the cell "
            "empty where a feature is not estimable."
        )
    return numbers
