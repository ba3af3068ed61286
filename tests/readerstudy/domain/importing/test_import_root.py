"""Staff choose below IMPORT_ROOT, and reach nothing beside it."""

import pytest

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.import_root import has_import_root, list_source, resolve_source


@pytest.fixture
def root(tmp_path, settings):
    root = tmp_path / "imports"
    (root / "hospital" / "cts").mkdir(parents=True)
    (root / "hospital" / "manifest.csv").write_text("x")
    (root / "hospital" / ".hidden").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "manifest.csv").write_text("x")
    settings.IMPORT_ROOT = root
    return root


def refusal(place, act=resolve_source):
    with pytest.raises(DomainError) as caught:
        act(place)
    return str(caught.value)


def test_a_folder_lists_its_folders_and_manifests(root):
    (root / "hospital" / "ct.nii.gz").write_bytes(b"")

    top, inside = list_source(""), list_source("hospital")

    assert ([entry.place for entry in top.folders], top.place, top.above) == (["hospital"], "", ())
    assert [entry.place for entry in inside.folders] == ["hospital/cts"]
    assert [entry.place for entry in inside.manifests] == ["hospital/manifest.csv"]
    assert [(entry.name, entry.place) for entry in list_source("hospital/cts").above] == [
        ("hospital", "hospital"),
        ("cts", "hospital/cts"),
    ]
    assert inside.files == 2


@pytest.mark.parametrize(
    "place", ["..", "../secret", "hospital/../../secret", "/etc", "hospital/../..", "/", "../nowhere"]
)
def test_nothing_outside_is_reached_by_its_path(root, place):
    assert refusal(place) == f"{place!r} lies outside the import folder; choose a folder inside it."
    assert "outside" in refusal(place, list_source)


def test_nothing_outside_is_reached_by_a_link(root, tmp_path):
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "manifest.csv").symlink_to(tmp_path / "secret" / "manifest.csv")

    listing = list_source("")

    assert ([entry.name for entry in listing.folders], listing.manifests) == (["hospital"], ())
    for place in ("link", "link/manifest.csv", "manifest.csv"):
        assert "lies outside the import folder" in refusal(place)


@pytest.mark.parametrize("place", ["nowhere", "a\0b", "x" * 5000, "hospital/manifest.csv/x"])
def test_what_is_not_there_is_refused(root, place):
    assert refusal(place) == f"There is nothing at {place!r} in the import folder; choose another."


def test_links_in_a_circle_are_passed_over(root):
    (root / "round").symlink_to(root / "round")

    assert [entry.name for entry in list_source("").folders] == ["hospital"]
    assert "There is nothing at 'round'" in refusal("round")


def test_a_file_is_no_folder_to_list(root):
    assert "is a file" in refusal("hospital/manifest.csv", list_source)


def test_without_a_root_there_is_nothing_to_choose(settings, tmp_path):
    settings.IMPORT_ROOT = None
    assert not has_import_root()
    assert "set IMPORT_ROOT on the server" in refusal("")
    settings.IMPORT_ROOT = tmp_path / "gone"
    assert "is not there" in refusal("")
