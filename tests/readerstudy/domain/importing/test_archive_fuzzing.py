"""A hundred mutated archives; `python -m benchmarks.fuzz_zip` does thousands."""

import pytest

from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.models.dataset import Dataset
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.volume import Volume

from .archive_builder import pack_folder
from .archive_fuzzing import import_mutated

pytestmark = pytest.mark.django_db

ARCHIVES = 100


def test_mutated_archives_are_refused_or_right_and_leave_nothing(folder, row, tmp_path, data_root):
    folder.ct("ct.nii.gz")
    folder.mask("organ.nii.gz", (4, 12))
    folder.mask("tumor.nii.gz", (5, 8))
    folder.manifest(row())
    content = pack_folder(tmp_path / "sound.zip", folder.path, inside="set/").read_bytes()
    dataset = import_dataset(name="sound", path=folder.path, layout="manifest", actor="fuzz")
    right = set(Volume.objects.filter(dataset=dataset).values_list("content_sha256", flat=True))
    Dataset.objects.all().delete()
    for path in (data_root / "store").rglob("*"):
        if path.is_file():
            path.unlink()
    StoredFile.objects.all().delete()

    outcomes = [import_mutated(content, seed=seed, folder=tmp_path) for seed in range(ARCHIVES)]

    refused = [outcome for outcome in outcomes if outcome.refusal]
    assert {content for outcome in outcomes for content in outcome.volumes} == right
    assert 0.5 * ARCHIVES < len(refused) < ARCHIVES
