"""Archives that are damaged, cut off, foreign, newer or forged: refused in one sentence, and nothing stays."""

import json
import shutil
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from readerstudy.domain.archive.container import MANIFEST, open_archive
from readerstudy.domain.archive.restoring import restore_study
from readerstudy.domain.errors import DomainError
from readerstudy.domain.store import get_store
from readerstudy.models.actor import Actor
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study

from .builders import archived, make_closed_study, rezipped, tampered

pytestmark = [pytest.mark.django_db, pytest.mark.database]

FLIPS = 400
CUTS = 60


@pytest.fixture(scope="module")
def archive(for_a_while: Callable[[], AbstractContextManager[None]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive, its study gone from the installation."""
    with for_a_while():
        return archived(make_closed_study(), tmp_path_factory.mktemp("archive"))


@pytest.fixture
def path(archive: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(archive, tmp_path))


def refused(path: Path) -> str:
    """Return the sentence of the refusal, after which nothing is there."""
    with pytest.raises(DomainError) as error:
        restore_study(path=path, actor="bob")
    assert not Study.objects.exists()
    assert not StoredFile.objects.exists()
    assert not Actor.objects.exists()
    assert list(get_store().list_files()) == []
    return str(error.value)


def test_what_is_no_archive_is_refused(path, tmp_path):
    text = tmp_path / "notes.zip"
    text.write_text("no archive")
    assert refused(text).startswith("notes.zip is no archive of a study, or is cut off (")
    text.write_bytes(b"")
    assert refused(text).startswith("notes.zip is no archive")
    foreign = tmp_path / "foreign.zip"
    with zipfile.ZipFile(foreign, "w") as target:
        target.writestr("readings.csv", "a,b")
    assert refused(foreign) == "foreign.zip is no archive of a study, or is cut off (it has no manifest.json)."
    with zipfile.ZipFile(foreign, "w") as target:
        target.writestr(MANIFEST, "[1]")
    assert refused(foreign) == "foreign.zip is no archive of a study."


def test_names_that_no_archive_has_are_refused(path):
    for name in ("../../evil", "/etc/evil", "files/../evil", "rows/../evil.jsonl", "rows\\evil"):
        assert "does not hold what its manifest names" in refused(rezipped(path, more={name: b"x"}))
    with zipfile.ZipFile(path) as original:
        manifest = json.loads(original.read(MANIFEST))
    evil = manifest["members"] | {"../../evil": {"sha256": "0" * 64, "bytes": 1}}
    without = rezipped(
        path, without=MANIFEST, more={"../../evil": b"x", MANIFEST: json.dumps(manifest | {"members": evil}).encode()}
    )
    assert "names members that no archive of a study has" in refused(without)


def test_a_missing_member_is_refused(path):
    assert "does not hold what its manifest names" in refused(rezipped(path, without="rows/reading.jsonl"))


def test_newer_archives_are_refused(path):
    assert "has format 2, this version reads 1" in refused(tampered(path, about={"format": 2}))
    assert "newer version of the program" in refused(tampered(path, about={"migration": "9999_future"}))


def change(name: str, value: object):
    def apply(lines: list[dict[str, object]]) -> None:
        lines[0][name] = value

    return apply


FORGED = {
    "an answer": ("reading", change("label", "unsure"), "The readings are not those that the trail names"),
    "an event": ("auditevent", change("action", "forged"), "records are not what was written: Event 1 (forged)"),
    "the protocol": ("protocol", change("document", {}), "The frozen protocol is not the one"),
    "an order": ("sequenceitem", change("sitting", "2"), "The order of reader R1 is not the one"),
    "a grid": ("slicepack", change("spacing_mm", [9, 9, 9]), "The cases are not the frozen ones"),
    "a reason": ("study", change("closed_early", "forged"), "The reason for closing early is not the one"),
    "no label": ("reading", change("label", "perhaps"), "holds a reading that does not fit"),
    "a long code": ("reader", change("code", "R" * 41), "holds a reader that does not fit"),
    "no number": ("sequenceitem", change("position", "first"), "holds a sequenceitem that does not fit"),
    "a huge number": ("sequenceitem", change("position", 10**30), "holds a sequenceitem that does not fit"),
    "another's key": ("reading", change("item_id", 10**6), "holds a reading that does not fit"),
    "a list for a key": ("reading", change("item_id", [1]), "holds a reading that does not fit"),
    "another study": ("auditevent", change("study_id", "other"), "it is of another study, other"),
    "an unknown column": ("reading", change("colour", "red"), "holds a reading that does not fit: it has colour"),
    "a missing key": ("reading", lambda lines: lines[0].pop("id"), "holds a reading that does not fit"),
    "a draft": ("study", change("state", "draft"), "does not"),
    "another slug": ("study", change("slug", "other"), "does not"),
    "no study": ("study", list.clear, "does not"),
    "two cases in one": ("case", lambda lines: lines.append(lines[0]), "holds a case that does not fit"),
    "deleted answers": ("reading", list.clear, "The readings are not those that the trail names"),
}


@pytest.mark.parametrize("what", FORGED)
def test_rows_that_do_not_fit_are_refused_whole(path, what):
    name, forge, words = FORGED[what]
    assert words in refused(tampered(path, rows={name: forge}))


def test_no_flipped_bit_changes_what_is_restored(path, tmp_path):
    """Either the damage is found, or it lies where it says nothing, as in a ZIP's dates."""
    rng, whole = np.random.default_rng(7), path.read_bytes()
    original, damaged, found = contents(path), tmp_path / "damaged.zip", 0
    for place in (
        rng.integers(0, len(whole), FLIPS // 2).tolist()
        + rng.integers(len(whole) - 6000, len(whole), FLIPS // 2).tolist()
    ):
        content = bytearray(whole)
        content[place] ^= 1 << int(rng.integers(8))
        damaged.write_bytes(content)
        try:
            assert contents(damaged) == original
        except DomainError:
            found += 1
    assert found > FLIPS // 2


def test_an_archive_that_is_cut_off_is_refused(path, tmp_path):
    rng, whole, cut = np.random.default_rng(7), path.read_bytes(), tmp_path / "cut.zip"
    for place in [*rng.integers(0, len(whole), CUTS).tolist(), len(whole) - 1]:
        cut.write_bytes(whole[:place])
        with pytest.raises(DomainError):
            contents(cut)
    cut.write_bytes(whole[: len(whole) // 2])
    assert "is cut off" in refused(cut)


def contents(path: Path) -> dict[str, bytes]:
    """Read an archive as it is read before it is restored."""
    with open_archive(path) as archive:
        archive.check()
        return {name: b"".join(archive.pieces(name)) for name in archive.members}
