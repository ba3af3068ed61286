"""What has been imported, and what studies can draw from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Max, Min, Q

from readerstudy.models.dataset import Dataset
from readerstudy.models.import_run import ImportRun
from readerstudy.models.job import Job
from readerstudy.models.vocabulary import OrganName, Origin
from readerstudy.models.volume import OrganScan


@dataclass(frozen=True)
class Source:
    """The scans of one organ, origin and generator in one data set."""

    dataset: str
    organ: str
    origin: str
    generator: str
    scans: int
    usable_scans: int
    stand_ins: int
    smallest_mm: float | None
    largest_mm: float | None

    @property
    def unusable(self) -> int:
        """Hosts without the mask of their organ."""
        return self.scans - self.usable_scans


@dataclass(frozen=True)
class DatasetOverview:
    name: str
    layout: str
    imported_at: datetime
    warnings: list[str]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class OrganSources:
    """What all data sets together hold of one organ."""

    organ: str
    sources: tuple[Source, ...]

    @property
    def hosts(self) -> int:
        return self._usable(Origin.HEALTHY)

    @property
    def real(self) -> int:
        return self._usable(Origin.REAL)

    @property
    def synthetic(self) -> dict[str, int]:
        """Usable scans by the name of the generator that an imported data set gave."""
        counts: dict[str, int] = {}
        for source in self._of(Origin.SYNTHETIC):
            counts[source.generator] = counts.get(source.generator, 0) + source.usable_scans
        return counts

    @property
    def stand_ins(self) -> int:
        return sum(source.stand_ins for source in self._of(Origin.REAL))

    def datasets(self, origin: Origin) -> list[str]:
        return [source.dataset for source in self._of(origin) if source.usable_scans]

    def _usable(self, origin: Origin) -> int:
        return sum(source.usable_scans for source in self._of(origin))

    def _of(self, origin: Origin) -> list[Source]:
        return [source for source in self.sources if source.origin == origin]


def list_datasets() -> list[DatasetOverview]:
    sources = _sources()
    return [_overview(dataset, sources) for dataset in Dataset.objects.all()]


def dataset_overview(dataset: Dataset) -> DatasetOverview:
    return _overview(dataset, _sources())


def list_imports() -> Iterable[ImportRun]:
    """Return the imports that workers are at or that failed, the latest first."""
    return ImportRun.objects.select_related("actor").exclude(state=Job.State.SUCCEEDED).order_by("-asked_at")


def available_sources() -> list[OrganSources]:
    """Return one entry per organ, in the order in which the organs are named, also where there is nothing."""
    sources = _sources()
    return [
        OrganSources(organ=organ, sources=tuple(source for source in sources if source.organ == organ))
        for organ in OrganName.values
    ]


def _overview(dataset: Dataset, sources: list[Source]) -> DatasetOverview:
    return DatasetOverview(
        name=dataset.name,
        layout=dataset.layout,
        imported_at=dataset.imported_at,
        warnings=dataset.warnings,
        sources=tuple(source for source in sources if source.dataset == dataset.name),
    )


def _sources() -> list[Source]:
    usable = ~Q(origin=Origin.HEALTHY) | Q(organ_mask__isnull=False)  # as OrganScan.usable
    groups = (
        OrganScan.objects.values("organ", "origin", "generator", dataset=F("volume__dataset__name"))
        .annotate(
            scans=Count("pk"),
            usable_scans=Count("pk", filter=usable),
            stand_ins=Count("pk", filter=Q(stand_in=True)),
            smallest_mm=Min("diameter_mm"),
            largest_mm=Max("diameter_mm"),
        )
        .order_by("dataset", "organ", "origin", "generator")
    )
    return [Source(**group) for group in groups]
