"""`analyse_radiomics`: a table of features in, a folder of figures out; without a database."""

import json

import pytest
from django.core.management import CommandError, call_command

from tests.readerstudy.analysis.radiomics.builders import feature_table


def test_writes_what_was_found_with_its_figures(tmp_path, capsys):
    feature_table(patients=12).to_csv(tmp_path / "features.csv", index=False)

    call_command("analyse_radiomics", tmp_path / "features.csv", out=tmp_path / "out", json=True)

    summary = json.loads(capsys.readouterr().out)
    assert summary["answers"] == {}
    assert any("real tumours of the kidney: 4 patients" in note for note in summary["notes"])
    assert json.loads((tmp_path / "out" / "radiomics.json").read_text())["tumors"] == 12
    assert {path.name for path in (tmp_path / "out" / "figures").iterdir()} == {
        "map-organ.svg", "map-organ.csv", "map-size.svg", "map-size.csv",
    }  # fmt: skip


@pytest.mark.parametrize(("text", "cause"), [("a,b\n1,2\n", "has no column case_id"), ("", "can't be read as CSV")])
def test_an_unusable_table_is_refused_in_one_sentence_and_nothing_is_written(tmp_path, text, cause):
    (tmp_path / "features.csv").write_text(text)

    with pytest.raises(CommandError, match=cause) as refused:
        call_command("analyse_radiomics", tmp_path / "features.csv", out=tmp_path / "out")

    assert refused.value.returncode == 2
    assert not (tmp_path / "out").exists()
