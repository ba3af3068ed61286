"""A reader fetches everything there is, in every state, and learns nothing.

The study's truth is planted with sentinels: names, keys, hashes and numbers that could leak, each of them
distinctive enough to be found wherever it turns up. Every address of the resolver is visited in every state;
a new address fails the first test until somebody decides what a reader gets there.
"""

import json
import re
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import reverse
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from readerstudy.domain.actors import actor_of
from readerstudy.domain.practice_feedback import TOLD
from readerstudy.domain.previews import ask_preview, make_preview
from readerstudy.domain.slice_packs import HU_MAX, HU_MIN, decode_slice
from readerstudy.models.case import Case
from readerstudy.models.dataset import Dataset
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.import_run import ImportRun
from readerstudy.models.membership import Membership, Role
from readerstudy.models.radiomics_run import RadiomicsRun
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan, Volume
from readerstudy.models.volume_preview import VolumePreview
from tests import factories
from tests.factories import display_found
from tests.readerstudy.access_table import PAGES
from tests.readerstudy.reading import addresses

pytestmark = [pytest.mark.django_db, pytest.mark.database]

FIRST_KEY = 7_310_000_000
PASSPHRASE = "galley trilogy veto flame"
STATES = ("invited", "instructions", "reading", "between sittings", "finished", "closed")
READERS_PAGES = {
    "home",
    "invitation",
    "instructions",
    "display-check",
    "reading-room",
    "next-sitting",
    "sitting-end",
    "earlier",
    "finished",
    "return",
    "studies",
    "sign-out",
    "withdrawal",
    "debrief",
    "state",
    "preferences",
    "slice",
    "answer",
    "problem",
}
STAFF_PAGES = {page.address for page in PAGES if page.kind not in ("public", "signed-out", "reader")}
LOGIN = {page.address for page in PAGES} - STAFF_PAGES - READERS_PAGES
LEAVING = {"account_logout", "sign-out"}  # visited last


def test_it_is_decided_for_every_address_what_a_reader_gets():
    assert addresses.names() == READERS_PAGES | LOGIN | STAFF_PAGES


@dataclass
class Visit:
    """One response, as the network tab shows it."""

    state: str
    name: str
    status: int
    headers: dict[str, str]
    body: bytes
    case: str = ""

    @property
    def text(self) -> str:
        head = "".join(f"{key}: {value}\n" for key, value in self.headers.items())
        return (head + self.body.decode("latin-1")).lower()


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for key, value in attrs if key in ("href", "src") and value and value.startswith("/")}


@dataclass
class Crawler:
    """A reader's browser that fetches whatever it could know of, and more."""

    client: Client
    study: Study
    code: str
    thorough: frozenset[str]
    """The states in which pages for staff are asked for as JSON, with queries, and by posts as well."""
    visits: list[Visit] = field(default_factory=list)
    followed: set[str] = field(default_factory=set)

    def get(self, state: str, name: str, url: str, case: str = "", **headers: str) -> Visit:
        return self._keep(state, name, self.client.get(url, headers=headers), case)

    def post(self, state: str, name: str, url: str, data: object = None) -> Visit:
        return self._keep(state, name, self.client.post(url, data, content_type="application/json"))

    def post_form(self, state: str, name: str, url: str, data: dict[str, object]) -> Visit:
        return self._keep(state, name, self.client.post(url, data))

    def _keep(self, state: str, name: str, response, case: str = "") -> Visit:
        visit = Visit(state, name, response.status_code, dict(response.headers), response.getvalue(), case)
        self.visits.append(visit)
        if visit.headers.get("Content-Type", "").startswith("text/html"):
            for link in Links(visit.body.decode()).found - self.followed:
                self.followed.add(link)
                self.get(state, "linked", link)
        return visit

    def everything(self, state: str) -> None:
        """Visit every address, with this reader's tokens, another's, and ones that are nobody's.

        Pages for staff send readers away before they look who it is: in some states alone are they asked otherwise.
        """
        other = SequenceItem.objects.exclude(sequence__reader__code=self.code).first()
        own = SequenceItem.objects.filter(sequence__reader__code=self.code).order_by("position")
        foreign = [other.token, "0" * 32]
        for name in sorted(addresses.names() - LEAVING):
            for args in self._arguments(name, [item.token for item in own] + foreign):
                self.get(state, name, reverse(name, args=args))
            if name in STAFF_PAGES and state not in self.thorough:
                continue
            url = reverse(name, args=args)  # the last: nobody's token
            self.get(state, name, url, Accept="application/json")
            self.get(state, name, f"{url}?truth=real&order_by=truth&debug=1&format=json")
            self.post(state, name, url, answer())

    def _arguments(self, name: str, tokens: list[str]) -> list[list[object]]:
        if name == "slice":
            return [[token, number] for token in tokens for number in (0, 10**9)]
        if name in ("answer", "problem", "earlier"):
            return [[token] for token in tokens]
        if name == "invitation":
            return [["no-such-secret"]]
        return [[self._argument(name) for name in pattern_of(name).converters]]

    def _argument(self, name: str) -> object:
        """Return what an address of staff's leads to: this reader's study, what it was made from, what was planted."""
        if name in ("slug", "reader_id", "name"):
            reader = Reader.objects.get(study=self.study, code=self.code)
            return {"slug": self.study.slug, "reader_id": reader.pk, "name": "flow"}[name]
        if name == "code":
            return Case.objects.filter(study=self.study).first().code
        preview = VolumePreview.objects.select_related("scan__volume__dataset").get()
        return {
            "dataset": preview.scan.volume.dataset.name,
            "scan_id": preview.scan_id,
            "number": preview.cue_slice,
            "run_id": ImportRun.objects.get().pk,
            "person_id": Membership.objects.get(study=self.study).pk,
            "token": "0" * 32,
            "action": "revoke",
        }[name]

    def read_case(self, state: str) -> bool:
        """Fetch the case's every slice, and those of the next; answer; return whether there is another."""
        shown = self.get(state, "state", reverse("state"))
        payload = self.client.get(reverse("state")).json()
        for one in payload.get("earlier", []):
            self.get(state, "earlier", one["url"], one["token"])
        if payload["done"]:
            return False
        if "case" not in payload:
            self.post_form(state, "sitting-end", reverse("sitting-end"), {})
            return False
        for case in (payload["case"], payload["next"]):
            for number in range(case["shape"][0] if case else 0):
                self.get(state, "slice", case["slice_url"].replace("{n}", str(number)), case["token"])
        shown.case = payload["case"]["token"]
        self.post(state, "problem", payload["case"]["problem_url"], report()).case = shown.case
        given = answer()
        if not payload["case"]["rates_realism"]:
            del given["attributes"]  # of a hidden tumour nobody asks
        self.post(state, "answer", payload["case"]["answer_url"], given).case = shown.case
        return True


