"""The gallery: staff look at a study's cases before opening, blinded to the arms, and say which are no good.

Whoever looks gets what a reader gets, under tokens of their own and in an order of their own; no page tells an arm,
a generator or a data set, nor which arm a rejection concerned. `gallery_rates` tells that once the study is opened.
"""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from math import floor

from django.db import transaction
from django.utils.crypto import salted_hmac

from readerstudy.domain import audit
from readerstudy.domain.actors import actor_of
from readerstudy.domain.design import GalleryDesign, parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.locks import lock_study
from readerstudy.domain.replacement import NoReplacementError, replace_before_opening
from readerstudy.domain.slice_packs import decode_slice
from readerstudy.domain.store import get_store
from readerstudy.domain.thumbnails import draw_detail
from readerstudy.domain.truths import counted_truths
from readerstudy.models.case import SlicePack
from readerstudy.models.case_review import CaseReview
from readerstudy.models.job import Job
from readerstudy.models.study import Study

SALT = "readerstudy.gallery"
TOKEN_LETTERS = 32
TO_REVIEW, ACCEPTED, REJECTED = "to review", "accepted", "rejected"
STATES = {None: TO_REVIEW, True: ACCEPTED, False: REJECTED}


class NoSuchCaseError(DomainError):
    """No case by that token for this person, now: it may have been replaced."""


@dataclass(frozen=True)
class GalleryCase:
    """A built case as one person sees it; `rejected` cases wait for a patient who can take their place."""

    token: str
    pack: SlicePack
    state: str

    @property
    def organ(self) -> str:
        return self.pack.case.organ

    def draw(self) -> bytes:
        """Return the lesion's surroundings as a PNG."""
        pack = self.pack
        slice_number, row, column = (round(index) for index in pack.cue_point or (pack.cue_slice or 0, 0, 0))
        _, rows, columns = pack.shape
        slice_hu = decode_slice(self.read(slice_number), (rows, columns))
        content = io.BytesIO()
        draw_detail(slice_hu, (pack.spacing_mm[1], pack.spacing_mm[2]), (row, column)).save(content, format="PNG")
        return content.getvalue()

    def read(self, number: int) -> bytes:
        """Return one gzip member.

        Raises
        ------
        DomainError
            If there is no such slice.
        """
        if not 0 <= number < self.pack.shape[0]:
            raise DomainError("There is no such slice.")
        return get_store().read_range(self.pack.ready_file, *self.pack.offsets[number : number + 2])


@dataclass(frozen=True)
class Gallery:
    """What one person sees of a study: its built cases in their order, how many are being made, and the rules."""

    cases: list[GalleryCase]
    n_waiting: int
    n_rejections: int
    most_rejections: int
    rules: GalleryDesign

    def count(self, state: str) -> int:
        return sum(case.state == state for case in self.cases)

    @property
    def n_accepted(self) -> int:
        return self.count(ACCEPTED)

    @property
    def n_rejected(self) -> int:
        return self.count(REJECTED)

    @property
    def n_cases(self) -> int:
        return len(self.cases) + self.n_waiting

    def after(self, token: str | None) -> GalleryCase | None:
        """Return the next case to review after the one by that token, round to the first."""
        tokens = [case.token for case in self.cases]
        start = tokens.index(token) + 1 if token in tokens else 0
        return next((case for case in self.cases[start:] + self.cases[:start] if case.state == TO_REVIEW), None)


def open_gallery(*, study: Study, viewer: str) -> Gallery:
    """Return the gallery as `viewer`, a member of staff, sees it."""
    design = parse_design(study.design)
    packs = SlicePack.objects.filter(case__in=counted_truths(study).values("case")).select_related("case", "file")
    verdicts = last_verdicts(study)
    built = [
        GalleryCase(_token(viewer, pack), pack, STATES[verdicts.get((pack.case_id, pack.ready_file.sha256))])
        for pack in packs
        if pack.state == Job.State.SUCCEEDED
    ]
    return Gallery(
        cases=sorted(built, key=lambda case: case.token),
        n_waiting=len(packs) - len(built),
        n_rejections=list(verdicts.values()).count(False),
        most_rejections=floor(design.gallery.max_rejected * design.n_cases),
        rules=design.gallery,
    )


