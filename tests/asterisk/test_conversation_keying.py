"""Callers who key in a number: as slowly as they like, and nobody talks meanwhile."""

import asyncio

import pytest

from ivrd.core.callback_menu import At, OfferVisit
from ivrd.core.commands import Book
from tests.asterisk.fake_channel import PATH
from tests.asterisk.talk import PROMPT_SECONDS, SCRIPT, Talk
from tests.asterisk.virtual import run

NUMBER = "0812345678"
ASKED = OfferVisit(At.KEYING, "q-other", "other", "en")


@pytest.mark.parametrize("gap", [0.1, 1.0, SCRIPT.tree.wait_seconds - 0.1])
def test_a_number_may_take_any_time_between_its_keys(gap: float) -> None:
    """Longer than the lease, too: each key renews it."""

    async def body() -> None:
        caller = Talk().begin(ASKED)
        caller.press((1.0 + gap * n, digit) for n, digit in enumerate(NUMBER))
        done = 1.0 + gap * len(NUMBER) + SCRIPT.tree.wait_seconds
        caller.press([(done + 1.0, "1")])
        await asyncio.sleep(done + 2.0)
        assert [one.number for one in caller.told if isinstance(one, Book)] == [NUMBER]
        assert caller.channel.expired_at is None
        caller.task.cancel()

    run(body())


def test_the_first_key_of_a_number_ends_what_is_said_and_the_wait_for_the_next_begins() -> None:
    async def body() -> None:
        caller = Talk().begin(ASKED)
        caller.press([(1.0, "0")])
        await asyncio.sleep(PROMPT_SECONDS)
        (first,) = caller.channel.played
        assert first.path == PATH.format("en", "callback-number")
        assert first.until == pytest.approx(1.0, abs=0.5)
        await asyncio.sleep(SCRIPT.tree.wait_seconds + PROMPT_SECONDS)
        assert [prompt.path for prompt in caller.channel.played][1] == PATH.format(
            "en", "callback-read-back"
        )
        caller.task.cancel()

    run(body())
