"""Nothing that names a patient, a case or a file stays: in no stored byte, packed or unpacked, and in no column."""

import gzip
import io
import logging
import zipfile

import nibabel as nib
import numpy as np
import pytest
from django.apps import apps
from django.db import connection
from PIL import Image

from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.domain.importing.runs import Asked, ask_import, dismiss_import, run_import
from readerstudy.domain.importing.uploads import keep_upload
from readerstudy.domain.previews import ask_preview, make_preview
from readerstudy.models.dataset import Dataset
from readerstudy.models.import_run import ImportRun
from readerstudy.models.job import Job
from readerstudy.models.volume import OrganScan, Volume

from .archive_builder import pack_folder
from .dicom_builder import Series, segmentation

pytestmark = pytest.mark.django_db

PLANTED = (
    *("MUSTERMANN", "19480229", "CASE-4711", "PID-0815", "ward7", "tumour_of_erika", "Siemens"),
    *("Dr_Haus", "ACC-1234", "zip-of-erika"),
)
HEADER = {"descrip": "MUSTERMANN^ERIKA 19480229", "aux_file": "PID-0815.dcm", "db_name": "Siemens CASE-4711"}


def add_comment(path):
    """Put a name into a header extension, where DICOM converters leave whole headers."""
    image = nib.load(path)
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"MUSTERMANN 19480229 Siemens"))
    nib.save(nib.Nifti1Image(image.get_fdata().astype("int16"), image.affine, image.header), path)


def name_in_gzip(path):
    """Pack a volume as command lines do: with the name that it had, and the time, in gzip's header."""
    content = gzip.decompress(path.read_bytes())
    with (
        path.open("wb") as file,
        gzip.GzipFile("Dr_Haus_ACC-1234.nii", "wb", fileobj=file, mtime=-682_000_000 % 2**32) as z,
    ):
        z.write(content)
    assert b"Dr_Haus" in path.read_bytes()


@pytest.fixture
def planted(folder, row):
    """Two CTs whose headers, names and rows name the patient, with everything that earns a warning."""
    folder.ct("ward7/CASE-4711_MUSTERMANN.nii.gz", **HEADER)
    add_comment(folder.path / "ward7/CASE-4711_MUSTERMANN.nii.gz")
    name_in_gzip(folder.path / "ward7/CASE-4711_MUSTERMANN.nii.gz")
    folder.ct("ward7/CASE-4711_second.nii.gz", seed=2, **HEADER)
    folder.mask("ward7/PID-0815_organ.nii.gz", (4, 9), **HEADER)
    folder.mask("ward7/tumour_of_erika.nii.gz", (12, 15), **HEADER)
    names = {
        "organ_mask": "ward7/PID-0815_organ.nii.gz",
        "tumor_mask": "ward7/tumour_of_erika.nii.gz",
        "patient_id": "PID-0815 MUSTERMANN 19480229",
    }
    folder.manifest(
        row(case_id="CASE-4711", ct="ward7/CASE-4711_MUSTERMANN.nii.gz", **names),
        row(case_id="CASE-4711-host", ct="ward7/CASE-4711_second.nii.gz")
        | names
        | {"origin": "healthy", "tumor_mask": "", "organ_mask": ""},
    )
    manifest = folder.path / "manifest.csv"
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join([f"{lines[0]},MUSTERMANN", *(f"{line},Dr_Haus" for line in lines[1:])]))
    return folder.path


def every_cell():
    """Give each cell of each table as text."""
    for model in apps.get_models():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            for record in cursor.fetchall():
                for cell in record:
                    yield f"{model.__name__}: {cell!r}"


def every_text(path):
    """Give a file's name, its bytes, and what they unpack to."""
    content = path.read_bytes()
    yield from (path.name.encode(), content)
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)  # of slice packs, all members
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield repr([(entry, entry.comment) for entry in packed.infolist()]).encode()
            yield from (packed.read(entry) for entry in packed.infolist())
    if content[:4] == b"\x89PNG":
        image = Image.open(io.BytesIO(content))
        yield repr(image.info).encode() + image.tobytes()


def assert_nowhere(data_root):
    """Search everything under DATA_ROOT, the broker's messages and what is being written too, and the database."""
    cells = list(every_cell())
    texts = [text for path in data_root.rglob("*") if path.is_file() for text in every_text(path)]
    places = [str(path.relative_to(data_root)) for path in data_root.rglob("*")]
    for word in PLANTED:
        assert [cell for cell in cells if word.casefold() in cell.casefold()] == []
        assert [place for place in places if word.casefold() in place.casefold()] == []
        assert not any(word.encode().lower() in text.lower() for text in texts)


def look_at_everything():
    for scan in OrganScan.objects.all():
        make_preview(ask_preview(scan=scan).pk)


def take(planted):
    return import_dataset(name="ward", path=planted / "manifest.csv", layout="manifest", actor="ada")


def run_of(planted, settings, **changes):
    settings.IMPORT_ROOT = planted.parent
    asked = {"name": "ward", "layout": "manifest", "source": planted.name, "asked": Asked("healthy"), "actor": "ada"}
    run = ask_import(**asked | changes)
    run_import(run.pk)
    return ImportRun.objects.get(pk=run.pk)


