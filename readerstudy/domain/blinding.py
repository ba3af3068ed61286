"""What a reader's browser may know. The one place that turns rows into what is sent; an allow-list."""

from dataclasses import asdict, dataclass
from typing import Any

from django.urls import reverse

from readerstudy.models.sequence import SequenceItem


@dataclass(frozen=True)
class CasePayload:
    """One case as the viewer gets it: geometry, question and addresses under a token of this reader's own."""

    token: str
    organ: str
    question: str
    shape: list[int]
    spacing_mm: list[float]
    cue_slice: int | None
    slice_url: str
    answer_url: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def case_payload(item: SequenceItem) -> CasePayload:
    case = item.case
    slice_zero = reverse("slice", args=[item.token, 0])
    return CasePayload(
        token=item.token,
        organ=case.organ,
        question=f"Is the tumour in this {case.organ} real or synthetic?",
        shape=case.pack.shape,
        spacing_mm=[round(mm, 3) for mm in case.pack.spacing_mm],  # all digits would find a public data set
        cue_slice=case.pack.cue_slice,
        slice_url=slice_zero.removesuffix("0") + "{n}",
        answer_url=reverse("answer", args=[item.token]),
    )
