"""The published Table 3 (visual Turing tests of Pixel2Cancer and DiffTumor) comes out as printed.

The counts are golden/table3_counts.csv: the printed percentages solved back into whole numbers, unsure
left out of every denominator. Three of the 45 printed figures are not the counts' rounded percentages:

- Pixel2Cancer R1 liver, accuracy: 25/41 = 60.976 %, printed 60.9 (truncated);
- Pixel2Cancer R3 liver, specificity: 10/22 = 45.455 %, printed 45.4 (truncated);
- Pixel2Cancer R2 liver, accuracy: 29/42 = 69.048 %, printed 69.1 (a misprint: no counts give all three).
"""

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd
import pytest

from readerstudy.analysis.analysis import analyse, write_analysis
from readerstudy.analysis.chance import against_chance
from readerstudy.analysis.counts import counts
from readerstudy.analysis.detection import signal_detection
from readerstudy.analysis.discrimination import discrimination
from readerstudy.analysis.equivalence import reader_equivalence
from readerstudy.analysis.metrics import metrics
from readerstudy.analysis.readings_csv import read_readings_csv
from readerstudy.analysis.unsure import unsure_policies, unsure_rates

# method, reader, organ, tp, fn, tn, fp, unsure real, unsure synthetic; sensitivity, specificity, accuracy in %
TABLE_3 = [
    ("Pixel2Cancer", "R1", "liver", 19, 0, 6, 16, 6, 3, "100.0", "27.3", "60.9"),
    ("Pixel2Cancer", "R1", "pancreas", 19, 1, 5, 17, 5, 3, "95.0", "22.7", "57.1"),
    ("Pixel2Cancer", "R1", "kidneys", 21, 1, 4, 11, 3, 10, "95.5", "26.7", "67.6"),
    ("Pixel2Cancer", "R2", "liver", 18, 1, 11, 12, 6, 2, "94.7", "47.8", "69.1"),
    ("Pixel2Cancer", "R2", "pancreas", 14, 2, 9, 10, 9, 6, "87.5", "47.4", "65.7"),
    ("Pixel2Cancer", "R2", "kidneys", 18, 2, 9, 7, 5, 9, "90.0", "56.3", "75.0"),
    ("Pixel2Cancer", "R3", "liver", 16, 0, 10, 12, 9, 3, "100.0", "45.4", "68.4"),
    ("Pixel2Cancer", "R3", "pancreas", 11, 0, 10, 8, 14, 7, "100.0", "55.6", "72.4"),
    ("Pixel2Cancer", "R3", "kidneys", 14, 0, 11, 8, 11, 6, "100.0", "57.9", "75.8"),
    ("DiffTumor", "R1", "liver", 26, 0, 1, 33, 0, 0, "100.0", "2.9", "45.0"),
    ("DiffTumor", "R1", "pancreas", 34, 1, 0, 25, 0, 0, "97.1", "0.0", "56.7"),
    ("DiffTumor", "R1", "kidneys", 26, 2, 1, 31, 0, 0, "92.9", "3.1", "45.0"),
    ("DiffTumor", "R2", "liver", 22, 4, 16, 18, 0, 0, "84.6", "47.1", "63.3"),
    ("DiffTumor", "R2", "pancreas", 35, 0, 11, 14, 0, 0, "100.0", "44.0", "76.7"),
    ("DiffTumor", "R2", "kidneys", 28, 0, 21, 11, 0, 0, "100.0", "65.6", "81.7"),
]
NOT_AS_PRINTED = {
    ("Pixel2Cancer-R1", "liver", "accuracy"): "61.0",
    ("Pixel2Cancer-R3", "liver", "specificity"): "45.5",
    ("Pixel2Cancer-R2", "liver", "accuracy"): "69.0",
}
CELLS = [
    ("real", "real"),
    ("real", "synthetic"),
    ("synthetic", "synthetic"),
    ("synthetic", "real"),
    ("real", "unsure"),
    ("synthetic", "unsure"),
]


def write_table_3(path: Path) -> Path:
    """Write both published studies as one READINGS.csv; which case got which answer is not known and made up."""
    lines = ["reader_id,case_id,organ,generator,truth,label"]
    for method, reader, organ, *cells, _, _, _ in TABLE_3:
        read = {"real": 0, "synthetic": 0}
        for (truth, label), count in zip(CELLS, cells, strict=True):
            for _ in range(count):
                generator = method if truth == "synthetic" else ""
                case = f"{method} {organ} {truth} {read[truth]}"
                lines.append(f"{method}-{reader},{case},{organ},{generator},{truth},{label}")
                read[truth] += 1
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def table_3_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table_3(tmp_path_factory.mktemp("table3") / "READINGS.csv")


