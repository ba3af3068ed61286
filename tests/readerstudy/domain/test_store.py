"""Files are stored whole or not at all, under names that say nothing."""

import hashlib

import pytest
from django.db import transaction

from readerstudy.domain.store import LocalStore, StoreError, discard, get_store, storing
from readerstudy.models.stored_file import StoredFile

pytestmark = [pytest.mark.django_db, pytest.mark.database]

CONTENT = bytes(range(256)) * 4


def put(content=CONTENT):
    return get_store().write(lambda file: file.write(content))


def path_of(file):
    (path,) = get_store().root.rglob(file.key)
    return path


def files():
    return [path for path in get_store().root.rglob("*") if path.is_file()]


def test_what_was_written_is_read_back_whole_and_in_part():
    file = put()

    assert get_store().read(file) == CONTENT
    assert get_store().read_range(file, 10, 300) == CONTENT[10:300]
    assert (file.size, file.sha256) == (1024, hashlib.sha256(CONTENT).hexdigest())


def test_the_same_content_is_stored_under_unrelated_names():
    first, second = put(), put()

    assert first.key != second.key
    assert len(first.key) == 32
    assert first.sha256[:8] not in first.key


def test_a_writer_that_fails_leaves_nothing():
    def fail(file):
        file.write(b"half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        get_store().write(fail)

    assert files() == []


def test_a_damaged_file_is_an_error():
    file = put()
    path_of(file).write_bytes(b"x" + CONTENT[1:])

    with pytest.raises(StoreError, match="is damaged"):
        get_store().read(file)


def test_a_missing_file_is_an_error():
    file = put()
    get_store().delete(file.key)

    with pytest.raises(StoreError, match="is missing"):
        get_store().read(file)
    with pytest.raises(StoreError, match="is missing"):
        get_store().read_range(file, 0, 1)


def test_a_range_beyond_the_end_is_an_error():
    with pytest.raises(StoreError, match="ends before byte 1025"):
        get_store().read_range(put(), 1000, 1025)


def test_files_stay_only_where_their_block_ends_well():
    with storing() as shelf:
        kept = shelf.write(lambda file: file.write(b"kept"))

    def lose_two():
        with storing() as shelf:
            shelf.write(lambda file: file.write(b"lost"))
            shelf.write(lambda file: file.write(b"lost too"))
            raise KeyError

    with pytest.raises(KeyError):
        lose_two()

    assert [path.name for path in files()] == [kept.key]


def test_a_file_is_deleted_only_once_the_transaction_holds(django_capture_on_commit_callbacks):
    file = put()
    file.save()

    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        discard(StoredFile.objects.get(pk=file.key))
        assert len(files()) == 1

    assert not StoredFile.objects.exists()
    for callback in callbacks:
        callback()
    assert files() == []


def test_free_space_is_that_of_the_disk(tmp_path):
    assert LocalStore(tmp_path / "new").free_bytes() > 0
