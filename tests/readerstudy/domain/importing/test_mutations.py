"""A damaged file is refused in one sentence, or what was imported is what an independent reader sees.

`python -m benchmarks.fuzz_import` does the same to thousands of files, with limits on time and memory.
"""

import os

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.domain.volumes import load_volume
from readerstudy.models.dataset import Dataset
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.volume import Volume

from .dicom_builder import body, expected_ras
from .mutations import DAMAGES, SYNTAXES, Damage, templates

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return templates(tmp_path_factory.mktemp("whole"))


def is_right(template, path, ct):
    """Whether a volume is what nibabel sees in one of the files; or that of a series, but for the damaged slice."""
    if template.name == "nifti":
        return any(np.array_equal(ct.hu, seen_by_nibabel(file)) for file in path.glob("*.nii*"))
    if template.name == "multi-frame":
        return True  # its header holds for all slices
    series = expected_ras(body()[:4] if template.name in SYNTAXES else body())
    series = np.tile(series, (3, 3, 1)) if template.name in SYNTAXES else series
    known = {plane.tobytes() for plane in np.moveaxis(series, 2, 0)}
    return sum(plane.tobytes() not in known for plane in np.moveaxis(ct.hu, 2, 0)) <= 1


def seen_by_nibabel(path):
    try:
        with np.errstate(all="ignore"):
            image = nib.as_closest_canonical(nib.load(path))
            return np.rint(image.get_fdata()).clip(-32768, 32767).astype(np.int16).reshape(image.shape[:3])
    except Exception:  # noqa: BLE001  the damaged file, perhaps a mask: whatever nibabel raises, it saw no volume
        return None


@pytest.mark.django_db
def test_every_data_set_is_imported_whole_before_it_is_damaged(whole):
    for template in whole:
        path, options = template.damaged(Damage(0, 0, unpacked=False, edits=()), template.path.with_suffix(".copy"))
        import_dataset(name=template.name, path=path, actor="ada", **options)

    assert Dataset.objects.count() == len(whole)


@pytest.mark.django_db
def test_a_damaged_file_is_refused_or_imported_right(whole, stored, tmp_path_factory):
    refused = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(DAMAGES)
    def check(damage):
        template = whole[damage.template % len(whole)]
        path, options = template.damaged(damage, tmp_path_factory.mktemp("damaged") / "data")
        before = len(stored())
        said = ""
        try:
            dataset = import_dataset(name="fuzz", path=path, actor="ada", **options)
        except DomainError as error:
            said = str(error)
        if said:
            refused.append(said)
            assert "\n" not in said
            assert said.endswith(".")
            assert len(stored()) == before
            return
        for volume in dataset.volumes.all():
            ct = load_volume(volume.file)
            assert list(ct.shape) == volume.shape
            assert np.isfinite(ct.affine).all()
            assert is_right(template, path, ct)
        assert sorted(path.name for path in stored()) == sorted(StoredFile.objects.values_list("key", flat=True))
        dataset.delete()

    check()
    assert len(refused) > EXAMPLES / 4
    assert not Volume.objects.exists()
