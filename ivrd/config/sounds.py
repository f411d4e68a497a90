"""The recordings: whether each prompt has one that Asterisk can play, and how long it is.

A person's recording may be replaced at any time, without a word to ivrd: how long a prompt is, is
asked each time that it is said (`Recordings`).
"""

import os
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ivrd.config import partners, yamlfile
from ivrd.config.problem import Problem
from ivrd.config.prompts import built_in, is_own, said_by_menus
from ivrd.config.settings import Settings

EXPECTED = "8 kHz 16-bit mono PCM WAV"
PRESS_SECONDS = 2.0  # in which a key can be pressed after the whisper (dialplans/partners.conf)
KEY_AFTER = "partner-press"  # Asterisk's Read waits for no key after a file that is not there
RATE = 8000  # frames a second, all that a telephone carries
STILL_COPIED_SECONDS = 60.0  # of a recording whose file is shorter than its head says


class _Unfit(Exception):
    """A file that Asterisk cannot play; the message says what it is."""


def prompt_files(settings: Settings) -> list[Problem]:
    """Prompts without a file that can be played: ivrd does not run with these."""
    return [problem for needed, problem in _unfit(settings) if needed]


def missing_defaults(settings: Settings) -> list[Problem]:
    """Prompts that ivrd brings along and whose recording is not there: they are left out.

    So an ivrd that has a new one runs with the recordings of the one before it.
    """
    say = "; until it is there this is left out; ivrd's sources have one, `make install` copies it"
    found = [problem for needed, problem in _unfit(settings) if not needed]
    return [replace(problem, message=problem.message + say) for problem in found]


def missing_music(settings: Settings) -> list[Problem]:
    """Without its folder Asterisk plays whole music to those who are to hear a bar of it."""
    folder = settings.sounds / "music" / "brief"
    if settings.music_at_most >= settings.callers_at_most or any(folder.glob("*.wav")):
        return []
    say = (
        f"no music is there: more than {settings.music_at_most} callers (limits.music) hear it all"
    )
    return [Problem(str(folder), 0, "", f"{say}; `make install` copies it")]


def spare_files(settings: Settings) -> list[Problem]:
    """Files among the recordings that belong to no prompt."""
    return list(_ownerless(settings))


class _Read(NamedTuple):
    """A recording as it was when it was read: which file, and its length, None for no sound."""

    file: tuple[int, int, int] | None  # inode, size, time of the last change; None without a file
    seconds: float | None


class Recordings:
    """The recordings of these settings, as they are when they are asked for.

    A file is read when it is another than the last time; else the question costs one `stat`.
    `report(problem)` is told of a file that cannot be played, once for each state that it is in.
    """

    def __init__(self, settings: Settings, report: Callable[[Problem], None]) -> None:
        self._folder = settings.sounds
        self._report = report
        self._read: dict[tuple[str, str], _Read] = {}

    def length(self, prompt: tuple[str, str]) -> float | None:
        """Seconds of a (language, prompt); None for one that cannot be played now."""
        language, name = prompt
        path = self._folder / language / f"{name}.wav"
        file = _identity(path)
        known = self._read.get(prompt)
        if known is None or known.file != file:
            known = self._read[prompt] = _Read(file, self._seconds(path))
        return known.seconds

    def _seconds(self, path: Path) -> float | None:
        """Of a file that is being copied, Asterisk plays what is there."""
        try:
            return _head(path)
        except _Unfit as error:
            self._report(Problem(str(path), 0, "", str(error)))
            return None


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def long_whispers(settings: Settings) -> list[Problem]:
    """Partners who have no time to press the key when they have been told of a call."""
    length = Recordings(settings, lambda _unplayable: None).length  # left out by Asterisk as well
    place = yamlfile.places(settings.folder / partners.FILE)
    found = []
    for partner in settings.partners:

        def seconds(prompt: str, language: str = partner.told_in(settings.languages)) -> float:
            return length((language, prompt)) or 0.0

        topic = max((seconds(f"topic-{topic}") for topic in partner.topics), default=0.0)
        said = max(seconds("partner-whisper"), topic + seconds(KEY_AFTER))
        need = said + PRESS_SECONDS
        if partner.confirm and need > partner.key_seconds:
            say = (
                f"expected {need:.1f} or more, got {partner.key_seconds}: to tell of a call takes "
                f"{need - PRESS_SECONDS:.1f} s, and to press the key {PRESS_SECONDS:g} s"
            )
            found.append(place.problem(("partners", partner.id, "key_seconds"), say))
    return found


