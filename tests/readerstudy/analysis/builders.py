"""Readings for tests."""

from collections.abc import Iterable

import pandas as pd

from readerstudy.analysis.frame import readings_frame

SHORT = {"R": "real", "S": "synthetic", "U": "unsure", "N": "not-seen"}


def readings(**columns: Iterable[object]) -> pd.DataFrame:
    """Return a readings frame of one reader, organ and generator where the columns do not say otherwise."""
    frame = pd.DataFrame(columns)
    defaults = {
        "reader_id": "R1",
        "case_id": [f"case {number}" for number in range(len(frame))],
        "organ": "liver",
        "generator": ["" if truth == "real" else "G" for truth in frame["truth"]],
    }
    return readings_frame(frame.assign(**{name: value for name, value in defaults.items() if name not in frame}))


def answers(reader: str, *, real: str = "", organ: str = "liver", **synthetic: str) -> pd.DataFrame:
    """Return one reader's answers, a letter a case: `answers("R1", real="RSU", G="SS", H="RS")`."""
    arms = [("real", "", real)] + [("synthetic", generator, letters) for generator, letters in synthetic.items()]
    return readings_frame(
        pd.DataFrame(
            [
                {
                    "reader_id": reader,
                    "case_id": f"{organ} {truth} {generator} {number}",
                    "organ": organ,
                    "generator": generator,
                    "truth": truth,
                    "label": SHORT[letter],
                }
                for truth, generator, letters in arms
                for number, letter in enumerate(letters)
            ]
        )
    )


def study(*frames: pd.DataFrame) -> pd.DataFrame:
    return readings_frame(pd.concat(frames, ignore_index=True))


def nearly_parted() -> pd.DataFrame:
    """Two readers of six cases in their orders, right later on but for one answer: the drift is open altogether."""
    truths = {"R1": "SRSRSR", "R2": "RRSRSS"}
    return study(
        *(
            readings(
                reader_id=reader,
                case_id=[f"{reader} case {place}" for place in range(6)],
                truth=[SHORT[letter] for letter in letters],
                label=[SHORT[letter] for letter in "RSURSU"],
                order=range(1, 7),
            )
            for reader, letters in truths.items()
        )
    )


def two_generators() -> pd.DataFrame:
    """Four readers of two generators, real cases shared, with unsure answers and one reader of G alone."""
    return study(
        answers("R1", real="RRRSRU", G="SSRS", H="RRSS"),
        answers("R2", real="RSRRUR", G="SRSS", H="RSRU"),
        answers("R3", real="SRRRRR", G="SSSU", H="RRRS"),
        answers("R4", real="RRRRSR", G="SSRR"),
    )