def answer() -> dict[str, object]:
    return {
        "submission": str(uuid.uuid4()),
        "label": "real",
        "confidence": 2,
        "comment": "a comment",
        "attributes": {"shape": 3},
        "mark": {"slice": 1, "row": 2.5, "column": 3},
        "active_ms": 5,
        "viewer_version": "crawl",
    }


def report() -> dict[str, object]:
    return {"submission": str(uuid.uuid4()), "text": "The image stays black."}


def pattern_of(name: str) -> RoutePattern:
    return next(pattern.pattern for pattern in addresses.patterns() if pattern.name == name)


def start_keys_high() -> None:
    """Let every table count from a number that is found wherever it turns up."""
    for n, model in enumerate(apps.get_app_config("readerstudy").get_models()):
        if model._meta.pk.name != "id" or model is Case:
            continue
        first = FIRST_KEY + n * 1_000_000
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
                cursor.execute("INSERT INTO sqlite_sequence VALUES (%s, %s)", [model._meta.db_table, first])
            else:
                cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [model._meta.db_table, first])


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


def sentinels(study: Study) -> dict[str, str]:
    """Return what must never be seen, by what it is."""
    found = {"word": "sentinel", "method": "hand-crafted", "host": "healthy", "seed": str(study.design["seed"])}
    found["design"] = study.design_sha256
    for model in apps.get_app_config("readerstudy").get_models():
        for pk in model.objects.values_list("pk", flat=True):
            found[f"{model.__name__} {pk}"] = str(pk)
    for case in Case.objects.all():
        found |= {f"{case} code": case.code, f"{case} key": case.pk.hex}
    for file in StoredFile.objects.all():
        found |= {f"file {file} key": file.key, f"file {file} hash": file.sha256}
    for volume in Volume.objects.all():
        found |= {f"{volume} content": volume.content_sha256, f"{volume} patient": volume.patient_key}
    for run in SynthesisRun.objects.all():
        found |= {f"{run} seed": str(run.seed), f"{run} hash": run.request_sha256, f"{run} mm": str(run.diameter_mm)}
    for scan in OrganScan.objects.exclude(diameter_mm=None):
        found[f"{scan} mm"] = str(scan.diameter_mm)
    return {what: text.lower() for what, text in found.items()}


@dataclass(frozen=True)
class Crawl:
    """What a crawl saw, and what the database held: no rows, so that one crawl serves every test."""

    visits: list[Visit]
    sentinels: dict[str, str]
    truths: dict[str, str]  # by token
    practice: set[str]  # tokens
    repeats: dict[str, str]  # tokens of cases read again, with those of the first reading
    staff_page: str
    slug: str

    def of(self, truth: str) -> list[Visit]:
        """Return the visits that were about one case of this arm."""
        return [visit for visit in self.visits if visit.case and self.truths[visit.case] == truth]


