"""Who asks for a link has it accepted and hears so, or goes on to a person; nobody is stuck."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import dialogue, link_menu, menu
from ivrd.core.commands import (
    AtClosed,
    AtDeflected,
    BackToQueue,
    Command,
    GoodBye,
    Say,
    SendLink,
    ToPerson,
)
from ivrd.core.inputs import Input, Key, LinkAnswer, NoInput, PromptsPlayed
from ivrd.core.link_menu import NOT_SENT, SENDING, SENT
from ivrd.core.menu_tree import Menu, ToLink
from ivrd.core.queue_menu import OFFER_LINK, Waits, opened
from ivrd.core.situation import AnyVisit, Result, Situation
from tests.asterisk.talk import TREE as ANY_TREE

MAIN = ANY_TREE.menus["main"]
LINK_KEY = "5"
TREE = replace(
    ANY_TREE,
    start="main",
    menus={
        **ANY_TREE.menus,
        "main": Menu(
            "main", MAIN.prompts, {**MAIN.keys, LINK_KEY: ToLink("hospital", "link-offer")}
        ),
    },
    queue_menu_key="9",
)
WAITS = Waits("q-other", "other", "en", place=3, callback=False, link=True)

inputs: st.SearchStrategy[Input] = st.one_of(
    st.sampled_from("0123456789*#").map(Key),
    st.just(PromptsPlayed()),
    st.just(NoInput()),
    st.booleans().map(LinkAnswer),
)


def situation(*closed: str, waits: Waits | None = None, link: bool = True) -> Situation:
    return Situation(
        frozenset(closed),
        waits,
        lambda _queue: False,
        tuple,
        lambda: False,
        link,
        False,
        date.today,
        lambda _queue: True,
        lambda: False,
    )


def said(commands: tuple[Command, ...]) -> list[str]:
    return [name for c in commands if isinstance(c, Say) for _language, name in c.prompts]


def kinds(commands: tuple[Command, ...]) -> list[type]:
    return [type(c) for c in commands if not isinstance(c, Say)]


def in_menu(*received: Input, now: Situation | None = None) -> Result:
    now = now or situation()
    visit, commands = menu.enter(TREE, link=now.link)
    result: Result = (visit, commands)
    for one in received:
        result = dialogue.step(TREE, result[0], one, now)
    return result


def waiting(*received: Input) -> Result:
    now = situation(waits=WAITS)
    result = dialogue.again(TREE, opened(WAITS), now)
    for one in received:
        result = dialogue.step(TREE, result[0], one, now)
    return result


def test_a_menu_tells_the_key_only_while_a_link_can_be_had() -> None:
    assert said(in_menu()[1]) == ["main-menu", "link-offer"]
    assert said(in_menu(now=situation(link=False))[1]) == ["main-menu"]
    assert OFFER_LINK in said(waiting()[1])


def test_it_is_sent_and_who_says_no_more_is_let_go() -> None:
    visit, commands = in_menu(Key(LINK_KEY))
    assert said(commands) == [SENDING]
    assert SendLink("hospital") in commands
    visit, commands = in_menu(Key(LINK_KEY), PromptsPlayed(), LinkAnswer(sent=True))
    assert (kinds(commands), said(commands)) == ([AtDeflected], [SENT])
    visit, commands = dialogue.step(TREE, visit, NoInput(), situation())
    assert kinds(commands) == [GoodBye]
    assert visit.over


@pytest.mark.parametrize(
    "then",
    [(LinkAnswer(sent=False),), (Key("0"),), (LinkAnswer(sent=True), Key("0"))],
    ids=["not accepted", "wants a person", "wants a person as well"],
)
def test_all_else_leads_to_a_person(then: tuple[Input, ...]) -> None:
    _visit, commands = in_menu(Key(LINK_KEY), *then)
    assert kinds(commands) == [ToPerson]
    assert [c.topic for c in commands if isinstance(c, ToPerson)] == ["hospital"]
    assert (NOT_SENT in said(commands)) == (then == (LinkAnswer(sent=False),))
    _visit, commands = waiting(Key("4"), *then)
    assert kinds(commands) == [BackToQueue]


def test_where_the_topic_is_closed_who_has_no_link_hears_that() -> None:
    now = situation("q-benefits")
    _visit, commands = in_menu(Key(LINK_KEY), LinkAnswer(sent=False), now=now)
    assert kinds(commands) == [AtClosed]
    assert said(commands) == [NOT_SENT, "closed-benefits", "info-again"]


def test_the_turn_of_one_who_waits_comes_before_the_link_unless_that_is_there() -> None:
    visit, _ = waiting(Key("4"))
    assert kinds(dialogue.hand_over(TREE, visit)[1]) == [BackToQueue]
    visit, _ = waiting(Key("4"), LinkAnswer(sent=True))
    assert dialogue.hand_over(TREE, visit) == (visit, ())


@given(st.lists(inputs, max_size=10), st.booleans())
def test_deflected_is_who_has_a_link_and_every_way_ends(
    received: list[Input], from_queue: bool
) -> None:
    visit: AnyVisit
    begin = waiting(Key("4")) if from_queue else in_menu(Key(LINK_KEY))
    visit, commands = begin
    now, told = situation(waits=WAITS if from_queue else None), list(commands)
    accepted = False
    for one in [*received, LinkAnswer(sent=False), *[PromptsPlayed(), NoInput()] * 4]:
        sending = isinstance(visit, link_menu.LinkVisit) and visit.at is link_menu.At.SENDING
        accepted |= sending and not visit.over and one == LinkAnswer(sent=True)
        visit, commands = dialogue.step(TREE, visit, one, now)
        told += commands
    assert visit.over
    ends = [c for c in told if isinstance(c, ToPerson | GoodBye | BackToQueue)]
    assert len(ends) == 1
    assert (AtDeflected() in told) == accepted
    assert accepted or not isinstance(ends[0], GoodBye)


def test_one_that_was_interrupted_is_sent_once_more_and_one_that_is_there_is_told() -> None:
    now = situation()
    visit, _ = in_menu(Key(LINK_KEY))
    assert SendLink("hospital") in dialogue.again(TREE, visit, now)[1]
    for _ in range(3):
        visit, commands = dialogue.again(TREE, visit, now)
    assert kinds(commands) == [ToPerson]
    visit, _ = in_menu(Key(LINK_KEY), LinkAnswer(sent=True))
    assert kinds(dialogue.again(TREE, visit, now)[1]) == [AtDeflected]
