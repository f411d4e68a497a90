"""The prompts' texts, those that ivrd brings along, and which are said at all.

prompts.yaml has every prompt in the languages of `WRITTEN`.  Each further one has files of its own,
which a translator or a speaker can be given: prompts.LANGUAGE.yaml beside prompts.yaml, and
default_prompts.LANGUAGE.yaml in this package for what ivrd brings along (languages.py says when a
language is on).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivrd.config import model, yamlfile
from ivrd.config.effect import RELOAD
from ivrd.config.field_types import DAY, FURTHER, PROMPT, WRITTEN, speech, text, written
from ivrd.config.model import File, M, Part
from ivrd.config.problem import Problem, unknown
from ivrd.config.settings import Settings
from ivrd.config.yamlfile import Key
from ivrd.core.menu_tree import ToIntake, ToLink
from ivrd.core.numbers import pieces

FILE = "prompts.yaml"
DEFAULTS = Path(__file__).with_name("default_prompts.yaml")
NUMBER = "number-"
# Said to agents alone, in `language` of agents.yaml, which is one of `WRITTEN`.
TO_AGENTS = ("agent-", "supervision-nothing", "supervision-idle")

Prompts = Mapping[str, Mapping[str, str]]  # a prompt's name -> its text in each language


class PromptPart(Part):
    """A prompt: its text in each language, and how long it is spoken (core/validity.py).

    A part of a number may have a text in one language only.
    """

    th: Annotated[str, speech(2000), RELOAD] = ""
    en: Annotated[str, speech(2000), RELOAD] = ""
    owner: Annotated[str, text(80), RELOAD] = ""
    valid_until: Annotated[date | None, DAY, RELOAD] = None
    then: Annotated[str, PROMPT, RELOAD] = ""

    @model_validator(mode="after")
    def _has_a_text(self) -> "PromptPart":
        if not self.texts:
            raise PydanticCustomError("expected", f"expected a text in {' or '.join(WRITTEN)}")
        return self

    @property
    def texts(self) -> Mapping[str, str]:
        """The text in each language that has one."""
        texts = {language: getattr(self, language) for language in WRITTEN}
        return {language: said for language, said in texts.items() if said}


class PromptsFile(Part):
    """prompts.yaml."""

    prompts: Annotated[dict[Annotated[str, PROMPT], PromptPart], RELOAD]

    @property
    def texts(self) -> Prompts:
        """Each prompt's texts."""
        return {name: part.texts for name, part in self.prompts.items()}


class LanguageFile(Part):
    """prompts.LANGUAGE.yaml.

    reviewed_by: who speaks the language and has read these texts and ivrd's own, or recorded them.
    """

    reviewed_by: Annotated[str, text(80), RELOAD] = ""
    prompts: Annotated[dict[Annotated[str, PROMPT], Annotated[str, speech(2000)]], RELOAD] = Field(
        default_factory=dict
    )


def file_name(language: str) -> str:
    """The file with a further language's texts, beside prompts.yaml."""
    return f"prompts.{language}.yaml"


@cache
def defaults() -> Prompts:
    """The prompts that every hotline needs, with the texts that hold where it has none."""
    return model.read(DEFAULTS, PromptsFile).parsed.texts


@cache
def defaults_in(language: str) -> Mapping[str, str]:
    """What ivrd brings along in a further language, by prompt."""
    return model.read(default_file(language), LanguageFile).parsed.prompts


def default_file(language: str) -> Path:
    """The file of these."""
    return DEFAULTS.with_suffix(f".{language}.yaml")


def built_in() -> frozenset[str]:
    """Those that the dialplan and Asterisk's queues say, without the parts of numbers."""
    return frozenset(name for name in defaults() if not name.startswith(NUMBER))


def with_defaults(own: Prompts, languages: Iterable[str]) -> Prompts:
    """Every prompt of `own`, and what else is needed in these languages, as far as `WRITTEN`."""
    prompts = {name: dict(texts) for name, texts in own.items()}
    for language in written(languages):
        for name in built_in() | pieces(language):
            prompts.setdefault(name, {}).setdefault(language, defaults()[name][language])
    return prompts


def with_texts(
    prompts: Prompts, languages: Iterable[str], files: Mapping[str, LanguageFile]
) -> Prompts:
    """The same with further languages; their text is empty where there is a recording alone.

    `languages`: those that are on.
    """
    found = {name: dict(texts) for name, texts in prompts.items()}
    for language in set(languages).intersection(FURTHER):
        own = files[language].prompts
        for name in said_in(prompts, language):
            said = own.get(name) or defaults_in(language).get(name, "")
            found.setdefault(name, {})[language] = said
    return found


def said_in(prompts: Iterable[str], language: str) -> frozenset[str]:
    """Those of these prompts that a further language needs, with its parts of numbers."""
    others = (name for name in prompts if not name.startswith((NUMBER, *TO_AGENTS)))
    return pieces(language).union(others)


def check_uses(
    prompts: Prompts, languages: Iterable[str], user: File[M], uses: Iterable[tuple[Key, str]]
) -> Iterator[Problem]:
    """The prompts (with their places) that `user` names and that are not there."""
    for place, name in uses:
        texts = prompts.get(name)
        if texts is None:
            yield user.problem(*place, say=unknown("prompt", name, prompts))
            continue
        for language in written(languages):
            if language not in texts:
                yield user.problem(*place, say=f"the prompt {name} has no text in {language}")


def used_prompts(settings: Settings) -> frozenset[str]:
    """Every prompt that is said by a menu, a queue, the dialplan, or as part of a number.

    `topic-NAME` tells a partner's agent the topic; a topic may be without one.
    """
    topics = (f"topic-{topic}" for topic in settings.tree.queue_of)
    numbers = (pieces(language) for language in settings.languages)
    return built_in().union(said_by_menus(settings), topics, *numbers)


def said_by_menus(settings: Settings) -> frozenset[str]:
    """Every prompt that the YAML files name, and what comes after it."""
    tree = settings.tree
    said = {tree.no_input, tree.no_match, tree.connect, tree.again, tree.goodbye}
    said.update(*(menu.prompts for menu in tree.menus.values()))
    keys = (to for menu in tree.menus.values() for to in menu.keys.values())
    said.update(to.prompt for to in keys if isinstance(to, ToLink | ToIntake))
    flags = tree.intake.flags if tree.intake else ()
    said.update(*((flag.ask, flag.said) for flag in flags))
    said.update(*tree.infos.values(), tree.closed_prompt.values())
    said.update(*(plan.message for plan in settings.plans.values()))
    said.update(*(tree.cases.states.values() if tree.cases else ()))
    instead = {name: of.then for name, of in settings.validities.items()}
    for prompt in tuple(said):  # and what is said when they have ended
        while (prompt := instead.get(prompt, "")) in settings.prompts:
            said.add(prompt)
    return frozenset(said)


def is_own(settings: Settings, name: str, language: str) -> bool:
    """Whether the text is the hotline's own, from prompts.yaml or a further language's file."""
    if language not in WRITTEN:
        texts = settings.files[file_name(language)]
        assert isinstance(texts, LanguageFile)
        return name in texts.prompts
    file = settings.files[FILE]
    assert isinstance(file, PromptsFile)
    return language in file.texts.get(name, {})


def unused_prompts(settings: Settings) -> list[Problem]:
    """The prompts of prompts.yaml that nothing says."""
    problem = yamlfile.places(settings.folder / FILE).problem
    used = used_prompts(settings)
    return [
        problem(("prompts", name), "nothing says this prompt")
        for name in settings.prompts
        if name not in used
    ]
