"""The way through: invitation, instructions, reading room, done; and what is said when something is wrong."""

import gzip
import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from readerstudy.domain.answers import parse_answer
from readerstudy.domain.enrolment import renew_invitation
from readerstudy.domain.slice_packs import CHECKSUM_BYTES, decode_slice
from readerstudy.models.display_check import DisplayCheck
from readerstudy.models.problem_report import ProblemReport
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.study import Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(study):
    return factories.reader_client(study)


def answer_data(**changes):
    return {"submission": str(uuid.uuid4()), "label": "real", "active_ms": 900, "viewer_version": "1"} | changes


def post(client, url, data):
    body = data if isinstance(data, bytes) else json.dumps(data)
    return client.post(url, body, content_type="application/json")


def current(client):
    return client.get(reverse("state")).json()["case"]


def test_from_the_invitation_to_the_thanks(study):
    client = Client()
    path = factories.invitation_path(study, "R1")

    assert "reader <strong>R1</strong>" in client.get(path).content.decode()
    assert client.post(path)["Location"] == reverse("instructions")
    assert client.get(reverse("home"))["Location"] == reverse("reading-room")
    assert client.get(reverse("reading-room"))["Location"] == reverse("instructions")
    assert "Practice first" in client.get(reverse("instructions")).content.decode()
    assert client.post(reverse("instructions"))["Location"] == reverse("reading-room")
    assert client.get(reverse("reading-room"))["Location"] == reverse("display-check")
    assert client.post(reverse("display-check"), factories.display_found())["Location"] == reverse("reading-room")
    assert client.get(reverse("reading-room")).status_code == 200
    for place in ("1/1", "1/4", "2/4", "3/4", "4/4"):
        state = client.get(reverse("state")).json()
        assert f"{state['progress']['position']}/{state['progress']['total']}" == place
        assert post(client, state["case"]["answer_url"], answer_data()).json()["stored"] is True
    assert client.get(reverse("reading-room"))["Location"] == reverse("finished")
    thanks = client.get(reverse("finished")).content.decode()
    assert "Thank you" in thanks
    assert "4 in all" in thanks
    assert client.get(path)["Location"] == reverse("reading-room")


def test_the_room_knows_where_its_state_and_its_end_are(client):
    page = client.get(reverse("reading-room")).content.decode()

    assert f'data-state-url="{reverse("state")}"' in page
    assert f'data-finished-url="{reverse("finished")}"' in page


def test_the_instructions_say_whether_reading_was_begun(client):
    assert "Continue" in client.get(reverse("instructions")).content.decode()


def test_stand_ins_are_said_on_every_page_of_a_reader():
    study = factories.make_study_of_patients(real=2, hosts=2, stand_ins_allowed=True)
    client = factories.reader_client(study, instructed=False)

    assert "stand-ins" in client.get(reverse("instructions")).content.decode()
    client.post(reverse("instructions"))
    assert "stand-ins" in client.get(reverse("display-check")).content.decode()
    client.post(reverse("display-check"), factories.display_found())
    assert "stand-ins" in client.get(reverse("reading-room")).content.decode()


def test_the_state_is_exactly_this(client):
    state = client.get(reverse("state")).json()

    token = state["case"]["token"]
    assert state["case"] == {
        "token": token,
        "organ": "liver",
        "question": "Is the tumour in this liver real or synthetic?",
        "shape": [18, 24, 26],
        "spacing_mm": [2.0, 1.5, 1.5],
        "towards": ["I", "P", "L"],
        "cue_slice": state["case"]["cue_slice"],
        "cue_marker": None,
        "rates_realism": True,
        "slice_url": f"/reading/cases/{token}/slices/{{n}}",
        "answer_url": f"/reading/cases/{token}/answer",
        "problem_url": f"/reading/cases/{token}/problem",
    }
    assert 0 <= state["case"]["cue_slice"] < 18
    assert state["next"].keys() == state["case"].keys()
    assert state.keys() == {"done", "case", "next", "progress"}


