"""What Asterisk says is there, read from its own answers."""

import asyncio
from collections.abc import Sequence

import pytest
from panoramisk.message import Message

from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.leader_guard import READ_ONLY_ACTIONS
from ivrd.asterisk.snapshot import AsteriskSnapshot, Caller, read
from ivrd.core.call import CallState
from ivrd.core.seats import Member, SeatStatus
from tests.asterisk.recording import CALLS, rows

FIRST, SECOND, THIRD, _GONE, FIFTH = CALLS


class FakeLink:
    """Answers with lists, and refuses what a standby may not ask."""

    def __init__(
        self, channels: list[Message], queues: list[Message], agents: list[Message] | None = None
    ) -> None:
        self.lists = {
            "CoreShowChannels": channels,
            "QueueStatus": queues,
            "DeviceStateList": [],
            "Agents": agents,
        }

    async def ask_list(self, action: str) -> Sequence[Message]:
        assert action in READ_ONLY_ACTIONS
        answer = self.lists[action]
        if answer is None:
            raise ActionRefused(f"{action}: Invalid/unknown command")
        return answer


def taken(channels: list[Message], queues: list[Message]) -> AsteriskSnapshot:
    return asyncio.run(read(FakeLink(channels, queues)))  # type: ignore[arg-type]


def by_id(snapshot: AsteriskSnapshot) -> dict[str, Caller]:
    return {caller.call_id: caller for caller in snapshot.callers}


def test_each_caller_where_asterisk_has_him_and_no_seat_among_them() -> None:
    callers = by_id(taken(rows("channels"), rows("queues")))
    assert set(callers) == {FIRST, SECOND, THIRD, FIFTH}
    assert callers[FIFTH] == Caller(
        FIFTH,
        "PJSIP/carrier-00000005",
        "0200000005",
        "1330",
        CallState.MENU,
        age_seconds=2.0,
        language="th",
        in_agi=True,
    )
    assert (callers[THIRD].state, callers[THIRD].queue) == (CallState.QUEUE, "other")
    assert callers[THIRD].wait_seconds == pytest.approx(2, abs=1)
    assert callers[FIRST].state is CallState.QUEUE
    assert callers[FIRST].queue == "home_isolation"
    assert callers[SECOND] == Caller(
        SECOND,
        "PJSIP/carrier-00000001",
        "0200000002",
        "เรื่องอื่น",
        CallState.TALK,
        age_seconds=3.0,
        language="en",
        queue="other",
        seat="base-01",
    )


def test_members_and_what_their_phones_do() -> None:
    snapshot = taken(rows("channels"), rows("queues"))
    queues = ("benefits", "home_isolation", "vaccination", "other")
    assert {(m.queue, m.seat) for m in snapshot.members} == {(q, "base-01") for q in queues}
    assert all(isinstance(m, Member) and not m.paused for m in snapshot.members)
    assert snapshot.seats == {"base-01": SeatStatus.BUSY}


def test_a_caller_who_is_taken_between_the_two_answers_still_counts_as_waiting() -> None:
    """The event that tells of the person comes after both; until then nobody has answered."""
    without = [m for m in rows("queues") if m.uniqueid != THIRD]
    caller = by_id(taken(rows("channels"), without))[THIRD]
    assert (caller.state, caller.queue) == (CallState.QUEUE, "other")


@pytest.mark.parametrize(
    ("bridge", "state", "seat"),
    [(True, CallState.TALK, "base-01"), (False, CallState.TRANSFER, "")],
)
def test_a_caller_whom_an_agent_has_sent_on(bridge: bool, state: CallState, seat: str) -> None:
    moved = {
        "Context": "hotline-transfer",
        "Exten": "q-vaccination",
        "Application": "Dial",
        "ApplicationData": "PJSIP/base-01,90,gim(hold)",
        **({} if bridge else {"BridgeId": ""}),
    }
    channels = [Message({**m, **(moved if m.uniqueid == SECOND else {})}) for m in rows("channels")]
    caller = by_id(taken(channels, rows("queues")))[SECOND]
    assert (caller.state, caller.queue, caller.seat) == (state, "vaccination", seat)


def test_an_empty_asterisk() -> None:
    assert taken([], []) == AsteriskSnapshot((), (), {}, frozenset(), {})


def test_who_is_on_the_line_and_at_which_seat() -> None:
    read_from = FakeLink(rows("channels"), rows("queues"), rows("agents"))
    snapshot = asyncio.run(read(read_from))  # type: ignore[arg-type]
    assert snapshot.on_line == {"home.01": "1001"}
    assert set(by_id(snapshot)) == {FIRST, SECOND, THIRD, FIFTH}  # who is no caller


def test_an_asterisk_that_knows_no_line_has_nobody_there() -> None:
    assert taken(rows("channels"), rows("queues")).on_line == {}
