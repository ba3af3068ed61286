"""Designs to begin with are files that the schema takes."""

from readerstudy.domain.presets import FOLDER, PRESETS


def test_every_preset_is_a_file_and_every_file_a_preset():
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(PRESETS)


def test_published_designs_ask_for_as_many_cases_as_were_published():
    totals = {name: [organ.total for organ in preset.design().organs] for name, preset in PRESETS.items()}

    assert totals["pixel2cancer"] == [50, 50, 50]
    assert totals["difftumor"] == [60, 60, 60]


def test_organ_recognition_begins_with_a_crop_that_holds_its_tumours():
    design = PRESETS["organs"].design()

    assert design.task == "organ"
    assert design.shown_crop is not None
    assert design.crop.kept_mm == 5


def test_early_stage_is_below_20_mm():
    assert {organ.diameter_mm for organ in PRESETS["early-stage"].design().organs} == {(5, 20)}
