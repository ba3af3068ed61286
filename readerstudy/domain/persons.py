"""Who is who: patients' keys that stand for one person."""

from readerstudy.models.volume import Volume


def persons() -> dict[str, str]:
    """Map every patient key to one that stands for the person: whoever shares a CT, voxel for voxel, is one."""
    person: dict[str, str] = {}
    of_content: dict[str, str] = {}
    volumes = Volume.objects.order_by("dataset__name", "pk")
    for key, content, voxels in volumes.values_list("patient_key", "content_sha256", "voxels_sha256"):
        known = person.setdefault(key, key)
        same = of_content.setdefault(voxels or content, known)
        if same != known:
            person = {patient: same if one == known else one for patient, one in person.items()}
            of_content = {ct: same if one == known else one for ct, one in of_content.items()}
    return person
