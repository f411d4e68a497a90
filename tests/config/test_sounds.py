import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.config.sounds import (
    STILL_COPIED_SECONDS,
    Recordings,
    missing_defaults,
    missing_music,
    prompt_files,
    spare_files,
)

EXPECTED = "expected 8 kHz 16-bit mono PCM WAV"


def record(path: Path, seconds: float = 0.5, rate: int = 8000, width: int = 2, of: int = 1) -> None:
    """A WAV file of silence."""
    with wave.open(str(path), "wb") as file:
        file.setframerate(rate)
        file.setsampwidth(width)
        file.setnchannels(of)
        file.writeframes(bytes(round(seconds * rate) * width * of))


@pytest.fixture
def recorded(folder: Path) -> Path:
    """A configuration whose prompts are all recorded."""
    for name, texts in load(folder).prompts.items():
        for language in texts:
            (folder / "sounds" / language).mkdir(parents=True, exist_ok=True)
            record(folder / "sounds" / language / f"{name}.wav")
    return folder


def found(folder: Path) -> list[str]:
    settings = load(folder)
    problems = (str(p) for p in [*prompt_files(settings), *spare_files(settings)])
    return [problem.removeprefix(f"{folder}/sounds/") for problem in problems]


def test_recordings_that_can_be_played(recorded: Path) -> None:
    assert found(recorded) == []


@pytest.mark.parametrize(
    ("rate", "width", "channels", "message"),
    [
        (44100, 2, 2, f"{EXPECTED}, got 44.1 kHz 16-bit stereo"),
        (16000, 2, 1, f"{EXPECTED}, got 16 kHz 16-bit mono"),
        (8000, 1, 1, f"{EXPECTED}, got 8 kHz 8-bit mono"),
        (8000, 2, 6, f"{EXPECTED}, got 8 kHz 16-bit 6 channels"),
    ],
)
def test_a_recording_of_another_form(
    recorded: Path, rate: int, width: int, channels: int, message: str
) -> None:
    record(recorded / "sounds/en/welcome.wav", rate=rate, width=width, of=channels)
    assert found(recorded) == [f"en/welcome.wav: {message}"]


@pytest.mark.parametrize(
    "content",
    [b"", b"ID3\x04" + bytes(200), b"RIFF\x24\0\0\0WAVEfmt "],
    ids=["empty", "mp3", "header-only"],
)
def test_a_file_that_is_no_recording(recorded: Path, content: bytes) -> None:
    (recorded / "sounds/th/welcome.wav").write_bytes(content)
    assert found(recorded) == [f"th/welcome.wav: {EXPECTED}, got something else"]


def test_a_recording_that_was_copied_in_part(recorded: Path) -> None:
    path = recorded / "sounds/th/welcome.wav"
    path.write_bytes(path.read_bytes()[:-1001])
    assert found(recorded) == ["th/welcome.wav: the file is cut short"]


def test_a_recording_without_sound(recorded: Path) -> None:
    record(recorded / "sounds/th/welcome.wav", seconds=0)
    assert found(recorded) == ["th/welcome.wav: there is no sound in the file"]


def test_a_prompt_without_a_file(recorded: Path) -> None:
    (recorded / "sounds/th/welcome.wav").unlink()
    assert found(recorded) == [f"th/welcome.wav: missing; {EXPECTED}"]


def test_a_folder_in_the_place_of_a_file(recorded: Path) -> None:
    (recorded / "sounds/th/welcome.wav").unlink()
    (recorded / "sounds/th/welcome.wav").mkdir()
    assert found(recorded) == ["th/welcome.wav: cannot be read: Is a directory"]


def test_a_file_that_belongs_to_no_prompt(recorded: Path) -> None:
    record(recorded / "sounds/en/welcom.wav")
    (recorded / "sounds/en/.hidden").touch()
    assert found(recorded) == ["en/welcom.wav: no prompt in prompts.yaml has this name"]


def test_no_folder_of_sounds_at_all(folder: Path) -> None:
    assert f"th/welcome.wav: missing; {EXPECTED}" in found(folder)


