"""prompts.yaml: until when a prompt is spoken, who knows more, and what comes then."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from ivrd.config import plans, queues, yamlfile
from ivrd.config.menus import MenusFile
from ivrd.config.model import File
from ivrd.config.plans import PlansFile
from ivrd.config.problem import Problem
from ivrd.config.prompts import FILE, NUMBER, PromptsFile, built_in
from ivrd.config.queues import QueuesFile
from ivrd.config.settings import Settings
from ivrd.config.yamlfile import Key
from ivrd.core.validity import NOTHING, PERSON, Validities, Validity, ended

WORDS = (PERSON, NOTHING)
NEAR_DAYS = 14  # before the end `ivrd check` tells; so does monitoring/rules.yml


def validities(parsed: PromptsFile) -> Validities:
    """The prompts that are spoken until a day only."""
    return {
        name: Validity(part.valid_until, part.then, part.owner)
        for name, part in parsed.prompts.items()
        if part.valid_until
    }


def prompts(parsed: PromptsFile) -> Iterator[tuple[Key, str]]:
    """Each (place, prompt) that comes after another one."""
    for name, part in parsed.prompts.items():
        if part.then and part.then not in WORDS:
            yield ("prompts", name, "then"), part.then


def check(file: File[PromptsFile]) -> Iterator[Problem]:
    """What is wrong between the values of this file."""
    for name, part in file.parsed.prompts.items():
        place = ("prompts", name)
        if name in WORDS:
            yield file.problem(*place, say=f"{name} is a word of `then`; expected another name")
        if part.valid_until and not part.then:
            say = f"expected `then` beside it: a prompt, {PERSON} or {NOTHING}"
            yield file.problem(*place, "valid_until", say=say)
        if part.then and not part.valid_until:
            yield file.problem(*place, "then", say="goes with `valid_until` only")
    for name in _in_a_circle(file.parsed):
        say = "leads back to this prompt when all of them have ended"
        yield file.problem("prompts", name, "then", say=say)


def check_places(
    file: File[PromptsFile],
    tree: File[MenusFile],
    waiting: File[QueuesFile],
    plan_file: File[PlansFile] | None,
) -> Iterator[Problem]:
    """Places where nothing would be said, or nobody could help, when prompts have ended."""
    then = {name: of.then for name, of in validities(file.parsed).items()}
    for name in then:
        if who := _fixed(name, tree.parsed):
            say = f"{who} this whatever the day: it cannot end"
            yield file.problem("prompts", name, "valid_until", say=say)
    if any(True for _ in _in_a_circle(file.parsed)):
        return
    places = [("menus", name, menu.prompts) for name, menu in tree.parsed.menus.items()]
    places += [("infos", name, info.prompts) for name, info in tree.parsed.infos.items()]
    for kind, name, said in places:
        if all(ended(prompt, then) == NOTHING for prompt in said):
            say = f"nothing is left to say here when its prompts have ended (`then` in {FILE})"
            yield tree.problem(kind, name, "prompts", say=say)
    if plan_file:
        yield from _check_plans(plan_file, then)
    for place, prompt in queues.prompts(waiting.parsed):
        last = ended(prompt, then)
        if last in WORDS:
            say = f"{prompt} ends, and {last} comes then, where callers hear that it is closed; "
            yield waiting.problem(*place, say=f"{say}expected a prompt as `then` in {FILE}")


def _check_plans(file: File[PlansFile], then: Mapping[str, str]) -> Iterator[Problem]:
    """Messages of plans that would be followed by a person, before any menu."""
    for place, prompt in plans.prompts(file.parsed):
        if ended(prompt, then) == PERSON:
            say = f"{prompt} ends, and a {PERSON} comes then, in place of words before a menu; "
            yield file.problem(*place, say=f"{say}expected a prompt or {NOTHING} in {FILE}")


def _fixed(name: str, tree: MenusFile) -> str:
    """Who says a prompt without asking for the day; empty if it may end."""
    if name in {prompt for _field, prompt in tree.prompts}:
        return "every menu says"
    if name in {to.prompt for menu in tree.menus.values() for to in menu.keys.values()}:
        return "the key of a link, or of the intake, goes with"
    if any(name in (of.ask, of.said) for of in tree.intake.flags.values()):
        return "the intake asks with"
    if name in built_in() or name.startswith((NUMBER, "topic-")):
        return "Asterisk, or ivrd itself, says"
    return ""


def _in_a_circle(parsed: PromptsFile) -> Iterator[str]:
    """The prompts that would come after themselves."""
    for first in parsed.prompts:
        name, seen = first, set[str]()
        while name in parsed.prompts and name not in seen:
            seen.add(name)
            name = parsed.prompts[name].then
        if name == first:
            yield first


def ends_at(of: Validity, zone: ZoneInfo) -> datetime:
    """The moment from which a prompt is not spoken any more."""
    return datetime.combine(of.until + timedelta(days=1), time_of_day(), zone)


def ending(settings: Settings, today: date) -> list[Problem]:
    """For `ivrd check`: the prompts that have ended, or do so before long."""
    problem = yamlfile.places(settings.folder / FILE).problem
    found = []
    for name, of in settings.validities.items():
        left = (of.until - today).days
        if left > NEAR_DAYS:
            continue
        who = f"; {of.owner} knows more" if of.owner else ""
        when = "is not spoken any more since" if left < 0 else "is spoken no longer than"
        say = f"{when} {of.until}; {_then(of.then)}{who}"
        found.append(problem(("prompts", name, "valid_until"), say))
    return found


def _then(then: str) -> str:
    if then == PERSON:
        return "then callers go to a person"
    return f"then {then} is said"