def crawl_to_the_end(study: Study, thorough: frozenset[str] = frozenset({"reading", "closed"})) -> list[Visit]:
    """Crawl as one reader to the end, and as another who is in the middle when the study closes."""

    def browser(code: str) -> Crawler:
        return Crawler(Client(), study, code, thorough)

    link = factories.invitation_path(study, "R1")
    crawler = browser("R1")
    crawler.get("invited", "invitation", link)
    crawler.everything("invited")
    crawler.post_form("invited", "invitation", link, {"years": "seven", "passphrase": "short"})
    crawler.post_form("invited", "invitation", link, {"passphrase": PASSPHRASE, "consents": "on"})
    crawler.everything("instructions")
    crawler.post("instructions", "instructions", reverse("instructions"))
    crawler.post_form("instructions", "display-check", reverse("display-check"), display_found(dark_seen=""))
    crawler.get("instructions", "display-check", reverse("display-check"))
    crawler.post("instructions", "preferences", reverse("preferences"), {"layout": "three"})
    crawler.everything("reading")
    while crawler.read_case("reading"):
        pass
    crawler.everything("between sittings")
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr(timezone, "now", lambda: datetime.now(tz=UTC) + timedelta(days=1))
        crawler.get("between sittings", "next-sitting", reverse("next-sitting"))
        crawler.post("between sittings", "next-sitting", reverse("next-sitting"))
        crawler.post_form("reading", "display-check", reverse("display-check"), display_found())
        while crawler.read_case("reading"):
            pass
    crawler.everything("finished")

    interrupted = browser("R2")
    declined = factories.invitation_path(study, "R3")
    interrupted.get("invited", "invitation", declined)
    interrupted.post_form("invited", "invitation", declined, {"decline": "yes"})
    interrupted.post_form("invited", "invitation", factories.invitation_path(study, "R2"), {"consents": "on"})
    interrupted.post("instructions", "instructions", reverse("instructions"))
    interrupted.post_form("instructions", "display-check", reverse("display-check"), display_found())
    interrupted.read_case("reading")
    elsewhere = browser("R1")
    known = {"return_code": Reader.objects.get(code="R1", study=study).return_code}
    elsewhere.post_form("finished", "return", reverse("return"), known | {"password": "wrong"})
    elsewhere.post_form("finished", "return", reverse("return"), known | {"password": PASSPHRASE})
    crawler.everything("finished")  # where the session is over
    crawler = Crawler(elsewhere.client, study, "R1", thorough, crawler.visits + elsewhere.visits)
    withdrawing = browser("R4")
    withdrawing.post_form("invited", "invitation", factories.invitation_path(study, "R4"), {"consents": "on"})
    withdrawing.post_form("reading", "withdrawal", reverse("withdrawal"), {"reason": "No time.", "sure": "on"})
    withdrawing.everything("reading")
    factories.close(study)
    crawler.everything("closed")
    interrupted.everything("closed")
    crawler.post("closed", "sign-out", reverse("sign-out"))
    return crawler.visits + interrupted.visits + withdrawing.visits


def repeats() -> dict[str, str]:
    again = SequenceItem.objects.filter(repeat_index=1)
    return {item.token: item.sequence.items.get(case=item.case, repeat_index=0).token for item in again}


def staff_page() -> str:
    staff = Client()
    staff.force_login(User.objects.get(), backend="django.contrib.auth.backends.ModelBackend")
    return staff.get(reverse("dataset-list")).content.decode().lower()


@pytest.fixture(scope="module")
def crawl(django_db_setup, django_db_blocker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("crawl")
    with django_db_blocker.unblock(), override_settings(DATA_ROOT=folder, SLICE_GRANT_S=0), transaction.atomic():
        study = plant()
        visits = crawl_to_the_end(study)
        truths = dict(GroundTruth.objects.values_list("case", "truth"))
        result = Crawl(
            visits=visits,
            sentinels=sentinels(study),
            truths={item.token: truths[item.case_id] for item in SequenceItem.objects.all()},
            practice=set(SequenceItem.objects.filter(case__practice=True).values_list("token", flat=True)),
            repeats=repeats(),
            staff_page=staff_page(),
            slug=study.slug,
        )
        transaction.set_rollback(True)
    return result


def test_nothing_that_could_tell_is_ever_sent(crawl):
    assert len(crawl.sentinels) > 100
    asked_for = re.compile(f"/studies/{crawl.slug}/")

    sent = defaultdict(set)
    for visit in crawl.visits:
        if visit.status == 302 and visit.headers["Location"].startswith("/login/?next="):
            continue  # it repeats the address that was asked for, which this crawl knew beforehand
        sent[asked_for.sub("", visit.text)].add((visit.state, visit.name, visit.status))
    everything = "\n".join(sent)
    leaks = defaultdict(set)
    for text in {text for text in crawl.sentinels.values() if text in everything}:
        alone = re.compile(rf"(?<!\d){re.escape(text)}(?!\d)")
        for response, where in sent.items():
            if alone.search(response):
                leaks[text] |= where

    assert leaks == {}


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


def shown_cases(visits):
    return [json.loads(visit.body)["case"] for visit in visits if visit.name == "state"]


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
