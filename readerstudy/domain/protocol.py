"""The frozen protocol: what a study's opening fixes, under one hash, and what was amended after.

The hash is the SHA-256 of the document written with sorted keys, without spaces, in ASCII (`canonical`), so that
anybody can compute it again from the `protocol.json` of an export.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import transaction

from readerstudy.analysis import __version__ as analysis_version
from readerstudy.analysis.records import records
from readerstudy.domain import audit as trail
from readerstudy.domain import case_set_hash, orders, selection
from readerstudy.domain.canonical import canonical_sha256, in_order
from readerstudy.domain.case_set_hash import case_set_sha256
from readerstudy.domain.errors import DomainError
from readerstudy.domain.gallery_rates import rejection_rates
from readerstudy.domain.locks import lock_study
from readerstudy.domain.orders_hash import changed_orders
from readerstudy.domain.result_cache import analysis_fingerprint
from readerstudy.domain.texts import check_text
from readerstudy.domain.truths import counted_truths
from readerstudy.models.blinding_audit import BlindingAudit
from readerstudy.models.case import Case
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.protocol import Amendment, Protocol
from readerstudy.models.study import Study

FORMAT = 1
VIEWER = "readerstudy/js/viewer/version.js"
VIEWER_VERSION = re.compile(r'VIEWER_VERSION = "([^"]+)"')
MAX_LETTERS = 500
LIBRARIES = ("django", "numpy", "scipy")


def freeze(*, study: Study, audit: BlindingAudit, acknowledgement: str) -> Protocol:
    """Store what the study's opening fixes."""
    document = protocol_document(study, audit, acknowledgement)
    return Protocol.objects.create(study=study, sha256=canonical_sha256(document), document=document)


def protocol_document(study: Study, audit: BlindingAudit, acknowledgement: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "study": study.slug,
        "design": study.design,
        "cases": {
            "count": counted_truths(study).count(),
            "controls": GroundTruth.objects.filter(case__study=study, control=True).count(),
            "host_only": Case.objects.filter(study=study, host_only=True).count(),
            "practice": Case.objects.filter(study=study, practice=True).count(),
            "sha256": audit.cases_sha256,
        },
        "versions": {**current_versions(), "engines": _engines(study)},
        "gallery": records(rejection_rates(study)),
        "leak_audit": {
            "at": audit.finished_at.isoformat() if audit.finished_at else None,
            "outcome": audit.outcome,
            "conclusion": audit.result["conclusion"],
            "findings": audit.result["findings"],
            "acknowledgement": acknowledgement,
        },
    }


def current_versions() -> dict[str, str]:
    """Return the versions of all that a reading and its analysis go through, as they are now."""
    return {
        "application": project_version(),
        "viewer": viewer_version(),
        "case selection": selection.ALGORITHM,
        "case set hash": case_set_hash.ALGORITHM,
        "reading orders": orders.ALGORITHM,
        "analysis": f"{analysis_version} ({analysis_fingerprint()})",
        **{library: version(library) for library in LIBRARIES},
    }


def project_version() -> str:
    text = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def viewer_version() -> str:
    """Return the version that browsers store with each reading."""
    path = finders.find(VIEWER)
    found = VIEWER_VERSION.search(Path(path).read_text(encoding="utf-8")) if isinstance(path, str) else None
    if found is None:
        raise FileNotFoundError(f"{VIEWER} with the viewer's version is not among the static files.")
    return found[1]


def protocol_of(study: Study) -> Protocol | None:
    """Return the study's protocol; none before it was opened, nor where it was read elsewhere."""
    return Protocol.objects.select_related("study").prefetch_related("amendments__actor").filter(study=study).first()


def deviations(protocol: Protocol) -> list[str]:
    """Say in a sentence each what is no longer as it was frozen, or as the trail says it was fixed after."""
    own = canonical_sha256(protocol.document) == protocol.sha256
    forged = [] if own else ["The stored protocol does not have its own hash any more."]
    return [*forged, *changed_records(protocol), *_changed_versions(protocol.document["versions"])]


