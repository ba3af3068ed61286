"""What is imported, as the page lists it."""

from django.test import Client
from django.urls import reverse

from readerstudy.models.dataset import Dataset
from readerstudy.models.volume import OrganScan

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
    assert "manage.py import_dataset" in response.text