def _unfit(settings: Settings) -> Iterator[tuple[bool, Problem]]:
    """What cannot be played, each with whether the hotline needs it.

    The dialplan and Asterisk's queues go on without most recordings, but not without a number's
    parts: docs/decisions/0014.
    """
    may_lack = built_in() - said_by_menus(settings) - {KEY_AFTER}
    for language, name, path in _recordings(settings):
        try:
            _seconds(path)
        except _Unfit as error:
            needed = name not in may_lack or is_own(settings, name, language)
            yield needed, Problem(str(path), 0, "", str(error))


def _ownerless(settings: Settings) -> Iterator[Problem]:
    known = {path for _language, _name, path in _recordings(settings)}
    for language in settings.languages:
        folder = settings.sounds / language
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path not in known and not path.name.startswith("."):
                yield Problem(str(path), 0, "", "no prompt in prompts.yaml has this name")


def _recordings(settings: Settings) -> Iterator[tuple[str, str, Path]]:
    """(language, prompt, path) of each recording that should be there."""
    for language in settings.languages:
        for name, texts in settings.prompts.items():
            if language in texts:
                yield language, name, settings.sounds / language / f"{name}.wav"


def unplayable(path: Path) -> str:
    """Why Asterisk cannot play a recording; empty if it can."""
    try:
        _seconds(path)
    except _Unfit as error:
        return str(error)
    return ""


def _seconds(path: Path) -> float:
    """The length of a whole recording.  Raises `_Unfit` when Asterisk cannot play it."""
    with _opened(path) as sound:
        frames = len(sound.readframes(sound.getnframes())) // sound.getsampwidth()
        whole = frames == sound.getnframes()
    if not frames or not whole:
        raise _Unfit("the file is cut short" if frames else "there is no sound in the file")
    return frames / RATE


def _head(path: Path) -> float:
    """The length that a recording's head tells.  Raises `_Unfit` as `_seconds` does.

    Of a file that is shorter than that, the rest may be on its way: a minute of it is believed.
    """
    with _opened(path) as sound:
        if not sound.getnframes():
            raise _Unfit("there is no sound in the file")
        there = path.stat().st_size / sound.getsampwidth() / RATE
        return min(sound.getnframes() / RATE, there + STILL_COPIED_SECONDS)


@contextmanager
def _opened(path: Path) -> Iterator[wave.Wave_read]:
    """A recording of the right form.  Raises `_Unfit` for any other, and for what is none."""
    try:
        with wave.open(str(path), "rb") as sound:
            if (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) != (RATE, 2, 1):
                raise _Unfit(f"expected {EXPECTED}, got {_format(sound)}")
            yield sound
    except FileNotFoundError:
        raise _Unfit(f"missing; expected {EXPECTED}") from None
    except OSError as error:
        raise _Unfit(f"cannot be read: {error.strerror}") from None
    except (wave.Error, EOFError):
        raise _Unfit(f"expected {EXPECTED}, got something else") from None


def _format(sound: wave.Wave_read) -> str:
    count = sound.getnchannels()
    channels = {1: "mono", 2: "stereo"}.get(count, f"{count} channels")
    return f"{sound.getframerate() / 1000:g} kHz {sound.getsampwidth() * 8}-bit {channels}"
