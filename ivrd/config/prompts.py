"""prompts.yaml: every prompt's text, and which prompts are said at all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from ivrd.config import yamlfile
from ivrd.config.field_types import LANGUAGE, PROMPT, speech
from ivrd.config.main import MainFile
from ivrd.config.model import File, M, Part
from ivrd.config.problem import ConfigError, Problem, unknown
from ivrd.config.settings import Settings
from ivrd.config.yamlfile import Key
from ivrd.core.numbers import pieces

FILE = "prompts.yaml"

# Said by the dialplan and by Asterisk's queues, whatever the menus are.
BUILT_IN = frozenset(
    {
        "all-lines-busy",
        "connect",
        "fallback-welcome",
        "partner-press",
        "partner-whisper",
        "queue-after",
        "queue-before",
        "queue-beyond",
        "queue-next",
        "queue-periodic",
        "wait-before",
        "wait-minute",
        "wait-minutes",
    }
)

# These came with a later release: a prompts.yaml of before does not have them, and what is said
# then is the recording that was shipped.
LATER = frozenset({"all-lines-busy"})

Texts = dict[Annotated[str, LANGUAGE], Annotated[str, speech(2000)]]


class PromptsFile(Part):
    """prompts.yaml.  A part of a number may have a text in one language only."""

    prompts: dict[Annotated[str, PROMPT], Annotated[Texts, Field(min_length=1)]]


def check_with_program(file: File[PromptsFile], program: MainFile) -> Iterator[Problem]:
    """PromptsFile that the program itself says, and that are not there."""
    for language in program.languages:
        for name in sorted(BUILT_IN | pieces(language)):
            if name in LATER - file.parsed.prompts.keys():
                continue
            if language not in file.parsed.prompts.get(name, {}):
                say = "missing; this prompt is always needed"
                yield file.problem("prompts", name, language, say=say)


def with_later(prompts: Mapping[str, Texts], languages: Sequence[str]) -> Mapping[str, Texts]:
    """The prompts of the file, and those of LATER that it lacks, without a text."""
    return {**{name: dict.fromkeys(languages, "") for name in LATER}, **prompts}


def check_uses(
    file: File[PromptsFile], languages: list[str], user: File[M], uses: Iterable[tuple[Key, str]]
) -> Iterator[Problem]:
    """The prompts (with their places) that `user` names and that are not there."""
    for place, name in uses:
        texts = file.parsed.prompts.get(name)
        if texts is None:
            yield user.problem(*place, say=unknown("prompt", name, file.parsed.prompts))
            continue
        for language in languages:
            if language not in texts and name not in BUILT_IN:
                yield user.problem(*place, say=f"the prompt {name} has no text in {language}")


def used_prompts(settings: Settings) -> frozenset[str]:
    """Every prompt that is said by a menu, a queue, the dialplan, or as part of a number.

    `topic-NAME` tells a partner's agent the topic; a topic may be without one.
    """
    tree = settings.tree
    said = {tree.no_input, tree.no_match, tree.connect, tree.again, tree.goodbye}
    said.update(*(menu.prompts for menu in tree.menus.values()))
    said.update(*tree.infos.values(), tree.closed_prompt.values())
    said.update(f"topic-{topic}" for topic in tree.queue_of)
    return BUILT_IN.union(said, *(pieces(language) for language in settings.languages))


def unused_prompts(settings: Settings) -> list[Problem]:
    """The prompts of prompts.yaml that nothing says."""
    path = settings.folder / FILE
    try:
        problem = yamlfile.read(path).problem  # for the line
    except ConfigError:  # changed since it was loaded
        problem = yamlfile.Document(str(path), None, {(): 0}).problem
    used = used_prompts(settings)
    return [
        problem(("prompts", name), "nothing says this prompt")
        for name in settings.prompts
        if name not in used
    ]
