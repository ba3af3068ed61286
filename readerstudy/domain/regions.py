"""The part of its organ that a tumour lies in, of scans that were imported before it was measured on import."""

from __future__ import annotations

from readerstudy.domain.design import StudyDesign
from readerstudy.domain.volumes import load_mask, load_volume
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan


def note_regions(design: StudyDesign) -> None:
    """Measure and store what is not known yet of the organs of a design; a scan without its organ's mask has none."""
    organs = [organ.name for organ in design.organs]
    unknown = OrganScan.objects.filter(organ__in=organs, region="", organ_mask__isnull=False, tumor_mask__isnull=False)
    for scan in unknown.exclude(origin=Origin.HEALTHY).select_related("volume__file", "organ_mask", "tumor_mask"):
        OrganScan.objects.filter(pk=scan.pk).update(region=_region(scan))


def _region(scan: OrganScan) -> str:
    from synthesis.host import Host
    from synthesis.lesions import measure_lesions
    from synthesis.organs import organ as organ_named
    from synthesis.regions import region_at

    if scan.organ_mask is None or scan.tumor_mask is None:
        return ""
    ct, organ, tumor = load_volume(scan.volume.file), load_mask(scan.organ_mask), load_mask(scan.tumor_mask)
    largest = measure_lesions(ct.hu, tumor, ct.spacing_mm, organ=organ)[0]
    return region_at(Host(ct, organ, organ_named(scan.organ)), largest.center)
