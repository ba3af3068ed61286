"""Nothing that names a patient, a case or a file reaches the store or the database."""

import gzip

import nibabel as nib
import pytest
from django.apps import apps
from django.db import connection

from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.models.volume import OrganScan, Volume

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PLANTED = ("MUSTERMANN", "19480229", "CASE-4711", "PID-0815", "ward7", "tumour_of_erika", "Siemens")
HEADER = {"descrip": "MUSTERMANN^ERIKA 19480229", "aux_file": "PID-0815.dcm", "db_name": "Siemens CASE-4711"}


def add_comment(path):
    """Put a name into a header extension, where DICOM converters leave whole headers."""
    image = nib.load(path)
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"MUSTERMANN 19480229 Siemens"))
    nib.save(nib.Nifti1Image(image.get_fdata().astype("int16"), image.affine, image.header), path)


@pytest.fixture
def planted(folder, row):
    """Two CTs whose headers, names and rows name the patient, with everything that earns a warning."""
    folder.ct("ward7/CASE-4711_MUSTERMANN.nii.gz", **HEADER)
    add_comment(folder.path / "ward7/CASE-4711_MUSTERMANN.nii.gz")
    folder.ct("ward7/CASE-4711_second.nii.gz", seed=2, **HEADER)
    folder.mask("ward7/PID-0815_organ.nii.gz", (4, 9), **HEADER)
    folder.mask("ward7/tumour_of_erika.nii.gz", (12, 15), **HEADER)
    names = {
        "organ_mask": "ward7/PID-0815_organ.nii.gz",
        "tumor_mask": "ward7/tumour_of_erika.nii.gz",
        "patient_id": "PID-0815 MUSTERMANN 19480229",
    }
    return folder.manifest(
        row(case_id="CASE-4711", ct="ward7/CASE-4711_MUSTERMANN.nii.gz", **names),
        row(case_id="CASE-4711-host", ct="ward7/CASE-4711_second.nii.gz")
        | names
        | {"origin": "healthy", "tumor_mask": "", "organ_mask": ""},
        name="MUSTERMANN.csv",
    )


def every_cell():
    """Give each cell of each table as text."""
    for model in apps.get_models():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')  # noqa: S608 (the project's own tables)
            for record in cursor.fetchall():
                for cell in record:
                    yield f"{model.__name__}: {cell!r}"


def test_the_planted_words_are_nowhere(planted, stored):
    dataset = import_dataset(name="ward", path=planted, layout="manifest", actor="ada")
    assert len(dataset.warnings) == 2  # the sentences are among what is searched

    cells = list(every_cell())
    assert any("ward" in cell for cell in cells)
    files = [(path.name.encode(), path.read_bytes()) for path in stored()]
    assert len(files) == 4
    for word in PLANTED:
        assert [cell for cell in cells if word.casefold() in cell.casefold()] == []
        for name, content in files:
            for text in (name, content, gzip.decompress(content)):
                assert word.encode().lower() not in text.lower()


def test_stored_files_differ_in_nothing_but_voxels(planted, stored):
    import_dataset(name="ward", path=planted, layout="manifest", actor="ada")

    for path in stored():
        content = path.read_bytes()
        assert content[3:8] == bytes(5)  # gzip: no flag of a file name, no time
        header = nib.Nifti2Image.from_bytes(gzip.decompress(content)).header
        assert header.extensions == []
        for field in ("descrip", "aux_file", "intent_name"):
            assert header[field].tobytes().strip(b"\0") == b""


def test_the_key_hangs_on_the_secret(planted, settings):
    import_dataset(name="ward", path=planted, layout="manifest", actor="ada")
    settings.SECRET_KEY = "another secret"
    import_dataset(name="ward-again", path=planted, layout="manifest", actor="ada")

    [key, same, other, _] = Volume.objects.order_by("id").values_list("patient_key", flat=True)
    assert key == same != other
    assert len(key) == 32
    assert OrganScan.objects.count() == 4
