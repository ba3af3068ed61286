"""Reading tables, and what is left of them for a machine."""

import numpy as np
import pytest

from readerstudy.analysis.radiomics.question import questions, too_few
from readerstudy.analysis.radiomics.table import InvalidFeatures, read_features_csv, usable
from tests.readerstudy.analysis.radiomics.builders import FEATURES, feature_table


def test_a_table_is_read_as_it_was_written(tmp_path):
    table = feature_table(patients=12)
    table.loc[3, "glcm_f2"] = np.nan
    table.to_csv(tmp_path / "features.csv", index=False)

    tumors = usable(read_features_csv(tmp_path / "features.csv"))

    assert tumors.features.shape == (12, FEATURES)
    assert np.isnan(tumors.features.loc[3, "glcm_f2"])
    assert tumors.rows["patient_id"].tolist() == table["patient_id"].tolist()


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda table: table.drop(columns="organ"), "has no column organ; make the table with"),
        (lambda table: table.iloc[:, :6], "holds no features of tumours"),
        (lambda table: table[:0], "holds no features of tumours"),
        (lambda table: table.assign(glcm_f2="wide"), "line 2, column glcm_f2: 'wide' is no finite number"),
        (lambda table: table.assign(glcm_f2=np.inf), "line 2, column glcm_f2: 'inf' is no finite number"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, change, cause):
    change(feature_table(patients=12)).to_csv(tmp_path / "features.csv", index=False)

    with pytest.raises(InvalidFeatures, match=cause):
        read_features_csv(tmp_path / "features.csv")


def test_what_is_no_csv_is_refused(tmp_path):
    (tmp_path / "features.csv").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(InvalidFeatures, match=r"features\.csv can't be read as CSV"):
        read_features_csv(tmp_path / "features.csv")


def test_unknown_origin_is_refused():
    with pytest.raises(InvalidFeatures, match="origin 'ill' is neither real nor synthetic"):
        usable(feature_table(arms=("ill",)))


def test_tumours_and_features_with_too_little_are_left_out_by_name():
    table = feature_table(patients=40).assign(not_estimable="")
    names = table.columns[6 : 6 + FEATURES]
    table.loc[5, names[: FEATURES // 2 + 3]] = np.nan
    table.loc[5, "not_estimable"] = "1 voxel of the CT, a texture takes 8: glcm_f2"
    table.loc[10:20, names[3]] = np.nan
    table[names[4]] = 1.0

    tumors = usable(table)

    assert tumors.left_out == {"c5": "1 voxel of the CT, a texture takes 8"}
    assert tumors.unused == [names[3], names[4]]
    assert len(tumors.rows) == 39


def test_nothing_left_is_refused():
    table = feature_table(patients=12)
    table.iloc[:, 6:] = np.nan

    with pytest.raises(InvalidFeatures, match="No tumour has enough features"):
        usable(table)


def test_questions_are_those_that_have_enough_patients():
    both = usable(feature_table(patients=60, arms=("real", "synthetic")))
    assert [(one.about, one.among) for one in questions(both)] == [
        ("organ", "real"), ("organ", "synthetic"), ("organ", "real and synthetic"), ("origin", "real and synthetic"),
    ]  # fmt: skip

    few = usable(feature_table(patients=27))
    assert list(questions(few)) == []
    assert len(too_few(few)) == 3
