"""A reader fetches everything there is, in every state, and learns nothing.

The study's truth is planted with sentinels: names, keys, hashes and numbers that could leak, each of them
distinctive enough to be found wherever it turns up. Every address of the resolver is visited in every state;
a new address fails the first test until somebody decides what a reader gets there.
"""

import json

import pytest
from django.contrib.auth.models import User

from readerstudy.domain.actors import actor_of
from readerstudy.domain.practice_feedback import TOLD
from readerstudy.domain.previews import ask_preview, make_preview
from readerstudy.domain.slice_packs import HU_MAX, HU_MIN, decode_slice
from readerstudy.models.dataset import Dataset
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.import_run import ImportRun
from readerstudy.models.membership import Membership, Role
from readerstudy.models.radiomics_run import RadiomicsRun
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan
from tests import factories
from tests.readerstudy.reading import addresses
from tests.readerstudy.reading.crawler import (
    LEAVING,
    LOGIN,
    READERS_PAGES,
    STAFF_PAGES,
    STATES,
    crawl_of,
    crawl_to_the_end,
    shown_cases,
)
from tests.readerstudy.reading.sentinels import FIRST_KEY, start_keys_high

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_it_is_decided_for_every_address_what_a_reader_gets():
    assert addresses.names() == READERS_PAGES | LOGIN | STAFF_PAGES


def plant() -> Study:
    start_keys_high()
    real = Dataset.objects.create(name="sentinel-clinic", layout="sentinel-layout", warnings=["sentinel warning"])
    hosts = Dataset.objects.create(name="sentinel-hosts", layout="sentinel-layout")
    made = Dataset.objects.create(name="sentinel-laboratory", layout="sentinel-layout")
    for n in range(4):
        factories.make_scan(real, origin=Origin.REAL, patient=f"sentinel-sick-{n}", tumor_mm=9.3 + n / 3)
        factories.make_scan(hosts, patient=f"sentinel-well-{n}")
    factories.make_scan(made, origin=Origin.SYNTHETIC, generator="sentinel-gan", patient="sentinel-made")
    make_preview(ask_preview(scan=OrganScan.objects.filter(volume__dataset=real).first()).pk)
    ImportRun.objects.create(
        name="sentinel-import",
        layout="manifest",
        source="sentinel-folder",
        actor=actor_of("sentinel-staff"),
        state="failed",
        error="sentinel-file.nii.gz is damaged.",
        refusals=[["sentinel line 3", "sentinel-file.nii.gz is damaged."]],
    )
    RadiomicsRun.objects.create(
        dataset=real,
        actor=actor_of("sentinel-staff"),
        features={"case_id": ["sentinel-tumour"]},
        result={"left_out": {"sentinel-tumour": "one voxel"}},
    )
    User.objects.create_user("sentinel-staff", is_staff=True)
    study = factories.make_open_study(
        slug="sentinel-slug",
        seed=987_654_321_987,
        organs=[factories.organ_data(synthetic={"hand-crafted": 1, "sentinel-gan": 1}, real_from=["sentinel-clinic"])],
        reading={
            "practice": 1,
            "response": "label+confidence",
            "lesion_cue": "marker",
            "comments": True,
            "rationale_mark": True,
            "attributes": ["shape"],
            "practice_feedback": True,
            "change_answers": "until-sitting-ends",
            "sittings": 2,
            "washout_days": 1,
            "repeats": 1,
            "debrief": True,
            "host_only": 2,
            "consent": "You read CT cases, under a code.",
        },
    )
    Membership.objects.create(study=study, user=User.objects.get(), role=Role.OWNER)
    factories.make_reader(study, "sentinel-colleague")
    factories.make_patients(real=2, hosts=2)
    factories.make_open_study(slug="sentinel-other", title="Sentinel other study", seed=3)
    return study


@pytest.fixture(scope="module")
def crawl(for_a_while):
    with for_a_while():
        study = plant()
        visits = crawl_to_the_end(study)
        return crawl_of(study, visits, dict(GroundTruth.objects.values_list("case", "truth")))


def test_nothing_that_could_tell_is_ever_sent(crawl):
    assert len(crawl.sentinels) > 100
    assert crawl.leaks() == {}


def test_the_truth_is_told_of_practice_alone_and_only_after_the_answer(crawl):
    told = [visit for visit in crawl.visits if any(text.lower() in visit.text for text in TOLD.values())]

    assert {visit.name for visit in told} == {"answer"}
    assert {visit.case for visit in told} <= crawl.practice
    assert all(TOLD[crawl.truths[visit.case] == "real"] == json.loads(visit.body)["feedback"] for visit in told)
    assert len(told) == 2  # of two readers
    assert not any(b"feedback" in visit.body for visit in crawl.visits if visit.name == "state")


def test_an_earlier_case_comes_back_to_its_reader_with_nothing_new(crawl):
    earlier = [json.loads(visit.body) for visit in crawl.visits if visit.name == "earlier" and visit.status == 200]

    assert earlier
    assert {frozenset(one) for one in earlier} == {frozenset({"case", "answer"})}
    assert {frozenset(one["answer"]) for one in earlier} == {
        frozenset({"revision", "label", "rating", "comment", "mark", "attributes"})
    }
    assert not {one["case"]["token"] for one in earlier} & crawl.practice


def test_the_crawl_would_notice(crawl):
    """The sentinels are spelt as a page would spell them, and numbers are found though other digits are about."""
    found = {text for text in crawl.sentinels.values() if text in crawl.staff_page}

    assert "sentinel" in found
    assert "healthy" in found
    numbers = [text for what, text in crawl.sentinels.items() if what.startswith(("Reader ", "SlicePack ", "Reading "))]
    assert len(numbers) > 10
    assert all(int(text) > FIRST_KEY for text in numbers)


