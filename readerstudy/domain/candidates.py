"""Which scans could fill a slot of a design."""

from __future__ import annotations

from django.conf import settings

from readerstudy.domain.case_plan import Slot, method_names, trained_method_names
from readerstudy.domain.design import StudyDesign
from readerstudy.domain.errors import DomainError
from readerstudy.domain.host_only import longest_hidden_mm
from readerstudy.models.dataset import Dataset
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import Lesion, OrganScan


def check_generators(design: StudyDesign) -> None:
    """Refuse a generator that is neither a method of ours nor imported, or whose model is not there."""
    imported = set(OrganScan.objects.filter(origin=Origin.SYNTHETIC).values_list("generator", flat=True))
    known = sorted(method_names() | imported)
    for organ in design.organs:
        for generator in organ.synthetic:
            if generator not in known:
                raise DomainError(
                    f"{organ.name}: no generator {generator!r} here; there are {', '.join(known)}. "
                    "Name one of these, or import cases made by yours."
                )
            if generator in trained_method_names():
                _check_model(organ.name, generator)


def _check_model(organ: str, generator: str) -> None:
    """Refuse a model that is not there, or that was not trained on the organ's tumours."""
    from synthesis.errors import UnusableInput
    from synthesis.methods.latent_diffusion.library import find

    name = settings.LATENT_DIFFUSION_MODEL
    try:
        trained_on = find(name).config.organs
    except UnusableInput as error:
        raise DomainError(f"{organ}: {generator}: {error}") from error
    if organ not in trained_on:
        raise DomainError(
            f"{organ}: {generator}: the model {name!r} was trained on tumours of {', '.join(trained_on)} alone; "
            "set LATENT_DIFFUSION_MODEL to one that knows this organ, or name another generator."
        )


def check_sources(design: StudyDesign) -> None:
    """Refuse a data set that was not imported."""
    imported = set(Dataset.objects.values_list("name", flat=True))
    for organ in design.organs:
        for key in ("real_from", "hosts_from"):
            for name in getattr(organ, key):
                if name not in imported:
                    raise DomainError(
                        f"{organ.name}: {key} names a data set {name!r} that was not imported; "
                        "correct it, or import it first."
                    )


def candidates(design: StudyDesign, slot: Slot) -> list[OrganScan]:
    """Return the scans that could fill a slot, in the order of data sets and rows."""
    organ = slot.organ
    scans = OrganScan.objects.select_related("volume", "volume__dataset").filter(organ=organ.name, origin=slot.origin)
    if slot.origin == Origin.HEALTHY:
        scans = scans.filter(organ_mask__isnull=False, largest_sphere_mm__gte=organ.diameter_mm[0])
    else:
        scans = scans.filter(diameter_mm__range=organ.diameter_mm, generator=slot.generator)
        if slot.host_only:  # one ball hides one lesion
            too_long = Lesion.objects.filter(longest_mm__gt=longest_hidden_mm(design.host_only_mm))
            scans = scans.filter(lesions=1).exclude(measured_lesions__in=too_long)
    if not design.stand_ins_allowed:
        scans = scans.filter(stand_in=False)
    names = {Origin.REAL: organ.real_from, Origin.HEALTHY: organ.hosts_from}.get(slot.origin, [])
    if names and not slot.practice:
        scans = scans.filter(volume__dataset__name__in=names)
    return list(scans)
