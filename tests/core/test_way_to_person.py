"""Whichever menu leads to a person: nobody waits for people who do not understand without being
told, and nobody waits long without having been offered a call back.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from stdnum.th import pin

from ivrd.core import callback_menu, dialogue, menu
from ivrd.core.callback_menu import OfferVisit
from ivrd.core.cases import CaseResult, CaseTable
from ivrd.core.commands import AtOffer, Command, Say, ToPerson
from ivrd.core.inputs import (
    CaseAnswer,
    Input,
    Key,
    LinkAnswer,
    NoInput,
    TicketAnswer,
)
from ivrd.core.intake import Flag, Form, RedFlags
from ivrd.core.menu_tree import MOST_INTERRUPTIONS, Menu, ToCase, ToIntake, ToLink
from ivrd.core.situation import AnyVisit, Situation
from tests.core.test_unstaffed import ALL as ANY_TREE
from tests.core.test_unstaffed import now as people

MAIN = ANY_TREE.menus["main"]
CASE, INTAKE, LINK = "7", "8", "9"
KEYS = {
    **MAIN.keys,
    CASE: ToCase("hospital"),
    INTAKE: ToIntake("register", "intake-offer"),
    LINK: ToLink("other", "link-offer"),
}
BREATH = Flag("breath", "ask-breath", "said-breath", "short of breath", red=True)
TREE = replace(
    ANY_TREE,
    menus={**ANY_TREE.menus, "main": Menu("main", MAIN.prompts, KEYS)},
    intake=Form((BREATH,), 60, pin.is_valid),
    cases=CaseTable(10, by_person=False, states={"bed": ("case-bed",)}, is_citizen_number=bool),
)
SILENCES = [NoInput()] * (TREE.retries + 1)


def keys(text: str) -> list[Input]:
    return [Key(digit) for digit in text]


# Name, and what leads to a person in the menu; by a key, or by what comes of what was asked for.
ASKED: dict[str, list[Input]] = {
    "a topic": keys("2"),
    "0 in a menu": keys("0"),
    "0 while a link is sent": keys(LINK + "0"),
    "a link that was not sent": [*keys(LINK), LinkAnswer(sent=False)],
    "0 in the question about a case": keys(CASE + "0#"),
    "a case that is unknown": [*keys(CASE + "12345678901"), CaseAnswer(CaseResult.UNKNOWN)],
    "0 after the state of a case": [
        *keys(CASE + "12345678901"),
        CaseAnswer(CaseResult.FOUND, "bed"),
        *keys("0"),
    ],
    "no consent to register": keys(INTAKE + "2"),
    "0 in the intake": keys(INTAKE + "10"),
    "a ticket that was not filed": [*keys(INTAKE + "1211234567890121101011"), TicketAnswer("")],
}
# And without either: whoever says nothing.
SILENT: dict[str, list[Input]] = {
    "silence in a menu": [*SILENCES],
    "silence in the question about a case": [*keys(CASE), *SILENCES],
    "silence in the intake": [*keys(INTAKE), *SILENCES],
}
URGENT = keys(INTAKE + "111")  # consent, short of breath, and that is right


def now(*staffed: str, callback: bool = False) -> Situation:
    return replace(
        people(*staffed, callback=callback), link=True, intake=True, day=lambda: date(2022, 1, 2)
    )


def walk(language: str, received: Sequence[Input], at: Situation) -> tuple[AnyVisit, list[Command]]:
    visit: AnyVisit
    visit, _ = menu.enter(TREE)
    commands: tuple[Command, ...] = ()
    for one in [*keys(language), *received]:
        visit, commands = dialogue.step(TREE, visit, one, at)
    return visit, list(commands)


def said(commands: Sequence[Command]) -> list[str]:
    return [name for c in commands if isinstance(c, Say) for _, name in c.prompts]


@pytest.mark.parametrize("way", [*ASKED, *SILENT])
def test_whom_nobody_understands_is_told_so_and_has_what_there_is(way: str) -> None:
    visit, commands = walk("3", (ASKED | SILENT)[way], now("th", callback=True))
    assert isinstance(visit, OfferVisit)
    assert visit.at is callback_menu.At.LANGUAGE
    assert callback_menu.NOBODY in said(commands)
    assert not any(isinstance(c, ToPerson) for c in commands)
    _, then = dialogue.step(TREE, visit, Key("2"), now("th", callback=True))
    assert isinstance(then[-1], ToPerson)
    assert then[-1].queue.endswith(".th")


@pytest.mark.parametrize("way", [*ASKED, *SILENT])
def test_when_nothing_can_be_had_it_is_said_and_the_caller_waits(way: str) -> None:
    _, commands = walk("3", (ASKED | SILENT)[way], now())
    assert callback_menu.NOBODY in said(commands)
    assert isinstance(commands[-1], ToPerson)


@pytest.mark.parametrize("way", ASKED)
def test_who_would_wait_long_is_offered_a_call_back(way: str) -> None:
    visit, commands = walk("1", ASKED[way], now("th", callback=True))
    assert isinstance(visit, OfferVisit)
    assert visit.at is callback_menu.At.OFFER
    assert said(commands)[-1] == callback_menu.OFFER
    assert AtOffer(visit.topic) in commands


@pytest.mark.parametrize("way", SILENT)
def test_who_presses_nothing_is_not_kept_by_an_offer(way: str) -> None:
    _, commands = walk("1", SILENT[way], now("th", callback=True))
    assert isinstance(commands[-1], ToPerson)


@pytest.mark.parametrize("way", [*ASKED, *SILENT])
def test_who_is_understood_and_need_not_wait_long_goes_on_at_once(way: str) -> None:
    _, commands = walk("3", (ASKED | SILENT)[way], now("my"))
    assert isinstance(commands[-1], ToPerson)
    assert callback_menu.NOBODY not in said(commands)


def test_who_has_a_red_flag_is_offered_no_call_back() -> None:
    _, commands = walk("1", URGENT, now("th", callback=True))
    assert RedFlags(("breath",)) in commands
    assert isinstance(commands[-1], ToPerson)


def test_nor_where_nobody_understands_but_hears_that_and_has_the_other_language() -> None:
    visit, commands = walk("3", URGENT, now("th", callback=True))
    assert RedFlags(("breath",)) in commands
    assert said(commands)[-3:] == ["language-nobody", "language-in-th", "language-wait"]
    _, then = dialogue.step(TREE, visit, Key("2"), now("th", callback=True))
    assert isinstance(then[-1], ToPerson)


@pytest.mark.parametrize("way", [CASE, INTAKE, LINK])
def test_who_was_interrupted_too_often_is_told_as_well(way: str) -> None:
    visit, _ = walk("3", keys(way), now("th"))
    for _ in range(MOST_INTERRUPTIONS + 1):
        visit, commands = dialogue.again(TREE, visit, now("th"))
    assert callback_menu.NOBODY in said(commands)
    assert isinstance(visit, OfferVisit)


def test_who_goes_on_on_the_way_is_not_told_twice() -> None:
    visit, _ = walk("3", ASKED["a topic"], now())
    _, commands = dialogue.again(TREE, visit, now())
    assert [type(c) for c in commands] == [ToPerson]