def test_a_slice_is_one_gzip_member_sent_as_content_encoding(client):
    case = current(client)

    response = client.get(case["slice_url"].replace("{n}", "3"))

    assert (response["Content-Type"], response["Content-Encoding"]) == ("application/octet-stream", "gzip")
    assert len(gzip.decompress(response.content)) == 2 * 24 * 26 + CHECKSUM_BYTES
    assert decode_slice(response.content, (24, 26)).shape == (24, 26)


def test_a_slice_costs_few_queries(client, django_assert_max_num_queries):
    url = current(client)["slice_url"].replace("{n}", "0")
    client.get(url)

    with django_assert_max_num_queries(4):  # session, reader, place in the order, nothing else
        client.get(url)


def test_the_state_costs_few_queries(client, django_assert_max_num_queries):
    client.get(reverse("state"))

    with django_assert_max_num_queries(7):
        client.get(reverse("state"))


def test_an_answer_brings_the_next_state(client):
    before = client.get(reverse("state")).json()

    after = post(client, before["case"]["answer_url"], answer_data()).json()

    assert after["stored"] is True
    assert after["state"]["case"]["token"] == before["next"]["token"]
    assert after["state"] == client.get(reverse("state")).json()


def test_a_double_click_and_a_resent_request_store_one_reading(client):
    url, data = current(client)["answer_url"], answer_data()

    first, again = post(client, url, data), post(client, url, data)

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert Reading.objects.count() == 1


def test_a_second_answer_is_refused_and_says_where_to_go_on(client):
    url = current(client)["answer_url"]
    post(client, url, answer_data(label="synthetic"))

    response = post(client, url, answer_data(label="real"))

    assert response.status_code == 409
    assert response.json()["error"] == "This case was answered already; that answer stands."
    assert response.json()["state"] == client.get(reverse("state")).json()
    assert [reading.label for reading in Reading.objects.all()] == ["synthetic"]


def test_what_is_no_answer_is_refused_with_a_sentence(client):
    url = current(client)["answer_url"]
    not_json = [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 5000]
    not_an_object = [b"null", b"[]", b'"real"']
    unusable = [answer_data(label="perhaps"), answer_data(viewer_version="\x00"), answer_data(submission=["x"])]

    for body in [*not_json, *not_an_object]:
        response = post(client, url, body)
        assert (response.status_code, response.json()) == (400, {"error": "An answer must be a JSON object."})
    for data in unusable:
        response = post(client, url, data)
        assert response.status_code == 400
        assert response.json()["error"].endswith(".")
    assert not Reading.objects.exists()


def test_an_answer_of_a_megabyte_is_refused(client):
    response = post(client, current(client)["answer_url"], b" " * (1024 * 1024 + 1))

    assert response.status_code == 400
    assert not Reading.objects.exists()


def test_an_answer_in_a_study_closed_meanwhile_is_told_so(study, client):
    url = current(client)["answer_url"]
    factories.close(study)

    response = post(client, url, answer_data())

    assert response.status_code == 403
    assert response.json() == {"error": "This study is closed. Thank you for your time."}
    assert not Reading.objects.exists()


def test_an_answer_that_was_stored_before_closing_is_confirmed_after_it(study, client):
    url, data = current(client)["answer_url"], answer_data()
    post(client, url, data)
    factories.close(study)

    response = post(client, url, data)

    assert response.status_code == 200
    assert response.json() == {
        "stored": True,
        "state": {"done": True, "message": "This study is closed. Thank you for your time."},
    }


def test_a_used_link_leads_nowhere_and_says_what_to_do(study):
    path = factories.invitation_path(study)
    Client().post(path)

    response = Client().get(path)

    assert response.status_code == 404
    assert "This link has been used" in response.content.decode()


