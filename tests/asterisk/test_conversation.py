"""A caller and the menu, over a channel on which everything is late, lost or in the wrong order."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.asterisk import dialplan_names
from ivrd.core.commands import AtInfo, AtMenu, Speak, ToPerson
from tests.asterisk.fake_channel import PATH, Played, Stop, Troubles
from tests.asterisk.talk import (
    LATE,
    LEASE,
    PROMPT_SECONDS,
    SCRIPT,
    STOPS,
    TREE,
    Talk,
    expected,
    talk,
    way_out,
)
from tests.asterisk.virtual import run

# --- keys, prompts and stops in every order ------------------------------------------------

DIGITS = st.lists(st.sampled_from("1111222340*#9"), max_size=6).map("".join)


@given(digits=DIGITS, gaps=st.lists(st.floats(0.001, 3.5), min_size=6, max_size=6), stops=STOPS,
       late=LATE)  # fmt: skip
def test_every_key_counts_once_whenever_it_is_pressed_and_whatever_plays(
    digits: str, gaps: list[float], stops: list[Stop], late: list[float]
) -> None:
    """Where keys lead does not hang on prompts, results and stops; the last place is said whole."""

    async def body() -> None:
        times = [sum(gaps[: n + 1]) for n in range(len(digits))]
        troubles = Troubles(stops=stops, results=late)
        caller = await talk(list(zip(times, digits, strict=True)), troubles)
        told, spoken = expected(digits)
        assert caller.for_ledger == told
        assert [p for p in caller.heard if p in spoken][-len(spoken) :] == spoken
        last = told[-1]
        if isinstance(last, ToPerson):
            assert caller.left == way_out(last.queue, last.topic)
        else:
            assert caller.channel.executed[-1] == "HANGUP"
        assert caller.channel.told_after_end == []
        assert caller.channel.expired_at is None
        assert {played.timeout for played in caller.channel.played} <= {PROMPT_SECONDS + LEASE}

    run(body())


def test_three_keys_80_ms_apart_as_soon_as_the_call_is_there() -> None:
    async def body() -> None:
        caller = await talk([(0.00, "1"), (0.08, "1"), (0.16, "1")])
        assert caller.for_ledger == [Speak("th"), ToPerson("q-home", "register")]
        assert caller.left == way_out("q-home", "register")
        assert caller.channel.ended_at is not None
        assert caller.channel.ended_at < 1.0

    run(body())


def test_the_dialplan_learns_since_when_a_caller_has_waited_before_it_has_the_channel() -> None:
    async def body() -> None:
        caller = Talk()
        caller.place = {"IVRD_EFFECTIVE": "1795312000000", "IVRD_HEAD_START": "red_flag:60000"}
        caller.begin()
        caller.press([(0.1, "0")])
        await caller.task
        assert 'SET VARIABLE IVRD_EFFECTIVE "1795312000000"' in caller.left[:4]
        assert 'SET VARIABLE IVRD_HEAD_START "red_flag:60000"' in caller.left[:4]

    run(body())


@pytest.mark.parametrize("digits", ["0", "20", "210", "130"])
def test_key_0_brings_to_a_person_from_anywhere(digits: str) -> None:
    async def body() -> None:
        caller = await talk([(0.5 * n, digit) for n, digit in enumerate(digits, 1)])
        assert caller.left == way_out("q-other", "other")
        assert caller.channel.ended_at == pytest.approx(0.5 * len(digits), abs=0.2)

    run(body())


def test_key_star_goes_back_while_a_message_is_said() -> None:
    async def body() -> None:
        caller = await talk([(1.0, "2"), (2.0, "3"), (3.0, "*"), (4.0, "2")])
        assert caller.for_ledger == [
            Speak("en"),
            AtInfo("rights"),
            AtMenu("main"),
            ToPerson("q-vaccine", "vaccine"),
        ]
        stages = [c for c in caller.channel.executed if dialplan_names.STAGE in c]
        assert stages == [
            f'SET VARIABLE {dialplan_names.STAGE} "{stage}"' for stage in ("info", "ivr")
        ]

    run(body())


def test_whoever_says_nothing_hears_everything_and_is_brought_to_a_person() -> None:
    async def body() -> None:
        caller = await talk([])
        welcome = [PATH.format(lang, "welcome") for lang in ("th", "en")]
        sorry = [PATH.format(lang, "no-input") for lang in ("th", "en")]
        assert caller.heard == [*welcome, *sorry, *welcome, *sorry, *welcome, "th/ivrd/connect"]
        assert caller.left == way_out("q-other", "other")
        prompts, waits = 11 * PROMPT_SECONDS, 3 * TREE.wait_seconds
        assert caller.channel.ended_at == pytest.approx(prompts + waits, abs=1.0)

    run(body())


SAYING_NOTHING = 11 * PROMPT_SECONDS + 3 * TREE.wait_seconds  # until a person, as above


async def unheard(received: Callable[[], str], silent_seconds: float) -> Talk:
    """A caller who presses nothing, until a person or a minute is over."""
    script = replace(SCRIPT, silent_seconds=silent_seconds)
    caller = Talk(Troubles(received=received), script).begin()
    await asyncio.sleep(60.0)
    return caller


def test_who_was_never_heard_is_taken_to_nobody_while_asterisk_may_still_end_the_call() -> None:
    async def body() -> None:
        caller = await unheard(lambda: "0", 120.0)
        assert caller.channel.ended_at is None
        assert caller.channel.expired_at is None  # it is spoken to all the time
        caller.channel.hang_up()
        await caller.task

    run(body())


@pytest.mark.parametrize(
    ("received", "silent_seconds"),
    [
        ("0", 0.0),  # Asterisk never ends a call for that
        ("0", 20.0),  # it would have ended it: something has come that is no sound
        ("1", 120.0),
        ("", 120.0),  # not what was asked for: nobody is kept for that
    ],
)
def test_who_was_heard_once_or_is_alive_goes_to_a_person(
    received: str, silent_seconds: float
) -> None:
    async def body() -> None:
        caller = await unheard(lambda: received, silent_seconds)
        assert caller.left == way_out("q-other", "other")
        assert caller.channel.ended_at == pytest.approx(SAYING_NOTHING, abs=1.0)

    run(body())


def test_a_packet_that_comes_late_is_enough() -> None:
    async def body() -> None:
        loop = asyncio.get_running_loop()
        caller = await unheard(lambda: "0" if loop.time() < 30.0 else "1", 120.0)
        assert caller.left == way_out("q-other", "other")

    run(body())


# --- silence does not come from the past ---------------------------------------------------


def test_a_key_that_comes_with_the_end_of_the_speech_gets_its_answer_said_whole() -> None:
    """The end of the old speech must not start the clock for an answer to the new one."""

    async def body() -> None:
        tree = replace(TREE, wait_seconds=1.0)
        caller = Talk(script=replace(SCRIPT, tree=tree, today=lambda: tree))
        deliver = caller.channel.session.result

        def deliver_with_key(command_id: str, result: str) -> None:
            deliver(command_id, result)
            if "endpos=" in result and len(caller.channel.played) == 2:
                asyncio.get_running_loop().call_soon(caller.conversation.press, "1")

        caller.channel.session.result = deliver_with_key  # type: ignore[method-assign]
        caller.begin()
        await asyncio.sleep(9.5)
        assert caller.heard == ["th/ivrd/welcome", "en/ivrd/welcome", "th/ivrd/main-menu"]
        caller.channel.hang_up()
        await caller.task

    run(body())


def test_a_key_that_comes_with_the_end_of_the_wait_is_not_answered_with_no_input() -> None:
    async def body() -> None:
        caller = Talk().begin()
        await asyncio.sleep(7.0)  # both languages' welcome, and now it listens
        clock = caller.conversation._clock
        assert clock is not None
        # within the clock's resolution: both happen in one turn of the loop, the key first
        asyncio.get_running_loop().call_at(clock.when() - 1e-10, caller.conversation.press, "1")
        await asyncio.sleep(clock.when() - asyncio.get_running_loop().time() + 3.5)
        assert caller.heard == ["th/ivrd/welcome", "en/ivrd/welcome", "th/ivrd/main-menu"]
        caller.channel.hang_up()
        await caller.task

    run(body())


# --- stops ---------------------------------------------------------------------------------


def test_a_lost_stop_is_repeated_until_the_prompt_has_ended() -> None:
    async def body() -> None:
        troubles = Troubles(stops=[Stop(lost=True)] * 4)
        caller = await talk([(1.0, "0")], troubles)
        assert [played.whole for played in caller.channel.played] == [False]
        assert caller.channel.ended_at == pytest.approx(1.0 + 4 * 0.2, abs=0.1)

    run(body())


def test_two_keys_do_not_send_two_streams_of_stops() -> None:
    async def body() -> None:
        caller = Talk(Troubles(stops=[Stop(lost=True)] * 99))
        stops: list[float] = []
        caller.channel.session.stop_playing = (  # type: ignore[method-assign]
            lambda: stops.append(asyncio.get_running_loop().time())
        )
        caller.begin().press([(1.0, "1"), (1.01, "3"), (1.02, "*")])
        await asyncio.sleep(2.0)
        assert stops == pytest.approx([1.0, 1.2, 1.4, 1.6, 1.8, 2.0], abs=0.01)
        caller.channel.hang_up()
        await caller.task

    run(body())


def test_a_prompt_cut_short_by_a_stop_meant_for_another_is_said_again() -> None:
    async def body() -> None:
        # the first prompt's result is late: a second stop goes out and meets the next prompt
        troubles = Troubles(stops=[Stop(), Stop(delay=0.2)], results=[0.3])
        caller = Talk(troubles).begin()
        caller.press([(1.0, "1")])
        await asyncio.sleep(8.0)
        assert [replace(played, until=0.0) for played in caller.channel.played[1:3]] == [
            Played("th/ivrd/main-menu", False, PROMPT_SECONDS + LEASE, 0.0),
            Played("th/ivrd/main-menu", True, PROMPT_SECONDS + LEASE, 0.0),
        ]
        caller.channel.hang_up()
        await caller.task

    run(body())


def test_a_file_shorter_than_told_is_not_said_again_for_ever() -> None:
    async def body() -> None:
        short = Troubles(shorter={"th/ivrd/main-menu": 0.4})
        caller = Talk(short).begin()
        caller.press([(1.0, "1")])
        await asyncio.sleep(4.0)
        assert [p.path for p in caller.channel.played].count("th/ivrd/main-menu") == 1
        caller.channel.hang_up()
        await caller.task

    run(body())


def test_the_channel_has_the_words_for_the_wait_before_it_goes_to_the_queue() -> None:
    async def body() -> None:
        caller = Talk(queue_language=lambda queue, language: f"{language}_{queue}").begin()
        caller.press([(0.1, "2"), (0.3, "0")])
        await caller.task
        assert caller.channel.executed[-5:] == [
            'SET VARIABLE IVRD_QUEUE "q-other"',
            'SET VARIABLE CHANNEL(language) "en_q-other"',
            *way_out("q-other", "other")[1:],
        ]

    run(body())
