"""In a process of its own: print what the database and the store hold, as JSON; fail where they disagree."""

import json
from collections import Counter

import django


def main() -> None:
    from readerstudy.domain.store import get_store
    from readerstudy.models.case import SlicePack
    from readerstudy.models.stored_file import StoredFile
    from readerstudy.models.synthesis_run import SynthesisRun
    from readerstudy.models.volume import OrganScan

    packs, runs = list(SlicePack.objects.all()), list(SynthesisRun.objects.all())
    for file in StoredFile.objects.all():
        get_store().read(file)  # raises where it is missing, or is not what was stored
    masks = [mask for scan in OrganScan.objects.all() for mask in (scan.organ_mask, scan.tumor_mask) if mask]
    found = {
        "jobs": Counter([f"pack {pack.state}" for pack in packs] + [f"run {run.state}" for run in runs]),
        "stored_files": StoredFile.objects.count(),
        "files_of_the_import": OrganScan.objects.count() + len(masks),
        "tried_again": sum(job.attempts > 1 for job in [*packs, *runs]),
        "most_attempts": max(job.attempts for job in [*packs, *runs]),
    }
    print(json.dumps(found))  # noqa: T201  what the test reads


if __name__ == "__main__":
    django.setup()
    main()
