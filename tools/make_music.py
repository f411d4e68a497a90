"""Composes and plays the music on hold: `python -m tools.make_music` writes sounds/music.

hold.wav: twelve slow bars, 48 seconds: a soft pad of three notes, a broken chord above it like a
harp, and a few long notes of melody. The piece and its sounds are this project's own. Each note
that rings past the end is laid over the beginning, so that the piece loops without a click. The
same file comes out every time.

brief/: one bar, for those who hear no more than that after each announcement, and two files
without sound, by which Asterisk ends (dialplans/hotline.conf).

line-tone.wav, beside the prompts of each language: two notes for a person on the line who is about
to have a caller.
"""

import argparse
import math
import sys
import wave
from array import array
from collections.abc import Sequence
from pathlib import Path

from ivrd.core.numbers import LANGUAGES

RATE = 8000  # samples a second: what Asterisk plays without converting
BAR = 4.0  # seconds; eight plucked notes in each
PEAK = 10 ** (-12 / 20)  # -12 dB: quieter than the prompts
FOLDER = Path(__file__).resolve().parent.parent / "sounds" / "music"
ENDS = 2  # files without sound: Asterisk looks for music in the next file once

# Notes are half tones above middle C. Each bar: its chord, low to high, and its melody as
# (second within the bar, note).
Melody = tuple[tuple[float, int], ...]
Bars = tuple[tuple[tuple[int, ...], Melody], ...]
BARS: Bars = (
    ((0, 4, 7), ((0.0, 16),)),
    ((-3, 0, 4), ((0.0, 19), (2.0, 16))),
    ((-7, 0, 5), ((0.0, 21),)),
    ((-5, 2, 7), ((0.0, 19), (3.0, 14))),
    ((0, 4, 7), ((0.0, 16),)),
    ((-8, -1, 4), ((0.0, 19), (2.0, 23))),
    ((-7, 0, 9), ((0.0, 21),)),
    ((-5, 2, 7), ((0.0, 19), (2.0, 14))),
    ((-3, 0, 4), ((0.0, 12),)),
    ((-7, 0, 5), ((0.0, 16), (2.0, 21))),
    ((-10, 0, 5), ((0.0, 17), (2.0, 16))),
    ((-5, 2, 5), ((0.0, 14),)),
)
CLOSE: Bars = (((0, 4, 7), ((0.0, 12),)),)
CLOSE_BAR = 2.5  # seconds
TONE = ((0.0, 12), (0.12, 19))  # (second, note)
TONE_SECONDS = 0.35
# The broken chord of a bar: indices into the chord, an octave up; 3 is its lowest note again.
PATTERN = (0, 1, 2, 3, 2, 1, 2, 1)


def compose(bars: Bars = BARS, bar: float = BAR, tail: float = 0.0) -> list[float]:
    """A piece as samples, not yet brought to its level; `tail`: seconds for notes to ring out."""
    piece = [0.0] * int((len(bars) * bar + tail) * RATE)
    for index, (chord, melody) in enumerate(bars):
        start = index * bar
        for note in chord:
            add(piece, start, note, length=bar + 1.5, attack=1.2, loudness=0.30)
        for step, which in enumerate(PATTERN):
            note = 12 + (chord[which] if which < len(chord) else chord[0] + 12)
            add(piece, start + step * bar / 8, note, length=1.6, attack=0.012, loudness=0.32)
        for second, note in melody:
            add(piece, start + second, note, length=3.2, attack=0.15, loudness=0.38)
    return piece


def tone() -> list[float]:
    """What tells a person on the line that a caller comes."""
    piece = [0.0] * int(TONE_SECONDS * RATE)
    for second, note in TONE:
        add(piece, second, note, length=TONE_SECONDS - second, attack=0.012, loudness=0.5)
    return piece


def add(
    piece: list[float], start: float, note: int, *, length: float, attack: float, loudness: float
) -> None:
    """Lay one note over `piece`; times in seconds, `attack` until the note is at its loudest."""
    pitch = 2 * math.pi * 261.63 * 2 ** (note / 12) / RATE
    first, samples, rising = int(start * RATE), int(length * RATE), int(attack * RATE)
    for i in range(samples):
        rise = min(1.0, i / rising)
        fall = 0.5 + 0.5 * math.cos(math.pi * max(0, i - rising) / (samples - rising))
        shape = loudness * rise * rise * fall * fall
        tone = math.sin(pitch * i) + 0.22 * math.sin(2 * pitch * i) + 0.06 * math.sin(3 * pitch * i)
        piece[(first + i) % len(piece)] += shape * tone


def write(piece: list[float], target: Path) -> None:
    """Write `piece` at its level as 8 kHz 16-bit mono WAV."""
    scale = PEAK * 32767 / max(map(abs, piece), default=1.0)
    samples = array("h", (round(sample * scale) for sample in piece))
    if sys.byteorder == "big":
        samples.byteswap()
    target.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="make_music", description="Make the music on hold.")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    folder: Path = parser.parse_args(arguments).folder
    write(compose(), folder / "hold.wav")
    write(compose(CLOSE, CLOSE_BAR, tail=1.0), folder / "brief" / "1-bar.wav")
    for number in range(2, 2 + ENDS):
        write([], folder / "brief" / f"{number}-end.wav")
    for language in LANGUAGES:
        write(tone(), folder.parent / language / "line-tone.wav")
    return 0


if __name__ == "__main__":
    sys.exit(main())
