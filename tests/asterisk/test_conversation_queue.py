"""A caller who waits and has opened the queue's menu, on the fake channel."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.asterisk import dialplan_names
from ivrd.core.book_result import BookResult
from ivrd.core.commands import AtBooked, Book, Command
from ivrd.core.queue_menu import Waits, opened
from tests.asterisk.fake_channel import PATH, Stop, Troubles
from tests.asterisk.talk import LATE, LEASE, PROMPT_SECONDS, SCRIPT, STOPS, Talk
from tests.asterisk.virtual import run

WAITS = Waits("q-other", "other", "en", place=2, callback=True)
BACK = [dialplan_names.QUEUE_CONTEXT]


class Waiting(Talk):
    """A caller who has just opened the menu; every call back ends as `result` says."""

    def __init__(
        self, troubles: Troubles | None = None, result: BookResult = BookResult.BOOKED
    ) -> None:
        super().__init__(troubles)
        self.waits = WAITS
        self.result = result
        self.told = _Told(self)
        self.conversation._tell = self.told.append
        self.begin(opened(WAITS))


class _Told(list[Command]):
    """What the conversation tells; a call back is answered a second later."""

    def __init__(self, caller: Waiting) -> None:
        super().__init__()
        self._caller = caller

    def append(self, command: Command) -> None:
        super().append(command)
        if isinstance(command, Book):
            caller = self._caller
            loop = asyncio.get_running_loop()
            loop.call_later(1.0, caller.conversation.booked, caller.result)


def prompts(*names: str) -> list[str]:
    return [PATH.format("en", name) for name in names]


OFFERS = prompts("queue-menu-place", "queue-menu-callback", "queue-menu-wait")


def test_without_a_key_the_caller_is_back_in_the_queue_at_the_place() -> None:
    async def body() -> None:
        caller = Waiting()
        await caller.task
        assert caller.heard == OFFERS
        assert caller.channel.sent_to == BACK
        assert caller.channel.variables == {dialplan_names.QUEUE: "q-other"}
        assert caller.channel.ended_at == pytest.approx(
            3 * PROMPT_SECONDS + SCRIPT.tree.wait_seconds, abs=0.5
        )

    run(body())


def test_a_queue_that_is_gone_meanwhile_is_left_for_the_one_where_the_topic_leads_now() -> None:
    async def body() -> None:
        caller = Waiting()
        caller.press([(1.0, "3")])
        caller.waits = replace(WAITS, queue="q-home")
        await caller.task
        assert caller.channel.variables == {dialplan_names.QUEUE: "q-home"}

    run(body())


def test_when_ivrd_is_gone_the_lease_brings_the_caller_back() -> None:
    async def body() -> None:
        caller = Waiting(Troubles(frozen_from=PROMPT_SECONDS + 1.0))
        await caller.task
        assert caller.channel.expired_at is not None
        assert caller.channel.expired_at <= 2 * PROMPT_SECONDS + LEASE + 0.5

    run(body())


DIGITS = st.lists(st.sampled_from("12233790*#"), max_size=8).map("".join)


@given(digits=DIGITS, gaps=st.lists(st.floats(0.001, 3.5), min_size=8, max_size=8), stops=STOPS,
       late=LATE, turn=st.floats(0.0, 30.0), result=st.sampled_from(BookResult))  # fmt: skip
def test_whatever_is_pressed_and_whenever_the_turn_comes_the_caller_ends_in_one_place(
    digits: str,
    gaps: list[float],
    stops: Sequence[Stop],
    late: list[float],
    turn: float,
    result: BookResult,
) -> None:
    """One redirection to the queue, or booked and hung up; the turn ends a menu at once."""

    async def body() -> None:
        caller = Waiting(Troubles(stops=list(stops), results=late), result)
        caller.press((sum(gaps[: n + 1]), digit) for n, digit in enumerate(digits))
        asyncio.get_running_loop().call_at(turn, caller.conversation.give_way)
        await caller.task
        booked = AtBooked() in caller.told
        assert caller.channel.sent_to == ([] if booked else BACK)
        assert (caller.channel.executed[-1:] == ["HANGUP"]) == booked
        if booked:
            assert caller.channel.variables[dialplan_names.STAGE] == "booked"
            assert PATH.format("en", "callback-booked") in [p.path for p in caller.channel.played]
        elif not any(isinstance(one, Book) for one in caller.told):
            assert caller.channel.ended_at <= max(turn, 0.0) + 0.1 or turn > caller.channel.ended_at
        assert caller.channel.expired_at is None

    run(body())


def test_a_caller_whose_turn_comes_while_a_call_back_is_written_down_is_one_or_the_other() -> None:
    async def body() -> None:
        for result, ends in ((BookResult.BOOKED, []), (BookResult.NOT_STORED, BACK)):
            caller = Waiting(result=result)
            caller.press([(1.0, "2"), (1.1, "1")])
            asyncio.get_running_loop().call_later(1.5, caller.conversation.give_way)
            await caller.task
            assert caller.channel.sent_to == ends

    run(body())


def test_recordings_that_are_not_there_cost_nobody_the_place() -> None:
    async def body() -> None:
        caller = Waiting()
        caller.conversation._settings = replace(SCRIPT, length=lambda _prompt: None)
        await caller.task
        assert caller.channel.sent_to == BACK

    run(body())


def test_a_stop_of_ivrd_brings_the_caller_back_to_the_queue() -> None:
    async def body() -> None:
        caller = Waiting()
        await asyncio.sleep(1.0)
        caller.conversation.hand_over()
        await caller.task
        assert caller.channel.sent_to == BACK

    run(body())
