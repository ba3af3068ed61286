"""A reader's browser that fetches everything there is, in every state, and what it saw.

Every address of the resolver is visited in every state.
"""

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from readerstudy.models.case import Case
from readerstudy.models.import_run import ImportRun
from readerstudy.models.membership import Membership
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study
from readerstudy.models.volume_preview import VolumePreview
from tests import factories
from tests.factories import display_found
from tests.readerstudy.access_table import PAGES
from tests.readerstudy.reading import addresses
from tests.readerstudy.reading.sentinels import sentinels

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

    def leaks(self) -> dict[str, set[tuple[str, str, int]]]:
        """Return each sentinel that was sent, with the states and addresses where."""
        asked_for = re.compile(f"/studies/{self.slug}/")
        sent = defaultdict(set)
        for visit in self.visits:
            if visit.status == 302 and visit.headers["Location"].startswith("/login/?next="):
                continue  # it repeats the address that was asked for, which this crawl knew beforehand
            sent[asked_for.sub("", visit.text)].add((visit.state, visit.name, visit.status))
        everything = "\n".join(sent)
        leaks = defaultdict(set)
        for text in {text for text in self.sentinels.values() if text in everything}:
            alone = re.compile(rf"(?<!\d){re.escape(text)}(?!\d)")
            for response, where in sent.items():
                if alone.search(response):
                    leaks[text] |= where
        return leaks


def crawl_of(study: Study, visits: list[Visit], truths: Mapping[uuid.UUID, str]) -> Crawl:
    """Keep what was seen, with what the database holds; `truths`, by case, is what no visit may tell."""
    items = SequenceItem.objects.select_related("case")
    return Crawl(
        visits=visits,
        sentinels=sentinels(study),
        truths={item.token: truths[item.case_id] for item in items},
        practice={item.token for item in items if item.case.practice},
        repeats=_repeats(),
        staff_page=_staff_page(),
        slug=study.slug,
    )


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


def _repeats() -> dict[str, str]:
    again = SequenceItem.objects.filter(repeat_index=1)
    return {item.token: item.sequence.items.get(case=item.case, repeat_index=0).token for item in again}


def _staff_page() -> str:
    staff = Client()
    staff.force_login(User.objects.get(), backend="django.contrib.auth.backends.ModelBackend")
    return staff.get(reverse("dataset-list")).content.decode().lower()


def shown_cases(visits: list[Visit]) -> list[dict[str, object]]:
    return [json.loads(visit.body)["case"] for visit in visits if visit.name == "state"]
