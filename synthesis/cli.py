"""The command line: generate, replay, methods, inspect; `model_commands` and `radiomics.command` hold the others.

Exit code 0, or 2 with one line on stderr when the input cannot be used. An output folder appears whole or
not at all.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

from tqdm import tqdm

from synthesis.batch import Line, Order, carry_out, pair, seeds, write_case
from synthesis.errors import UnusableInput
from synthesis.generation import replay
from synthesis.io import MaskResampled, read_ct, read_mask
from synthesis.model_commands import add_model_commands
from synthesis.organs import ORGANS
from synthesis.output_folder import UnusableOutput, new_folder
from synthesis.radiomics.command import add_radiomics_command
from synthesis.recipe import InvalidRecipe, Recipe
from synthesis.registry import CONTROLS, METHODS

_GENERATE_EXAMPLE = """example, with the liver as value 5 of a multi-label mask:
  python -m synthesis generate --method hand-crafted --organ liver \\
      --ct ct.nii.gz --organ-mask organs.nii.gz --organ-label 5 \\
      --diameter-mm 10 20 --count 3 --seed 1 --out tumours
writes tumours/0000/{ct.nii.gz,tumor.nii.gz,recipe.json}, tumours/0001/ and tumours/0002/

a folder of CTs, and one of masks that have the CTs' names, with four processes:
  python -m synthesis generate --method cellular-automaton --organ liver \\
      --ct cts --organ-mask masks --count 2 --jobs 4 --preview --out tumours
writes tumours/NAME/0000/ and tumours/NAME/0001/ for each CT

one tumour as it grows from 5 to 30 mm:
  python -m synthesis generate --method cellular-automaton --organ liver --ct ct.nii.gz \\
      --organ-mask liver.nii.gz --diameter-mm 5 30 --series 6 --out growth
writes growth/0000/age-00/ to growth/0000/age-05/, and growth/0000/series.png with all of them"""

_REPLAY_EXAMPLE = """example:
  python -m synthesis replay tumours/0000/recipe.json \\
      --ct ct.nii.gz --organ-mask organs.nii.gz --out again
writes again/0000/ with the voxels of tumours/0000/"""


_INSPECT_EXAMPLE = """example:
  python -m synthesis inspect tumours --real lesions --host ct.nii.gz
