"""The scans of one data set, as staff sort and look through them."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet

from readerstudy.models.dataset import Dataset
from readerstudy.models.volume import OrganScan

PER_PAGE = 100


@dataclass(frozen=True)
class Column:
    """A column of the table: its heading, and what it is sorted by, if it is."""

    name: str
    label: str
    field: str
    number: bool = False


COLUMNS = (
    Column("row", "Row", "row", number=True),
    Column("organ", "Organ", "organ"),
    Column("origin", "Origin", "origin"),
    Column("diameter", "Diameter", "diameter_mm", number=True),
    Column("lesions", "Lesions", "lesions", number=True),
    Column("phase", "Phase", "phase"),
    Column("noise", "Noise", "volume__noise_hu", number=True),
    Column("spacing", "Spacing", "volume__spacing_mm__2", number=True),
    Column("slices", "Slices", "volume__shape__2", number=True),
)
_BY_NAME: Mapping[str, Column] = {column.name: column for column in COLUMNS}


@dataclass(frozen=True)
class ScanTable:
    """One page of a data set's scans, in the order asked for."""

    page: Page[OrganScan]
    sort: str
    descending: bool


def scan_table(dataset: Dataset, *, sort: str, page: str) -> ScanTable:
    """Return a page of the table; `-diameter` sorts from the largest. What is no column sorts by the row."""
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    column = _BY_NAME.get(name, COLUMNS[0])
    place = F(column.field)
    order = place.desc(nulls_last=True) if descending else place.asc(nulls_last=True)
    return ScanTable(
        page=Paginator(_scans(dataset).order_by(order, "row", "pk"), PER_PAGE).get_page(page),
        sort=column.name,
        descending=descending,
    )


def _scans(dataset: Dataset) -> QuerySet[OrganScan]:
    return OrganScan.objects.filter(volume__dataset=dataset).select_related("volume")
