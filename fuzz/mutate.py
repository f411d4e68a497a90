"""Inputs without end from a few good ones: fast, seeded, the same on every machine."""

from collections.abc import Iterator, Sequence
from random import Random

LONGEST = 4096  # bytes of an input
PIECES = (  # what has broken programs before
    *(b"\x00", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b":", b": ", b"\\", b'"', b"'", b"%", b"%0d%0a"),
    *(b"\xff", b"\xfe\xff", b"\xc3", b"\xe0\xb8", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"),
    *(
        b"\xef\xbb\xbf",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xe2\x80\xae",
        "๐๑๒".encode(),
        "²½".encode(),
    ),
    *(
        b"-1",
        b"0",
        b"1e309",
        b"nan",
        b"inf",
        b"9" * 30,
        b"0x10",
        b"1_000",
        b" ",
        b"\t",
        b"{}",
        b"[",
    ),
    *(b"../", b"|", b",", b";", b"${EXTEN}", b"\x1b[2J", b"A" * 300, "ก".encode() * 100),
)


def inputs(seeds: Sequence[bytes], words: Sequence[bytes], random: Random) -> Iterator[bytes]:
    """First every seed as it is, then mutations of them for ever.

    words: pieces that mean something to the target, put in beside `PIECES`.
    """
    yield from seeds
    pieces = (*PIECES, *words)
    while True:
        yield mutated(random.choice(seeds), seeds, pieces, random)


def mutated(text: bytes, seeds: Sequence[bytes], pieces: Sequence[bytes], random: Random) -> bytes:
    """One to six changes, one after the other."""
    made = bytearray(text)
    for _ in range(1 + int(random.random() ** 2 * 6)):
        _change(made, seeds, pieces, random)
    return bytes(made[:LONGEST])


def _change(
    made: bytearray, seeds: Sequence[bytes], pieces: Sequence[bytes], random: Random
) -> None:
    at = int(random.random() * (len(made) + 1))
    length = int(random.random() ** 3 * 80)
    what = int(random.random() * 8)
    if what == 0 and made:
        made[min(at, len(made) - 1)] ^= 1 << int(random.random() * 8)
    elif what in (1, 2):
        made[at:at] = random.choice(pieces)
    elif what == 3:
        made[at : at + length] = random.choice(pieces)
    elif what == 4:
        del made[at : at + length]
    elif what == 5:
        made[at:at] = made[at : at + length] * (1 + int(random.random() * 3))
    elif what == 6:
        other = random.choice(seeds)
        begin = int(random.random() * (len(other) + 1))
        made[at : at + length] = other[begin : begin + 4 * length]
    else:
        made[at:at] = random.randbytes(1 + length // 8)