writes tumours/realism.html: contrast, edges, noise, shape, ghosts of the host; and how well a classifier
tells the synthetic tumours from the real"""


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
    if options.json:
        sys.stdout.write(f"{json.dumps(summary)}\n")
    for line in [] if options.json else summary:
        sys.stdout.write(f"{_in_words(line)}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m synthesis", description="Synthetic tumours in CT.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    make = _command(commands, "generate", "put new tumours into a CT", _GENERATE_EXAMPLE)
    make.add_argument("--method", required=True, choices=[*METHODS, *CONTROLS])
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
    make.add_argument("--lesions", type=_positive, metavar="N", help="tumours in each CT (hand-crafted); default: 1")
    make.add_argument("--into-fat", action="store_true", help="grow out of the organ into fat (kidney, pancreas)")
    make.add_argument(
        "--series",
        type=_several,
        default=1,
        metavar="N",
        help="make each tumour at N ages, with diameters from LOW to HIGH (cellular-automaton)",
    )
    make.add_argument("--jobs", type=_positive, default=1, help="how many processes; default: 1")
    make.add_argument(
        "--preview", action="store_true", help="draw each tumour: before, after and outlined, in three planes"
    )
    make.add_argument("--device", choices=["cpu", "cuda"], help="of latent-diffusion; default: cpu")
    make.add_argument("--model", metavar="NAME", help="of latent-diffusion; default: starter")
    make.set_defaults(run=_generate)

    again = _command(commands, "replay", "make a recipe's tumour again, the same voxels", _REPLAY_EXAMPLE)
    again.add_argument("recipe", type=Path, metavar="RECIPE.json")
    _add_files(again)
    again.set_defaults(run=_replay)

    look = _command(commands, "inspect", "measure how real the tumours of a folder look", _INSPECT_EXAMPLE)
    look.add_argument("folder", type=Path, metavar="DIR", help="cases as generate writes them, at any depth")
    look.add_argument("--real", type=Path, metavar="DIR", help="real tumours: folders with ct.nii.gz and tumor.nii.gz")
    look.add_argument(
        "--host",
        nargs="+",
        type=Path,
        default=[],
        metavar="CT.nii.gz",
        help="the CTs that the tumours were put into, for the figures of after against before",
    )
    look.add_argument("--out", type=Path, metavar="PAGE.html", help="default: DIR/realism.html")
    look.set_defaults(run=_inspect)

    listing = _command(
        commands, "methods", "list the methods and their sources", "example:\n  python -m synthesis methods"
    )
    listing.set_defaults(run=_list_methods)
    add_radiomics_command(commands, _command)
    add_model_commands(commands, _command)
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


def _generate(options: argparse.Namespace) -> list[Line]:
    if not (METHODS | CONTROLS)[options.method].trained and (options.device or options.model):
        raise UnusableInput(f"{options.method} uses no network; leave out --device and --model.")
    labels = tuple(options.organ_label)
    chosen = {name: value for name in ("lesions", "into_fat", "device", "model") if (value := getattr(options, name))}
    sources = pair(options.ct, options.organ_mask, organ=options.organ, organ_labels=labels)
    drawn = iter(seeds(options.seed, options.count * len(sources)))
    orders = [
        Order(
            source=source,
            number=number,
            method=options.method,
            diameter_mm=(options.diameter_mm[0], options.diameter_mm[1]),
            seed=next(drawn),
            ages=options.series,
            options=chosen,
            preview=options.preview,
        )
        for source in sources
        for number in range(options.count)
    ]
    with new_folder(options.out) as folder:
        done = carry_out(orders, folder, jobs=options.jobs)
        bar = tqdm(done, desc="tumours", total=len(orders), unit="tumour", disable=None, file=sys.stderr)
        return [_at(options.out, line) for lines in bar for line in lines]


def _replay(options: argparse.Namespace) -> list[Line]:
    try:
        recipe = Recipe.from_json(options.recipe.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise InvalidRecipe(f"{options.recipe.name} is not text; use a recipe.json as it was written.") from None
    ct = read_ct(options.ct)
    organ_mask = read_mask(options.organ_mask, like=ct, labels=options.organ_label or recipe.organ_labels)
    tumor = replay(ct, organ_mask, recipe)
    with new_folder(options.out) as folder:
        line = write_case(folder / "0000", ct, tumor, on_grid_of=options.ct)
        return [_at(options.out, {"folder": "0000", **line})]


def _inspect(options: argparse.Namespace) -> list[Line]:
    from synthesis.inspection.report import inspect  # scikit-learn and matplotlib take seconds to import

    out = options.out or options.folder / "realism.html"
    if out.exists() and not out.is_file():
        raise UnusableOutput(f"{out} is no file; name one with --out.")
    page, found = inspect(options.folder, real=options.real, hosts=options.host)
    out.write_text(page, encoding="utf-8")
    return [{"report": str(out), **(found._asdict() if found is not None else {})}]


def _list_methods(_options: argparse.Namespace) -> list[Line]:
    return [{"method": name, "available": True, "source": entry.source} for name, entry in METHODS.items()]


def _at(out: Path, line: Line) -> Line:
    """Return a line of the summary with its folder as the user named it."""
    return {**line, "folder": str(out / line["folder"])}


def _in_words(line: Line) -> str:
    if "text" in line:
        return str(line["text"])
    if "folder" in line:
        return f"{line['folder']}: {line['method']} tumour of {line['diameter_mm']:.1f} mm in the {line['organ']}"
    if "report" in line:
        told = f": real and synthetic are told apart with an AUC of {line['auc']:.2f}" if "auc" in line else ""
        return f"{line['report']}{told}"
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


def _several(text: str) -> int:
    number = int(text)
    if number < 2:
        raise argparse.ArgumentTypeError("must be at least 2")
    return number


def _not_negative(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number
