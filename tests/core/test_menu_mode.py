"""A plan's menu modes: who asks for a person is offered something first, and always gets to one."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ivrd.core import callback_menu, dialogue, dialogue_steps, link_menu, menu
from ivrd.core.book_result import BookResult
from ivrd.core.callback_menu import OfferVisit
from ivrd.core.commands import AtBooked, AtDeflected, Command, GoodBye, Say, SendLink, ToPerson
from ivrd.core.inputs import BookAnswer, Input, Key, LinkAnswer, NoInput, PromptsPlayed
from ivrd.core.link_menu import LinkVisit
from ivrd.core.menu import Visit
from ivrd.core.menu_mode import MenuMode
from ivrd.core.menu_step import StepKind
from ivrd.core.menu_tree import MOST_INTERRUPTIONS, Tree
from ivrd.core.situation import AnyVisit, Situation
from tests.asterisk.talk import TREE as ANY_TREE

LINKS_FIRST = replace(ANY_TREE, start="main", mode=MenuMode.LINKS_FIRST)
CALLBACK_ONLY = replace(LINKS_FIRST, mode=MenuMode.CALLBACK_ONLY)
VACCINE = ToPerson("q-vaccine", "vaccine")  # behind key 2
INPUTS: st.SearchStrategy[Input] = st.one_of(
    st.sampled_from("0123456789*#").map(Key),
    st.just(PromptsPlayed()),
    st.just(NoInput()),
    st.booleans().map(LinkAnswer),
    st.sampled_from(BookResult).map(BookAnswer),
)


def now(*, link: bool = True, callback: bool = True, long: bool = False) -> Situation:
    return Situation(
        frozenset(),
        None,
        lambda _queue: long,
        tuple,
        lambda: False,
        link,
        False,
        date.today,
        lambda _queue: True,
        lambda: callback,
    )


def walk(
    tree: Tree, *received: Input, at: Situation | None = None
) -> tuple[AnyVisit, tuple[Command, ...]]:
    visit: AnyVisit
    visit, commands = menu.enter(tree)
    for one in received:
        visit, commands = dialogue.step(tree, visit, one, at or now())
    return visit, commands


def said(commands: tuple[Command, ...]) -> list[str]:
    return [name for of in commands if isinstance(of, Say) for _language, name in of.prompts]


@pytest.mark.parametrize("key", ["2", "0"])
def test_links_first_offers_the_link_and_0_or_silence_leads_to_whom_was_asked_for(key: str) -> None:
    _, usual = walk(ANY_TREE, Key("1"), Key(key))
    for leads in (Key("0"), NoInput()):
        visit, commands = walk(LINKS_FIRST, Key(key))
        assert isinstance(visit, LinkVisit)
        assert said(commands) == [link_menu.OFFER]
        assert walk(LINKS_FIRST, Key(key), leads)[1][-1] == usual[-1]


def test_the_link_is_sent_by_a_key_and_one_that_is_not_accepted_leads_to_a_person() -> None:
    _, commands = walk(LINKS_FIRST, Key("2"), Key("1"))
    assert commands[-1] == SendLink("vaccine")
    _, commands = walk(LINKS_FIRST, Key("2"), Key("1"), LinkAnswer(sent=True))
    assert commands[0] == AtDeflected()
    _, commands = walk(LINKS_FIRST, Key("2"), Key("1"), LinkAnswer(sent=False))
    assert commands[-1] == VACCINE


def test_who_goes_on_to_a_person_and_would_wait_long_is_offered_a_call_back_as_ever() -> None:
    visit, commands = walk(LINKS_FIRST, Key("2"), Key("0"), at=now(long=True))
    assert isinstance(visit, OfferVisit)
    assert said(commands) == [callback_menu.OFFER]


def test_star_leads_back_to_the_menu_and_wrong_keys_to_a_person() -> None:
    visit, _ = walk(LINKS_FIRST, Key("2"), Key("*"))
    assert isinstance(visit, Visit)
    assert (visit.menu, visit.over) == ("main", False)
    *_, first = walk(LINKS_FIRST, Key("2"), Key("7"))
    assert said(first) == ["no-match", link_menu.OFFER]
    assert walk(LINKS_FIRST, Key("2"), *[Key("7")] * 3)[1][-1] == VACCINE


def test_callback_only_offers_a_call_back_and_0_or_silence_leads_to_the_queue() -> None:
    visit, commands = walk(CALLBACK_ONLY, Key("2"))
    assert isinstance(visit, OfferVisit)
    assert said(commands) == [callback_menu.ONLY]
    for leads in (Key("0"), NoInput()):
        assert walk(CALLBACK_ONLY, Key("2"), leads)[1][-1] == VACCINE
    _, commands = walk(CALLBACK_ONLY, Key("2"), Key("1"), Key("1"), BookAnswer(BookResult.BOOKED))
    assert isinstance(commands[0], AtBooked)


def test_what_cannot_be_had_is_not_offered() -> None:
    assert walk(LINKS_FIRST, Key("2"), at=now(link=False))[1][-1] == VACCINE
    assert walk(CALLBACK_ONLY, Key("2"), at=now(callback=False))[1][-1] == VACCINE


@pytest.mark.parametrize("mode", MenuMode)
def test_who_is_at_risk_is_never_held_up(mode: MenuMode) -> None:
    tree = replace(LINKS_FIRST, mode=mode, red_flags=frozenset({"vaccine"}))
    assert walk(tree, Key("2"), at=now(long=True))[1] == (VACCINE,)


@pytest.mark.parametrize("mode", MenuMode)
def test_who_presses_nothing_gets_to_a_person_without_an_offer(mode: MenuMode) -> None:
    tree = replace(LINKS_FIRST, mode=mode)
    _, commands = walk(tree, *[NoInput()] * (tree.retries + 1), at=now(long=True))
    assert isinstance(commands[-1], ToPerson)


def test_the_offer_goes_on_after_an_interruption_and_in_the_end_leads_to_a_person() -> None:
    visit, _ = walk(LINKS_FIRST, Key("2"))
    for _ in range(MOST_INTERRUPTIONS):
        visit, commands = dialogue.again(LINKS_FIRST, visit, now())
        assert said(commands) == [link_menu.OFFER]
    assert dialogue.again(LINKS_FIRST, visit, now())[1][-1] == VACCINE


@pytest.mark.parametrize("tree", [LINKS_FIRST, CALLBACK_ONLY])
def test_the_next_ivrd_reads_from_the_store_where_a_caller_is(tree: Tree) -> None:
    stored: TypeAdapter[AnyVisit] = TypeAdapter(AnyVisit)
    visit, _ = walk(tree, Key("2"), Key("7"))
    assert stored.validate_json(stored.dump_json(visit)) == visit


def test_an_ivrd_that_stops_brings_who_is_offered_a_link_to_a_person() -> None:
    visit, _ = walk(LINKS_FIRST, Key("2"))
    assert isinstance(dialogue.hand_over(LINKS_FIRST, visit)[1][-1], ToPerson)


def test_the_log_has_each_step() -> None:
    steps = []
    visit: AnyVisit
    visit, _ = menu.enter(LINKS_FIRST)
    for one in (Key("2"), Key("7"), Key("*"), Key("2"), Key("1")):
        before = visit
        visit, _ = dialogue.step(LINKS_FIRST, before, one, now())
        if step := dialogue_steps.step_taken(LINKS_FIRST, before, one, visit):
            steps.append(step.kind)
    assert steps == [
        StepKind.LINK_OFFER,
        StepKind.WRONG_KEY,
        StepKind.MENU,
        StepKind.LINK_OFFER,
        StepKind.LINK,
    ]


@given(
    st.sampled_from(MenuMode),
    st.lists(INPUTS, max_size=12),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_whatever_is_pressed_and_comes_of_it_0_leads_to_a_person(
    mode: MenuMode, received: list[Input], link: bool, callback: bool, long: bool
) -> None:
    """Nobody is cut off but who has heard that something was sent or booked, or is closed."""
    tree, at = replace(LINKS_FIRST, mode=mode), now(link=link, callback=callback, long=long)
    visit: AnyVisit
    visit, first = menu.enter(tree)
    told = list(first)
    booked = [BookAnswer(BookResult.NOT_STORED), LinkAnswer(sent=False)]
    for one in (*received, Key("#"), *booked, Key("0"), Key("0"), Key("0")):
        visit, commands = dialogue.step(tree, visit, one, at)
        told += commands
    ends = [of for of in told if isinstance(of, ToPerson | GoodBye)]
    assert visit.over
    assert len(ends) == 1
    promised = any(isinstance(of, AtBooked | AtDeflected) for of in told)
    assert promised or isinstance(ends[0], ToPerson)
