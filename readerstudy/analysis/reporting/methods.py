"""The methods of a study in words, filled in from its design: what a manuscript has to say of them."""

from dataclasses import dataclass
from typing import Any

from readerstudy.analysis.reporting.recognition_methods import (
    DESIGN,
    ORGAN_RESPONSES,
    crop_sentence,
    organ_statistics,
)

RESPONSES = {
    "label": "one of real, synthetic and unsure",
    "label+confidence": "one of real, synthetic and unsure, with a confidence",
    "rating-6": "a six-point rating from surely synthetic to surely real",
}
CUES = {
    "slice": "Each case opened at the slice of the lesion's middle, in both arms.",
    "marker": "Each case opened at the lesion's middle, which a marker pointed to, in both arms.",
    "none": "Readers looked for the lesion themselves and could answer that they saw none, which is counted apart.",
}
POLICIES = {
    "middle": "placed between synthetic and real (a three-point scale)",
    "exclude": "left out",
}

ORGAN_BLINDING = (
    "Every case passed through one writer, on one grid: the same number type, shape, spacing, orientation, clipping "
    "and compression. A reader's browser knew a case by a random token alone, opened it at the same slice with the "
    "same window, and received no name, header, date or organ; no figure was shown to anybody before the study was "
    "closed."
)
DROPOUTS = {
    "as-read": "Readers who withdrew or did not finish count as far as they read; this was fixed before reading.",
    "left-out": "Readers who withdrew or did not finish are left out; this was fixed before reading.",
}


@dataclass(frozen=True)
class Section:
    """One heading of the methods with its paragraphs; `anchor` is what checklists point to."""

    anchor: str
    heading: str
    paragraphs: list[str]


def methods(document: dict[str, Any], design: dict[str, Any] | None, *, design_sha256: str = "") -> list[Section]:
    """Return the sections of the methods.

    Parameters
    ----------
    document
        The content of `analysis.json`.
    design
        The study's design, or None where the readings were made elsewhere and nobody told it.
    design_sha256
        Hash of the design, which was fixed before reading.
    """
    sections = _told(design, design_sha256) if design else [_untold()]
    return [*sections, _statistics(document, design), _software(document)]


def organ_methods(document: dict[str, Any], design: dict[str, Any], *, design_sha256: str) -> list[Section]:
    """Return the sections of the methods of an organ-recognition study; `design` with its `crop`."""
    asked, cases, reading, blinding = _told(design, design_sha256)
    told = [
        Section("design", "Design", [DESIGN, *asked.paragraphs[1:]]),
        Section("cases", "Cases", [*cases.paragraphs, crop_sentence(design["crop"])]),
        reading,
        Section("blinding", "Blinding", [ORGAN_BLINDING, *blinding.paragraphs[1:]]),
    ]
    statistics = organ_statistics(
        alpha=document["alpha"], organs=document["organs"], replicates=document["bootstrap_replicates"]
    )
    return [*told, Section("statistics", "Statistical analysis", statistics), _software(document)]


def _untold() -> Section:
    return Section(
        "design",
        "Design",
        [
            "The readings were made elsewhere and imported. How cases and readers were chosen, what readers were told "
            "and shown, and in which order, is not known to this program and has to be described by the authors."
        ],
    )


def _told(design: dict[str, Any], design_sha256: str) -> list[Section]:
    reading = design["reading"]
    responses = ORGAN_RESPONSES if design.get("task") == "organ" else RESPONSES
    return [
        Section(
            "design",
            "Design",
            [
                "A visual Turing test: readers said of each case, blinded, whether its tumour was a patient's (real, "
                "positive) or synthetic (negative). The truth is known by construction.",
                f"The design was fixed before reading; its SHA-256 is {design_sha256}. Cases, synthesis and reading "
                f"orders follow from the seed {design['seed']}.",
            ],
        ),
        Section("cases", "Cases", [*(_organ(organ) for organ in design["organs"]), _patients(design)]),
        Section(
            "reading",
            "Reading",
            [*_reading(reading, responses), DROPOUTS[design["analysis"].get("dropouts", "as-read")]],
        ),
        Section(
            "blinding",
            "Blinding",
            [
                "Both arms passed through one writer: the same number type, orientation, clipping and compression. A "
                "reader's browser knew a case by a random token alone; it received no name, header, date or truth, "
                "and no figure was shown to anybody before the study was closed.",
                f"Readers were told: “{reading['told_prevalence']}”",
            ],
        ),
    ]


def _organ(organ: dict[str, Any]) -> str:
    low, high = organ["diameter_mm"]
    synthetic = ", ".join(f"{count} by {name}" for name, count in organ["synthetic"].items()) or "none"
    return (
        f"{organ['name'].capitalize()}: {organ['real']} real cases from {_from(organ['real_from'])}; synthetic ones: "
        f"{synthetic}, in hosts from {_from(organ['hosts_from'])}; tumours of {low:g}–{high:g} mm (diameter of the "
        "sphere of equal volume) in both arms."
    )


