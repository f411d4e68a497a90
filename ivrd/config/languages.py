"""Languages beside Thai and English: which of those that ivrd.yaml names are on.

Only recordings are needed, texts are not.  While one is missing the language is off: callers cannot
choose it, and nobody is told of it.
"""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

from ivrd.config import main, model, outbox, prompts, yamlfile
from ivrd.config.field_types import FURTHER
from ivrd.config.model import File
from ivrd.config.problem import ConfigError, Problem, unknown
from ivrd.config.prompts import LanguageFile, Prompts, file_name
from ivrd.config.settings import Settings
from ivrd.config.sounds import unplayable
from ivrd.config.yamlfile import Document
from ivrd.core.numbers import pieces

FILES = tuple(map(file_name, FURTHER))

LanguageFiles = Mapping[str, File[LanguageFile]]  # by language


def read_files(
    folder: Path, languages: Collection[str], found: list[Problem]
) -> dict[str, File[LanguageFile]]:
    """The file of each further language, empty where there is none; what is wrong goes to `found`.

    Those of languages that are none of `languages` are not read.
    """
    files = {}
    for language in FURTHER:
        path = folder / file_name(language)
        files[language] = File(Document(str(path), None, {(): 0}), LanguageFile())
        if language in languages and path.exists():
            try:
                files[language] = model.read(path, LanguageFile)
            except ConfigError as error:
                found.extend(error.problems)
    return files


def check(files: LanguageFiles, known: Prompts) -> list[Problem]:
    """Texts of prompts that there are not."""
    return [
        file.problem("prompts", name, say=unknown("prompt", name, known))
        for language, file in files.items()
        for name in file.parsed.prompts
        if name not in known and name not in pieces(language)
    ]


def missing(settings: Settings, language: str, file: File[LanguageFile]) -> tuple[Problem, ...]:
    """What keeps a further language off: each prompt without a recording, where its text stands.

    settings: those without it.
    """
    said = prompts.used_prompts(settings).intersection(settings.prompts)
    folder, found = settings.sounds / language, []
    for name in sorted(prompts.said_in(said, language)):
        if why := unplayable(folder / f"{name}.wav"):
            found.append(_problem(language, name, file.document, f"{folder / name}.wav: {why}"))
    return tuple(found)


def _problem(language: str, name: str, own: Document, why: str) -> Problem:
    key, place = ("prompts", name), own
    if key not in own.lines and name in prompts.defaults_in(language):
        place = _default_places(language)
    text = "" if key in place.lines else "no text, and "
    return place.problem(key, f"{text}no recording: {why}; {language} is off until it is there")


@cache
def _default_places(language: str) -> Document:
    return yamlfile.places(prompts.default_file(language))


def off(settings: Settings) -> list[Problem]:
    """For `ivrd check`: what keeps languages off that ivrd.yaml names.

    Of one that has no recording at all, that alone.
    """
    found: list[Problem] = []
    for language, problems in settings.languages_off.items():
        folder = settings.sounds / language
        if any(folder.glob("*.wav")):
            found.extend(problems)
        else:
            say = f"it is off: none of its {len(problems)} prompts is recorded (in {folder})"
            found.append(_of(settings, language, say))
    return found


def _of(settings: Settings, language: str, say: str) -> Problem:
    """Something about a language, at its place in ivrd.yaml."""
    program = settings.files[main.FILE]
    assert isinstance(program, main.MainFile)
    key = ("languages", program.languages.index(language))
    return yamlfile.places(settings.folder / main.FILE).problem(key, f"{language}: {say}")


def not_reviewed(settings: Settings) -> list[Problem]:
    """For `ivrd check`: languages that are on, and whose texts nobody has read who speaks them."""
    found = []
    for language in settings.languages:
        texts = settings.files.get(file_name(language))
        if isinstance(texts, LanguageFile) and not texts.reviewed_by:
            say = "nobody who speaks it has said that its texts are right (reviewed_by in "
            found.append(_of(settings, language, f"{say}{file_name(language)})"))
    return found


def untranslated(settings: Settings) -> list[Problem]:
    """For `ivrd check`: messages that callers get in another language than they chose."""
    place = yamlfile.places(settings.folder / outbox.FILE)
    return [
        place.problem(
            ("messages", use, "text"),
            f"{language}: no text; its callers get the message in {next(iter(message.text))}",
        )
        for use, message in settings.outbox.messages.items()
        for language in settings.languages
        if language not in message.text
    ]