def test_the_crawl_was_everywhere_in_every_state(crawl):
    seen = {(visit.state, visit.name) for visit in crawl.visits}
    served = {(visit.state, visit.name) for visit in crawl.visits if visit.status == 200}

    assert seen >= {(state, name) for state in STATES for name in addresses.names() - LEAVING}
    assert served >= {
        ("invited", "invitation"),
        ("instructions", "instructions"),
        ("reading", "reading-room"),
        ("reading", "state"),
        ("reading", "slice"),
        ("reading", "answer"),
        ("reading", "problem"),
        ("instructions", "display-check"),
        ("reading", "preferences"),
        ("between sittings", "next-sitting"),
        ("finished", "finished"),
        ("closed", "debrief"),
        ("closed", "sign-out"),
        ("reading", "withdrawal"),
        ("finished", "return"),
        ("finished", "studies"),
    }


def test_what_pages_link_to_was_fetched_and_none_of_it_is_missing(crawl):
    linked = [visit for visit in crawl.visits if visit.name == "linked"]

    assert len([visit for visit in linked if visit.status == 200]) > 10
    assert {visit.status for visit in linked} <= {200, 302, 401}


def test_a_case_that_comes_again_cannot_be_known_by_what_is_sent_of_it(crawl):
    """Its token, its addresses and its place differ; its image is the same, which is what it is."""
    shown = {case["token"]: case for visit in crawl.visits if visit.name == "state" for case in sent_cases(visit)}

    twice = [token for token in shown if token in crawl.repeats]
    assert twice
    for token in twice:
        first, again = shown[crawl.repeats[token]], shown[token]
        told = {name for name in first if first[name] == again[name]}
        pixels = {"shape", "spacing_mm", "towards", "cue_slice", "cue_marker"}
        assert told == {"organ", "question", "rates_realism", *pixels}


def sent_cases(visit):
    state = json.loads(visit.body) if visit.status == 200 else {}
    return [case for case in (state.get("case"), state.get("next")) if case]


def test_pages_for_staff_send_a_reader_away(crawl):

    assert {visit.status for visit in crawl.visits if visit.name in STAFF_PAGES} == {302}


def test_what_a_debrief_tells_is_told_after_closing_alone(crawl):
    told = [visit for visit in crawl.visits if visit.name == "debrief" and visit.status == 200]

    assert {visit.state for visit in told} == {"closed"}
    assert b"It was" in told[0].body


def test_nothing_breaks_on_the_way(crawl):

    assert [(visit.state, visit.name) for visit in crawl.visits if visit.status >= 500] == []


def test_nothing_of_a_readers_is_kept_by_caches_or_dated(crawl):

    for visit in crawl.visits:
        if visit.name in READERS_PAGES - {"home"}:
            assert visit.headers.get("Cache-Control") == "no-store", (visit.state, visit.name, visit.status)
            assert not visit.headers.keys() & {"ETag", "Last-Modified", "Expires", "Content-Disposition"}


def test_no_page_and_no_error_sends_where_it_came_from(crawl):

    assert {visit.headers.get("Referrer-Policy") for visit in crawl.visits} == {"no-referrer"}
    pages = [visit for visit in crawl.visits if visit.headers.get("Content-Type", "").startswith("text/html")]
    assert {visit.headers.get("X-Frame-Options") for visit in pages} == {"DENY"}


def shape_of(value: object) -> object:
    """Return a value's structure: keys and types, all the way down."""
    if isinstance(value, dict):
        return {key: shape_of(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape_of(inner) for inner in value]
    return type(value).__name__


def both(crawl, measure):
    """Return what is measured of each arm: equal, where nothing tells them apart."""
    assert crawl.of("real")
    assert crawl.of("synthetic")
    return measure(crawl.of("real")), measure(crawl.of("synthetic"))


def test_both_arms_have_the_same_headers(crawl):
    def headers(visits):
        return {
            (visit.name, visit.status, key, value if key != "Content-Length" else "")
            for visit in visits
            for key, value in visit.headers.items()
        }

    real, synthetic = both(crawl, headers)
    assert real == synthetic


def test_both_arms_have_the_same_json(crawl):
    def structures(visits):
        return {json.dumps(shape_of(case)) for case in shown_cases(visits)}

    real, synthetic = both(crawl, structures)
    assert real == synthetic
    assert len(real) == 1


def test_both_arms_have_the_same_geometry_and_question(crawl):
    def shown(visits):
        return {
            (case["organ"], case["question"], str(case["shape"]), str(case["spacing_mm"]))
            for case in shown_cases(visits)
        }

    real, synthetic = both(crawl, shown)
    assert real == synthetic


def test_a_hidden_tumours_case_is_sent_alike_in_both_arms(crawl):
    def hidden(visits):
        return [
            (case["organ"], case["question"], case["shape"], case["spacing_mm"], case["rates_realism"])
            for case in shown_cases(visits)
            if "hides the tumour" in case["question"]
        ]

    real, synthetic = both(crawl, hidden)
    assert real == synthetic
    assert len(real) == 1


def test_both_arms_are_compressed_and_clipped_alike(crawl):
    def forms(visits):
        return {visit.body[:10] for visit in visits if visit.name == "slice"}

    real, synthetic = both(crawl, forms)
    assert real == synthetic
    assert len(real) == 1
    for visit in crawl.of("real") + crawl.of("synthetic"):
        if visit.name == "slice":
            pixels = decode_slice(visit.body, (24, 26))
            assert HU_MIN <= pixels.min() <= pixels.max() <= HU_MAX
