"""The outcome of an audit, as data and in words. It never says that a study is free of tells."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.leak_audit.feature import Part
from readerstudy.analysis.leak_audit.tell import Tell

UNSEEN = (
    "The audit sees only what it measures. It does not see signs of disease in the organs, stents, treatment or text "
    "in the image, how the tumours themselves look, what a reader may remember from a public data set, or how many "
    "of an organ's cases are real."
)

UNSEEN_OF_ORGANS = (
    "The audit sees only what it measures. It does not see signs of disease, stents or text in the image, how the "
    "tumours themselves look, what a reader may remember from a public data set, or how many cases are of each organ."
)
SURROUNDINGS_ARE_SHOWN = (
    "What lies around the tumours is shown, and anatomy may tell the organ: what is found outside the tumour is a leak "
    "where it comes from how the images were made (scanner, slice thickness, data set), and else the task itself. "
    'To leave readers the tumours alone, mask the surroundings (crop.surroundings = "masked").'
)


@dataclass(frozen=True)
class PartResult:
    """One part of the features in one comparison; real is positive (in organ recognition, the organ that is named).

    Attributes
    ----------
    part : Part
    organ, generator : str
        `all` where pooled.
    n_real, n_synthetic : int
        Patients in the arms; of `positive` and `negative`.
    auc, auc_low, auc_high : float
        Of a cross-validated classifier of the part's features, with its 95 % interval. A classifier below 0.5 has
        learnt nothing (matched arms do that to it), so the upper limit is never below that of 0.5.
    p_value : float
        Family-wise over all parts and comparisons of the audit.
    found : bool
        Whether the part tells the arms apart at the audit's level.
    detectable_auc : float or None
        A tell of this AUC would have been found four times in five; None where even a perfect one would not.
    tells : list of Tell
        Single features that tell, the strongest first; a classifier may tell where none does by itself.
    """

    part: Part
    organ: str
    generator: str
    n_real: int
    n_synthetic: int
    auc: float
    auc_low: float
    auc_high: float
    p_value: float
    found: bool
    detectable_auc: float | None
    tells: list[Tell]
    positive: str = "real"
    negative: str = "synthetic"

    @property
    def where(self) -> str:
        if self.positive != "real":
            return f"{self.positive} against {self.negative}"
        organ = "all organs" if self.organ == POOLED else self.organ
        return organ if self.generator == POOLED else f"{organ}, {self.generator}"


@dataclass(frozen=True)
class LeakAudit:
    """Every part in every comparison, the widest comparison first."""

    results: list[PartResult]
    not_measured: list[str]
    not_compared: list[str]
    n_real: int
    n_synthetic: int
    alpha: float
    permutations: int
    of_organs: bool = False
    n_of_organ: dict[str, int] = field(default_factory=dict)

    @property
    def found(self) -> bool:
        return any(result.found for result in self.results)

    @property
    def conclusion(self) -> str:
        """What the audit found, and what it could not have found."""
        if self.found:
            parts = ", ".join(part for part in Part if any(one.found and one.part == part for one in self.results))
            return f"The {self._sides} can be told apart by more than the tumours' look: {parts}."
        return (
            f"No tell was found in {self._cases}, which does not show that there is none: {'; '.join(self._limits())}."
        )

    @property
    def _sides(self) -> str:
        return "organs" if self.of_organs else "arms"

    @property
    def _cases(self) -> str:
        if not self.of_organs:
            return f"{self.n_real} real and {self.n_synthetic} synthetic cases"
        *first, last = [f"{n} {organ}" for organ, n in self.n_of_organ.items()]
        return f"{', '.join(first)} and {last} cases" if first else f"{last} cases"

    @property
    def findings(self) -> list[str]:
        """One sentence for each tell, in the widest comparison that shows it."""
        told: set[tuple[str, str]] = set()
        sentences = []
        for result in self.results:
            fresh = [tell for tell in result.tells if (tell.feature, tell.view) not in told]
            told.update((tell.feature, tell.view) for tell in fresh)
            sentences += [f"{result.part}, {result.where}: {tell.sentence}." for tell in fresh]
            if result.found and not result.tells:
                sentences.append(
                    f"{result.part}, {result.where}: no single feature tells the {self._sides} apart, all together "
                    f"do (AUC {result.auc:.2f})."
                )
        return sentences

    @property
    def notes(self) -> list[str]:
        """What must be read beside any outcome."""
        missing = [f"Not judged, since some cases lack it: {words}." for words in self.not_measured]
        few = [
            f"Not compared by itself, since {'it' if self.of_organs else 'an arm'} has too few patients: {name}."
            for name in self.not_compared
        ]
        return [UNSEEN_OF_ORGANS if self.of_organs else UNSEEN, *few, *missing]

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "results": [asdict(one) | {"where": one.where} for one in self.results],
            "found": self.found,
            "conclusion": self.conclusion,
            "findings": self.findings,
            "notes": self.notes,
        }

    def _limits(self) -> Iterator[str]:
        """Say for the widest comparison what each part could have hidden."""
        for part in Part:
            result = next((one for one in self.results if one.part == part), None)
            if result is None:
                yield f"{part}: nothing measured varies"
                continue
            missed = f"a tell below AUC {result.detectable_auc:.2f}" if result.detectable_auc else "even a perfect tell"
            yield f"{part}: {missed} may have been missed, the upper bound is AUC {result.auc_high:.2f}"
