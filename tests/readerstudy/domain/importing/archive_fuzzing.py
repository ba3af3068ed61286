"""Imports of mutated archives: refused with a sentence, or right; nothing left behind. For a test and a benchmark."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from readerstudy.domain.importing.runs import Asked, ask_import, run_import
from readerstudy.domain.importing.uploads import keep_upload, uploads_folder
from readerstudy.domain.store import get_store
from readerstudy.models.dataset import Dataset
from readerstudy.models.import_run import ImportRun
from readerstudy.models.stored_file import ShelvedFile, StoredFile
from readerstudy.models.volume import Volume

from .archive_mutations import mutate


@dataclass(frozen=True)
class Outcome:
    """What became of one archive: the sentence by which it was refused, or nothing where it was imported."""

    refusal: str
    volumes: tuple[str, ...]  # by their content


def import_mutated(content: bytes, *, seed: int, folder: Path) -> Outcome:
    """Import one mutation of an archive, and check that nothing of it stays but what was imported, which goes too.

    Raises
    ------
    AssertionError
        If it ended in an internal error, said nothing, or left anything behind.
    """
    arrived = folder / "arrived.zip"
    arrived.write_bytes(mutate(content, np.random.default_rng(seed)))
    beside = set(folder.iterdir()) - {arrived}
    run = ask_import(
        name=f"set-{seed}",
        layout="manifest",
        source=keep_upload(arrived),
        asked=Asked("real"),
        actor="fuzz",
        uploaded=True,
    )
    run_import(run.pk)
    run.refresh_from_db()
    outcome = Outcome(
        refusal=" ".join([run.error, *(cause for _, cause in run.refusals)]).strip(),
        volumes=tuple(Volume.objects.filter(dataset__name=run.name).values_list("content_sha256", flat=True)),
    )
    assert run.state in ("succeeded", "failed"), run.state
    assert bool(outcome.refusal) != bool(outcome.volumes), outcome
    assert "internal error" not in outcome.refusal, outcome.refusal
    assert outcome.refusal.isprintable(), repr(outcome.refusal)
    assert set(folder.iterdir()) == beside, set(folder.iterdir()) - beside
    assert list(uploads_folder().iterdir()) == []
    assert {file.name.rpartition("/")[2] for file in get_store().list_files()} == _keys()
    _clear()
    return outcome


def _keys() -> set[str]:
    assert not ShelvedFile.objects.exists()
    return set(StoredFile.objects.values_list("key", flat=True))


def _clear() -> None:
    ImportRun.objects.all().delete()
    Dataset.objects.all().delete()
    for key in _keys():
        get_store().delete(key)
    StoredFile.objects.all().delete()
