"""What is imported, as the pages list it, sort it and delete it."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from readerstudy.domain.design import parse_design
from readerstudy.domain.queries.scans import COLUMNS
from readerstudy.domain.store import get_store
from readerstudy.domain.studies import create_study
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.dataset import Dataset
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.volume import Lesion, OrganScan, Volume
from readerstudy.models.volume_preview import VolumePreview
from tests import factories

from . import builders


def test_each_data_set_says_what_it_holds_and_what_is_usable(staff_client: Client):
    builders.import_scans("mixed", origin="real", count=3)
    builders.import_scans("mixed", origin="healthy", organ="kidney", count=2)
    builders.import_scans("mixed", origin="healthy", organ="kidney", count=1, masked=False)
    builders.import_scans("synthetic", origin="synthetic", generator="difftumor", count=2)
    OrganScan.objects.filter(diameter_mm=5, origin="real").update(stand_in=True)
    Dataset.objects.filter(name="mixed").update(warnings=["Row 2: the mask was resampled."])

    response = staff_client.get(reverse("dataset-list"))

    mixed, synthetic = response.context["datasets"]
    shown = [
        (source.organ, source.origin, source.generator, source.scans, source.usable_scans, source.unusable)
        for source in (*mixed.sources, *synthetic.sources)
    ]
    assert shown == [
        ("kidney", "healthy", "", 3, 2, 1),
        ("liver", "real", "", 3, 3, 0),
        ("liver", "synthetic", "difftumor", 2, 2, 0),
    ]
    assert (mixed.sources[1].smallest_mm, mixed.sources[1].largest_mm) == (5, 7)
    assert (mixed.sources[0].stand_ins, mixed.sources[1].stand_ins) == (0, 1)
    assert "Row 2: the mask was resampled." in response.text
    assert "1 stand-in<" in response.text


def test_without_any_data_set_it_says_how_to_import_one(staff_client: Client):
    response = staff_client.get(reverse("dataset-list"))
    assert "Nothing is imported yet." in response.text
    assert reverse("import-new") in response.text


# One data set


def page_of(client: Client, **query: str):
    return client.get(reverse("dataset-detail", args=["mixed"]), query)


def rows_of(response) -> list[int]:
    return [scan.row for scan in response.context["table"].page]


@pytest.fixture
def mixed(db: None) -> Dataset:
    """Rows 1 to 3: tumours of 7, none and 5 mm; livers and a kidney; 8, 30 and 8 slices."""
    dataset = builders.import_scans("mixed", origin="real", count=1)
    builders.import_scans("mixed", origin="healthy", organ="kidney", count=1, masked=False)
    builders.import_scans("mixed", origin="real", count=1)
    OrganScan.objects.filter(row=1).update(diameter_mm=7, lesions=4)
    OrganScan.objects.filter(row=1).update(phase="portal")
    Volume.objects.filter(organ_scans__row=2).update(shape=[8, 8, 30], spacing_mm=[1, 1, 0.5], noise_hu=12.4)
    return dataset


def test_every_scan_is_a_row_with_what_is_known_of_it(mixed: Dataset, staff_client: Client):
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page_of(staff_client).text))

    assert "1 Liver real 7.0 mm 4 portal venous – 1.00 × 1.00 × 1.00 mm 8" in text
    assert "2 Kidney healthy no organ mask – – – 12 HU 1.00 × 1.00 × 0.50 mm 30" in text


@pytest.mark.parametrize(
    ("sort", "rows"),
    [
        ("", [1, 2, 3]),
        ("-row", [3, 2, 1]),
        ("organ", [2, 1, 3]),
        ("origin", [2, 1, 3]),
        ("diameter", [3, 1, 2]),
        ("-diameter", [1, 3, 2]),
        ("-lesions", [1, 3, 2]),
        ("-phase", [1, 2, 3]),
        ("noise", [2, 1, 3]),
        ("spacing", [2, 1, 3]),
        ("-slices", [2, 1, 3]),
        ("volume__patient_key", [1, 2, 3]),
        ("-nonsense", [3, 2, 1]),
    ],
)
def test_the_headings_sort(mixed: Dataset, staff_client: Client, sort: str, rows: list[int]):
    assert rows_of(page_of(staff_client, sort=sort)) == rows


def test_each_heading_leads_to_its_order_and_back(mixed: Dataset, staff_client: Client):
    first, second = page_of(staff_client, sort="diameter"), page_of(staff_client, sort="-diameter")

    assert {f"?sort={column.name}#scans" for column in COLUMNS if column.name != "diameter"} < set(
        re.findall(r'href="(\?sort=[^"]+)"', first.text)
    )
    assert 'aria-sort="ascending"><a class="sort" href="?sort=-diameter#scans"' in first.text
    assert 'aria-sort="descending"><a class="sort" href="?sort=diameter#scans"' in second.text


def test_many_scans_come_in_pages_with_few_queries(staff_client: Client, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr("readerstudy.domain.queries.scans.PER_PAGE", 4)
    builders.import_scans("mixed", origin="real", count=9)

    with django_assert_max_num_queries(12):
        response = page_of(staff_client, sort="-row", page="2")

    assert rows_of(response) == [5, 4, 3, 2]
    assert "5–8 of 9" in response.text
    assert "?sort=-row&amp;page=3#scans" in response.text
    assert rows_of(page_of(staff_client, page="seven")) == [1, 2, 3, 4]


def test_heads_in_the_field_of_view_are_warned_of(mixed: Dataset, staff_client: Client):
    assert "a head" not in page_of(staff_client).text
    Volume.objects.filter(organ_scans__row=2).update(shows_head=True)

    scan = OrganScan.objects.get(row=2)
    assert "1 CT shows a head" in page_of(staff_client).text
    assert page_of(staff_client).text.count("head in view") == 1
    assert "The head is in the field of view" in staff_client.get(reverse("scan-detail", args=[scan.pk])).text


def test_an_empty_data_set_says_so(staff_client: Client):
    factories.make_dataset("mixed")
    assert "It holds no scan." in page_of(staff_client).text


# One scan


def test_a_scan_is_shown_with_its_thumbnail_and_preview(staff_client: Client):
    scan = builders.shown_scan()

    page = staff_client.get(reverse("scan-detail", args=[scan.pk]))
    picture = staff_client.get(reverse("scan-thumbnail", args=[scan.pk]))
    preview = staff_client.get(reverse("scan-preview", args=[scan.pk])).json()

    assert reverse("scan-preview", args=[scan.pk]) in page.text
    assert (picture.headers["Content-Type"], picture.content[:4]) == ("image/png", b"\x89PNG")
    assert (preview["state"], preview["item"]["towards"]) == ("ready", ["I", "P", "L"])
    for address in (preview["item"]["slice_url"], preview["item"]["overlay_url"]):
        member = staff_client.get(address.replace("{n}", "3"))
        assert (member.headers["Content-Encoding"], member.content[:2]) == ("gzip", b"\x1f\x8b")
        assert staff_client.get(address.replace("{n}", "18")).status_code == 404


def test_a_preview_that_is_not_ready_says_so(staff_client: Client):
    scan = factories.make_scan(factories.make_dataset())
    address = reverse("scan-preview", args=[scan.pk])

    assert staff_client.get(address).json() == {"state": "waiting"}
    VolumePreview.objects.update(state="running")
    assert staff_client.get(address).json() == {"state": "waiting"}
    assert VolumePreview.objects.count() == 1


def test_a_scan_without_a_thumbnail_has_none(staff_client: Client):
    scan = factories.make_scan(factories.make_dataset())
    assert staff_client.get(reverse("scan-thumbnail", args=[scan.pk])).status_code == 404


def test_each_lesion_is_listed_as_it_was_measured(staff_client: Client):
    scan = builders.shown_scan()
    size = {"volume_ml": 2.0, "equivalent_mm": 15.6, "longest_mm": 18.0}
    half = {"half_volume_ml": 1.0, "half_equivalent_mm": 12.4, "half_longest_mm": 14.0, "contrast_hu": 45.2}
    Lesion.objects.create(scan=scan, number=1, kind="hcc", depth_mm=9.6, **size, **half)
    Lesion.objects.create(scan=scan, number=2, no_edge="too little contrast", **size)

    text = staff_client.get(reverse("scan-detail", args=[scan.pk])).text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))

    assert "1 hcc 12.4 mm 14.0 mm 1.00 ml 45 HU 10 mm 15.6 mm, 18.0 mm longest, 2.00 ml" in text
    assert "2 – too little contrast – – 15.6 mm, 18.0 mm longest, 2.00 ml" in text


# Deleting


def delete(client: Client, name: str = "shown"):
    return client.post(reverse("dataset-delete", args=[name]), follow=True)


def test_a_data_set_goes_with_its_files(staff_client: Client, django_capture_on_commit_callbacks):
    builders.shown_scan()
    kept = factories.make_scan(factories.make_dataset("kept"))
    assert "This can’t be undone" in staff_client.get(reverse("dataset-delete", args=["shown"])).text

    with django_capture_on_commit_callbacks(execute=True):
        response = delete(staff_client)

    keys = {kept.volume.file_id, kept.organ_mask_id}
    assert "Data set shown is deleted, with its files." in response.text
    assert [dataset.name for dataset in Dataset.objects.all()] == ["kept"]
    assert set(StoredFile.objects.values_list("key", flat=True)) == keys
    assert {file.name.rpartition("/")[2] for file in get_store().list_files()} == keys
    assert AuditEvent.objects.get(action="delete data set").detail == {"dataset": "shown"}


def test_what_a_study_shows_is_kept(staff_client: Client):
    study = builders.opened()

    page = staff_client.get(reverse("dataset-delete", args=["tumours"]))
    response = delete(staff_client, "tumours")

    assert "It can’t be deleted" in page.text
    assert study.title in page.text
    assert "Data set &#x27;tumours&#x27; is used by 1 study." in response.text
    assert Dataset.objects.filter(name="tumours").exists()


def test_what_a_draft_names_is_kept(staff_client: Client):
    builders.shown_scan()
    builders.import_scans("hosts", origin="healthy", count=1)
    liver = {"name": "liver", "real": 1, "synthetic": {"hand-crafted": 1}, "diameter_mm": [5, 20]}
    create_study(design=parse_design(builders.design(organs=[liver | {"real_from": ["shown"]}])), actor="ann")

    assert "is used by 1 study" in delete(staff_client).text
    assert Dataset.objects.filter(name="shown").exists()
