"""menus.yaml: what a caller hears and what each key does."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivrd.config import intake
from ivrd.config.effect import RELOAD
from ivrd.config.field_types import FURTHER, NAME, PROMPT, choice, number, whole, worded
from ivrd.config.intake import IntakePart
from ivrd.config.links import MESSAGE
from ivrd.config.main import MainFile
from ivrd.config.model import File, Part
from ivrd.config.problem import Problem, unknown
from ivrd.config.queues import QueuesFile
from ivrd.config.settings import NumberSettings
from ivrd.config.yamlfile import Key
from ivrd.core.cases import CaseTable
from ivrd.core.inputs import BACK_KEY, PERSON_KEY
from ivrd.core.menu_tree import (
    Choice,
    Menu,
    ToCase,
    ToInfo,
    ToIntake,
    ToLink,
    ToMenu,
    ToTopic,
    Tree,
)
from ivrd.core.priority import Urgency
from ivrd.core.skills import SkillRouting

FILE = "menus.yaml"


def _key(text: str) -> str | None:
    if text == PERSON_KEY:
        raise ValueError(f"{PERSON_KEY} goes to a person in every menu")
    if text == BACK_KEY:
        raise ValueError(f"{BACK_KEY} goes back in every menu")
    return text if re.fullmatch("[1-9#]", text) else None


KEY = worded("a key from 1 to 9 or #", _key)
Prompts = Annotated[list[Annotated[str, PROMPT]], Field(min_length=1)]


class KeyPart(Part):
    """What one key does."""

    menu: Annotated[str, NAME, RELOAD] = ""
    info: Annotated[str, NAME, RELOAD] = ""
    topic: Annotated[str, NAME, RELOAD] = ""
    link: Annotated[str, NAME, RELOAD] = ""
    intake: Annotated[str, NAME, RELOAD] = ""
    case: Annotated[str, NAME, RELOAD] = ""
    prompt: Annotated[str, PROMPT, RELOAD] = ""
    language: Annotated[str, NAME, RELOAD] = ""

    @model_validator(mode="after")
    def _leads_to_one_thing(self) -> "KeyPart":
        kinds = ("menu", "info", "topic", "link", "intake", "case")
        given = [name for name in kinds if getattr(self, name)]
        if len(given) != 1:
            say = f"expected one of {', '.join(kinds[:-1])} or {kinds[-1]}, got "
            say += " and ".join(given) or "none of them"
            raise PydanticCustomError("expected", "{say}", {"say": say})
        if self.language and not self.menu:
            raise PydanticCustomError("expected", "a language goes with a menu only")
        if bool(self.link or self.intake) != bool(self.prompt):
            say = "expected link or intake with a prompt, which tells the key while it can be had"
            raise PydanticCustomError("expected", "{say}", {"say": say})
        return self

    def choice(self) -> Choice:
        """The same for the menu machine."""
        if self.menu:
            return ToMenu(self.menu, self.language)
        if self.link:
            return ToLink(self.link, self.prompt)
        if self.intake:
            return ToIntake(self.intake, self.prompt)
        if self.case:
            return ToCase(self.case)
        return ToInfo(self.info) if self.info else ToTopic(self.topic)


class MenuPart(Part):
    """One menu."""

    prompts: Annotated[Prompts, RELOAD]
    speak: Annotated[str, choice("all"), RELOAD] = ""
    keys: Annotated[dict[Annotated[str, KEY], KeyPart], Field(min_length=1), RELOAD]


class InfoPart(Part):
    """One message."""

    prompts: Annotated[Prompts, RELOAD]


class SaidPart(Part):
    """`prompts:` what every menu says."""

    no_input: Annotated[str, PROMPT, RELOAD]
    no_match: Annotated[str, PROMPT, RELOAD]
    connect: Annotated[str, PROMPT, RELOAD]
    again: Annotated[str, PROMPT, RELOAD]
    goodbye: Annotated[str, PROMPT, RELOAD]


class MenusFile(Part):
    """menus.yaml."""

    start: Annotated[str, NAME, RELOAD]
    operator: Annotated[str, NAME, RELOAD]
    wait_seconds: Annotated[float, number(1, 59), RELOAD]
    retries: Annotated[int, whole(0, 9), RELOAD]
    prompts: SaidPart
    menus: Annotated[dict[Annotated[str, NAME], MenuPart], Field(min_length=1), RELOAD]
    infos: Annotated[dict[Annotated[str, NAME], InfoPart], RELOAD] = Field(default_factory=dict)
    intake: IntakePart = IntakePart()

    @property
    def registers(self) -> bool:
        """Whether a key leads to the intake."""
        return any(to.intake for menu in self.menus.values() for to in menu.keys.values())


def check(file: File[MenusFile]) -> Iterator[Problem]:
    """What is wrong between the values of this file."""
    parsed = file.parsed
    if parsed.start not in parsed.menus:
        yield file.problem("start", say=unknown("menu", parsed.start, parsed.menus))
    yield from _loops(file)
    yield from _lost_keys(file)
    if parsed.registers and not parsed.intake.flags:
        say = "expected the questions that are asked of callers who register by keys"
        yield file.problem("intake", say=f"flags: missing; {say}")


def _lost_keys(file: File[MenusFile]) -> Iterator[Problem]:
    """Keys that lead to a menu or message that is not there."""
    parsed = file.parsed
    for name, key, to in _keys(parsed):
        place = ("menus", name, "keys", key)
        if to.menu and to.menu not in parsed.menus:
            yield file.problem(*place, "menu", say=unknown("menu", to.menu, parsed.menus))
        if to.info and to.info not in parsed.infos:
            yield file.problem(*place, "info", say=unknown("info", to.info, parsed.infos))


def check_with_program(file: File[MenusFile], program: MainFile) -> Iterator[Problem]:
    """What does not agree with ivrd.yaml."""
    most = program.lease_seconds - 1
    if file.parsed.wait_seconds > most:
        say = (
            f"expected at most {most}, got {file.parsed.wait_seconds:g}: after lease_seconds "
            f"({program.lease_seconds} in ivrd.yaml) the dialplan takes the caller, "
            "who may still press a key"
        )
        yield file.problem("wait_seconds", say=say)
    for name, key, to in _keys(file.parsed):
        known = (*program.languages, *FURTHER)  # of one that is off there is no key
        if to.language and to.language not in known:
            say = unknown("language", to.language, known)
            yield file.problem("menus", name, "keys", key, "language", say=say)


def check_numbers(
    file: File[MenusFile], program: File[MainFile], of_plans: Iterable[str]
) -> Iterator[Problem]:
    """Numbers that begin in a menu that is not there, and menus in which no caller ever is.

    `of_plans`: menus in which callers begin while a crisis plan is on.
    """
    menus, lost = file.parsed.menus, False
    for dialled, part in program.parsed.numbers.items():
        if part.menu and part.menu not in menus:
            lost = True
            say = unknown("menu", part.menu, menus)
            yield program.problem("numbers", dialled, "menu", say=say)
    if not lost and file.parsed.start in menus and not any(_lost_keys(file)):
        starts = [part.menu for part in program.parsed.numbers.values() if part.menu]
        yield from _not_led_to(file, [*starts, *(menu for menu in of_plans if menu in menus)])


def check_with_queues(file: File[MenusFile], queues: QueuesFile) -> Iterator[Problem]:
    """What does not agree with queues.yaml."""
    topics = queues.topics()
    if file.parsed.operator not in topics:
        yield file.problem("operator", say=unknown("topic", file.parsed.operator, topics))
    for name, key, to in _keys(file.parsed):
        if to.topic and to.topic not in topics:
            say = unknown("topic", to.topic, topics)
            yield file.problem("menus", name, "keys", key, "topic", say=say)
        if to.link and to.link not in topics:
            say = f"{unknown('topic', to.link, topics)} (who helps when no link can be sent)"
            yield file.problem("menus", name, "keys", key, "link", say=say)
        if to.intake and to.intake not in topics:
            say = f"{unknown('topic', to.intake, topics)} (who helps those who do not register)"
            yield file.problem("menus", name, "keys", key, "intake", say=say)
        if to.case and to.case not in topics:
            say = f"{unknown('topic', to.case, topics)} (who helps when no state can be told)"
            yield file.problem("menus", name, "keys", key, "case", say=say)


def check_with_cases(file: File[MenusFile], cases: CaseTable | None) -> Iterator[Problem]:
    """Keys that ask for a case where cases.yaml has none."""
    for name, key, to in _keys(file.parsed):
        if to.case and cases is None:
            say = "no case can be looked up: cases.yaml has no crm.url"
            yield file.problem("menus", name, "keys", key, "case", say=say)


def check_with_outbox(file: File[MenusFile], messages: Collection[str]) -> Iterator[Problem]:
    """Keys that send a link, or a ticket, where outbox.yaml has no message for it."""
    for name, key, to in _keys(file.parsed):
        if to.link and MESSAGE not in messages:
            say = f"no link is ever sent: outbox.yaml has no message {MESSAGE}"
            yield file.problem("menus", name, "keys", key, "link", say=say)
        if to.intake and intake.TICKET not in messages:
            say = f"nobody ever registers: outbox.yaml has no message {intake.TICKET}"
            yield file.problem("menus", name, "keys", key, "intake", say=say)


def _keys(parsed: MenusFile) -> Iterator[tuple[str, str, KeyPart]]:
    """Each (menu, key, what the key does)."""
    for name, menu in parsed.menus.items():
        for key, to in menu.keys.items():
            yield name, key, to


def _loops(file: File[MenusFile]) -> Iterator[Problem]:
    """Each key that leads back to a menu above.

    A walk down from each menu in turn, with a stack of our own: a file may have thousands.
    """
    menus = file.parsed.menus
    done: set[str] = set()
    for top in menus:
        trail = [] if top in done else [top]
        ahead = [iter(menus[name].keys.items()) for name in trail]
        while trail:
            key, to = next(ahead[-1], ("", None))
            if to is None:
                done.add(trail.pop())
                ahead.pop()
            elif to.menu in trail:
                loop = " > ".join([*trail[trail.index(to.menu) :], to.menu])
                say = f"menu loop {loop}; leave this key out, {BACK_KEY} goes back"
                yield file.problem("menus", trail[-1], "keys", key, say=say)
            elif to.menu in menus and to.menu not in done:
                trail.append(to.menu)
                ahead.append(iter(menus[to.menu].keys.items()))


def _not_led_to(file: File[MenusFile], starts: list[str]) -> Iterator[Problem]:
    """Menus and messages that no caller can reach; `starts`: others than the usual one."""
    parsed = file.parsed
    ahead = [parsed.start, *starts]
    reached, infos = set(ahead), set()
    while ahead:
        for to in parsed.menus[ahead.pop()].keys.values():
            infos.add(to.info)
            if to.menu and to.menu not in reached:
                reached.add(to.menu)
                ahead.append(to.menu)
    for name in parsed.menus:
        if name not in reached:
            yield file.problem("menus", name, say="no key leads here from the start")
    for name in parsed.infos:
        if name not in infos:
            yield file.problem("infos", name, say="no key leads here from the start")


def prompts(parsed: MenusFile) -> Iterator[tuple[Key, str]]:
    """Each (place, prompt) in this file."""
    for field, prompt in parsed.prompts:
        yield ("prompts", field), prompt
    for name, menu in parsed.menus.items():
        for at, prompt in enumerate(menu.prompts):
            yield ("menus", name, "prompts", at), prompt
        for key, to in menu.keys.items():
            if to.prompt:
                yield ("menus", name, "keys", key, "prompt"), to.prompt
    for name, info in parsed.infos.items():
        for at, prompt in enumerate(info.prompts):
            yield ("infos", name, "prompts", at), prompt
    yield from intake.prompts(parsed.intake)


def tree(
    parsed: MenusFile,
    queues: QueuesFile,
    routing: SkillRouting,
    languages: tuple[str, ...],
    numbers: tuple[NumberSettings, ...],
    queue_menu_key: str,
    cases: CaseTable | None,
) -> Tree:
    """The menus as the menu machine wants them; `languages`: those that are on."""
    return Tree(
        start=parsed.start,
        starts={of.number: ToMenu(of.menu or parsed.start, of.language) for of in numbers},
        operator=parsed.operator,
        menus={
            name: Menu(
                name=name,
                prompts=tuple(part.prompts),
                keys={
                    key: to.choice()
                    for key, to in part.keys.items()
                    if to.language in ("", *languages)
                },
                speak_all=part.speak == "all",
            )
            for name, part in parsed.menus.items()
        },
        infos={name: tuple(part.prompts) for name, part in parsed.infos.items()},
        routing=routing,
        closed_prompt={
            name: part.closed_prompt for name, part in queues.queues.items() if part.closed_prompt
        },
        languages=languages,
        wait_seconds=parsed.wait_seconds,
        retries=parsed.retries,
        no_input=parsed.prompts.no_input,
        no_match=parsed.prompts.no_match,
        connect=parsed.prompts.connect,
        again=parsed.prompts.again,
        goodbye=parsed.prompts.goodbye,
        queue_menu_key=queue_menu_key,
        intake=intake.form(parsed.intake),
        cases=cases,
        red_flags=frozenset(t for t, of in queues.urgency().items() if of is Urgency.RED_FLAG),
    )
