"""What a study found, one plain sentence for each generator over all organs, as `analysis.headline` decides it."""

from dataclasses import dataclass

import pandas as pd

from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.headline import BETTER, WORSE
from readerstudy.analysis.reporting.order import natural


@dataclass(frozen=True)
class Headline:
    """One generator's finding.

    Attributes
    ----------
    sentence
        The finding with its figures, and whether the tumours were shown to be indistinguishable.
    verdict
        Where they were not, why; else empty.
    tone
        `told` (apart, either way), `open` (nothing shown) or `same` (indistinguishable).
    """

    generator: str
    sentence: str
    verdict: str
    tone: str


def generator_headlines(headlines: pd.DataFrame) -> list[Headline]:
    """Return the findings of all generators, by name, from the analysis' table `headlines`."""
    rows = headlines[(headlines["organ"] == POOLED) & (headlines["generator"] != POOLED)]
    found = [
        Headline(
            generator=row["generator"],
            sentence=row["sentence"],
            verdict="" if row["indistinguishable"] or row["reason"] else row["verdict"],
            tone="same" if row["indistinguishable"] else "told" if row["finding"] in (BETTER, WORSE) else "open",
        )
        for row in rows.to_dict("records")
    ]
    return sorted(found, key=lambda headline: natural(headline.generator))
