"""What a study's truth is planted with: names, keys, hashes and numbers that are found wherever they turn up."""

from django.apps import apps
from django.db import connection

from readerstudy.models.case import Case
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume import OrganScan, Volume

FIRST_KEY = 7_310_000_000


def start_keys_high() -> None:
    """Let every table count from a number that is found wherever it turns up."""
    for n, model in enumerate(apps.get_app_config("readerstudy").get_models()):
        if model._meta.pk.name != "id" or model is Case:
            continue
        first = FIRST_KEY + n * 1_000_000
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
                cursor.execute("INSERT INTO sqlite_sequence VALUES (%s, %s)", [model._meta.db_table, first])
            else:
                cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [model._meta.db_table, first])


def sentinels(study: Study) -> dict[str, str]:
    """Return what must never be seen, by what it is."""
    found = {"word": "sentinel", "method": "hand-crafted", "host": "healthy", "seed": str(study.design["seed"])}
    found["design"] = study.design_sha256
    for model in apps.get_app_config("readerstudy").get_models():
        for pk in model.objects.values_list("pk", flat=True):
            found[f"{model.__name__} {pk}"] = str(pk)
    for case in Case.objects.all():
        found |= {f"{case} code": case.code, f"{case} key": case.pk.hex}
    for file in StoredFile.objects.all():
        found |= {f"file {file} key": file.key, f"file {file} hash": file.sha256}
    for volume in Volume.objects.all():
        found |= {f"{volume} content": volume.content_sha256, f"{volume} patient": volume.patient_key}
    for run in SynthesisRun.objects.all():
        found |= {f"{run} seed": str(run.seed), f"{run} hash": run.request_sha256, f"{run} mm": str(run.diameter_mm)}
    for scan in OrganScan.objects.exclude(diameter_mm=None):
        found[f"{scan} mm"] = str(scan.diameter_mm)
    return {what: text.lower() for what, text in found.items()}
