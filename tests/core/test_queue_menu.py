"""The menu of a queue: every way out but a call back leads to the queue, at whatever key."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import numbers
from ivrd.core.book_result import NOT_BOOKED_PROMPT, BookResult
from ivrd.core.commands import AtBooked, Await, BackToQueue, Book, Command, GoodBye, Say
from ivrd.core.inputs import BookAnswer, Input, Key, NoInput, PromptsPlayed
from ivrd.core.queue_menu import QueueVisit, Waits, again, give_way, opened, place_prompts, step
from ivrd.core.slots import Slot
from tests.asterisk.talk import TREE as ANY_TREE

TREE = replace(ANY_TREE, queue_menu_key="9")
WAITS = Waits("q-other", "other", "en", place=12, callback=True)
SLOTS = (Slot(3600.0, 13, False), Slot(80_000.0, 9, True))
ENDS = (BackToQueue, GoodBye)

inputs: st.SearchStrategy[Input] = st.one_of(
    st.sampled_from("0123456789*#").map(Key),
    st.just(PromptsPlayed()),
    st.builds(NoInput, unheard=st.booleans()),
    st.sampled_from(BookResult).map(BookAnswer),
)


def said(commands: tuple[Command, ...]) -> list[str]:
    return [name for c in commands if isinstance(c, Say) for _language, name in c.prompts]


def visited(*received: Input, waits: Waits = WAITS) -> tuple[QueueVisit, tuple[Command, ...]]:
    """A visit after these, and what was commanded last."""
    visit, commands = again(opened(waits), waits)
    for one in received:
        visit, commands = step(TREE, visit, one, waits)
    return visit, commands


@given(st.lists(inputs, max_size=12), st.booleans(), st.sampled_from([(), SLOTS]))
def test_whatever_comes_the_caller_ends_in_the_queue_or_is_booked_and_nothing_else(
    received: list[Input], callback: bool, slots: tuple[Slot, ...]
) -> None:
    waits = replace(WAITS, callback=callback, slots=slots)
    visit, commands = again(opened(waits), waits)
    told = list(commands)
    for one in [*received, BookAnswer(BookResult.NOT_STORED), *[NoInput()] * 2]:
        visit, commands = step(TREE, visit, one, waits)
        told += commands
    assert visit.over
    ends = [c for c in told if isinstance(c, ENDS)]
    assert ends in ([BackToQueue()], [GoodBye()])
    booked = AtBooked() in told
    assert booked == (ends == [GoodBye()]) == visit.booked
    asked = [at for at, one in enumerate(told) if isinstance(one, Book)]
    assert callback or not asked
    if booked:
        assert asked[0] < told.index(AtBooked())


@given(st.lists(inputs, max_size=8))
def test_the_turn_ends_it_at_once_unless_a_call_back_is_being_written_down(
    received: list[Input],
) -> None:
    visit, _ = visited(*received)
    after, commands = give_way(visit)
    if visit.over or visit.booking:
        assert (after, commands) == (visit, ())
    else:
        assert after.over
        assert commands == (BackToQueue(),)


def test_it_says_what_the_keys_do_and_offers_a_call_back_only_when_there_is_one() -> None:
    _, commands = visited()
    assert said(commands) == ["queue-menu-place", "queue-menu-callback", "queue-menu-wait"]
    _, commands = visited(waits=replace(WAITS, callback=False))
    assert said(commands) == ["queue-menu-place", "queue-menu-wait"]
    assert visited(PromptsPlayed())[1] == (Await(TREE.wait_seconds),)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (1, ["queue-next"]),
        (2, ["queue-before", "number-2", "queue-after"]),
        (105, ["queue-before", "number-100", "number-and", "number-5", "queue-after"]),
        (1000, ["queue-beyond", *numbers.spoken(999, "en"), "queue-after"]),
    ],
)
def test_it_says_the_place(place: int, words: list[str]) -> None:
    _, commands = visited(Key("1"), waits=replace(WAITS, place=place))
    assert said(commands)[: len(words)] == words
    assert said(commands)[len(words) :][0] == "queue-menu-place"


@given(st.integers(1, 2000), st.sampled_from(["th", "en"]))
def test_every_place_has_words(place: int, language: str) -> None:
    assert place_prompts(place, language)


@pytest.mark.parametrize("key", ["3", "0", "*"])
def test_these_keys_go_on_waiting(key: str) -> None:
    assert visited(Key(key))[1] == (BackToQueue(),)


def test_silence_goes_on_waiting_without_a_word() -> None:
    assert visited(PromptsPlayed(), NoInput())[1] == (BackToQueue(),)


def test_the_key_that_opened_it_is_no_wrong_one() -> None:
    visit, commands = visited(*[Key("9")] * 20)
    assert not visit.over
    assert said(commands)[0] == "queue-menu-place"
    visit, commands = visited(*[Key("7")] * (TREE.retries + 1))
    assert visit.over
    assert commands[-1] == BackToQueue()


@pytest.mark.parametrize(
    ("key", "begins", "words"),
    [("1", 0.0, "callback-booked"), ("3", 80_000.0, "callback-slot-booked")],
)
def test_a_time_slot_is_chosen_or_the_turn(key: str, begins: float, words: str) -> None:
    waits = replace(WAITS, slots=SLOTS)
    visit, commands = visited(Key("2"), waits=waits)
    assert said(commands) == [
        *("callback-slot-turn", "callback-slot-today", "number-13", "callback-slot-press"),
        *("number-2", "callback-slot-tomorrow", "number-9", "callback-slot-press", "number-3"),
    ]
    assert give_way(visit)[1] == (BackToQueue(),)  # the turn has come meanwhile
    visit, commands = step(TREE, visit, Key(key), WAITS)
    assert commands[-1] == Book(not_before=begins)
    assert again(visit, WAITS)[1][-1] == Book(not_before=begins)
    _, commands = step(TREE, visit, BookAnswer(BookResult.BOOKED), WAITS)
    assert said(commands) == [words]


@pytest.mark.parametrize("key", ["0", "*"])
def test_who_chooses_no_slot_goes_on_waiting(key: str) -> None:
    waits = replace(WAITS, slots=SLOTS)
    for received in (Key(key), NoInput()):
        _, commands = visited(Key("2"), received, waits=waits)
        assert commands[-1] == BackToQueue()


@pytest.mark.parametrize("result", [r for r in BookResult if r is not BookResult.BOOKED])
def test_whoever_cannot_be_called_back_hears_so_and_goes_on_waiting(result: BookResult) -> None:
    visit, commands = visited(Key("2"), BookAnswer(result))
    assert said(commands) == [NOT_BOOKED_PROMPT[result]]
    assert commands[-1] == BackToQueue()
    assert not visit.booked


def test_booked_is_said_only_when_it_is() -> None:
    visit, commands = visited(Key("2"))
    assert visit.booking
    assert said(commands) == ["callback-booking"]
    assert commands[-1] == Book()
    assert step(TREE, visit, Key("3"), WAITS) == (visit, ())
    visit, commands = step(TREE, visit, BookAnswer(BookResult.BOOKED), WAITS)
    assert commands[0] == AtBooked()
    assert said(commands) == ["callback-booked"]


@pytest.mark.parametrize(
    ("received", "after"),
    [
        ((), ["queue-menu-place", "queue-menu-callback", "queue-menu-wait"]),
        ((Key("2"),), ["callback-booking"]),
        ((Key("2"), BookAnswer(BookResult.BOOKED)), ["callback-booked"]),
        ((Key("3"),), []),
    ],
)
def test_another_ivrd_goes_on_where_it_was(received: tuple[Input, ...], after: list[str]) -> None:
    visit, before = visited(*received)
    resumed, commands = again(visit, WAITS)
    assert said(commands) == after
    assert [type(c) for c in commands if not isinstance(c, Say)] == [
        type(c) for c in before if not isinstance(c, Say)
    ]
    assert resumed.over == visit.over


def test_whoever_is_interrupted_again_and_again_goes_on_waiting() -> None:
    visit, _ = visited()
    for _time in range(3):
        visit, commands = again(visit, WAITS)
    assert commands == (BackToQueue(),)