class Played:
    """The recordings of a hotline while somebody changes them, and what is reported of that."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "sounds/en/welcome.wav"
        self.problems: list[str] = []
        self.recordings = Recordings(load(folder), lambda p: self.problems.append(p.message))

    def length(self) -> float | None:
        return self.recordings.length(("en", "welcome"))


def test_a_recording_is_as_long_as_it_is_when_it_is_said(recorded: Path) -> None:
    played = Played(recorded)
    assert played.length() == 0.5
    record(played.path, seconds=1.25)
    assert played.length() == 1.25
    newer = played.path.with_name("new")
    record(newer, seconds=1.5)
    newer.rename(played.path)
    assert played.length() == 1.5
    assert played.problems == []


def test_a_recording_of_the_same_size_is_seen_to_be_another(recorded: Path) -> None:
    played = Played(recorded)
    assert played.length() == 0.5
    record(played.path, seconds=0.25, of=2)
    assert played.length() is None


def test_a_recording_that_cannot_be_played_is_told_once_until_it_can(recorded: Path) -> None:
    played = Played(recorded)
    played.path.unlink()
    assert [played.length(), played.length()] == [None, None]
    assert played.problems == [f"missing; {EXPECTED}"]
    played.path.write_bytes(b"ID3" + bytes(100))
    assert [played.length(), played.length()] == [None, None]
    assert played.problems[1:] == [f"{EXPECTED}, got something else"]
    record(played.path, seconds=2.0)
    assert played.length() == 2.0


def test_a_recording_that_is_being_copied_is_as_long_as_it_will_be(recorded: Path) -> None:
    played = Played(recorded)
    record(played.path, seconds=30.0)
    played.path.write_bytes(played.path.read_bytes()[:1000])
    assert played.length() == 30.0


def test_a_head_that_lies_keeps_nobody_for_hours(recorded: Path) -> None:
    played = Played(recorded)
    whole = bytearray(played.path.read_bytes())
    whole[40:44] = b"\xf0\xff\xff\x7f"
    played.path.write_bytes(whole)
    length = played.length()
    assert length is not None
    assert length < 1.0 + STILL_COPIED_SECONDS


NO_RECORDING = (
    f"missing; {EXPECTED}; until it is there this is left out; "
    "ivrd's sources have one, `make install` copies it"
)


def test_a_recording_that_came_with_a_newer_ivrd_may_be_missing(recorded: Path) -> None:
    (recorded / "sounds/th/partner-whisper.wav").unlink()
    assert found(recorded) == []
    (note,) = missing_defaults(load(recorded))
    assert str(note) == f"{recorded}/sounds/th/partner-whisper.wav: {NO_RECORDING}"


def test_the_music_for_those_who_hear_little_of_it_may_be_missing(recorded: Path) -> None:
    of = load(recorded)
    (note,) = missing_music(of)
    assert str(note).startswith(f"{recorded}/sounds/music/brief: no music is there: more than 100")
    assert missing_music(replace(of, music_at_most=of.callers_at_most)) == []
    (recorded / "sounds/music/brief").mkdir(parents=True)
    (recorded / "sounds/music/brief/1-bar.wav").touch()
    assert missing_music(of) == []


@pytest.mark.parametrize("name", ["number-1", "connect", "partner-press"])
def test_what_a_menu_names_and_the_parts_of_numbers_must_be_there(
    recorded: Path, name: str
) -> None:
    """Without one Asterisk would go on in another way, or the caller hear nothing of a menu."""
    (recorded / f"sounds/th/{name}.wav").unlink()
    assert found(recorded) == [f"th/{name}.wav: missing; {EXPECTED}"]
    assert missing_defaults(load(recorded)) == []


def test_a_hotlines_own_text_needs_its_recording(
    recorded: Path, change: Callable[[str, str, str], None]
) -> None:
    (recorded / "sounds/th/partner-whisper.wav").unlink()
    change("prompts.yaml", "prompts:", "prompts:\n  partner-whisper: {th: ก}")
    assert found(recorded) == [f"th/partner-whisper.wav: missing; {EXPECTED}"]
