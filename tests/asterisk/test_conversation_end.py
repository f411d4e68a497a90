"""Every conversation comes to its end, and a caller is never left without the next step."""

import asyncio
import gc
import weakref
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.asterisk.conversation import OVERDUE_SECONDS
from ivrd.core import menu
from ivrd.core.commands import ToPerson
from tests.asterisk.fake_channel import POLL_SECONDS, Stop, Troubles
from tests.asterisk.talk import (
    LATE,
    LEASE,
    PROMPT_SECONDS,
    SCRIPT,
    STOPS,
    Talk,
    way_out,
)
from tests.asterisk.virtual import run

# --- the end -------------------------------------------------------------------------------


@given(at=st.floats(0, 40), keys=st.sampled_from(["", "1", "13", "111", "2*0"]), late=LATE)
def test_a_hang_up_at_any_moment_ends_the_task_and_nothing_is_sent_after_it(
    at: float, keys: str, late: list[float]
) -> None:
    async def body() -> None:
        caller = Talk(Troubles(results=late)).begin()
        caller.press([(0.7 * n, digit) for n, digit in enumerate(keys, 1)])
        asyncio.get_running_loop().call_at(at, caller.channel.hang_up)
        await caller.task
        ended = caller.channel.ended_at
        assert ended is not None
        assert asyncio.get_running_loop().time() == pytest.approx(ended)
        before = list(caller.for_ledger)
        await asyncio.sleep(60)
        assert caller.channel.told_after_end == []
        assert caller.for_ledger == before

    run(body())


@pytest.mark.parametrize("keys", ["", "12", "13"])
def test_one_that_has_ended_is_gone_without_the_garbage_collector(keys: str) -> None:
    """Which would keep all events waiting while it looks for cycles."""

    async def body() -> None:
        caller = Talk().begin()
        caller.press([(0.7 * n, digit) for n, digit in enumerate(keys, 1)])
        await asyncio.sleep(5.0)
        caller.channel.hang_up()
        await caller.task
        await asyncio.sleep(60)
        last = [weakref.ref(each) for each in (caller.conversation, caller.conversation._speech)]
        vars(caller).clear()
        assert [each() for each in last] == [None, None]

    gc.disable()
    try:
        run(body())
    finally:
        gc.enable()


def test_a_key_that_comes_with_the_hang_up_is_not_booked() -> None:
    async def body() -> None:
        caller = Talk().begin()
        await asyncio.sleep(1.0)
        caller.conversation.press("1")
        caller.channel.hang_up()
        await caller.task
        assert caller.for_ledger == []

    run(body())


@pytest.mark.parametrize("mute_from", range(1, 11))
def test_results_that_stop_coming_end_the_task_and_the_lease_has_freed_the_caller(
    mute_from: int,
) -> None:
    """Neither results nor the end of the session are reported any more, from anywhere on."""

    async def body() -> None:
        caller = Talk(Troubles(mute_from=mute_from)).begin()
        caller.press([(1.0, "1"), (5.0, "3")])
        await caller.task
        ended = asyncio.get_running_loop().time()
        await asyncio.sleep(60)
        expired = caller.channel.expired_at
        assert expired is not None
        assert ended <= expired + OVERDUE_SECONDS + PROMPT_SECONDS
        assert caller.channel.told_after_end == []

    run(body())


SOON_AFTER_A_KEY = st.builds(lambda n, after: 0.7 * n + after, st.integers(1, 3), st.floats(0, 0.5))


@given(
    at=st.floats(0.05, 20) | SOON_AFTER_A_KEY,
    keys=st.sampled_from(["", "1", "13", "111", "2*"]),
    stops=STOPS,
    late=LATE,
)
def test_whoever_is_left_alone_at_any_moment_sits_in_silence_for_the_lease_at_most(
    at: float, keys: str, stops: list[Stop], late: list[float]
) -> None:
    """Also in the moment after a key has stopped a prompt, which had most of its time to go."""

    async def body() -> None:
        caller = Talk(Troubles(stops=stops, results=late, frozen_from=at)).begin()
        caller.press([(0.7 * n, digit) for n, digit in enumerate(keys, 1)])
        await caller.task
        await asyncio.sleep(60)
        ended = caller.channel.ended_at
        last = max((played.until for played in caller.channel.played), default=0.0)
        assert ended is not None
        assert ended - last <= LEASE + POLL_SECONDS

    run(body())


def test_a_file_that_asterisk_does_not_have_gives_the_call_to_the_dialplan() -> None:
    async def body() -> None:
        caller = Talk(Troubles(missing=frozenset({"th/ivrd/main-menu"})))
        caller.begin().press([(1.0, "1")])
        await caller.task
        assert caller.channel.executed[-1] == 'STREAM FILE "th/ivrd/main-menu" ""'
        assert caller.channel.told_after_end == []

    run(body())


def test_a_label_of_four_kilobytes_is_cut_and_the_caller_goes_on() -> None:
    async def body() -> None:
        long = replace(SCRIPT, label={**SCRIPT.label, "other": "ล" * 1400 + '\r\n"'})
        caller = Talk(script=long)
        caller.begin().press([(1.0, "0")])
        await caller.task
        label = caller.left[2].removeprefix("SET VARIABLE CALLERID(name) ")
        assert set(label) == {'"', "ล"}
        assert len(label.encode()) < 1000
        assert caller.left[3] == "ASYNCAGI BREAK"

    run(body())


# --- stopping and coming back --------------------------------------------------------------


@given(at=st.floats(0.1, 30), digits=st.sampled_from(["", "1", "13", "14", "120"]), stops=STOPS)
def test_handing_over_at_any_moment_says_so_and_brings_to_a_person(
    at: float, digits: str, stops: list[Stop]
) -> None:
    async def body() -> None:
        caller = Talk(Troubles(stops=stops)).begin()
        caller.press([(0.7 * n, digit) for n, digit in enumerate(digits, 1)])
        asyncio.get_running_loop().call_at(at, caller.conversation.hand_over)
        await caller.task
        persons = [c for c in caller.for_ledger if isinstance(c, ToPerson)]
        assert len(persons) == 1
        assert caller.left == way_out(persons[0].queue, persons[0].topic)
        assert caller.channel.told_after_end == []

    run(body())


def test_a_caller_who_is_handed_over_is_told_so() -> None:
    async def body() -> None:
        caller = Talk().begin()
        caller.press([(1.0, "2")])
        await asyncio.sleep(2.0)
        caller.conversation.hand_over()
        caller.conversation.press("2")  # too late
        await caller.task
        assert caller.heard == ["en/ivrd/connect"]
        assert caller.left == way_out("q-other", "other")

    run(body())


@pytest.mark.parametrize("old_prompt_at", [0.0, 1.0])
def test_a_resumed_visit_says_its_place_again_in_its_language(old_prompt_at: float) -> None:
    """What the session before began is still playing, or has just ended."""

    async def body() -> None:
        visit = menu.Visit(menu="home", language="en", trail=("language", "main"), info="care")
        caller = Talk(Troubles(stops=[Stop(delay=0.05, lingers=True)]))
        caller.channel.play("en/ivrd/care-more")
        await asyncio.sleep(old_prompt_at)
        caller.begin(visit).press([(20.0, "0")])
        await caller.task
        assert not caller.channel.played[0].whole
        assert caller.heard[:3] == ["en/ivrd/care-info", "en/ivrd/care-more", "en/ivrd/info-again"]
        # whoever spoke before may have died before it answered the call
        assert caller.channel.executed.index("ANSWER") < caller.channel.executed.index(
            'STREAM FILE "en/ivrd/care-info" ""'
        )

    run(body())
