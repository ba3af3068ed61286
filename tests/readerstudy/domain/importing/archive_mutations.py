"""Archives as they might be broken, or forged: seeded mutations of a sound one."""

from collections.abc import Callable

import numpy as np

Mutation = Callable[[bytearray, np.random.Generator], None]

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
HEADER_BYTES = {LOCAL: 30, CENTRAL: 46, END: 22}
HOSTILE = (b"../", b"/", b"\\", b"..", b"C:", b"\0", b"\n", b"\xff", b".zip", b"a/b/", b"//")


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the archive with one to four things wrong with it."""
    mutated = bytearray(content)
    for mutation in rng.choice(np.array(MUTATIONS, dtype=object), size=rng.integers(1, 5)):
        if len(mutated) > max(HEADER_BYTES.values()):
            mutation(mutated, rng)
    return bytes(mutated)


def flip_bits(content: bytearray, rng: np.random.Generator) -> None:
    for place in rng.integers(0, len(content), size=rng.integers(1, 9)):
        content[place] ^= 1 << int(rng.integers(8))


def truncate(content: bytearray, rng: np.random.Generator) -> None:
    del content[int(rng.integers(len(content) // 2, len(content))) :]


def cut_out(content: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(len(content)))
    del content[start : start + int(rng.integers(1, 64))]


def repeat(content: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(len(content)))
    piece = content[start : start + int(rng.integers(1, 2000))]
    place = int(rng.integers(len(content)))
    content[place:place] = piece


def forge_field(content: bytearray, rng: np.random.Generator) -> None:
    """Write an extreme or random number over a field of a header: sizes, counts, offsets, methods, flags."""
    signature = (LOCAL, CENTRAL, END)[rng.integers(3)]
    start = _one_of(content, signature, rng)
    width = int(rng.choice([2, 4]))
    place = start + int(rng.integers(4, HEADER_BYTES[signature] - width))
    number = int(rng.choice([0, 1, 9, 12, 99, 2**15, 2**16 - 1, 2**31, 2**32 - 1, int(rng.integers(2**32))]))
    content[place : place + width] = (number % 2 ** (8 * width)).to_bytes(width, "little")


def forge_name(content: bytearray, rng: np.random.Generator) -> None:
    """Write over a part of an entry's name, in the list of entries."""
    start = _one_of(content, CENTRAL, rng) + HEADER_BYTES[CENTRAL]
    hostile = HOSTILE[rng.integers(len(HOSTILE))]
    place = start + int(rng.integers(0, 6))
    content[place : place + len(hostile)] = hostile


def _one_of(content: bytearray, signature: bytes, rng: np.random.Generator) -> int:
    places = [n for n in range(len(content)) if content.startswith(signature, n)] or [0]
    return int(rng.choice(places))


MUTATIONS: tuple[Mutation, ...] = (flip_bits, truncate, cut_out, repeat, forge_field, forge_field, forge_name)
