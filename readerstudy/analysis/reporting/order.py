"""The order in which people expect names: R2 before R10, pooled rows last."""

import re

from readerstudy.analysis.frame import POOLED

DIGITS = re.compile(r"(\d+)")


def natural(name: str) -> tuple[bool, list[tuple[bool, int, str]]]:
    """Return a sort key that counts numbers within names; `all` comes last.

    >>> sorted(["R10", "all", "R2", "reader"], key=natural)
    ['R2', 'R10', 'reader', 'all']
    """
    parts = [(part.isdigit(), int(part) if part.isdecimal() else 0, part) for part in DIGITS.split(name) if part]
    return name == POOLED, parts
