"""Files are stored whole or not at all, under names that say nothing: in a folder, and in a bucket."""

import hashlib
import os
import uuid
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.db import OperationalError
from django.utils import timezone

from readerstudy.domain.store import (
    ORPHAN_AFTER,
    Store,
    StoreError,
    get_store,
    name_of,
    orphans,
    remove_orphans,
    remove_shelved,
    storing,
)
from readerstudy.models.stored_file import ShelvedFile, StoredFile

pytestmark = pytest.mark.django_db

CONTENT = bytes(range(256)) * 4


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "bucket":
        request.getfixturevalue("bucket")
    return get_store()


def put(content=CONTENT):
    return get_store().write(lambda file: file.write(content))


def keys():
    return {file.name.rpartition("/")[2] for file in get_store().list_files()}


def spoil(store, file, content):
    store.storage.delete(name_of(file.key))
    store.storage.save(name_of(file.key), ContentFile(content))


def test_what_was_written_is_read_back_whole_and_in_part(store):
    file = put()

    assert store.read(file) == CONTENT
    assert store.read_range(file, 10, 300) == CONTENT[10:300]
    assert (file.size, file.sha256) == (1024, hashlib.sha256(CONTENT).hexdigest())
    assert store.sha256(file) == file.sha256
    assert list(store.storage.incoming().iterdir()) == []


def test_a_file_larger_than_memory_is_for_is_read_back(store):
    """On S3 it is sent in parts, and fetched by way of the disk."""
    content = np.random.default_rng(0).bytes(20 * 1024**2)
    file = put(content)

    assert store.read(file) == content
    assert store.read_range(file, len(content) - 5, len(content)) == content[-5:]


def test_the_same_content_is_stored_under_unrelated_names(store):
    first, second = put(), put()

    assert first.key != second.key
    assert len(first.key) == 32
    assert first.sha256[:8] not in first.key


def test_a_writer_that_seeks_is_stored_whole(store):
    def write(file):
        file.write(b"1234")
        file.seek(0)
        file.write(b"0")

    file = store.write(write)

    assert (store.read(file), file.size) == (b"0234", 4)


