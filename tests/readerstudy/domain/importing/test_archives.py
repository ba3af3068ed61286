"""Archives are unpacked whole, or refused by name with nothing written outside their folder."""

import zipfile

import pytest

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing import archives
from readerstudy.domain.importing.archives import unpack_archive

from . import archive_builder as builder

ROOM = 10**9


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "unpacked"
    path.mkdir()
    return path


@pytest.fixture
def refused(folder, tmp_path):
    """Return the sentence by which an archive is refused; nothing lies anywhere but in its folder."""

    def unpack(archive, *, free_bytes=ROOM):
        before = set(tmp_path.iterdir())
        with pytest.raises(DomainError) as caught:
            unpack_archive(archive, folder, free_bytes=free_bytes)
        assert set(tmp_path.iterdir()) == before
        return str(caught.value)

    return unpack


def test_an_archive_is_unpacked_with_its_folders(tmp_path, folder):
    archive = builder.pack(tmp_path / "a.zip", {"manifest.csv": b"rows", "ct/1.nii.gz": b"one", "empty/": b""})

    assert unpack_archive(archive, folder, free_bytes=ROOM) == folder
    assert {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == {
        "manifest.csv": b"rows",
        "ct/1.nii.gz": b"one",
    }


def test_a_single_top_folder_is_where_the_data_set_begins(tmp_path, folder):
    files = {"set/manifest.csv": b"rows", "__MACOSX/set/._manifest.csv": b"junk", ".DS_Store": b"junk"}

    assert unpack_archive(builder.pack(tmp_path / "a.zip", files), folder, free_bytes=ROOM) == folder / "set"
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["manifest.csv"]


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/../../evil", "/etc/evil", "//evil", "C:/evil", "a\\..\\evil", "..\\evil", ".."],
)
def test_names_that_lead_outside_are_refused(tmp_path, refused, name):
    archive = builder.pack(tmp_path / "a.zip", {"fine.txt": b"", name: b"evil"})

    assert refused(archive) == (
        f"The archive's {name!r} leads out of the archive's own folder; pack the folder itself, with plain names."
    )


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31m", "x" * 256, "/".join("a" * 25)])
def test_names_that_are_none_are_refused(tmp_path, refused, name):
    assert "is no usable file name; rename it" in refused(builder.pack(tmp_path / "a.zip", {name: b""}))


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "fine.txt"])
def test_links_are_refused(tmp_path, refused, target):
    archive = builder.pack_link(tmp_path / "a.zip", "link", target)

    assert refused(archive) == "The archive's 'link' is a link or no plain file; pack the file that it stands for."


def test_encrypted_entries_are_refused(tmp_path, refused):
    archive = builder.pack_encrypted(tmp_path / "a.zip", "ct.nii.gz")

    assert refused(archive) == "The archive's 'ct.nii.gz' is encrypted; pack without a password."


@pytest.mark.parametrize("name", ["inner.zip", "a/INNER.ZIP", "x.7z", "x.tar.gz", "x.tgz", "x.rar"])
def test_archives_in_the_archive_are_refused(tmp_path, refused, name):
    archive = builder.pack(tmp_path / "a.zip", {name: builder.nested({"x": b"y"})})

    assert refused(archive) == (
        f"The archive's {name!r} is an archive in the archive; unpack it first, and pack the files."
    )


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(tmp_path, refused, compression):
    archive = builder.pack(tmp_path / "a.zip", {"x": b"y"}, compression=compression)

    assert refused(archive) == "The archive's 'x' is packed in an unusual way; pack as a plain zip (deflate)."


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(tmp_path, refused):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a/x", "1")
        packed.writestr("a//x", "2")

    assert refused(archive) == "The archive's 'a//x' is there twice; pack the folder again."


def test_a_file_that_is_a_folder_too_is_refused(tmp_path, refused):
    archive = builder.pack(tmp_path / "a.zip", {"a": b"1", "a/b": b"2"})

    assert refused(archive) == "The archive's 'a/b' lies in what is a file too; pack the folder again."


def test_a_bomb_is_refused_before_anything_is_written(tmp_path, refused, folder):
    archive = builder.pack(tmp_path / "a.zip", {f"{n}.bin": bytes(16 * 1024**2) for n in range(5)})

    assert archive.stat().st_size < 100_000
    assert "times its size, as no CTs do" in refused(archive)
    assert list(folder.iterdir()) == []


def test_too_many_entries_are_refused(tmp_path, refused, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)

    assert refused(builder.pack_many(tmp_path / "a.zip", 11)) == (
        "The archive holds 11 entries, and 10 are allowed; import it from a folder instead."
    )


def test_a_list_of_entries_too_large_for_memory_is_not_read(tmp_path, refused, monkeypatch):
    monkeypatch.setattr(archives, "MAX_DIRECTORY_BYTES", 70_000)

    assert refused(builder.pack_many(tmp_path / "a.zip", 2000)) == (
        "The archive's list of entries is too large or damaged; pack fewer files."
    )


def test_what_unpacks_to_too_much_is_refused(tmp_path, refused, monkeypatch):
    archive = builder.pack(tmp_path / "a.zip", {"x": b"x" * 2_000_000}, compression=zipfile.ZIP_STORED)

    assert "unpacks to 2 MB, and 1 MB of disk space are free" in refused(archive, free_bytes=1_000_000)
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 1_500_000)
    assert "and 0.0 GB are allowed" in refused(archive)


@pytest.mark.parametrize("promised", [10, 5000])
def test_an_entry_of_another_size_than_promised_is_refused(tmp_path, refused, promised):
    archive = builder.pack_lying(tmp_path / "a.zip", "x", b"y" * 1000, promised=promised)

    assert refused(archive).startswith("The archive's 'x' is ")


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04" + bytes(100), b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_zip_is_refused(tmp_path, refused, content):
    archive = tmp_path / "a.zip"
    archive.write_bytes(content)

    assert refused(archive) in (
        "The archive is damaged or no zip; pack it again.",
        "The archive's list of entries is too large or damaged; pack fewer files.",
    )


def test_damaged_content_is_refused_by_name(tmp_path, refused):
    archive = builder.pack(tmp_path / "a.zip", {"ct.nii.gz": bytes(range(256)) * 40})
    content = bytearray(archive.read_bytes())
    content[60] ^= 0xFF
    archive.write_bytes(content)

    assert refused(archive) == "The archive's 'ct.nii.gz' is damaged; pack the folder again."
