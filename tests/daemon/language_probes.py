"""For each setting of prompts.LANGUAGE.yaml: a change, and what of ivrd depends on it."""

from dataclasses import replace

from ivrd.config.field_types import FURTHER
from ivrd.config.languages import not_reviewed
from ivrd.config.prompts import file_name
from ivrd.daemon.wiring import Wiring
from tests.daemon.reload_probes import Look, Probe, put


def reviewed(language: str) -> Look:
    """What `ivrd check` says once the language is on."""

    def look(parts: Wiring) -> object:
        settings = parts.operations.settings
        return not_reviewed(replace(settings, languages=(*settings.languages, language)))

    return look


def missing(language: str) -> Look:
    """Where the prompts stand that have no recording."""
    return lambda parts: parts.operations.settings.languages_off[language]


LANGUAGE_PROBES: dict[tuple[str, str], Probe] = {
    probe: of
    for language in FURTHER
    for probe, of in (
        (
            (file_name(language), "reviewed_by"),
            (put("reviewed_by", "A native speaker"), reviewed(language)),
        ),
        (
            (file_name(language), "prompts"),
            (put("prompts.welcome", "a"), missing(language)),
        ),
    )
}
