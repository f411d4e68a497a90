"""The menu of a queue: every way out but a call back leads to the queue, at whatever key."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import numbers
from ivrd.core.book_result import BookResult
from ivrd.core.commands import AtOffer, Await, BackToQueue, Command, Say
from ivrd.core.inputs import BookAnswer, Input, Key, NoInput, PromptsPlayed
from ivrd.core.queue_menu import QueueVisit, Waits, again, give_way, opened, place_prompts, step
from tests.asterisk.talk import TREE as ANY_TREE

TREE = replace(ANY_TREE, queue_menu_key="9")
WAITS = Waits("q-other", "other", "en", place=12, callback=True)

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


@given(st.lists(inputs, max_size=12), st.booleans())
def test_whatever_comes_the_caller_ends_in_the_queue_or_asks_for_a_call_back(
    received: list[Input], callback: bool
) -> None:
    waits = replace(WAITS, callback=callback)
    visit, commands = again(opened(waits), waits)
    told = list(commands)
    for one in [*received, *[NoInput()] * 2]:
        if told and isinstance(told[-1], AtOffer):
            break  # goes on in callback_menu.py
        visit, commands = step(TREE, visit, one, waits)
        told += commands
    asked = told[-1] == AtOffer(visit.topic)
    assert asked != visit.over
    assert callback or not asked
    assert told.count(BackToQueue()) == visit.over


@given(st.lists(inputs, max_size=8))
def test_the_turn_ends_it_at_once(received: list[Input]) -> None:
    visit, _ = visited(*received)
    after, commands = give_way(visit)
    assert after.over
    assert commands == (() if visit.over else (BackToQueue(),))


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
    ("received", "after"),
    [
        ((), ["queue-menu-place", "queue-menu-callback", "queue-menu-wait"]),
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