def changed_records(protocol: Protocol) -> Iterator[str]:
    """Say in a sentence each what of the study is no longer what the protocol or the trail names.

    Cases are compared where the protocol's hash of them is this version's; orders where their drawing noted one.
    """
    study, document = protocol.study, protocol.document
    if canonical_sha256(study.design) != canonical_sha256(document["design"]):
        yield "The design is not the frozen one any more."
    comparable = document["versions"].get("case set hash") == case_set_hash.ALGORITHM
    if comparable and case_set_sha256(study) != document["cases"]["sha256"]:
        yield "The cases are not the frozen ones any more."
    for reader in changed_orders(study):
        yield f"The order of reader {reader} is not the one that the trail names."
    closed = study.audit_events.filter(action="close study").order_by("number").last()
    if closed and closed.detail.get("reason", "") != study.closed_early:
        yield "The reason for closing early is not the one that the trail names."


def protocol_record(study: Study) -> dict[str, Any] | None:
    """Return what an export says of the protocol: hash, document, amendments, and what is no longer as it was."""
    protocol = protocol_of(study)
    if protocol is None:
        return None
    return {
        "sha256": protocol.sha256,
        "frozen_at": protocol.frozen_at.isoformat(),
        "closed_early": study.closed_early,
        "amendments": [
            {"at": one.at.isoformat(), "by": one.actor_id, "change": one.change, "reason": one.reason}
            for one in protocol.amendments.all()
        ],
        "deviations": deviations(protocol),
        "document": in_order(protocol.document),
    }


def amend(*, study: Study, actor: str, change: str, reason: str) -> Amendment:
    """Record a change of the conduct after opening; what is frozen stays as it is.

    Raises
    ------
    DomainError
        If the study was never opened here, change or reason is missing or too long, or the last amendment is the same.
    """
    protocol = protocol_of(study)
    if protocol is None:
        raise DomainError(f"Study {study.slug} has no frozen protocol to amend; change its design before opening.")
    change = check_text(change, what="What changes", longest=MAX_LETTERS)
    reason = check_text(reason, what="The reason", longest=MAX_LETTERS)
    for name, text in (("what changes", change), ("the reason", reason)):
        if not text:
            raise DomainError(f"Say {name} in up to {MAX_LETTERS} letters.")
    with transaction.atomic():
        lock_study(study)
        last = protocol.amendments.order_by("-pk").first()
        if last and (last.change, last.reason) == (change, reason):
            raise DomainError("The last amendment says the same already; it is recorded.")
        event = trail.record(actor=actor, action="amend protocol", study=study, change=change, reason=reason)
        return Amendment.objects.create(protocol=protocol, actor=event.actor, change=change, reason=reason)


def note_changes(*, study: Study, actor: str, when: str) -> None:
    """Record as amendments, once each, what has changed by itself since the study was opened: mostly software."""
    protocol = protocol_of(study)
    if protocol is None:
        return
    known = {amendment.change for amendment in protocol.amendments.all()}
    for change in deviations(protocol):
        if change not in known:
            amend(study=study, actor=actor, change=change, reason=f"Noticed by the program {when}.")


def _engines(study: Study) -> dict[str, list[str]]:
    """Return the versions of our own methods that made the cases."""
    runs = GroundTruth.objects.filter(case__study=study, synthesis_run__isnull=False)
    pairs = set(runs.values_list("synthesis_run__method", "synthesis_run__request__version"))
    return {method: sorted(str(made) for name, made in pairs if name == method) for method in sorted(dict(pairs))}


def _changed_versions(frozen: dict[str, Any]) -> Iterator[str]:
    for name, now in current_versions().items():
        if frozen.get(name) != now:
            yield f"Version of {name}: {frozen.get(name, 'not recorded')} when opened, {now} now."