def test_a_writer_that_fails_leaves_nothing(store):
    def fail(file):
        file.write(b"half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.write(fail)

    assert keys() == set()


def test_a_damaged_file_is_an_error(store):
    file = put()
    spoil(store, file, b"x" + CONTENT[1:])

    with pytest.raises(StoreError, match="is damaged"):
        store.read(file)
    assert store.sha256(file) not in (None, file.sha256)


def test_a_missing_file_is_an_error(store):
    file = put()
    store.delete(file.key)
    store.delete(file.key)  # once more is no error

    with pytest.raises(StoreError, match="is missing"):
        store.read(file)
    with pytest.raises(StoreError, match="is missing"):
        store.read_range(file, 0, 1)
    assert store.sha256(file) is None


@pytest.mark.parametrize(("start", "stop"), [(1000, 1025), (1024, 1025), (4000, 4001)])
def test_a_range_beyond_the_end_is_an_error(store, start, stop):
    with pytest.raises(StoreError, match=f"ends before byte {stop}"):
        store.read_range(put(), start, stop)


def test_what_is_stored_is_listed_with_its_size_and_time(store):
    begun = timezone.now() - timedelta(seconds=2)  # S3 tells whole seconds
    file = put()

    (found,) = store.list_files()

    assert (found.name, found.size) == (name_of(file.key), 1024)
    assert begun <= found.written_at <= timezone.now() + timedelta(seconds=1)


@pytest.mark.database
def test_files_stay_only_where_their_block_ends_well(store):
    with storing() as shelf:
        kept = shelf.write(lambda file: file.write(b"kept"))

    def lose_two():
        with storing() as shelf:
            shelf.write(lambda file: file.write(b"lost"))
            shelf.write(lambda file: file.write(b"lost too"))
            raise KeyError

    with pytest.raises(KeyError):
        lose_two()

    assert keys() == {kept.key}


@pytest.mark.database
def test_a_silent_database_may_have_kept_the_row_so_its_file_stays(store):
    def commit_and_hear_nothing():
        with storing() as shelf:
            shelf.write(lambda file: file.write(b"perhaps"))
            raise OperationalError

    with pytest.raises(OperationalError):
        commit_and_hear_nothing()

    assert len(keys()) == 1


@pytest.mark.database
def test_files_of_a_claim_are_known_until_they_have_their_rows(store):
    claim = uuid.uuid4()
    with storing(claim) as shelf:
        file = shelf.write(lambda file: file.write(b"kept"))
        assert [shelved.key for shelved in ShelvedFile.objects.filter(claim=claim)] == [file.key]
        shelf.save_rows()

    assert not ShelvedFile.objects.exists()
    assert StoredFile.objects.get().key == file.key


@pytest.mark.database
def test_what_a_killed_worker_left_is_removed_and_what_a_living_one_writes_is_not(store):
    dead, alive = uuid.uuid4(), uuid.uuid4()
    kept, saved = put(), put()
    saved.save()
    for file, claim in ((put(), dead), (saved, dead), (kept, alive)):
        ShelvedFile.objects.create(key=file.key, claim=claim)
    ShelvedFile.objects.create(key="0" * 32, claim=dead)  # killed before it wrote
    ShelvedFile.objects.create(key="1" * 32, claim=dead)
    half = store.storage.incoming() / f"{'1' * 32}.partial"
    half.write_bytes(b"killed while it wrote")

    remove_shelved(live_claims={alive})

    assert (keys(), half.exists()) == ({kept.key, saved.key}, False)
    assert [shelved.key for shelved in ShelvedFile.objects.all()] == [kept.key]


@pytest.mark.database
def test_files_without_a_row_are_found(store):
    kept, orphan, shelved = put(), put(), put()
    kept.save()
    ShelvedFile.objects.create(key=shelved.key, claim=uuid.uuid4())

    assert orphans(store, before=timezone.now() + timedelta(seconds=2)) == [name_of(orphan.key)]
    assert orphans(store, before=timezone.now() - timedelta(seconds=5)) == []


@pytest.mark.database
def test_what_a_worker_is_writing_is_no_orphan():
    store, key = get_store(), "2" * 32
    ShelvedFile.objects.create(key=key, claim=uuid.uuid4())
    found = []

    def write(file):
        file.write(b"half")
        found.extend(orphans(store, before=timezone.now() + timedelta(seconds=2)))

    store.write(write, key=key)

    assert found == []


@pytest.mark.database
def test_what_a_killed_command_was_writing_is_removed_wherever_the_store_is(store):
    half = store.storage.incoming() / "abc.partial"
    half.write_bytes(b"half")
    long_ago = (timezone.now() - ORPHAN_AFTER - timedelta(minutes=1)).timestamp()

    remove_orphans()
    assert half.exists()
    os.utime(half, (long_ago, long_ago))
    remove_orphans()
    assert not half.exists()


@pytest.mark.database
def test_files_without_a_row_are_removed_once_they_are_old():
    root = Path(get_store().storage.location)
    kept, orphan, young = put(), put(), put()
    kept.save()
    unfinished = root / "incoming" / "abc.partial"
    strange = root / orphan.key[:2] / "notes.txt"
    for path in (unfinished, strange):
        path.write_bytes(b"half")
    long_ago = (timezone.now() - ORPHAN_AFTER - timedelta(minutes=1)).timestamp()
    for path in (path for path in root.rglob("*") if path.is_file() and path.name != young.key):
        os.utime(path, (long_ago, long_ago))

    remove_orphans()

    assert keys() == {kept.key, young.key}


def test_stored_files_are_their_owners_alone():
    assert Path(get_store().storage.path(name_of(put().key))).stat().st_mode & 0o777 == 0o600


def test_free_space_is_that_of_the_disk():
    assert get_store().free_bytes() > 0


def test_a_bucket_has_no_limit(bucket):
    assert get_store().free_bytes() is None
