"""The table of sensitivity, specificity and accuracy for a LaTeX manuscript; needs the package booktabs."""

from pathlib import Path

import pandas as pd

from readerstudy.analysis.reporting.published_layout import PublishedTable, published_tables
from readerstudy.analysis.reporting.tables import Estimate

SPECIAL = {
    "\\": r"\textbackslash{}",
    **{sign: rf"\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "–": "--",
}
MEASURES = ("Sens.", "Spec.", "Acc.")
NOTE = (
    "Percentages with counts; positive = real tumour. Answers ``unsure'' are left out of the denominators. n.e.: not "
    "estimable."
)


def write_latex(metrics: pd.DataFrame, path: Path, *, caption: str) -> None:
    """Write one table per generator, a row per reader, three columns per organ."""
    tables = [_latex(table, caption) for table in published_tables(metrics)]
    path.write_text("% \\usepackage{booktabs}\n" + "\n".join(tables), encoding="utf-8", newline="\n")


def escape_latex(text: str) -> str:
    return "".join(SPECIAL.get(sign, sign) for sign in " ".join(text.split()))


def _latex(table: PublishedTable, caption: str) -> str:
    width = len(MEASURES)
    organs = " & ".join(rf"\multicolumn{{{width}}}{{c}}{{{organ.capitalize()}}}" for organ in table.organs)
    starts = range(2, 2 + width * len(table.organs), width)
    rules = " ".join(rf"\cmidrule(lr){{{start}-{start + width - 1}}}" for start in starts)
    body = [
        " & ".join([_reader(row.reader), *(_cell(estimate) for cells in row.cells for estimate in cells.estimates)])
        for row in table.rows
    ]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape_latex(caption)}: real against {escape_latex(table.generator)}. {NOTE}}}",
        rf"\begin{{tabular}}{{l{'r' * width * len(table.organs)}}}",
        r"\toprule",
        rf"Reader & {organs} \\",
        rules,
        " & ".join(["", *MEASURES * len(table.organs)]) + r" \\",
        r"\midrule",
        *(rf"{row} \\" for row in body),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _reader(reader: str) -> str:
    return "All readers" if reader == "all" else escape_latex(reader)


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return "--"
    if not estimate.is_estimable:
        return "n.e."
    return f"{estimate.percent.removesuffix(' %')} ({estimate.correct}/{estimate.total})"
