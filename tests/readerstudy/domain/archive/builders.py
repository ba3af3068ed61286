"""A closed study with everything in it that an archive holds, and archives that somebody tampered with."""

import json
import shutil
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path

from django.core.management import call_command

from readerstudy.domain.actors import acting_from
from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.archive.container import MANIFEST, ArchiveWriter
from readerstudy.domain.archive.writing import archive_study
from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.exports import export_study
from readerstudy.domain.gallery import accept_case, open_gallery
from readerstudy.domain.problem_reports import Problem, report_problem
from readerstudy.domain.protocol import amend
from readerstudy.domain.reading_room import current_state
from readerstudy.domain.store import get_store
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Label
from tests import factories

READING = {"response": "label+confidence", "comments": True, "rationale_mark": True, "practice": 1}


@factories.made_once
def make_closed_study(**changes: object) -> Study:
    """Return a closed study, looked through in the gallery, read by two with ratings, comments and marks, amended."""
    factories.make_patients(real=3, hosts=3)
    study = factories.make_draft(reading=READING, **changes)
    start_generation(study=study, actor=factories.ACTOR)
    factories.build_cases(study)
    for case in open_gallery(study=study, viewer="ann").cases:
        accept_case(study=study, token=case.token, actor="ann")
    factories.open_audited(study)
    with acting_from("192.0.2.7"):
        amend(study=study, actor="ann", change="R3 is replaced by R5.", reason="R3 fell ill.")
    for number, code in enumerate(("R1", "R2")):
        reader = factories.make_reader(study, code)
        read(reader, number)
    return factories.close(study)


def read(reader, number: int) -> None:
    place = number
    while not (state := current_state(reader=reader))["done"]:
        token = state["case"]["token"]
        label = Label.UNSURE if place == 3 else Label.REAL
        answer = Answer(uuid.uuid4(), label, 1000 + place, "1", rating=70 + place, comment="edge", mark=(1.5, 2, 3))
        record_reading(reader=reader, token=token, answer=answer)
        if place == 2:
            report_problem(reader=reader, token=token, problem=Problem(uuid.uuid4(), "It ends early."))
        place += 1


def exported(study: Study, folder: Path) -> dict[str, bytes]:
    export_study(study=study, folder=folder, actor="ann")
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def archived(study: Study, folder: Path) -> Path:
    path = folder / "study.zip"
    archive_study(study=study, path=path, actor="ann")
    return path


def empty_installation() -> None:
    """Forget everything, as after an installation anew; for tests that commit."""
    call_command("flush", interactive=False, verbosity=0)
    store = get_store()
    for file in list(store.list_files()):
        store.remove(file.name)


def tampered(
    path: Path,
    *,
    rows: dict[str, Callable[[list[dict[str, object]]], None]] | None = None,
    about: dict[str, object] | None = None,
) -> Path:
    """Return a copy of the archive whose rows or manifest were changed, with hashes that fit."""
    copy = path.with_name("tampered.zip")
    with zipfile.ZipFile(path) as original, zipfile.ZipFile(copy, "w") as target:
        writer = ArchiveWriter(target)
        manifest = json.loads(original.read(MANIFEST))
        for name in manifest["members"]:
            content = original.read(name)
            change = (rows or {}).get(Path(name).stem)
            if change:
                lines = [json.loads(line) for line in content.splitlines()]
                change(lines)
                content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
            writer.add(name, [content])
        del manifest["members"]
        writer.finish(manifest | (about or {}))
    return copy


def rezipped(path: Path, *, without: str = "", more: dict[str, bytes] | None = None) -> Path:
    """Return a copy with a member less, or more of them, under the old manifest."""
    copy = path.with_name("rezipped.zip")
    shutil.copy(path, copy)
    if without:
        with zipfile.ZipFile(path) as original, zipfile.ZipFile(copy, "w") as target:
            for name in original.namelist():
                if name != without:
                    target.writestr(name, original.read(name))
    with zipfile.ZipFile(copy, "a") as target:
        for name, content in (more or {}).items():
            target.writestr(name, content)
    return copy
