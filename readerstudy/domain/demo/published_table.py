"""The published Table 3 as a study read elsewhere: visual Turing tests of Pixel2Cancer and DiffTumor.

`published_table.csv` holds whole counts, solved back from the printed percentages (see `docs/statistics.md`). Which
case got which answer was not published and is made up here, so tables per reader come out as printed, and nothing
that joins readers case by case means anything: `NOTE` says so wherever the study is shown.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from readerstudy.analysis.frame import readings_frame
from readerstudy.domain.readings_import import import_readings
from readerstudy.models.study import Study

SLUG = "published-table-3"
TITLE = "Published Table 3: Pixel2Cancer and DiffTumor, reconstructed from published percentages"
NOTE = (
    "Reconstructed from published percentages: the counts of each reader and organ are the published ones, but which "
    "case got which answer was not published and is made up. Only figures of single readers mean anything here; pooled "
    "tests, agreement and the difficulty of cases do not."
)
COUNTS = Path(__file__).with_name("published_table.csv")
ANSWERS = {
    "tp": ("real", "real"),
    "fn": ("real", "synthetic"),
    "unsure_real": ("real", "unsure"),
    "tn": ("synthetic", "synthetic"),
    "fp": ("synthetic", "real"),
    "unsure_synthetic": ("synthetic", "unsure"),
}
"""Column of the counts → truth and label."""


def published_table(*, actor: str) -> Study:
    """Return the study of the published table; imported on the first call."""
    study = Study.objects.filter(slug=SLUG).first()
    if study is not None:
        return study
    return import_readings(slug=SLUG, readings=published_readings(), title=TITLE, note=NOTE, actor=actor)


def published_readings() -> pd.DataFrame:
    """Return a readings frame that has the published counts."""
    return readings_frame(pd.DataFrame(_readings(pd.read_csv(COUNTS))))


def _readings(table: pd.DataFrame) -> Iterator[dict[str, object]]:
    for row in table.to_dict("records"):
        organ = "kidney" if row["organ"] == "kidneys" else row["organ"]
        read = {"real": 0, "synthetic": 0}
        for column, (truth, label) in ANSWERS.items():
            for _ in range(int(row[column])):
                read[truth] += 1
                yield {
                    "reader_id": f"{row['method']}-{row['reader']}",
                    "case_id": f"{row['method']} {organ} {truth} {read[truth]}",
                    "organ": organ,
                    "generator": row["method"] if truth == "synthetic" else "",
                    "truth": truth,
                    "label": label,
                }
