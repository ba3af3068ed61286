"""The table as it is published: a row per reader, and sensitivity, specificity and accuracy under each organ.

One table per generator; positive = real tumour. The published Table 3 of Pixel2Cancer and DiffTumor is laid out so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from readerstudy.analysis.frame import ORGANS, POOLED
from readerstudy.analysis.reporting.order import natural
from readerstudy.analysis.reporting.tables import Estimate, ResultsRow, results_row


@dataclass(frozen=True)
class OrganCells:
    """One reader's figures of one organ; None where the reader read none of it."""

    row: ResultsRow | None

    @property
    def estimates(self) -> Sequence[Estimate | None]:
        return self.row.estimates if self.row else (None, None, None)


@dataclass(frozen=True)
class PublishedRow:
    """`reader` is `all` where readers are pooled."""

    reader: str
    cells: list[OrganCells]

    @property
    def is_pooled(self) -> bool:
        return self.reader == POOLED


@dataclass(frozen=True)
class PublishedTable:
    generator: str
    organs: list[str]
    rows: list[PublishedRow]


def published_tables(metrics: pd.DataFrame) -> list[PublishedTable]:
    """Return one table per generator, organs as `frame.ORGANS` names them, all readers last.

    Parameters
    ----------
    metrics
        The columns of `metrics.csv`.
    """
    single = metrics[(metrics["organ"] != POOLED) & (metrics["generator"] != POOLED)]
    return [_table(str(generator), rows) for generator, rows in single.groupby("generator", sort=True)]


def _table(generator: str, metrics: pd.DataFrame) -> PublishedTable:
    found = {(str(row["reader_id"]), str(row["organ"])): results_row(row) for row in metrics.to_dict("records")}
    read = {organ for _, organ in found}
    organs = [organ for organ in ORGANS if organ in read]
    readers = sorted({reader for reader, _ in found} - {POOLED}, key=natural)
    shown = readers if len(readers) == 1 else [*readers, POOLED]
    rows = [PublishedRow(reader, [OrganCells(found.get((reader, organ))) for organ in organs]) for reader in shown]
    return PublishedTable(generator, organs, rows)
