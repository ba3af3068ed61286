"""Files are stored whole or not at all, under names that say nothing."""

import hashlib
import os
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from readerstudy.domain.store import ORPHAN_AFTER, LocalStore, StoreError, get_store, remove_orphans, storing

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


def test_a_silent_database_may_have_kept_the_row_so_its_file_stays():
    def commit_and_hear_nothing():
        with storing() as shelf:
            shelf.write(lambda file: file.write(b"perhaps"))
            raise OperationalError

    with pytest.raises(OperationalError):
        commit_and_hear_nothing()

    assert len(files()) == 1


def test_files_without_a_row_are_removed_once_they_are_old():
    kept, orphan, young = put(), put(), put()
    kept.save()
    long_ago = (timezone.now() - ORPHAN_AFTER - timedelta(minutes=1)).timestamp()
    unfinished = get_store().root / orphan.key[:2] / f"{orphan.key}.partial"
    unfinished.write_bytes(b"half")
    for path in files():
        if path.name != young.key:
            os.utime(path, (long_ago, long_ago))

    remove_orphans()

    assert {path.name for path in files()} == {kept.key, young.key}


def test_free_space_is_that_of_the_disk(tmp_path):
    assert LocalStore(tmp_path / "new").free_bytes() > 0
