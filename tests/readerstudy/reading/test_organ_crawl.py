"""The crawl of an organ-recognition study: a reader fetches everything, and nothing tells a case's organ.

The data sets are planted as in the crawl of the first task, with scans of another size and tumours of another size for
each organ; the page that asks names every organ that can be answered, whatever the case.
"""

import json
import re
import uuid
from collections import defaultdict

import pytest
from django.contrib.auth.models import User

from readerstudy.domain.actors import actor_of
from readerstudy.domain.previews import ask_preview, make_preview
from readerstudy.domain.slice_packs import decode_slice
from readerstudy.models.case import Case
from readerstudy.models.dataset import Dataset
from readerstudy.models.import_run import ImportRun
from readerstudy.models.membership import Membership, Role
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan
from tests import factories
from tests.readerstudy.reading import crawler
from tests.readerstudy.reading.sentinels import start_keys_high

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ORGAN_WORDS = re.compile(r"\b(liver|kidneys?|hepat\w*|renal)\b")
ANSWERED_ON = {"instructions", "reading-room"}  # the pages that say which organs can be answered
SHAPES = {"liver": (26, 24, 18), "kidney": (22, 30, 14)}


def plant() -> Study:
    start_keys_high()
    for number, (organ, shape) in enumerate(SHAPES.items()):
        real = Dataset.objects.create(name=f"sentinel-clinic-{number}", layout="sentinel-layout")
        hosts = Dataset.objects.create(name=f"sentinel-hosts-{number}", layout="sentinel-layout")
        for n in range(3):
            size = {"shape": shape, "organ": organ, "organ_radius_mm": 12.0}
            sick, well = f"sentinel-{organ}-sick-{n}", f"sentinel-{organ}-well-{n}"
            factories.make_scan(real, origin=Origin.REAL, patient=sick, tumor_mm=8.3 + n, **size)
            factories.make_scan(hosts, patient=well, **size)
    make_preview(ask_preview(scan=OrganScan.objects.filter(origin=Origin.REAL).first()).pk)
    ImportRun.objects.create(
        name="sentinel-import", layout="manifest", source="sentinel-folder", actor=actor_of("sentinel-staff")
    )
    User.objects.create_user("sentinel-staff", is_staff=True)
    study = factories.make_open_study(
        **factories.organ_task_data(
            slug="sentinel-slug",
            seed=987_654_321_987,
            reading={
                "practice": 2,
                "response": "label+confidence",
                "lesion_cue": "marker",
                "comments": True,
                "rationale_mark": True,
                "practice_feedback": True,
                "change_answers": "until-sitting-ends",
                "sittings": 2,
                "washout_days": 1,
                "repeats": 1,
                "debrief": True,
                "consent": "You read CT cases, under a code.",
            },
        )
    )
    Membership.objects.create(study=study, user=User.objects.get(), role=Role.OWNER)
    factories.make_reader(study, "sentinel-colleague")
    return study


def unsure() -> dict[str, object]:
    return {
        "submission": str(uuid.uuid4()),
        "label": "unsure",
        "rating": 0,
        "comment": "a comment",
        "mark": {"slice": 1, "row": 2.5, "column": 3},
        "active_ms": 5,
        "viewer_version": "crawl",
    }


@pytest.fixture(scope="module")
def crawl(for_a_while):
    with for_a_while(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(crawler, "answer", unsure)
        study = plant()
        visits = crawler.crawl_to_the_end(study, thorough=frozenset())  # of staff's pages, the first crawl's
        return crawler.crawl_of(study, visits, dict(Case.objects.values_list("pk", "organ")))


def test_nothing_that_could_tell_is_ever_sent(crawl):
    assert len(crawl.sentinels) > 100
    assert crawl.leaks() == {}


def test_nothing_breaks_and_every_answer_is_taken(crawl):
    assert [(visit.state, visit.name) for visit in crawl.visits if visit.status >= 500] == []
    answered = [visit for visit in crawl.visits if visit.name == "answer" and visit.case]
    assert len(answered) > 10
    assert {visit.status for visit in answered} == {200}


def test_no_organ_is_named_but_where_all_that_can_be_answered_are(crawl):
    named = defaultdict(set)
    for visit in crawl.visits:
        told = ORGAN_WORDS.findall(visit.text)
        if told and visit.name != "linked":
            named[visit.name].add(visit.state)

    feedback = {visit.case for visit in crawl.visits if visit.name == "answer" and b"feedback" in visit.body}
    answers = [visit for visit in crawl.visits if visit.name == "answer" and ORGAN_WORDS.search(visit.text)]
    assert {visit.case for visit in answers} == feedback <= crawl.practice
    assert named.keys() - {"answer"} <= ANSWERED_ON | {"debrief"}
    assert named["debrief"] == {"closed"}


def test_practice_tells_its_own_organ_after_the_answer(crawl):
    told = [visit for visit in crawl.visits if visit.name == "answer" and b"feedback" in visit.body]

    assert told
    for visit in told:
        organ = crawl.truths[visit.case]
        assert json.loads(visit.body)["feedback"] == f"The tumour of this practice case is in the {organ}."


def test_the_room_is_one_page_whatever_the_organ(crawl):
    """But for the state that its own test looks at, tokens, and where the reader is."""
    pages = {
        re.sub(r'<script id="state".*?</script>|nonce="[^"]*"|content="[^"]*"|value="[^"]*"|href="[^"]*"', "", page)
        for page in (
            visit.body.decode()
            for visit in crawl.visits
            if (visit.state, visit.name, visit.status) == ("reading", "reading-room", 200)
        )
    }
    assert len(pages) == 1


def test_both_organs_are_sent_alike(crawl):
    def shown(organ):
        return {
            json.dumps({name: case[name] for name in case if name != "token" and not name.endswith("_url")})
            for case in crawler.shown_cases([v for v in crawl.of(organ) if v.name == "state"])
        }

    def headers(organ):
        return {
            (visit.name, visit.status, key, value if key != "Content-Length" else "")
            for visit in crawl.of(organ)
            if visit.name == "slice"
            for key, value in visit.headers.items()
        }

    assert shown("liver") == shown("kidney")
    assert len(shown("liver")) == 1
    assert json.loads(shown("liver").pop())["organ"] == ""
    assert headers("liver") == headers("kidney")
    forms = {visit.body[:10] for organ in SHAPES for visit in crawl.of(organ) if visit.name == "slice"}
    assert len(forms) == 1
    for organ in SHAPES:
        slices = [visit for visit in crawl.of(organ) if visit.name == "slice"]
        assert slices
        assert all(decode_slice(visit.body, (13, 13)).shape == (13, 13) for visit in slices)


def test_the_crawl_would_notice(crawl):
    assert "sentinel" in crawl.staff_page
    assert ORGAN_WORDS.search("/slices/liver/0") is not None
    assert {organ for organ in SHAPES if crawl.of(organ)} == set(SHAPES)
