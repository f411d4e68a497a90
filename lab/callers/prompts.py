"""Recordings that callers recognise: tones in the place of some prompts.

    sounds = recognisable(shipped, folder / "sounds", {"intake-filed": "filed"})

A caller's script then acts on what is said (`script.Until`), and the ledger has which of these the
caller has heard.  Only callers with sound hear them.
"""

import math
import struct
import wave
from collections.abc import Mapping
from pathlib import Path

from lab.callers import rtp

HEIGHT = 8000  # of 32768
SECONDS = 1.0


def recognisable(sounds: Path, to: Path, prompts: Mapping[str, str]) -> Path:
    """A folder as `sounds` is, but with tones (of `rtp.PROMPTS`) for these prompts."""
    for language in (path for path in sounds.iterdir() if path.is_dir()):
        (to / language.name).mkdir(parents=True)
        for file in language.iterdir():
            if kind := prompts.get(file.stem):
                tone(to / language.name / file.name, rtp.PROMPTS[kind], SECONDS)
            else:
                (to / language.name / file.name).symlink_to(file)
    return to


def tone(path: Path, hertz: int, seconds: float) -> None:
    """A recording as Asterisk plays it: 8 kHz, 16 bit, mono."""
    turn = 2 * math.pi * hertz / rtp.RATE
    samples = [round(HEIGHT * math.sin(turn * n)) for n in range(round(rtp.RATE * seconds))]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rtp.RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
