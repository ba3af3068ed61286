"""The schema of a study: what is in it, what is refused, and how that is said."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.domain.design import _CAME_LATER, StudyDesign, load_design, parse_design
from readerstudy.domain.errors import DomainError
from tests.factories import design_data, organ_data

EXAMPLE = Path(__file__).resolve().parents[4] / "shared" / "study_example.toml"


def refusal(**changes):
    with pytest.raises(DomainError) as caught:
        parse_design(design_data(**changes))
    return str(caught.value)


def section_models():
    fields = StudyDesign.model_fields
    organ = fields["organs"].annotation.__args__[0]
    return {"": StudyDesign, "organs": organ} | {
        name: fields[name].annotation for name in ("matching", "reading", "analysis")
    }


def test_the_schema_and_its_annotated_example_name_the_same_keys():
    if not EXAMPLE.is_file():
        pytest.skip("no ../shared/study_example.toml beside the project")
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    sections = {name: example[name] for name in ("matching", "reading", "analysis")}
    organ_keys = {key for organ in example["organs"] for key in organ}
    written = {"": set(example), "organs": organ_keys} | {name: set(keys) for name, keys in sections.items()}

    in_schema = {name: set(model.model_fields) for name, model in section_models().items()}
    for section, key in _CAME_LATER:  # of which the example, written before, knows nothing
        in_schema[section].remove(key)
    assert in_schema == written


def test_the_example_is_taken_whole():
    if not EXAMPLE.is_file():
        pytest.skip("no ../shared/study_example.toml beside the project")

    assert load_design(EXAMPLE).reading.controls == 4


MANY = [organ_data(real=20, synthetic={"gan": 10, "hand-crafted": 10})]


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (
            {"cases_per_reader": 20, "anchors": 9},
            "reading.cases_per_reader = 20 does not fit: of 40 cases, 9 of them anchors, a reader can have 10.",
        ),
        (
            {"cases_per_reader": 19, "anchors": 8},
            "reading.cases_per_reader = 19 does not fit: of 40 cases, 8 of them anchors, a reader can have 10 or 12 or "
            "16 or 24.",
        ),
        (
            {"cases_per_reader": 20, "anchors": 2},
            "reading.anchors = 2 are too few: the tests over readers rest on the cases that all of them read, two of "
            "each organ and arm at the least; 7 anchors are enough.",
        ),
        (
            {"anchors": 8},
            "reading.anchors = 8 are the cases that all readers read where each reads a part: set "
            "reading.cases_per_reader.",
        ),
    ],
)
def test_shares_that_do_not_work_out_are_refused_with_those_that_do(reading, message):
    assert refusal(organs=MANY, reading=reading) == f"The design: {message}"


def test_shares_that_work_out_are_taken():
    design = parse_design(design_data(organs=MANY, reading={"cases_per_reader": 16, "anchors": 8}))

    assert design.n_blocks == 4


def test_a_design_without_the_keys_that_came_later_is_hashed_as_before():
    design = parse_design(design_data())

    assert design.to_json().keys() == {
        *("slug", "title", "task", "seed", "stand_ins_allowed", "organs", "matching", "reading", "analysis")
    }
    assert design.sha256() == "0cf79d860b5facfd45fb39cf570f357332afd0d94c51ec2d808d224b91687e5c"


def test_a_key_that_came_later_is_stored_and_hashed_where_it_is_set():
    design = parse_design(design_data(gallery={"max_rejected": 0.5}))

    assert design.to_json()["gallery"]["max_rejected"] == 0.5
    assert design.sha256() != parse_design(design_data()).sha256()
    assert parse_design(design.to_json()) == design


def test_keys_left_out_take_the_documented_defaults():
    design = parse_design(
        {"slug": "s", "title": "t", "organs": [{"name": "liver", "real": 1, "synthetic": {}, "diameter_mm": [5, 20]}]}
    )

    assert design.to_json() | {"seed": None} == {
        "slug": "s",
        "title": "t",
        "task": "origin",
        "seed": None,
        "stand_ins_allowed": False,
        "organs": [
            {
                "name": "liver",
                "real": 1,
                "synthetic": {},
                "diameter_mm": [5.0, 20.0],
                "real_from": [],
                "hosts_from": [],
            }
        ],
        "matching": {"on": ["diameter"], "same_patient": "never"},
        "reading": {
            "response": "label",
            "lesion_cue": "slice",
            "practice": 0,
            "controls": 0,
            "practice_feedback": False,
            "repeats": 0,
            "sittings": 1,
            "washout_days": 0,
            "change_answers": "until-next",
            "max_run": 0,
            "told_prevalence": "Some cases are real, some synthetic.",
            "attributes": [],
            "comments": False,
            "rationale_mark": False,
            "debrief": False,
        },
        "analysis": {
            "unsure_policy": "middle",
            "equivalence_margin": 0.1,
            "alpha": 0.05,
            "holm_family": ["organ", "generator"],
        },
    }


def test_a_seed_left_out_is_drawn():
    without = {key: value for key, value in design_data().items() if key != "seed"}

    assert parse_design(without).seed != parse_design(without).seed


def test_kidneys_are_stored_as_kidney():
    design = parse_design(design_data(organs=[organ_data(name="kidneys")]))

    assert [organ.name for organ in design.organs] == ["kidney"]


def test_a_stored_design_is_read_back_as_the_same_design():
    design = parse_design(design_data())

    assert parse_design(design.to_json()) == design
    assert parse_design(design.to_json()).sha256() == design.sha256()
    assert parse_design(design_data(seed=8)).sha256() != design.sha256()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeed": 1}, "The design: unknown key seeed."),
        ({"organs": [organ_data(reel=1)]}, "The design: unknown key organs[0].reel."),
        ({"reading": {"practise": 1}}, "The design: unknown key reading.practise."),
        ({"organs": []}, "The design: organs: list should have at least 1 item after validation, not 0."),
        (
            {"organs": [organ_data(), organ_data()]},
            "The design: each organ may stand in one [[organs]] table only.",
        ),
        (
            {"organs": [organ_data(), organ_data(name="kidney"), organ_data(name="kidneys")]},
            "The design: each organ may stand in one [[organs]] table only.",
        ),
        (
            {"organs": [organ_data(real=0, synthetic={"hand-crafted": 0})]},
            "The design: the study asks for no case at all.",
        ),
        (
            {"organs": [organ_data(diameter_mm=[20, 5])]},
            "The design: organs[0]: diameter_mm must be [low, high] with 0 < low <= high <= 200, not [20, 5].",
        ),
        (
            {"organs": [organ_data(synthetic={"all": 2})]},
            "The design: organs[0]: synthetic: 'all' stands for every generator in results; import it by another name.",
        ),
        (
            {"organs": [organ_data(real=-1)]},
            "The design: organs[0].real: input should be greater than or equal to 0.",
        ),
        (
            {"organs": [organ_data(name="spleen")]},
            "The design: organs[0].name: input should be 'liver', 'pancreas' or 'kidney'.",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(changes, message):
    assert refusal(**changes) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reading": {"repeats": 2}}, "reading: repeats = 2 come in a later sitting: set sittings to 2 or more."),
        (
            {"reading": {"washout_days": 7}},
            "reading: washout_days = 7 lie between sittings: set sittings to 2 or more.",
        ),
        (
            {"reading": {"repeats": 2, "sittings": 2}},
            "reading: repeats need days between the sittings: set washout_days to 1 or more (28 is usual).",
        ),
        (
            {"reading": {"repeats": 3, "sittings": 2, "washout_days": 7}},
            "reading.repeats = 3 do not fit: of 4 cases in 2 sittings, 2 at most can come again in a later one.",
        ),
        (
            {"reading": {"sittings": 5}},
            "4 cases do not fill 5 sittings; 4 sittings are the most.",
        ),
        (
            {"reading": {"practice_feedback": True}},
            "reading: practice_feedback needs practice cases: set practice to 1 or more.",
        ),
        ({"reading": {"attributes": ["shape", "shape"]}}, "reading: attributes: name each one once."),
        (
            {"reading": {"max_run": 1}},
            "reading: max_run = 1 lets every answer be told from the one before; 0 sets no limit, 2 is the least.",
        ),
        (
            {"organs": [organ_data(real=2, synthetic={"gan": 10})], "reading": {"max_run": 3}},
            "reading.max_run = 3 can't be kept with 2 real and 10 synthetic cases: 4 is the least, 0 sets no limit.",
        ),
        (
            {"matching": {"same_patient": "other-sitting"}, "reading": {"sittings": 2}},
            'matching.same_patient = "other-sitting" needs other sittings: set reading.sittings to 2 or more and '
            "reading.washout_days to 1 or more.",
        ),
    ],
)
def test_an_impossible_design_is_refused_with_what_would_work(changes, message):
    assert refusal(**changes) == f"The design: {message}"


@pytest.mark.parametrize(
    "changes",
    [
        {"reading": {"repeats": 2, "sittings": 2, "washout_days": 1}},
        {"reading": {"sittings": 4}},
        {"reading": {"max_run": 2}},
        {"organs": [organ_data(real=2, synthetic={"gan": 10})], "reading": {"max_run": 4}},
        {"matching": {"same_patient": "other-sitting"}, "reading": {"sittings": 2, "washout_days": 1}},
        {"analysis": {"unsure_policy": "exclude", "holm_family": ["organ"]}},
        {"matching": {"on": ["diameter", "lesions", "spacing", "phase", "dataset"]}},
    ],
)
def test_what_would_work_is_taken(changes):
    parse_design(design_data(**changes))


def test_every_mistake_is_said_at_once():
    message = refusal(seeed=1, organs=[{"name": "liver", "synthetic": {}, "diameter_mm": [5, 20]}])

    assert message == "The design: organs[0].real is missing; unknown key seeed."


@pytest.mark.parametrize("slug", ["", "Liver", "a b", "a--b", "-a", "../etc", "a" * 81, "ü"])
def test_a_slug_that_no_address_can_carry_is_refused(slug):
    assert "The design: slug: " in refusal(slug=slug)


@pytest.mark.parametrize("low_high", [[0, 5], [5, 201], [float("nan"), 5], [5, float("inf")], [5], [1, 2, 3], "5-20"])
def test_a_diameter_range_that_is_none_is_refused(low_high):
    assert "diameter_mm" in refusal(organs=[organ_data(diameter_mm=low_high)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"slug = ", "is not a TOML file"),
        (b"\xff\xfe", "is not a TOML file"),
        (b"slug = 'a'", "title is missing; organs is missing."),
    ],
)
def test_an_unusable_file_is_named(tmp_path, content, message):
    path = tmp_path / "STUDY.toml"
    path.write_bytes(content)

    with pytest.raises(DomainError) as caught:
        load_design(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DomainError, match="cannot be read"):
        load_design(tmp_path / "none.toml")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
known_keys = st.sampled_from(sorted(StudyDesign.model_fields))


@given(st.dictionaries(known_keys | st.text(max_size=8), values, max_size=8), st.booleans())
def test_no_mapping_raises_anything_but_a_domain_error(data, over_a_good_one):
    try:
        design = parse_design(design_data(**data) if over_a_good_one else data)
    except DomainError:
        return
    assert parse_design(design.to_json()) == design


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"seed = {'9' * 5000}", "is not a TOML file"),
        ('[reading]\nconsent = "a\\u0000b"', "reading.consent"),
        ('[reading]\nconsent = "a\\u202Eb"', "reading.consent"),
    ],
)
def test_a_file_with_what_no_study_can_hold_is_refused_by_a_sentence(tmp_path, text, said):
    path = tmp_path / "STUDY.toml"
    path.write_text(text)

    with pytest.raises(DomainError, match=said):
        load_design(path)


def test_a_file_as_windows_saves_it_is_read(tmp_path):
    path = tmp_path / "STUDY.toml"
    path.write_bytes(EXAMPLE.read_bytes().replace(b"\n", b"\r\n").join([b"\xef\xbb\xbf", b""]))

    assert load_design(path) == load_design(EXAMPLE)


@pytest.mark.parametrize("given", [True, "2", 2.0])
@pytest.mark.parametrize("key", ["practice", "sittings", "washout_days"])
def test_a_count_is_a_whole_number(key, given):
    with pytest.raises(DomainError, match=f"reading.{key}"):
        parse_design(design_data(reading={key: given}))
