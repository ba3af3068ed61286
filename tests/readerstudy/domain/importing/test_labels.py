import pytest

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.labels import LabelScheme, check_options, known_organs, scheme_of_names
from readerstudy.domain.importing.source import ImportOptions, SourceMask
from readerstudy.models.vocabulary import OrganName, Origin

LIVER, PANCREAS, KIDNEY = OrganName


def test_the_names_of_the_decathlon():
    liver = scheme_of_names({1: "liver", 2: "cancer"})

    assert liver == LabelScheme(organs={LIVER: (1,)}, any_tumor=(2,))
    assert liver.organ_mask(LIVER, ()) == SourceMask((), (1, 2), may_be_empty=True)  # a tumour is part of its organ
    assert liver.tumor_mask(LIVER, ()) == SourceMask((), (2,), may_be_empty=True)


def test_names_as_people_write_them():
    names = {
        **{1: "Left kidney", 2: "kidney_right", 3: "Renal_Cyst", 4: "Kidney tumor"},
        **{5: "whole LIVER", 6: "hepatic metastases", 7: "Pancreas", 8: "PDAC"},
        **{9: "hepatic vessel", 10: "pancreatic duct", 11: "colon cancer primaries", 12: "spleen"},
        **{13: "liver and kidney", 14: "", 15: "left"},
    }

    assert scheme_of_names(names) == LabelScheme(
        organs={KIDNEY: (1, 2), LIVER: (5,), PANCREAS: (7,)},
        tumors={KIDNEY: (4,), LIVER: (6,)},
        any_tumor=(8,),
        lesions={KIDNEY: (3,)},
    )


def test_a_tumour_of_several_organs_is_told_by_where_it_lies():
    scheme = LabelScheme(organs={LIVER: (5,), KIDNEY: (2, 3)}, any_tumor=(9,))

    assert scheme.organ_mask(LIVER, ()) == SourceMask((), (5,), may_be_empty=True)
    assert scheme.tumor_mask(LIVER, ()) == SourceMask((), (9,), may_be_empty=True, of_several_organs=True)


def test_the_command_line_has_the_last_word():
    scheme = LabelScheme(organs={LIVER: (1,)}, tumors={LIVER: (2,)})

    changed = scheme.with_options(ImportOptions(label_map={LIVER: (6,)}, tumor_labels=(7, 8)))

    assert changed == LabelScheme(organs={LIVER: (6,)}, any_tumor=(7, 8))


def test_tumours_without_an_organ_are_of_the_one_asked_for():
    scheme = scheme_of_names({1: "Vessel", 2: "Tumour"})

    assert known_organs(scheme, ImportOptions(organs=(LIVER,))) == {LIVER}
    assert known_organs(scheme, ImportOptions()) == set()
    assert scheme.organ_mask(LIVER, ()) is None


@pytest.mark.parametrize(
    ("options", "names", "message"),
    [
        (
            ImportOptions(Origin.REAL),
            {1: "liver"},
            "origin real needs a label of the tumour; name it with --label-map, as tumor=2.",
        ),
        (
            ImportOptions(Origin.SYNTHETIC),
            {1: "liver", 2: "tumor"},
            "origin synthetic needs a generator; name what made the tumour.",
        ),
        (
            ImportOptions(organs=(PANCREAS,)),
            {1: "liver"},
            "no label is pancreas; say which with --label-map, as liver=1,tumor=2.",
        ),
        (
            ImportOptions(),
            {1: "Vessel", 2: "Tumour"},
            "no label is liver or pancreas or kidney; say which with --label-map, as liver=1,tumor=2.",
        ),
    ],
)
def test_options_that_the_labels_do_not_answer(options, names, message):
    with pytest.raises(DomainError) as caught:
        check_options(options, scheme_of_names(names), where="dataset.json")

    assert str(caught.value) == f"dataset.json: {message}"
