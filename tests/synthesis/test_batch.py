import pytest

from synthesis.batch import NoPairs, pair, seeds


def test_more_seeds_begin_with_the_fewer_and_none_is_twice():
    assert seeds(3, 2) == seeds(3, 50)[:2]
    assert len(set(seeds(3, 50) + seeds(4, 50))) == 100


def test_ct_and_mask_are_paired_by_name_in_order(tmp_path):
    for folder, names in (("cts", ["b.nii", "a.nii.gz", "notes.txt"]), ("masks", ["a.nii.gz", "b.nii", "c.nii"])):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch()

    sources = pair(tmp_path / "cts", tmp_path / "masks", organ="liver", organ_labels=(5,))

    assert [source.folder for source in sources] == ["a", "b"]
    assert [source.organ_mask.name for source in sources] == ["a.nii.gz", "b.nii"]


def test_two_cts_of_one_name_are_refused(tmp_path):
    for folder in ("cts", "masks"):
        (tmp_path / folder).mkdir()
        for name in ("a.nii", "a.nii.gz"):
            (tmp_path / folder / name).touch()
    with pytest.raises(NoPairs, match=r"a\.nii and a\.nii\.gz"):
        pair(tmp_path / "cts", tmp_path / "masks", organ="liver", organ_labels=())