def test_without_a_session_a_page_says_what_to_do_and_a_request_gets_json():
    page = Client().get(reverse("reading-room"))
    request = Client().get(reverse("state"), headers={"Accept": "application/json"})

    assert "Please sign in" in page.content.decode()
    assert request.json().keys() == {"error"}
    assert (page.status_code, request.status_code) == (401, 401)


# The display check


def display_checks(study):
    return [(check.passed, check.screen_width, check.colour_depth) for check in DisplayCheck.objects.all()]


def test_a_failed_check_is_recorded_explained_and_lets_the_reader_go_on(study):
    client = factories.reader_client(study, instructed=False)
    client.post(reverse("instructions"))

    response = client.post(reverse("display-check"), factories.display_found(dark_seen=""), follow=True)

    assert "dark grays run together" in response.content.decode()
    assert "bright grays run together" not in response.content.decode()
    assert reverse("reading-room") in response.content.decode()
    assert client.get(reverse("reading-room")).status_code == 200
    assert display_checks(study) == [(False, 1920, 24)]


def test_a_check_can_be_repeated_and_each_is_kept(client, study):
    client.post(reverse("display-check"), factories.display_found(bright_seen=""))
    client.post(reverse("display-check"), factories.display_found())

    assert [passed for passed, *_ in display_checks(study)] == [True, False, True]


@pytest.mark.parametrize(
    "changes",
    [
        {"dark_shown": ""},
        {"dark_shown": "abc"},
        {"bright_seen": "12345"},
        {"screen_width": 0},
        {"screen_width": ""},
        {"pixel_ratio": "nan"},
        {"pixel_ratio": "inf"},
        {"colour_depth": 10**12},
        {"dark_seen": "\x00"},
    ],
)
def test_what_is_no_check_is_not_recorded_and_said(client, study, changes):
    before = display_checks(study)

    response = client.post(reverse("display-check"), factories.display_found(**changes))

    assert response.status_code == 400
    assert "The check was not recorded" in response.content.decode()
    assert display_checks(study) == before


def test_a_check_made_in_one_browser_does_not_count_in_another(client, study):
    other = Client()
    link = renew_invitation(reader=Reader.objects.get(code="R1"), actor="ann")
    other.post(link[link.index("/invitation/") :])

    assert other.get(reverse("reading-room"))["Location"] == reverse("display-check")


# Problems and preferences


def test_a_problem_is_reported_once(client):
    url, data = current(client)["problem_url"], {"submission": str(uuid.uuid4()), "text": "No liver here."}

    assert post(client, url, data).json() == post(client, url, data).json() == {"stored": True}
    assert [report.text for report in ProblemReport.objects.all()] == ["No liver here."]


def test_a_problem_that_says_nothing_is_refused_with_a_sentence(client):
    response = post(client, current(client)["problem_url"], {"submission": str(uuid.uuid4()), "text": " "})

    assert (response.status_code, response.json()) == (400, {"error": "A report must say what is wrong."})


def test_preferences_come_back_with_the_room(client):
    assert '<script id="preferences" type="application/json">{}</script>' in client.get(reverse("reading-room")).text

    assert post(client, reverse("preferences"), {"layout": "</script>"}).json() == {"stored": True}

    page = client.get(reverse("reading-room")).text
    assert '<script id="preferences" type="application/json">{"layout": "\\u003C/script\\u003E"}</script>' in page


def test_preferences_that_are_no_object_are_refused_with_a_sentence(client):
    response = post(client, reverse("preferences"), b"[1]")

    assert (response.status_code, response.json()) == (400, {"error": "Preferences must be a JSON object."})


# Several sittings


@pytest.fixture
def between():
    """The browser of a reader who has read the first of two sittings."""
    study = factories.make_study_of_patients(real=2, hosts=2, reading={"sittings": 2, "washout_days": 28})
    client = factories.reader_client(study)
    read_on(client)
    return client


def read_on(client):
    while not (state := client.get(reverse("state")).json())["done"]:
        post(client, state["case"]["answer_url"], answer_data())


