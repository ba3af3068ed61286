"""Import thousands of damaged data sets: each is refused in one sentence or imported, quickly and in little memory.

    python -m benchmarks.fuzz_import                     # 2,000 files
    python -m benchmarks.fuzz_import --files 200

The damage is that of tests/readerstudy/domain/importing/mutations.py: NIfTI-1 and -2, packed and not, CT series in
six transfer syntaxes and as multi-frame files, segmentations and structure sets. The imports run in a process of
their own, so that one that dies or hangs is seen, reported with its number, and passed over.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

LIMIT_S = 10.0
LIMIT_BYTES = 2 * 1024**3
START_S = 120.0  # until the first import begins


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        _work(options.files, skip=options.worker)
        return 0
    return _watch(options.files)


def _watch(files: int) -> int:
    """Run workers until every file was tried; return 0 if all of them ended well."""
    outcomes: Counter[str] = Counter()
    bad: list[str] = []
    slowest, peak, done = 0.0, 0, 0
    while done < files:
        for event in _events(files, skip=done):
            done = event["number"] + 1
            outcomes[event["outcome"]] += 1
            slowest, peak = max(slowest, event.get("seconds", 0.0)), max(peak, event.get("peak", 0))
            if event["outcome"] not in ("refused", "imported"):
                bad.append(f"file {event['number']} ({event['template']}): {event['outcome']}")
            if done % 200 == 0:
                print(f"{done} of {files}: {dict(outcomes)}", flush=True)
    print(f"{files} damaged files: {outcomes['refused']} refused, {outcomes['imported']} imported.")
    print(f"slowest {slowest:.2f} s (limit {LIMIT_S:.0f} s), peak memory {peak / 1e6:.0f} MB (limit 2,147 MB)")
    print("\n".join(bad) if bad else "none crashed, hung or left anything behind")
    return 1 if bad or slowest > LIMIT_S or peak > LIMIT_BYTES else 0


def _events(files: int, *, skip: int) -> Any:
    """Give the outcome of each import of one worker; the last may be that the worker died or hung."""
    command = [sys.executable, "-m", "benchmarks.fuzz_import", "--files", str(files), "--worker", str(skip)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        lines: queue.Queue[str | None] = queue.Queue()
        assert worker.stdout is not None  # noqa: S101 (it is a pipe)
        thread = threading.Thread(target=_forward, args=(worker.stdout, lines), daemon=True)
        thread.start()
        begun: dict[str, Any] | None = None
        while True:
            try:
                line = lines.get(timeout=LIMIT_S if begun else START_S)
            except queue.Empty:
                worker.kill()
                yield {**(begun or {"number": skip, "template": "?"}), "outcome": "hung"}
                return
            if line is None:
                if begun:
                    yield {**begun, "outcome": f"crashed (exit status {worker.wait()})"}
                return
            event = json.loads(line)
            begun = event if event["outcome"] == "begun" else None
            if begun is None:
                yield event


def _forward(stream: Any, lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _work(files: int, *, skip: int) -> None:
    """Import damaged data sets from number `skip` on, and say of each how it went."""
    root = Path(tempfile.mkdtemp(prefix="fuzz-"))
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
        "DATA_ROOT": str(root / "data"),
        "DATABASE_URL": f"sqlite:///{root}/db.sqlite3",
    }
    try:
        (root / "data").mkdir()
        _import_all(files, skip, root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _import_all(files: int, skip: int, root: Path) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from hypothesis import HealthCheck, Phase, given, settings

    from tests.readerstudy.domain.importing.mutations import DAMAGES, Damage, templates

    call_command("migrate", verbosity=0)
    whole = templates(root / "whole")
    number = -1

    @settings(
        max_examples=files,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(DAMAGES)
    def run(damage: Damage) -> None:
        nonlocal number
        number += 1
        if number < skip:
            return
        template = whole[damage.template % len(whole)]
        about = {"number": number, "template": template.name}
        folder = root / "damaged"
        path, options = template.damaged(damage, folder)
        print(json.dumps({**about, "outcome": "begun"}), flush=True)
        began = time.perf_counter()
        outcome = _import_one(path, options, root / "data" / "store")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        about |= {"outcome": outcome, "seconds": time.perf_counter() - began, "peak": peak}
        print(json.dumps(about), flush=True)
        shutil.rmtree(folder)

    run()


def _import_one(path: Path, options: dict[str, Any], store: Path) -> str:
    from readerstudy.domain.errors import DomainError
    from readerstudy.domain.importing.datasets import import_dataset
    from readerstudy.models.dataset import Dataset
    from readerstudy.models.stored_file import StoredFile

    def stored() -> set[str]:
        return {file.name for file in store.rglob("*") if file.is_file()}

    before = stored()
    try:
        dataset = import_dataset(name="fuzz", path=path, actor="fuzz", **options)
    except DomainError as error:
        if stored() != before or Dataset.objects.exists():
            return "left something behind"
        return "refused" if "\n" not in str(error) and str(error).endswith(".") else f"said: {error}"
    except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
        return f"raised {type(error).__name__}: {error}"
    if stored() != set(StoredFile.objects.values_list("key", flat=True)):
        return "left something behind"
    dataset.delete()
    return "imported"


if __name__ == "__main__":
    sys.exit(main())
