"""Sound on the wire: RTP packets (RFC 3550), A-law (ITU-T G.711) and keys (RFC 4733).

Everything here is a value or a pure function. One packet carries 20 ms: 160 samples, 160 bytes.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_left
from functools import cache
from typing import Final

FRAME: Final = 0.02  # seconds in one packet
SAMPLES: Final = 160  # samples (and A-law bytes) in one packet
RATE: Final = 8000  # samples in a second
HEADER: Final = 12  # bytes before the payload; nobody here sends CSRCs or extensions

ALAW_TYPE: Final = 8
EVENT_TYPE: Final = 101  # as offered in caller.xml and agent.xml
KEYS: Final = "0123456789*#ABCD"  # the position is the RFC 4733 event code

QUIET_LEVEL: Final = 160  # of 32768 (-46 dBFS); what stays below is silence

VOICES: Final = {"caller": 1150, "inhouse": 850, "partner": 1350, "desk": 1900}
"""The tone, in hertz, by which each kind of person is told apart.

Multiples of 50 Hz, so that every packet is a whole number of waves and all are alike; far from
the notes of the scale and from the tones of the telephone, so that no music sounds like a person.
"""

PROMPTS: Final = {"consent": 3050, "filed": 1600, "anew": 2150, "sent": 2400, "told": 2700}
"""The tones that some labs play instead of a prompt that callers are to recognise (prompts.py)."""

_HEAD = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")


def _linear(code: int) -> int:
    """The 16-bit sample that one A-law byte stands for (G.711, table 1)."""
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return size if code & 0x80 else -size


LINEAR: Final = tuple(_linear(code) for code in range(256))
QUIET: Final = bytes(code for code in range(256) if abs(LINEAR[code]) <= QUIET_LEVEL)
SILENCE: Final = b"\xd5" * SAMPLES

_BY_SIZE = sorted(range(256), key=LINEAR.__getitem__)
_SIZES = [LINEAR[code] for code in _BY_SIZE]


def alaw(sample: float) -> int:
    """The A-law byte nearest to a 16-bit sample; louder than full scale is full scale."""
    place = bisect_left(_SIZES, sample)
    near = _BY_SIZE[max(0, place - 1) : place + 1]
    return min(near, key=lambda code: abs(LINEAR[code] - sample))


@cache
def tone(hertz: int, size: int = 8000) -> bytes:
    """One packet's payload of a pure tone, `size` of 32768 loud."""
    turn = 2 * math.pi * hertz / RATE
    return bytes(alaw(size * math.sin(turn * n)) for n in range(SAMPLES))


def packet(
    kind: int, sequence: int, timestamp: int, source: int, payload: bytes, marker: bool = False
) -> bytes:
    """One RTP packet; `kind` is the payload type, `source` the SSRC."""
    second = kind | 0x80 if marker else kind
    return _HEAD.pack(0x80, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, source) + payload


def key_event(key: str, duration: int, end: bool = False) -> bytes:
    """The payload that says a key has been down for `duration` samples; `end`: it is up again."""
    return _EVENT.pack(KEYS.index(key), 0x8A if end else 0x0A, duration)
