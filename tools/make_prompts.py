"""Speaks the hotline's prompts into `sounds/th`, `en`, `my` and `ms` by machine.

    python -m tools.make_prompts            make what is missing or whose text has changed
    python -m tools.make_prompts --check    only list it; exit status 1 if there is any

The texts are those of `config/prompts.yaml`, and for what ivrd itself needs and that file leaves
out those of `ivrd/config/default_prompts.yaml`; beside either there is a file for each further
language.  For Khmer and Lao there is no voice: people record those.

espeak-ng speaks, sox brings the speech to what Asterisk plays: 8 kHz, 16 bit, mono, peak at
-3 dB, silence trimmed. Thai goes through `tools.thai` first.

A recording by a person is never touched. `sounds/made.yaml` keeps the SHA-256 of every file made
here and of the words in it; a file that is not the one noted there belongs to a person. A file
made here is removed again when its prompt is gone from the YAML.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.thai import NoReading, Readings, phonemes

ROOT = Path(__file__).resolve().parent.parent
DEFAULTS = ROOT / "ivrd" / "config" / "default_prompts.yaml"
READINGS = Path(__file__).with_name("thai_readings.yaml")
MANIFEST = "made.yaml"
MANIFEST_HEAD = "# Written by `make prompts`: the files that it made and the words in them.\n"

# A woman's voice in each language. Thai gets SSML for twice the pitch range: its tones carry
# meaning and must be heard over a telephone. Speed in words a minute.
ESPEAK: dict[str, tuple[str, ...]] = {
    "th": ("-v", "th+f2", "-s", "150", "-p", "35", "-m"),
    "en": ("-v", "en-gb+f2", "-s", "150", "-p", "45"),
    "my": ("-v", "my+f2", "-s", "140", "-p", "45"),
    "ms": ("-v", "ms+f2", "-s", "150", "-p", "45"),
}
# espeak-ng 1.51 does not know Burmese stops, and a clause of some 400 bytes makes it crash.
BURMESE_STOPS = str.maketrans({"\u104b": ". ", "\u104a": ", "})
TOGETHER = ("th", "en")  # whose texts stand in one file; each other has a file of its own
THAI_SSML = '<prosody range="200%"> [[{}]]'
# Trim both ends, leave 20 and 40 ms (numbers are put together from several files), fade 20 ms.
EDGE = ("silence", "1", "0.005", "0.5%", "fade", "h", "0.02")
BAND = ("rate", "-h", "8000", "highpass", "150")
SOX = (*BAND, *EDGE, "reverse", *EDGE, "reverse", "pad", "0.02", "0.04", "norm", "-3")
NOT_SAID = ("owner", "valid_until", "then")  # beside the texts of a prompt

Made = dict[str, dict[str, str]]  # "th/welcome.wav" -> {"sound": sha256, "words": sha256}


class PromptError(Exception):
    """One line for the user: what is wrong and what was expected."""


@dataclass(frozen=True)
class Step:
    """One thing to do to one sound file, named below the sounds folder."""

    file: str
    why: str
    words: str | None  # what espeak-ng is told; None removes the file


def read_words(prompts_file: Path, readings: Readings) -> dict[str, str]:
    """Sound file ("th/welcome.wav") to what espeak-ng is told, for the languages of `TOGETHER`.

    Raises PromptError.
    """
    prompts = load_yaml(prompts_file).get("prompts")
    if not isinstance(prompts, dict):
        raise PromptError(f"{prompts_file}: expected `prompts:` with one entry for each prompt")
    words = {}
    for name, entry in prompts.items():
        if not re.fullmatch("[a-z0-9-]+", str(name)):
            raise PromptError(f"{prompts_file}: {name}: expected a name of small letters")
        of = entry if isinstance(entry, dict) else {}
        texts = {key: value for key, value in of.items() if key not in NOT_SAID}
        if not texts or not set(texts) <= set(TOGETHER):
            raise PromptError(f"{prompts_file}: {name}: expected a text for th, en or both")
        for language, text in texts.items():
            if not isinstance(text, str) or not text.strip():
                raise PromptError(f"{prompts_file}: {name}: {language}: expected a text")
            try:
                said = THAI_SSML.format(phonemes(text, readings)) if language == "th" else text
            except NoReading as error:
                raise PromptError(
                    f"{prompts_file}: {name}: th: {error}; add it to {READINGS.name}"
                ) from None
            words[f"{language}/{name}.wav"] = said
    return words


def read_further(prompts_file: Path) -> dict[str, str]:
    """The same for the further languages that have a voice, in the files beside it."""
    words = {}
    for language in ESPEAK.keys() - {*TOGETHER}:
        file = prompts_file.with_suffix(f".{language}.yaml")
        texts = load_yaml(file).get("prompts") if file.exists() else {}
        if not isinstance(texts, dict) or not all(isinstance(said, str) for said in texts.values()):
            raise PromptError(f"{file}: expected `prompts:` with a text for each prompt")
        for name, said in texts.items():
            words[f"{language}/{name}.wav"] = said.translate(BURMESE_STOPS)
    return words


def plan(words: Mapping[str, str], sounds: Path, made: Made) -> list[Step]:
    """What has to be done in the folder `sounds`; nothing of it touches a person's recording."""
    steps = []
    for file, said in words.items():
        note = made.get(file)
        if not (sounds / file).exists():
            steps.append(Step(file, "missing", said))
        elif note and is_ours(sounds / file, note) and note["words"] != recipe_hash(said, file):
            steps.append(Step(file, "its text has changed", said))
    for file, note in made.items():
        if file not in words and is_ours(sounds / file, note):
            steps.append(Step(file, "no such prompt any more: remove", None))
    return steps