@pytest.fixture(scope="module")
def exported(table_3_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("export")
    readings = read_readings_csv(table_3_csv)
    write_analysis(analyse(readings), readings, folder)
    return pd.read_csv(folder / "metrics.csv").set_index(["reader_id", "organ", "generator"])


@pytest.mark.parametrize("row", TABLE_3, ids=lambda row: " ".join(row[:3]))
def test_every_cell_comes_out_as_printed(exported: pd.DataFrame, row: tuple):
    method, reader, organ = row[:3]
    key = (f"{method}-{reader}", organ.replace("kidneys", "kidney"))
    values = exported.loc[(*key, method)]

    assert tuple(values[["tp", "fn", "tn", "fp", "unsure_real", "unsure_synthetic"]]) == row[3:9]
    for name, printed in zip(("sensitivity", "specificity", "accuracy"), row[9:], strict=True):
        assert percent(values[name]) == NOT_AS_PRINTED.get((*key, name), printed)


def percent(fraction: float) -> str:
    return str((Decimal(repr(float(fraction))) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP))


def test_the_case_splits_that_the_figures_imply(exported: pd.DataFrame):
    """DiffTumor's 60 cases an organ split 26/34, 35/25 and 28/32, not 30/30 as printed."""
    splits = exported.loc["DiffTumor-R1"].xs("DiffTumor", level="generator")[["n_real", "n_synthetic"]]
    assert splits.drop("all").T.to_dict("list") == {"liver": [26, 34], "pancreas": [35, 25], "kidney": [28, 32]}


def test_the_carried_counts_are_the_golden_ones(golden: Path):
    table = pd.read_csv(golden / "table3_counts.csv")
    counts = ["tp", "fn", "tn", "fp", "unsure_real", "unsure_synthetic"]
    printed = ["sens_printed", "spec_printed", "acc_printed"]
    assert [
        (*row[:9], *(f"{float(value):.1f}" for value in row[9:]))
        for row in table[["method", "reader", "organ", *counts, *printed]].itertuples(index=False, name=None)
    ] == TABLE_3


def test_intervals_equal_the_golden_ones(golden: Path, exported: pd.DataFrame):
    """golden/g01_table3_intervals.csv: Wilson in R 4.2.2."""
    for row in pd.read_csv(golden / "g01_table3_intervals.csv").itertuples():
        organ = row.organ.replace("kidneys", "kidney")
        values = exported.loc[f"{row.method}-{row.reader}", organ, row.method]
        for name, short in (("sensitivity", "sens"), ("specificity", "spec"), ("accuracy", "acc")):
            expected = [getattr(row, f"{short}_wilson_{bound}") for bound in ("lo", "hi")]
            assert list(values[[f"{name}_low", f"{name}_high"]]) == pytest.approx(expected, rel=1e-6)
        assert values["balanced_accuracy"] == pytest.approx(row.balanced_acc, rel=1e-6)


def test_every_figure_of_one_readers_labels_equals_the_golden_one(golden: Path, table_3_csv: Path):
    """golden/g01_table3_intervals.csv, R 4.2.2: binom.test, fisher.test, pbinom, the formulas written out."""
    table = counts(read_readings_csv(table_3_csv))
    unsure = unsure_policies(table, alpha=0.05)
    controls = pd.DataFrame({"reader_id": [], "found": []})
    margins = (0.10, 0.15, 0.20)
    equivalence = {margin: reader_equivalence(table, controls, margin=margin, alpha=0.05) for margin in margins}
    sources = [
        (discrimination(table, alpha=0.05), {
            "balanced_accuracy": "balanced_acc", "youden_j": "youden_J", "youden_j_low": "J_newcombe_lo",
            "youden_j_high": "J_newcombe_hi", "mcc": "mcc",
        }),
        (signal_detection(table, alpha=0.05), {
            "d_prime": "dprime_loglinear", "d_prime_low": "dprime_lo", "d_prime_high": "dprime_hi",
            "criterion": "criterion_c_loglinear",
        }),
        (against_chance(table), {"binomial_p": "binom_p_two_sided_vs_half", "fisher_p": "fisher_p_2x2"}),
        (unsure_rates(table, alpha=0.05), {
            "rate": "unsure_rate", "rate_low": "unsure_wilson_lo", "rate_high": "unsure_wilson_hi",
            "fisher_p": "unsure_diff_real_vs_syn_fisher_p",
        }),
        (unsure[unsure["unsure_policy"] == "wrong"], {
            "accuracy": "acc_unsure_wrong", "accuracy_low": "acc_unsure_wrong_wilson_lo",
            "accuracy_high": "acc_unsure_wrong_wilson_hi", "sensitivity": "sens_unsure_wrong",
            "specificity": "spec_unsure_wrong",
        }),
        *((rows, {"p_tost": f"tost_p_margin_{margin:.2f}"}) for margin, rows in equivalence.items()),
    ]  # fmt: skip
    expected = pd.read_csv(golden / "g01_table3_intervals.csv")
    readers, organs = expected["method"] + "-" + expected["reader"], expected["organ"].replace("kidneys", "kidney")
    keys = list(zip(readers, organs, expected["method"], strict=True))
    for rows, names in sources:
        mine = rows.set_index(["reader_id", "organ", "generator"]).loc[keys]
        for name, golden_name in names.items():
            assert mine[name].to_numpy() == pytest.approx(expected[golden_name].to_numpy(), rel=1e-6), name
    exact = metrics(read_readings_csv(table_3_csv), alpha=0.05, interval="clopper-pearson")
    exact = exact.set_index(["reader_id", "organ", "generator"]).loc[keys]
    for name, short in (("sensitivity", "sens"), ("specificity", "spec"), ("accuracy", "acc")):
        for bound, golden_bound in (("low", "lo"), ("high", "hi")):
            mine = exact[f"{name}_{bound}"].to_numpy()
            assert mine == pytest.approx(expected[f"{short}_cp_{golden_bound}"].to_numpy(), rel=1e-6)
