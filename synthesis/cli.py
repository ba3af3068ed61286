"""The command line: ``python -m synthesis generate | replay | methods``.

Exit code 0, or 2 with one line on stderr when the input cannot be used. An output folder appears whole or
not at all.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import sys
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TextIO

import numpy as np
from tqdm import tqdm

from synthesis.errors import UnusableInput
from synthesis.generation import apply_recipe, replay, sample_recipe
from synthesis.host import Host
from synthesis.io import MaskResampled, read_ct, read_mask, write_nifti
from synthesis.masks import equivalent_diameter_mm
from synthesis.organs import ORGANS, organ
from synthesis.recipe import InvalidRecipe, Recipe
from synthesis.registry import METHODS, PLANNED, method
from synthesis.tumor import SyntheticTumor
from synthesis.volume import Volume

_GENERATE_EXAMPLE = """example, with the liver as value 5 of a multi-label mask:
  python -m synthesis generate --method hand-crafted --organ liver \\
      --ct ct.nii.gz --organ-mask organs.nii.gz --organ-label 5 \\
      --diameter-mm 10 20 --count 3 --seed 1 --out tumours
writes tumours/0000/{ct.nii.gz,tumor.nii.gz,recipe.json}, tumours/0001/ and tumours/0002/"""

_REPLAY_EXAMPLE = """example:
  python -m synthesis replay tumours/0000/recipe.json \\
      --ct ct.nii.gz --organ-mask organs.nii.gz --out again
writes again/0000/ with the voxels of tumours/0000/"""


class UnusableOutput(UnusableInput):
    """The output folder cannot be written."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors take one line, as every command's do."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; see {self.prog} --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", MaskResampled)
            warnings.showwarning = _show_warning
            summary = options.run(options)
    except (UnusableInput, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted; nothing was written.\n")
        return 130
    text = json.dumps(summary) if options.json else "\n".join(map(_in_words, summary))
    sys.stdout.write(f"{text}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m synthesis", description="Synthetic tumours in CT.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    make = _command(commands, "generate", "put new tumours into a CT", _GENERATE_EXAMPLE)
    make.add_argument("--method", required=True, choices=[*METHODS, *PLANNED])
    make.add_argument("--organ", required=True, choices=[*ORGANS, "kidneys"])
    _add_files(make)
    make.add_argument(
        "--diameter-mm",
        nargs=2,
        type=float,
        default=[5.0, 20.0],
        metavar=("LOW", "HIGH"),
        help="of the sphere with the tumour's volume; default: 5 20",
    )
    make.add_argument("--count", type=_positive, default=1, help="how many different tumours; default: 1")
    make.add_argument("--seed", type=_not_negative, default=0, help="default: 0")
    make.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="of a network; default: cpu")
    make.add_argument("--model", metavar="NAME", help="of a method that has trained models")
    make.set_defaults(run=_generate)

    again = _command(commands, "replay", "make a recipe's tumour again, the same voxels", _REPLAY_EXAMPLE)
    again.add_argument("recipe", type=Path, metavar="RECIPE.json")
    _add_files(again)
    again.set_defaults(run=_replay)

    listing = _command(
        commands, "methods", "list the methods and their sources", "example:\n  python -m synthesis methods"
    )
    listing.set_defaults(run=_list_methods)
    return parser


def _command(commands: Any, name: str, summary: str, example: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=summary,
        epilog=example,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--json", action="store_true", help="print the summary as JSON")
    return command


def _add_files(command: argparse.ArgumentParser) -> None:
    command.add_argument("--ct", required=True, type=Path, metavar="CT.nii.gz", help="in Hounsfield units")
    command.add_argument("--organ-mask", required=True, type=Path, metavar="MASK.nii.gz")
    command.add_argument(
        "--organ-label",
        nargs="+",
        type=int,
        default=[],
        metavar="N",
        help="the organ's values in the mask; default: every value but 0 (replay: as recorded)",
    )
    command.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new or an empty folder")


def _generate(options: argparse.Namespace) -> list[dict[str, Any]]:
    method(options.method)  # a method that this version lacks is said before anything else
    if options.device != "cpu" or options.model is not None:
        raise UnusableInput(f"{options.method} uses no network; leave out --device and --model.")
    ct = read_ct(options.ct)
    organ_mask = read_mask(options.organ_mask, like=ct, labels=options.organ_label)
    host = Host(ct, organ_mask, organ(options.organ))
    lines = []
    with _new_folder(options.out) as folder:
        children = np.random.SeedSequence(options.seed).spawn(options.count)
        for number, child in enumerate(tqdm(children, desc="tumours", disable=None, file=sys.stderr)):
            recipe = sample_recipe(
                host,
                method=options.method,
                diameter_mm=(options.diameter_mm[0], options.diameter_mm[1]),
                seed=int(child.generate_state(1, np.uint64)[0]),
            )
            recipe = dataclasses.replace(recipe, organ_labels=tuple(options.organ_label))
            lines.append(_write(folder / f"{number:04d}", ct, apply_recipe(host, recipe), options))
    return lines


def _replay(options: argparse.Namespace) -> list[dict[str, Any]]:
    try:
        recipe = Recipe.from_json(options.recipe.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise InvalidRecipe(f"{options.recipe.name} is not text; use a recipe.json as it was written.") from None
    ct = read_ct(options.ct)
    organ_mask = read_mask(options.organ_mask, like=ct, labels=options.organ_label or recipe.organ_labels)
    tumor = replay(ct, organ_mask, recipe)
    with _new_folder(options.out) as folder:
        return [_write(folder / "0000", ct, tumor, options)]


def _list_methods(_options: argparse.Namespace) -> list[dict[str, Any]]:
    return [{"method": name, "available": True, "source": entry.source} for name, entry in METHODS.items()] + [
        {"method": name, "available": False, "source": "not available in this version"} for name in PLANNED
    ]


def _write(case: Path, ct: Volume, tumor: SyntheticTumor, options: argparse.Namespace) -> dict[str, Any]:
    """Write one tumour's three files on the CT file's own grid; return its line of the summary."""
    case.mkdir()
    mask = tumor.full_mask(ct.shape)
    write_nifti(case / "ct.nii.gz", tumor.apply_to(ct).hu, ct.affine, on_grid_of=options.ct)
    write_nifti(case / "tumor.nii.gz", mask.astype(np.uint8), ct.affine, on_grid_of=options.ct)
    (case / "recipe.json").write_text(tumor.recipe.to_json(), encoding="utf-8")
    return {
        "folder": str(options.out / case.name),
        "organ": tumor.recipe.organ,
        "method": tumor.recipe.method,
        "diameter_mm": round(equivalent_diameter_mm(mask, ct.spacing_mm), 3),
        "seed": tumor.recipe.seed,
    }


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """Give a folder to write in that becomes `out` at the end, or is removed on any failure."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UnusableOutput(f"{out} exists and is not an empty folder; name another with --out.")
    partial = out.parent / f".{out.name}.{uuid.uuid4().hex}.partial"
    try:
        partial.mkdir(parents=True)
        yield partial
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _in_words(line: dict[str, Any]) -> str:
    if "folder" in line:
        return f"{line['folder']}: {line['method']} tumour of {line['diameter_mm']:.1f} mm in the {line['organ']}"
    return f"{line['method']}: {line['source']}"


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Stand in for `warnings.showwarning`: the message alone, without a place in the code."""
    del category, filename, lineno, file, line
    sys.stderr.write(f"warning: {message}\n")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _not_negative(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number