def test_the_search_finds_what_is_planted(planted, data_root):
    """Of the source itself, each word would be found: otherwise the tests below would prove nothing."""
    texts = [text for path in planted.rglob("*") if path.is_file() for text in every_text(path)]
    places = [str(path) for path in planted.rglob("*")]
    archive = pack_folder(data_root / "zip-of-erika.zip", planted)
    found = [place.encode() for place in (*places, archive.name)] + texts

    for word in PLANTED:
        assert any(word.encode().lower() in text.lower() for text in found), word
    with pytest.raises(AssertionError):
        assert_nowhere(data_root)


def test_the_planted_words_are_nowhere_after_a_command(planted, data_root, stored):
    dataset = take(planted)
    look_at_everything()

    assert len(dataset.warnings) == 4  # the sentences are among what is searched
    assert len(stored()) == 2 + 2 + 2 + 4  # CTs, masks, thumbnails, previews with their masks
    assert_nowhere(data_root)


def test_they_are_nowhere_after_an_import_from_the_pages(planted, data_root, settings):
    run = run_of(planted, settings)
    look_at_everything()

    assert (run.state, Volume.objects.count()) == (Job.State.SUCCEEDED, 2)
    assert_nowhere(data_root)


def test_they_are_nowhere_after_an_upload(planted, data_root, settings, tmp_path):
    archive = pack_folder(tmp_path / "zip-of-erika.zip", planted, inside="zip-of-erika/")
    with zipfile.ZipFile(archive, "a") as packed:
        packed.comment = b"MUSTERMANN"
    run = run_of(planted, settings, source=keep_upload(archive), uploaded=True)

    assert run.state == Job.State.SUCCEEDED
    assert_nowhere(data_root)


@pytest.mark.parametrize("uploaded", [False, True])
def test_a_refusal_names_files_to_staff_until_it_is_dismissed(planted, data_root, settings, tmp_path, uploaded, caplog):
    (planted / "ward7/CASE-4711_second.nii.gz").write_bytes(b"no volume")
    where = {"source": keep_upload(pack_folder(tmp_path / "a.zip", planted)), "uploaded": True} if uploaded else {}

    with caplog.at_level(logging.DEBUG):
        run = run_of(planted, settings, **where)

    assert run.state == Job.State.FAILED
    assert "ward7/CASE-4711_second.nii.gz" in run.refusals[0][1]
    assert not Dataset.objects.exists()
    for word in PLANTED:
        assert word.casefold() not in caplog.text.casefold()  # the log says that it failed, not what it read
    dismiss_import(run=run, actor="ann")
    assert_nowhere(data_root)


@pytest.fixture
def dicom(tmp_path):
    """A series as a scanner sends it, named after the patient, with tags of its maker's own; its mask as a SEG."""

    def name_everything(_number, slice_):
        block = slice_.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
        block.add_new(0x10, "LO", "MUSTERMANN seen by Dr_Haus")
        block.add_new(0x20, "OB", b"CASE-4711 of ward7 ")
        slice_.InstitutionName = "ward7"
        slice_.PatientComments = "tumour_of_erika ACC-1234"
        slice_.ImageComments = "zip-of-erika"

    folder = tmp_path / "source" / "ward7" / "MUSTERMANN_ERIKA_19480229"
    series = Series(folder / "CASE-4711", change=name_everything)
    liver = np.zeros((10, 24, 20), bool)
    liver[2:8, 6:16, 6:14] = True
    segmentation(folder / "PID-0815_SEG.dcm", series, {"liver": liver})
    return tmp_path / "source"


@pytest.mark.parametrize("uploaded", [False, True])
def test_nothing_of_a_dicom_header_stays(dicom, data_root, settings, tmp_path, uploaded):
    texts = b"".join(path.read_bytes() + str(path).encode() for path in dicom.rglob("*.dcm"))
    assert all(word.encode() in texts for word in PLANTED)
    settings.IMPORT_ROOT = tmp_path
    where = {"source": "source", "layout": "dicom"}
    if uploaded:
        where |= {"source": keep_upload(pack_folder(tmp_path / "zip-of-erika.zip", dicom)), "uploaded": True}

    run = run_of(dicom, settings, **where)
    look_at_everything()

    assert (run.state, run.error) == (Job.State.SUCCEEDED, "")
    assert OrganScan.objects.exclude(organ_mask=None).count() == 1
    assert_nowhere(data_root)


def test_stored_volumes_differ_in_nothing_but_voxels(planted, stored):
    take(planted)

    volumes = [content for path in stored() if (content := path.read_bytes())[:2] == b"\x1f\x8b"]
    assert len(volumes) == 4
    for content in volumes:
        assert content[3:8] == bytes(5)  # gzip: no flag of a file name, no time
        header = nib.Nifti2Image.from_bytes(gzip.decompress(content)).header
        assert header.extensions == []
        for field in ("descrip", "aux_file", "intent_name"):
            assert header[field].tobytes().strip(b"\0") == b""


def test_the_key_hangs_on_the_secret(planted, settings):
    take(planted)
    settings.SECRET_KEY = "another secret"
    import_dataset(name="ward-again", path=planted / "manifest.csv", layout="manifest", actor="ada")

    [key, same, other, _] = Volume.objects.order_by("id").values_list("patient_key", flat=True)
    assert key == same != other
    assert len(key) == 32
    assert OrganScan.objects.count() == 4