def carry_out(step: Step, sounds: Path, made: Made) -> None:
    """Do one step, and note it in `made`. Raises PromptError."""
    target = sounds / step.file
    if step.words is None:
        target.unlink()
        del made[step.file]
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        speak(step.words, target.parent.name, target)
        made[step.file] = {
            "sound": sha256(target.read_bytes()),
            "words": recipe_hash(step.words, step.file),
        }


def write_made(made: Made, sounds: Path) -> None:
    """The manifest anew."""
    content = MANIFEST_HEAD + yaml.safe_dump(made, sort_keys=True)
    (sounds / MANIFEST).write_text(content, encoding="utf-8")


def speak(words: str, language: str, target: Path) -> None:
    """Write `words` as speech to `target`, 8 kHz 16-bit mono WAV. Raises PromptError."""
    with tempfile.TemporaryDirectory() as folder:
        raw, done = Path(folder) / "raw.wav", Path(folder) / "done.wav"
        _run("espeak-ng", *ESPEAK[language], "-b", "1", "--stdin", "-w", str(raw), text=words)
        _run("sox", "-D", "-G", str(raw), "-b", "16", "-c", "1", str(done), *SOX)
        shutil.move(done, target)


def _run(program: str, *arguments: str, text: str = "") -> None:
    try:
        subprocess.run((program, *arguments), input=text.encode(), capture_output=True, check=True)
    except FileNotFoundError:
        raise PromptError(f"{program} is not installed; expected espeak-ng and sox") from None
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise PromptError(f"{program} failed: {' '.join(last) or error.returncode}") from None


def is_ours(file: Path, note: Mapping[str, str]) -> bool:
    """Whether `file` is the very one that was made here."""
    return file.exists() and sha256(file.read_bytes()) == note["sound"]


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def recipe_hash(words: str, file: str) -> str:
    """Hash of everything that decides the speech: voice, speed and words."""
    recipe = " ".join((*ESPEAK[file.split("/")[0]], *SOX, words))
    return sha256(recipe.encode())


def load_yaml(file: Path) -> dict[str, object]:
    """The mapping in a YAML file. Raises PromptError."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PromptError(f"{file}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PromptError(f"{file}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise PromptError(f"{file}: expected a YAML mapping")
    return content


def load_made(file: Path) -> Made:
    """The manifest, empty when there is none. Raises PromptError."""
    made = load_yaml(file) if file.exists() else {}
    for name, note in made.items():
        if not isinstance(note, dict) or set(note) != {"sound", "words"}:
            raise PromptError(f"{file}: {name}: expected sound and words")
    return made  # type: ignore[return-value]  # just checked


def _load_readings() -> Readings:
    readings = load_yaml(READINGS).get("readings")
    if not isinstance(readings, dict) or not all(isinstance(v, str) for v in readings.values()):
        raise PromptError(f"{READINGS}: expected `readings:` with one reading for each word")
    return readings


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit status 0, 1 (failed, or --check found something), 2 (wrong YAML)."""
    parser = argparse.ArgumentParser(prog="make_prompts", description="Speak prompts by machine.")
    parser.add_argument("--check", action="store_true", help="only list what would change")
    parser.add_argument("--prompts", type=Path, default=ROOT / "config" / "prompts.yaml")
    parser.add_argument("--defaults", type=Path, default=DEFAULTS)
    parser.add_argument("--sounds", type=Path, default=ROOT / "sounds")
    options = parser.parse_args(arguments)
    try:
        readings = _load_readings()
        words = {
            **read_words(options.defaults, readings),
            **read_words(options.prompts, readings),
            **read_further(options.defaults),
            **read_further(options.prompts),
        }
        made = load_made(options.sounds / MANIFEST)
    except PromptError as error:
        print(error, file=sys.stderr)
        return 2
    steps = plan(words, options.sounds, made)
    try:
        for step in steps:
            print(f"{step.file}: {step.why}")
            if not options.check:
                carry_out(step, options.sounds, made)
    except PromptError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if steps and not options.check and options.sounds.is_dir():
            write_made(made, options.sounds)
    return 1 if options.check and steps else 0


if __name__ == "__main__":
    sys.exit(main())
