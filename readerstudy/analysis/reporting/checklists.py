"""Where the report answers what reporting guidelines ask for, and what its authors have to add.

Items in our own words, by the numbers of P. M. Bossuyt et al., STARD 2015, and of J. Mongan, L. Moy, C. E. Kahn,
CLAIM (2020).
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

AUTHORS = ""
"""In place of an anchor: the authors have to say it."""


@dataclass(frozen=True)
class Item:
    """`anchor`: the report's section that answers it, or `AUTHORS`; `note`: what is found there, or to be said."""

    number: str
    asks: str
    anchor: str
    note: str


STARD_2015 = (
    Item(
        "1–2",
        "Title and abstract",
        AUTHORS,
        "Name it a reader study of synthetic tumours; the findings' sentences fit.",
    ),
    Item("3–4", "Background, objectives", AUTHORS, "Say why, and the hypothesis that was fixed beforehand."),
    Item("5", "Data collected before or after", "design", "Readings are prospective; say how the CTs were collected."),
    Item(
        "6–9",
        "Participants: eligibility, source, place, sampling",
        "cases",
        "Data sets and drawing; add their eligibility.",
    ),
    Item("10a", "Index test", "reading", "What readers saw and answered."),
    Item(
        "10b–11",
        "Reference standard, and why",
        "design",
        "The truth is known by construction; say how real ones were proven.",
    ),
    Item("12a", "Cut-offs of the index test", "statistics", "The label; every cut of a rating is in the ROC figure."),
    Item("12b", "Cut-offs of the reference", "design", "None: real or synthetic."),
    Item("13a", "What readers knew", "blinding", "Nothing but the image, and what they were told."),
    Item("13b", "What assessors of the reference knew", "design", "Not applicable: known by construction."),
    Item("14", "Measures of accuracy, and their comparison", "statistics", "Definitions, tests, policies."),
    Item("15", "Indeterminate answers", "unsure", "Unsure, each way of counting it."),
    Item("16", "Missing data", "flow", "Readings asked for and not made."),
    Item("17", "Variability", "pooled", "Over readers and cases; agreement where it was measured."),
    Item("18", "Sample size", AUTHORS, "Say how it was planned: the planning page has power and margins."),
    Item("19", "Flow", "flow", "Cases, readings, answers."),
    Item("20", "Baseline characteristics", "readers", "Readers; add the patients'."),
    Item("21", "Severity, alternatives", "cases", "Tumour sizes; cases.csv has each."),
    Item("22", "Interval between tests", "design", "Not applicable."),
    Item("23", "Cross tabulation", "counts", "3x2 tables of every reader, organ and generator."),
    Item("24", "Accuracy with precision", "table", "With intervals; pooled in the section after."),
    Item("25", "Adverse events", "design", "Not applicable."),
    Item("26", "Limits", "limits", "Said by rule; add those of the data."),
    Item("27", "Implications", AUTHORS, "Yours to say."),
    Item("28–30", "Registration, protocol, funding", "design", "The hash of the design; add the rest."),
)
CLAIM_2020 = (
    Item("1–4", "Title, abstract, background, objectives", AUTHORS, "As STARD 1–4."),
    Item("5–6", "Design and goal", "design", "A prospective reading of collected CTs."),
    Item("7–8", "Data sources, eligibility", "cases", "Data sets; add their eligibility."),
    Item("9–11", "Preparation, subsets, data elements", "blinding", "One writer for both arms; data_dictionary.csv."),
    Item(
        "12", "De-identification", AUTHORS, "The program keeps no name, date or identifier; say what was done before."
    ),
    Item("13", "Missing data", "flow", "Readings not made."),
    Item("14–15", "Reference standard", "design", "Known by construction."),
    Item(
        "16–17",
        "Annotators and tools",
        "readers",
        "Readers' experience; the viewer's version is stored with each answer.",
    ),
    Item("18", "Variability of annotators", "pooled", "Between readers; within, where cases were repeated."),
    Item("19", "Sample size", AUTHORS, "As STARD 18."),
    Item("20–21", "Partitions", "cases", "Say whether any case was used to train a generator."),
    Item("22–27", "Model and training", AUTHORS, "Of the generators; cases.csv has each method's version and seed."),
    Item("23", "Software", "software", "Versions of everything that computed a figure."),
    Item("28–29", "Metrics, uncertainty", "statistics", "Definitions, tests, intervals."),
    Item("30–32", "Robustness, explanation, external test", AUTHORS, "Yours, where done."),
    Item("33–34", "Flow, demographics", "flow", "Cases and readings; add the patients'."),
    Item("35–36", "Performance with precision", "pooled", "Per reader, organ and generator, and pooled."),
    Item("37", "Failure analysis", "hardest", "Cases most often taken wrongly."),
    Item("38–39", "Limits, implications", "limits", "Said by rule; add yours."),
    Item("40–42", "Registration, protocol, funding", "design", "As STARD 28–30."),
)
CHECKLISTS = {"STARD 2015": STARD_2015, "CLAIM (2020)": CLAIM_2020}
NOT_KNOWN = "Not known to the program: the readings were made elsewhere."


def checklists(sections: Collection[str]) -> dict[str, list[Item]]:
    """Return each guideline's items; one whose section the report lacks is left to the authors."""
    return {name: [_there(item, sections) for item in items] for name, items in CHECKLISTS.items()}


def _there(item: Item, sections: Collection[str]) -> Item:
    if item.anchor == AUTHORS or item.anchor in sections:
        return item
    return replace(item, anchor=AUTHORS, note=NOT_KNOWN)
