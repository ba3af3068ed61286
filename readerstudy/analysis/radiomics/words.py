"""What the experiment found, in sentences for a radiologist; what it shows, and what it does not."""

from typing import Any

from readerstudy.analysis.radiomics.question import EVERY, FEWEST_PATIENTS, ORGAN
from readerstudy.analysis.reporting.numbers import p_value, percent

HEART = 0.1  # by how much training has to beat test to be remarked on
AMONG = {"real": "real tumours", "synthetic": "synthetic tumours", EVERY: "real and synthetic tumours together"}


def title(answer: dict[str, Any]) -> str:
    if answer["about"] == ORGAN:
        return f"Which organ? {AMONG[answer['among']].capitalize()}"
    return "Real or synthetic? The machine’s visual Turing test"


def headline(answer: dict[str, Any], *, alpha: float) -> str:
    """Return the answer in a few sentences: told apart or not, how often rightly, against what guessing gives."""
    what = "the organ" if answer["about"] == ORGAN else "real from synthetic"
    test = answer["machines"]["tuned"]["test"]
    figures = (
        f"a machine is right on {percent(test['macro_recall'])} % of the tumours that it has not seen (95 % interval "
        f"{percent(test['macro_recall_low'])}–{percent(test['macro_recall_high'])} %); guessing is right on "
        f"{percent(answer['chance'])} % ({p_value(answer['p_value'])})."
    )
    if answer["p_value"] < alpha and test["macro_recall"] > answer["chance"]:
        return f"These features tell {what}: {figures}"
    below = " To be right less often than guessing is chance, too." if test["macro_recall"] < answer["chance"] else ""
    return f"No sign that these features tell {what}: {figures}{below} That does not show that they can’t."


def learnt_by_heart(answer: dict[str, Any]) -> str:
    """Say how the machine with a fixed large C does on what it has seen and on what it has not."""
    known, unseen = (answer["machines"]["fixed"][side]["macro_recall"] for side in ("training", "test"))
    said = (
        f"A machine that may fit as closely as it likes (a fixed, large C) is right on {percent(known)} % of the "
        f"tumours that it was trained on and on {percent(unseen)} % of those that it was not"
    )
    return f"{said}: the difference is what it has learnt by heart." if known - unseen > HEART else f"{said}."


def notes(found: dict[str, Any]) -> list[str]:
    """Return what must be read beside the figures."""
    few = found["too_few"]
    said = [
        "The machine sees a tumour’s size, shape, HU and texture and nothing else. A radiologist sees what lies around "
        "it, too.",
        "What tells organs apart may be the scanner, the phase, the slice thickness or the size of the tumours rather "
        "than their tissue, wherever these differ between the organs’ CTs. So may what tells real from synthetic.",
        "Not to be told apart by these features is not the same as alike: other features, or more tumours, may tell.",
        "The map is a picture, not a test. Neighbours are alike; distances between far groups, and the size of a "
        "group, mean nothing.",
    ]
    if few:
        said.append(
            f"Not asked about, with fewer than {FEWEST_PATIENTS} patients: {'; '.join(few)}. They are on the map."
        )
    if found["left_out"]:
        cases = list(found["left_out"].items())
        shown = "; ".join(f"{case} ({why})" for case, why in cases[:10])
        more = f"; and {len(cases) - 10} more" if len(cases) > 10 else ""
        said.append(f"Left out, as most of their features are not estimable: {shown}{more}.")
    return said


def methods(found: dict[str, Any], *, bin_width_hu: float, spacing_mm: float) -> list[str]:
    """Return how the figures were worked out."""
    perplexity = found["map"]["perplexity"] if found["map"] else None
    said = [
        f"Each tumour: the largest lesion of its mask within its half-contrast edge, real and synthetic alike; CT "
        f"resampled to cubes of {spacing_mm:g} mm, gray levels of {bin_width_hu:g} HU; features of the IBSI by "
        f"pyradiomics, of which {found['features']} vary and are estimable.",
        f"Machine: a support vector machine (radial basis) on scaled features, classes weighted alike, tuned in three "
        f"inner folds of the training set; five folds, patients never parted, {found['repeats']} repeats. Counts are "
        "means over the repeats; intervals are Wilson’s, as if each patient counted once.",
        f"p: {found['permutations']} exchanges of the labels among patients, the choice of settings repeated in each.",
        "Importance: what is lost on unseen tumours when a group of features that go together (mean rank correlation "
        "of 0.7 and more) is shuffled among them.",
    ]
    if perplexity is not None:
        said.append(
            f"Map: t-SNE, perplexity {perplexity:.3g}, seed {found['seed']}, from the principal components. UMAP is "
            "not offered: its package brings a compiler of its own."
        )
    return said