def _from(names: list[str]) -> str:
    return ", ".join(names) if names else "all data sets that have them"


def _patients(design: dict[str, Any]) -> str:
    matched = ", ".join(design["matching"]["on"])
    same = {
        "never": "A patient stood in one case of the study, in either arm.",
        "other-sitting": "A patient could stand in both arms, in different sittings.",
        "allowed": "A patient could stand in both arms.",
    }[design["matching"]["same_patient"]]
    return f"Synthetic cases were matched to real ones on {matched}. {same}"


def _reading(reading: dict[str, Any], responses: dict[str, str]) -> list[str]:
    answer = responses[reading["response"]]
    sentences = [
        f"Readers read in a browser, each in an order of their own that was drawn at invitation and stored. The answer "
        f"was {answer}.",
        CUES[reading["lesion_cue"]],
    ]
    extras = [
        (reading["practice"], f"{reading['practice']} practice cases came first and are not counted."),
        (
            reading["practice_feedback"],
            "After each practice case readers were told the truth: what they learned enters every "
            "later reading (Higaki 2022), so their figures are those of briefly trained readers.",
        ),
        (
            reading["attributes"],
            f"With each answer, realism from 1 (synthetic) to 5 (real) was asked: {', '.join(reading['attributes'])}.",
        ),
        (
            reading["change_answers"] == "until-sitting-ends",
            "Until they ended a sitting, readers could go back to its cases and change their answers; the last answer "
            "counts, and every one is kept with its time.",
        ),
        (
            reading.get("cases_per_reader"),
            f"Each reader read {reading.get('cases_per_reader')} of the cases: {reading.get('anchors')} that all read, "
            "on which the tests over readers rest, and one of several blocks, taken in turn.",
        ),
        (
            reading["controls"],
            f"{reading['controls']} positive controls (deliberately poor synthetic cases) are counted apart.",
        ),
        (
            reading.get("host_only"),
            f"{reading.get('host_only')} host-only cases, half real and half synthetic, of patients of their own, had "
            "their tumour hidden behind a plain ball of one size and one gray; they are counted apart.",
        ),
        (
            reading["repeats"],
            f"{reading['repeats']} cases were shown again, hidden among the others; only the first reading counts in "
            "anything but agreement within a reader.",
        ),
        (
            reading["sittings"] > 1,
            _sittings(reading),
        ),
    ]
    sentences += [sentence for there, sentence in extras if there]
    return [" ".join(sentences)]


def _sittings(reading: dict[str, Any]) -> str:
    days = reading["washout_days"]
    apart = f"at least {days} day{'' if days == 1 else 's'} apart" if days else "with no days prescribed between them"
    return f"Reading was in {reading['sittings']} sittings, {apart}."


def _statistics(document: dict[str, Any], design: dict[str, Any] | None) -> Section:
    level = f"{100 * (1 - document['alpha']):g} %"
    margin = document["margins"][0]
    policy = POLICIES[design["analysis"]["unsure_policy"] if design else "middle"]
    return Section(
        "statistics",
        "Statistical analysis",
        [
            "Positive = real tumour. Sensitivity is the share of real cases called real, specificity the share of "
            "synthetic cases called synthetic; balanced accuracy is their mean, and .5 is chance. A real case counts "
            "against every generator of its organ that the same reader read.",
            f"Answers “unsure” are left out of sensitivity, specificity and accuracy and counted beside them, as in "
            f"published tables; the headline test has them {policy}. Intervals of proportions are Wilson's, {level}.",
            "The readers' mean balanced accuracy is tested against chance by the method of Obuchowski and Rockette, "
            "readers and cases random, with Hillis' degrees of freedom and the unbiased covariance. Generators are "
            "compared the same way by the readers who read both.",
            f"Equivalence to chance is tested by two one-sided tests at ±{margin:.2f}, a margin fixed beforehand. "
            "Tumours are called indistinguishable only where that test passes, every reader called between 10 and 90 % "
            "of real and of synthetic cases real, and the positive controls were found; never because p is large.",
            "Signal detection (d′ and the criterion c) is with the log-linear correction. Hidden repeats enter "
            f"agreement within readers alone. {_multiplicity(document)}",
        ],
    )


def _multiplicity(document: dict[str, Any]) -> str:
    apart = " and ".join(document["holm_family"])
    return (
        f"The headline tests are corrected by Holm's method over the family that the protocol names (a test for each "
        f"{apart}); other p values are not corrected."
        if apart
        else "p values are not corrected for the number of tests."
    )


def _software(document: dict[str, Any]) -> Section:
    versions = ", ".join(f"{name} {version}" for name, version in document["software"].items())
    return Section("software", "Software", [f"{versions}."])
