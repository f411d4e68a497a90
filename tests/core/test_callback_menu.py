"""The offer of a call back: every way out leads to the queue or to a booking, never to both."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import callback_menu as m
from ivrd.core import dialogue, queue_menu
from ivrd.core.book_result import NOT_BOOKED_PROMPT, BookResult
from ivrd.core.callback_menu import At, OfferVisit
from ivrd.core.commands import (
    AtBooked,
    AtOffer,
    BackToQueue,
    Book,
    Command,
    GoodBye,
    Say,
    ToPerson,
)
from ivrd.core.inputs import BookAnswer, Input, Key, NoInput, PromptsPlayed
from ivrd.core.menu import Visit
from ivrd.core.queue_menu import Waits
from ivrd.core.situation import Situation
from ivrd.core.slots import Slot
from tests.calls.rig import TREE

LONG = Situation(
    frozenset(),
    None,
    lambda _queue: True,
    tuple,
    lambda: False,
    link=False,
    intake=False,
    day=date.today,
    staffed=lambda _queue: True,
    callback=lambda: False,
)
SHORT = replace(LONG, offers=lambda _queue: False)
SLOTS = (Slot(3600.0, 13, False), Slot(80_000.0, 9, True))
INPUTS = st.one_of(
    st.builds(Key, st.sampled_from("0123456789*#")),
    st.just(PromptsPlayed()),
    st.just(NoInput()),
    st.builds(BookAnswer, st.sampled_from(BookResult)),
)


WAITING, _words = m.enter_waiting("q", "t", "th")


def walk(
    *inputs: Input, visit: OfferVisit | None = None, slots: tuple[Slot, ...] = ()
) -> tuple[OfferVisit, list[Command]]:
    """Where the caller is after these, and the commands of the last."""
    commands: tuple[Command, ...] = ()
    if visit is None:
        visit, commands = m.enter("q", "t", "th")
    for one in inputs:
        visit, commands = m.step(TREE, visit, one, lambda: slots)
    return visit, list(commands)


def keys(text: str) -> list[Input]:
    return [Key(digit) for digit in text]


def said(commands: list[Command]) -> list[str]:
    return [prompt for one in commands if isinstance(one, Say) for _, prompt in one.prompts]


def test_to_the_number_that_is_shown() -> None:
    visit, commands = walk(*keys("11"))
    assert commands[-1] == Book("")
    after, commands = walk(BookAnswer(BookResult.BOOKED), visit=visit)
    assert [type(one) for one in commands] == [AtBooked, Say, GoodBye]
    assert after.over


def test_to_another_number_that_is_read_back() -> None:
    visit, commands = walk(*keys("120812345678#"))
    digits = [f"number-{digit}" for digit in "0812345678"]
    assert said(commands) == [m.READ_BACK, *digits, m.RIGHT]
    wrong, _ = walk(*keys("2"), visit=visit)
    assert (wrong.at, wrong.digits) == (At.KEYING, "")
    _, commands = walk(*keys("1"), visit=visit)
    assert commands[-1] == Book("0812345678")


def test_a_number_ends_with_a_silence_as_well_and_star_begins_it_anew() -> None:
    visit, _ = walk(*keys("1208*0212"), NoInput())
    assert (visit.at, visit.digits) == (At.READ_BACK, "0212")


def test_a_key_that_is_no_digit_is_none_of_the_number() -> None:
    visit, commands = walk(*keys("120812345678A"))
    assert (visit.at, visit.digits, commands) == (At.KEYING, "0812345678", [])


def test_who_ends_a_number_with_a_key_once_it_is_read_back_hears_it_to_its_end() -> None:
    visit, commands = walk(*keys("120812345678"), NoInput(), *keys("#"))
    assert (visit.at, visit.misses, commands) == (At.READ_BACK, 0, [])
    assert walk(*keys("1"), visit=visit)[1][-1] == Book("0812345678")


def test_who_withholds_the_number_is_asked_for_one() -> None:
    visit, commands = walk(*keys("11"), BookAnswer(BookResult.NO_NUMBER))
    assert visit.at is At.KEYING
    assert said(commands) == [m.NUMBER]


@pytest.mark.parametrize(("key", "begins"), [("1", 0.0), ("2", 3600.0), ("3", 80_000.0)])
@pytest.mark.parametrize("number", ["11", "120812345678#1"])
def test_when_the_number_is_settled_a_time_slot_is_chosen_or_the_turn(
    number: str, key: str, begins: float
) -> None:
    visit, commands = walk(*keys(number), slots=SLOTS)
    assert said(commands) == [
        *("callback-slot-turn", "callback-slot-today", "number-13", "callback-slot-press"),
        *("number-2", "callback-slot-tomorrow", "number-9", "callback-slot-press", "number-3"),
    ]
    # The keys are those that were told, whatever is offered to others meanwhile.
    visit, commands = walk(*keys(key), visit=visit)
    assert commands[-1] == Book("0812345678" if "#" in number else "", begins)
    _, commands = walk(BookAnswer(BookResult.BOOKED), visit=visit)
    assert said(commands) == ["callback-slot-booked" if begins else "callback-booked"]


def test_a_choice_stays_when_the_number_turns_out_to_be_none() -> None:
    inputs = [*keys("112"), BookAnswer(BookResult.NO_NUMBER), *keys("0812345678#1")]
    _, commands = walk(*inputs, slots=SLOTS)
    assert commands[-1] == Book("0812345678", 3600.0)


def test_who_is_interrupted_at_the_slots_hears_them_again() -> None:
    visit, told = walk(*keys("120812345678#1"), slots=SLOTS)
    after, commands = m.again(visit)
    assert said(list(commands)) == said(told)
    _, commands = m.step(TREE, after, Key("2"), tuple)
    assert commands[-1] == Book("0812345678", 3600.0)


@pytest.mark.parametrize("result", [r for r in BookResult if r is not BookResult.BOOKED])
def test_whatever_cannot_be_had_is_told_and_the_caller_waits(result: BookResult) -> None:
    _, commands = walk(*keys("120812345678#1"), BookAnswer(result))
    assert said(commands) == [NOT_BOOKED_PROMPT[result]]
    assert commands[-1] == ToPerson("q", "t")


@pytest.mark.parametrize("inputs", [keys("2"), keys("0"), keys("10"), [NoInput()], keys("12*#"),
                                    keys("3")])  # fmt: skip
def test_who_does_not_want_it_waits(inputs: list[Input]) -> None:
    visit, commands = walk(*inputs)
    while not visit.over:
        visit, commands = m.step(TREE, visit, NoInput(), tuple)
    assert commands[-1] == ToPerson("q", "t")


@given(st.lists(INPUTS, max_size=40), st.sampled_from([(), SLOTS]))
def test_nobody_is_let_go_without_a_booking_and_nobody_is_both_booked_and_in_the_queue(
    inputs: list[Input], slots: tuple[Slot, ...]
) -> None:
    visit, _ = m.enter("q", "t", "th")
    ends: list[Command] = []
    asked = 0
    for received in inputs:
        visit, commands = m.step(TREE, visit, received, lambda: slots)
        asked += sum(isinstance(one, Book) for one in commands)
        if any(isinstance(one, GoodBye) for one in commands):
            assert received == BookAnswer(BookResult.BOOKED)
            assert asked
        ends += [one for one in commands if isinstance(one, GoodBye | ToPerson)]
    assert len(ends) <= 1
    assert visit.over == bool(ends)


@given(st.lists(INPUTS, max_size=40), st.sampled_from([(), SLOTS]))
def test_who_asks_for_it_while_waiting_is_booked_or_back_in_the_queue_and_nowhere_else(
    inputs: list[Input], slots: tuple[Slot, ...]
) -> None:
    visit, ends = WAITING, list[Command]()
    for received in [*inputs, BookAnswer(BookResult.NOT_STORED), *[NoInput()] * 3]:
        visit, commands = m.step(TREE, visit, received, lambda: slots)
        ends += [one for one in commands if isinstance(one, GoodBye | ToPerson | BackToQueue)]
        before = visit
        after, commands = m.hand_over(visit)  # the turn comes
        kept = visit.over or visit.at is At.BOOKING
        assert (after, commands) == (before, ()) if kept else commands == (BackToQueue(),)
    assert visit.over
    assert ends in ([GoodBye()], [BackToQueue()])
    assert (ends == [GoodBye()]) == (visit.at is At.BOOKED)


def test_who_waits_and_asks_for_a_call_back_is_asked_at_which_number() -> None:
    waits = Waits("q", "t", "th", place=3, callback=True)
    now = replace(LONG, waits=waits)
    visit, commands = dialogue.step(TREE, queue_menu.opened(waits), Key("2"), now)
    assert visit == WAITING
    assert commands[0] == AtOffer("t")
    assert said(list(commands)) == [m.WHICH]
    visit, commands = dialogue.step(TREE, visit, Key("*"), now)
    assert commands == (BackToQueue(),)
    assert dialogue.knows(TREE, replace(WAITING, topic="a topic that a reload has removed"))


@given(st.lists(INPUTS, max_size=20), st.sampled_from([(), SLOTS]))
def test_who_is_interrupted_again_and_again_waits_or_is_booked(
    inputs: list[Input], slots: tuple[Slot, ...]
) -> None:
    visit, _ = walk(*inputs, slots=slots)
    for _ in range(5):
        visit, commands = m.again(visit)
    assert isinstance(commands[-1], ToPerson | GoodBye)


@pytest.mark.parametrize("inputs", ["12081", "120812345678#", "120812345678#1", "120812345678#12"])
def test_a_number_that_was_keyed_in_is_in_no_store_and_is_asked_for_again(inputs: str) -> None:
    visit, _ = walk(*keys(inputs), slots=SLOTS)
    assert "081" not in repr(visit)
    stored = dialogue.stored(visit)
    assert isinstance(stored, OfferVisit)
    assert (stored.digits, stored.not_before) == ("", visit.not_before)
    after, commands = m.again(stored)
    assert said(list(commands)) == [m.NUMBER]
    chosen = keys("0899999999#1" + ("2" if visit.not_before is None else ""))
    _, commands_after = walk(*chosen, visit=after, slots=SLOTS)
    assert commands_after[-1] == Book("0899999999", 3600.0)
    assert "0899" not in repr(commands_after)


def test_of_who_is_called_back_at_the_number_that_is_shown_nothing_is_lost_in_the_store() -> None:
    for inputs in ("", "1", "11", "112"):
        visit, _ = walk(*keys(inputs), slots=SLOTS)
        assert dialogue.stored(visit) == visit


def test_the_offer_is_made_on_the_way_to_a_person_when_the_wait_is_long() -> None:
    menu = next(name for name, one in TREE.menus.items() if one.keys)
    visit = Visit(menu, "th")
    person, commands = dialogue.step(TREE, visit, Key("0"), SHORT)
    assert isinstance(person, Visit)
    assert isinstance(commands[-1], ToPerson)
    offer, commands = dialogue.step(TREE, visit, Key("0"), LONG)
    assert isinstance(offer, OfferVisit)
    assert said(list(commands)) == [m.OFFER]