def find_gallery_case(*, study: Study, viewer: str, token: str) -> GalleryCase:
    """Return a case by its token.

    Raises
    ------
    NoSuchCaseError
        If there is none (any more).
    """
    return _find(open_gallery(study=study, viewer=viewer), token)


def accept_case(*, study: Study, token: str, actor: str) -> None:
    """Record that a case is fit.

    Raises
    ------
    DomainError
        If the study was opened, or the case is another by now.
    """
    with transaction.atomic():
        _require_preparing(study)
        case = find_gallery_case(study=study, viewer=actor, token=token)
        _record(case, actor, "")
        audit.record(actor=actor, action="accept case", study=study, case=case.pack.case.code)


def reject_case(*, study: Study, token: str, reason: str, actor: str) -> None:
    """Record that a case is no good by a criterion of the design, and have it replaced.

    Where nobody is left in one of its organ's arms, a case of either stays rejected, which keeps the study from being
    opened.

    Raises
    ------
    DomainError
        If the study was opened, the case is another by now, the reason is none of the design's, or as many cases
        were rejected as the design allows.
    """
    with transaction.atomic():
        _require_preparing(study)
        gallery = open_gallery(study=study, viewer=actor)
        case = _find(gallery, token)
        if reason not in gallery.rules.reasons:
            raise DomainError("Choose one of the reasons that the study's design names.")
        if case.state != REJECTED and gallery.n_rejections >= gallery.most_rejections:
            raise DomainError(
                f"{gallery.n_rejections} cases were rejected, the most that the design allows (gallery.max_rejected = "
                f"{gallery.rules.max_rejected:g}): accept the case, or make a new study from better data sets."
            )
        _record(case, actor, reason)
        audit.record(actor=actor, action="reject case", study=study, case=case.pack.case.code, reason=reason)
        try:
            replace_before_opening(case=case.pack.case, reason=reason, actor=actor)
        except NoReplacementError:
            return


def rejected_without_replacement(study: Study) -> int:
    """Return how many cases wait, rejected, for somebody to take their place."""
    verdicts = last_verdicts(study)
    packs = SlicePack.objects.filter(case__study=study, file__isnull=False)
    return sum(verdicts.get(shown) is False for shown in packs.values_list("case_id", "file__sha256"))


def last_verdicts(study: Study) -> dict[tuple[uuid.UUID, str], bool]:
    """Return, of each content that a case had and that was reviewed, whether it was accepted in the end."""
    reviews = CaseReview.objects.filter(case__study=study).values_list("case_id", "content_sha256", "accepted")
    return {(case, content): accepted for case, content, accepted in reviews}


def _record(case: GalleryCase, actor: str, reason: str) -> None:
    CaseReview.objects.create(
        case=case.pack.case,
        content_sha256=case.pack.ready_file.sha256,
        accepted=not reason,
        reason=reason,
        actor=actor_of(actor),
    )


def _find(gallery: Gallery, token: str) -> GalleryCase:
    found = next((case for case in gallery.cases if case.token == token), None)
    if found is None:
        raise NoSuchCaseError("This case was replaced meanwhile; go on with the next one.")
    return found


def _token(viewer: str, pack: SlicePack) -> str:
    """Return a name for what a case shows now, which can be linked neither to others' names nor to what it was."""
    return salted_hmac(SALT, f"{pack.case_id} {pack.file_id} {viewer}", algorithm="sha256").hexdigest()[:TOKEN_LETTERS]


def _require_preparing(study: Study) -> None:
    now = lock_study(study)
    if now.state != Study.State.PREPARING:
        raise DomainError(
            f"Study {now.slug} is {now.get_state_display().lower()}; its cases are reviewed before opening."
        )
