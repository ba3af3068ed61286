"""The methods of an organ-recognition study in words, filled in from its design."""

from typing import Any

ORGAN_RESPONSES = {
    "label": "one of the study's organs, or unsure",
    "label+confidence": "one of the study's organs, with a confidence, or unsure",
}
DESIGN = (
    "Organ recognition: readers said of each case, blinded to it, in which organ its tumour is. The truth is known "
    "from the data sets' masks."
)


def crop_sentence(crop: dict[str, Any]) -> str:
    """Say what was shown of a CT; `crop` as `StudyDesign.crop` is stored, whole."""
    shown = (
        f"everything farther than {crop['margin_mm']:g} mm from the tumour was one gray"
        if crop["surroundings"] == "masked"
        else "what lies around the tumour was shown"
    )
    return (
        f"A case was a cube of {crop['side_mm']:g} mm a side around the tumour, resampled linearly along the body's "
        f"axes to voxels of {crop['spacing_mm']:g} mm, the same for every case, with a voxel of the tumour in its "
        f"middle; {shown}."
    )


def organ_statistics(*, alpha: float, organs: list[str], replicates: int) -> list[str]:
    """Return the paragraphs of the statistical analysis."""
    k, level = len(organs), f"{100 * (1 - alpha):g} %"
    return [
        "Recall of an organ is the share of its tumours that were called so, precision the share of the answers naming "
        "it that were right. Macro accuracy is the mean of the organs' recalls, micro accuracy the share of all "
        "answers that were right.",
        "Answers “unsure” have a column of their own in the confusion matrix; they are left out of recall, precision, "
        "accuracy and kappa with the truth, counted beside them, and an answer like any other in the agreement between "
        "readers.",
        f"Each reader's share of right answers is tested against 1/{k} by the exact binomial test, two-sided; "
        f"intervals of proportions are Wilson's, {level}, and that of macro accuracy combines them (Zou and Donner). "
        "Chance-corrected agreement with the truth is Cohen's kappa; between readers Cohen's for each two, and Fleiss' "
        "kappa, Krippendorff's alpha and Gwet's AC1 for all.",
        f"Of all readers together, counts are summed, and intervals are percentiles of {replicates} bootstrap samples "
        "over readers and patients; the exact test there takes answers as independent, which they are not, so the "
        "interval stands for it. p values are not corrected for the number of tests.",
    ]
