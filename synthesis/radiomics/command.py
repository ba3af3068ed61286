"""The command ``python -m synthesis radiomics``; pyradiomics is imported when it runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from synthesis.errors import UnusableInput
from synthesis.output_folder import new_folder
from synthesis.radiomics.settings import Settings

AddCommand = Callable[[Any, str, str, str], argparse.ArgumentParser]

_DEFAULTS = Settings()
_EXAMPLE = """example, on cases that a manifest lists (docs/operations.md says how):
  python -m synthesis radiomics cases.csv --jobs 2 --out radiomics
writes radiomics/features.csv, a row for each tumour (the largest lesion of its mask, within its half-contrast edge),
and radiomics/dictionary.csv, which says what each column means; then
  python manage.py analyse_radiomics radiomics/features.csv --out results
asks whether organs, or real and synthetic tumours, can be told apart by them"""


def add_radiomics_command(commands: Any, add: AddCommand) -> None:
    """Add the command to a parser; `add` makes one with its summary and example."""
    command = add(commands, "radiomics", "measure the tumours of a manifest: shape, intensity, texture", _EXAMPLE)
    command.add_argument("manifest", type=Path, metavar="CASES.csv")
    command.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new or an empty folder")
    command.add_argument(
        "--bin-width-hu",
        type=float,
        default=_DEFAULTS.bin_width_hu,
        metavar="HU",
        help=f"of a gray level; default: {_DEFAULTS.bin_width_hu:g}",
    )
    command.add_argument(
        "--spacing-mm",
        type=float,
        default=_DEFAULTS.spacing_mm,
        metavar="MM",
        help=f"of the cubes that all is resampled to; default: {_DEFAULTS.spacing_mm:g}",
    )
    command.add_argument("--jobs", type=int, default=1, help="how many processes; default: 1")
    command.set_defaults(run=_radiomics)


def _radiomics(options: argparse.Namespace) -> list[dict[str, Any]]:
    settings = Settings(options.bin_width_hu, options.spacing_mm)
    if options.jobs < 1:
        raise UnusableInput(f"--jobs {options.jobs}: give 1 or more.")

    from synthesis.radiomics.batch import extract_all, read_tumors
    from synthesis.radiomics.table import write_dictionary, write_table

    tumors = read_tumors(options.manifest)
    with new_folder(options.out) as folder:
        found = extract_all(tumors, settings, jobs=min(options.jobs, os.cpu_count() or 1))
        bar = tqdm(found, desc="tumours", total=len(tumors), unit="tumour", disable=None, file=sys.stderr)
        outcomes = list(bar)
        rows = [outcome.row for outcome in outcomes if outcome.row is not None]
        refused = [outcome for outcome in outcomes if outcome.row is None]
        if not rows:
            raise UnusableInput(
                f"None of the {len(tumors)} tumours can be measured; {refused[0].name}: {refused[0].refusal}"
            )
        with (folder / "features.csv").open("w", newline="", encoding="utf-8") as file:
            write_table(file, rows)
        with (folder / "dictionary.csv").open("w", newline="", encoding="utf-8") as file:
            write_dictionary(file, settings)
    for outcome in refused:
        sys.stderr.write(f"warning: {outcome.name} is left out: {outcome.refusal}\n")
    table = options.out / "features.csv"
    partly = sum(bool(row["not_estimable"]) for row in rows)
    text = f"{table}: {len(rows)} tumours" + (
        f", {partly} of them with features that are not estimable" if partly else ""
    )
    return [
        {
            "text": text,
            "features": str(table),
            "tumors": len(rows),
            "partly_estimable": partly,
            "left_out": [outcome.name for outcome in refused],
        }
    ]