@pytest.fixture
def let_days_pass(monkeypatch):
    def move_on(days):
        monkeypatch.setattr(timezone, "now", lambda: datetime.now(tz=UTC) + timedelta(days=days))

    return move_on


def test_after_a_sitting_the_reader_is_told_from_which_day_the_next_can_be_read(between):
    day = timezone.localdate() + timedelta(days=28)

    response = between.get(reverse("finished"), follow=True)

    assert [url for url, _ in response.redirect_chain] == [reverse("reading-room"), reverse("next-sitting")]
    page = response.content.decode()
    assert f"{day:%A}, {day.day} {day:%B %Y}" in page
    assert "28 days between two sittings" in page
    assert "Start sitting" not in page
    assert response.headers["Clear-Site-Data"] == '"cache"'


def test_a_sitting_asked_for_too_early_is_not_begun(between):
    assert between.post(reverse("next-sitting"))["Location"] == reverse("next-sitting")
    assert between.get(reverse("reading-room"))["Location"] == reverse("next-sitting")
    assert between.get(reverse("display-check"))["Location"] == reverse("next-sitting")


def test_on_its_day_a_sitting_begins_with_the_display_check(between, let_days_pass):
    let_days_pass(28)
    assert "Start sitting 2" in between.get(reverse("next-sitting")).content.decode()

    assert between.post(reverse("next-sitting"))["Location"] == reverse("reading-room")

    assert between.get(reverse("reading-room"))["Location"] == reverse("display-check")
    between.post(reverse("display-check"), factories.display_found())
    read_on(between)
    assert "4 in all" in between.get(reverse("finished")).content.decode()


def test_a_reader_with_a_case_to_read_is_sent_to_it(client):
    assert client.get(reverse("next-sitting"))["Location"] == reverse("reading-room")


def test_after_closing_there_is_no_next_sitting(between):
    factories.close(Study.objects.get())

    assert "This study is closed" in between.get(reverse("next-sitting")).content.decode()


# The answers that the room offers

BUTTON = re.compile(r"<button class=\"label[^>]*>")
ATTRIBUTE = re.compile(r"data-(label|rating|confidence|asks-confidence)(?:=\"([^\"]*)\")?[ >]")


def offered_answers(page):
    """Return every answer that the room's buttons can send, as form.js puts it together."""
    buttons = [dict(ATTRIBUTE.findall(button)) for button in BUTTON.findall(page)]
    levels = [{"confidence": int(one["confidence"])} for one in buttons if "confidence" in one]
    for button in buttons:
        if "label" in button:
            rating = {"rating": int(button["rating"])} if "rating" in button else {}
            for level in levels if "asks-confidence" in button else [{}]:
                yield {"label": button["label"], **rating, **level}


@pytest.mark.parametrize(("cue", "more"), [("slice", 0), ("none", 1)])
@pytest.mark.parametrize(("response", "count"), [("label", 3), ("label+confidence", 7), ("rating-6", 6)])
def test_every_answer_that_the_room_offers_is_taken(db, response, count, cue, more):
    factories.make_patients(real=1, hosts=1)
    organ = factories.organ_data(real=1, synthetic={"hand-crafted": 1})
    asked = {"response": response, "lesion_cue": cue, "comments": True, "rationale_mark": True}
    study = factories.make_open_study(organs=[organ], reading=asked)
    client = factories.reader_client(study)
    page = client.get(reverse("reading-room")).text

    offered = list(offered_answers(page))

    assert len(offered) == count + more
    for answer in offered:
        parsed = parse_answer(answer_data(label=None) | answer, asked=study.design["reading"])
        assert parsed.label == answer["label"]
    url = current(client)["answer_url"]
    last = answer_data() | offered[-1] | {"comment": "c", "mark": {"slice": 0, "row": 0, "column": 0}}
    assert post(client, url, last).json()["stored"] is True
    assert 'data-part="mark"' in page
    assert 'data-part="comment"' in page
