"""What an archive of a study holds: rows of these tables, in an order in which each finds what it names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Field, ForeignKey, Model, Q, QuerySet

from readerstudy.models.actor import Actor, ActorAddress
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.blinding_audit import BlindingAudit
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.case_exclusion import CaseExclusion
from readerstudy.models.case_review import CaseReplacement, CaseReview
from readerstudy.models.dataset import Dataset
from readerstudy.models.debrief import Debrief
from readerstudy.models.display_check import DisplayCheck
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.practice_truth import PracticeTruth
from readerstudy.models.problem_report import ProblemReport
from readerstudy.models.protocol import Amendment, Protocol
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence, SequenceItem
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume import Lesion, OrganScan, Volume


@dataclass(frozen=True)
class Kind:
    """The rows of one table that belong to a study.

    `blank` says what is written instead of what stays behind. Where a row may be on the other installation already
    (`known_by` finds it there), it is not stored a second time, if it agrees in `agrees_in`.
    """

    model: type[Model]
    rows: Callable[[Study], Q]
    blank: dict[str, Any] = field(default_factory=dict)
    known_by: tuple[str, ...] = ()
    agrees_in: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.model._meta.model_name)

    @property
    def fields(self) -> list[Field[Any, Any]]:
        return list(self.model._meta.local_concrete_fields)

    @property
    def files(self) -> list[ForeignKey[Any, Any]]:
        """The columns that name stored files."""
        return [one for one in self.fields if isinstance(one, ForeignKey) and one.related_model is StoredFile]

    def of(self, study: Study) -> QuerySet[Any]:
        return self.model._base_manager.filter(self.rows(study)).order_by("pk")


def _of_study(path: str = "study") -> Callable[[Study], Q]:
    return lambda study: Q(**{path: study})


def _sources(path: str) -> Callable[[Study], Q]:
    """Return what leads to the scans that the study shows, or makes its tumours in."""

    def rows(study: Study) -> Q:
        scans = GroundTruth.objects.filter(case__study=study).values("source")
        hosts = SynthesisRun.objects.filter(pk__in=_runs(study)).values("host")
        volumes = OrganScan.objects.filter(Q(pk__in=scans) | Q(pk__in=hosts)).values("volume")
        if path == "dataset":
            return Q(pk__in=Volume.objects.filter(pk__in=volumes).values("dataset"))
        return Q(**{f"{path}__in": volumes})

    return rows


def _runs(study: Study) -> QuerySet[Any, Any]:
    return GroundTruth.objects.filter(case__study=study, synthesis_run__isnull=False).values("synthesis_run")


def _actors(study: Study) -> Q:
    named = [
        model._base_manager.filter(rows(study)).values("actor")
        for model, rows in (
            (AuditEvent, _of_study()),
            (BlindingAudit, _of_study()),
            (Amendment, _of_study("protocol__study")),
            (CaseReview, _of_study("case__study")),
            (CaseReplacement, _of_study("case__study")),
        )
    ]
    condition = Q()
    for keys in named:
        condition |= Q(key__in=keys)
    return condition


def _addresses(study: Study) -> Q:
    return Q(key__in=AuditEvent.objects.filter(study=study, address__isnull=False).values("address"))


SLUG = object()  # in `blank`: the study's
DRAWN_ANEW = object()  # in `blank`: not written, so that the other installation draws its own
UNCLAIMED = {"token": None, "lease_expires_at": None, "rung_at": None}

KINDS = [
    Kind(Actor, _actors, blank={"study_slug": SLUG}, known_by=("key",), agrees_in=("kind",)),
    Kind(
        ActorAddress, _addresses, blank={"address": ""}, known_by=("key",), agrees_in=("actor",)
    ),  # addresses stay behind
    Kind(Dataset, _sources("dataset"), known_by=("name",)),
    Kind(Volume, _sources("pk"), known_by=("dataset", "content_sha256"), agrees_in=("voxels_sha256",)),
    Kind(
        OrganScan,
        _sources("volume"),
        known_by=("volume", "organ", "origin", "generator"),
        agrees_in=("row", "diameter_mm", "tumor_ml"),
    ),
    Kind(Lesion, _sources("scan__volume"), known_by=("scan", "number"), agrees_in=("volume_ml",)),
    Kind(
        SynthesisRun,
        lambda study: Q(pk__in=_runs(study)),
        blank=UNCLAIMED,
        known_by=("host", "method", "request_sha256", "seed"),
        agrees_in=("state", "recipe"),
    ),
    Kind(Study, lambda study: Q(pk=study.pk), blank={"created_by": None}),
    Kind(Case, _of_study()),
    Kind(SlicePack, _of_study("case__study"), blank=UNCLAIMED),
    Kind(GroundTruth, _of_study("case__study")),
    Kind(
        Reader,
        _of_study(),
        blank={"invitation_sha256": None, "passphrase": "", "preferences": {}, "return_code": DRAWN_ANEW},
    ),
    Kind(Sequence, lambda study: Q(reader__study=study) | Q(former_reader__study=study)),
    Kind(SequenceItem, _of_study("case__study")),
    Kind(Reading, _of_study("item__case__study")),
    Kind(DisplayCheck, _of_study("reader__study")),
    Kind(ProblemReport, _of_study("item__case__study")),
    Kind(BlindingAudit, lambda study: Q(study=study, state="succeeded"), blank=UNCLAIMED),
    Kind(Protocol, _of_study()),
    Kind(Amendment, _of_study("protocol__study")),
    Kind(CaseReview, _of_study("case__study")),
    Kind(CaseReplacement, _of_study("case__study")),
    Kind(CaseExclusion, _of_study("case__study")),
    Kind(PracticeTruth, _of_study("case__study")),
    Kind(Debrief, _of_study("reader__study")),
    Kind(AuditEvent, _of_study()),
]


def files_of(study: Study) -> Iterator[StoredFile]:
    """Return the stored files that the archived rows name, each once."""
    keys: set[str] = set()
    for kind in KINDS:
        for column in kind.files:
            keys.update(key for key in kind.of(study).values_list(column.attname, flat=True) if key)
    yield from StoredFile.objects.filter(key__in=keys).order_by("key").iterator(500)
