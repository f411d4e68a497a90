"""Losing Asterisk and finding it again: the books come to what is there, and no call is lost."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from panoramisk.message import Message

from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.breaks import EACH
from ivrd.core.call import Call, CallState, Outcome, Stage
from ivrd.core.seats import Pool
from tests.asterisk.recording import messages, rows
from tests.asterisk.virtual import run
from tests.calls.rig import (
    EVERYONE,
    FIFTH,
    FIRST,
    FOURTH,
    NOW,
    SECOND,
    THIRD,
    Missing,
    Rig,
    answered,
    arrived,
    dialled,
    gone,
    joined,
    offered,
    pressed,
    settle,
    unreached,
    whole_recording,
)

# --- losing and finding Asterisk -----------------------------------------------------------


def spoken(rig: Rig) -> list[dict[str, str]]:
    """What callers' channels were told to do; places in lines are no part of it."""
    return [said for said in rig.link.told if said["Action"] in ("AGI", "ControlPlayback")]


def channel_row(call: Call, in_agi: bool = True) -> Message:
    """A call as CoreShowChannels shows it."""
    app = {CallState.QUEUE: "Queue", CallState.TALK: "Queue"}.get(
        call.state, "AGI" if in_agi else "Wait"
    )
    context = "hotline-queue" if app == "Queue" else "hotline"
    return Message(
        {
            "Event": "CoreShowChannel",
            "Channel": f"PJSIP/c-{call.id}",
            "Uniqueid": call.id,
            "CallerIDNum": "0200000001",
            "Context": context,
            "Application": app,
            "ApplicationData": f"{call.queue},b(seat-headers^s^1())",
            "Duration": "00:00:30",
            "BridgeId": f"bridge-{call.id}" if call.state is CallState.TALK else "",
        }
    )


def lists(calls: Sequence[Call], in_agi: bool = True) -> dict[str, Sequence[Message]]:
    """What Asterisk answers when these calls are there."""
    entries = [
        Message({"Event": "QueueEntry", "Uniqueid": c.id, "Queue": c.queue, "Wait": "12"})
        for c in calls
        if c.state is CallState.QUEUE
    ]
    return {
        "CoreShowChannels": [channel_row(call, in_agi) for call in calls],
        "QueueStatus": entries,
    }


def test_a_caller_who_was_moved_to_another_queue_unseen_waits_there_since_the_first() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived(FIRST), joined(FIRST, "gone"))
        before = rig.ledger.calls[FIRST]
        rig.link.lists = lists([replace(before, queue="other")])
        await rig.tracker.rebuild()
        assert rig.ledger.calls[FIRST] == replace(before, queue="other")
        assert rig.ledger.offered == {"gone": 1}

    asyncio.run(body())


def test_calls_that_were_there_before_us_are_adopted_where_they_are() -> None:
    async def body() -> None:
        rig = Rig()
        rig.link.lists = {"CoreShowChannels": rows("channels"), "QueueStatus": rows("queues")}
        await rig.tracker.rebuild()
        assert rig.places() == {
            FIRST: CallState.QUEUE,
            SECOND: CallState.TALK,
            THIRD: CallState.QUEUE,
            FIFTH: CallState.MENU,
        }
        assert rig.ledger.received == rig.ledger.adopted == 4
        assert rig.ledger.calls[THIRD].wait_seconds(NOW) == pytest.approx(2, abs=1)
        assert rig.ledger.calls[FIRST].caller == "#001"
        assert rig.ledger.calls[SECOND].connected_at == NOW
        assert rig.ledger.calls[SECOND].wait_seconds() is None  # nobody knows it now
        # nobody knows where in the menu the fifth is: the lease brings him to a person
        assert spoken(rig) == []
        assert rig.ledger.balance() == 0

    run(body())


def test_calls_that_are_not_there_any_more_have_ended() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), joined("a"), arrived("b"))
        rig.tracker.ivr.detach_all("lost")
        await rig.tracker.rebuild()
        assert rig.ends() == {
            "a": (Outcome.ABANDONED, Stage.QUEUE),
            "b": (Outcome.ABANDONED, Stage.IVR),
        }

    run(body())


def test_events_that_come_while_the_snapshot_is_read_wait_for_it() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), joined("a"))
        rig.tracker.ivr.detach_all("lost")
        rig.link.lists = lists([rig.ledger.calls["a"]])
        rig.link.guard.clear()
        rebuilding = asyncio.ensure_future(rig.tracker.rebuild())
        await settle()
        await rig.take(answered("a"), arrived("b"), offered("b"), pressed("b", "2"), gone("a"))
        assert rig.places() == {"a": CallState.QUEUE}  # held
        rig.link.guard.set()
        await rebuilding
        await settle()
        assert rig.ends() == {"a": (Outcome.ANSWERED, Stage.TALK)}
        assert rig.ledger.calls["b"].language == "en"
        assert rig.ledger.adopted == 0

    run(body())


def test_a_rebuild_that_fails_loses_no_event() -> None:
    async def body() -> None:
        rig = Rig()
        rig.link.guard.clear()
        rebuilding = asyncio.ensure_future(rig.tracker.rebuild())
        await settle()
        await rig.take(arrived("a"))
        rig.link.lost = True
        rig.link.guard.set()
        with pytest.raises(ConnectionLost):
            await rebuilding
        assert rig.places() == {"a": CallState.MENU}

    run(body())


def test_a_caller_goes_on_in_the_menu_after_a_short_loss() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), offered("a"), pressed("a", "2"), pressed("a", "1"))
        rig.tracker.ivr.detach_all("lost")
        await settle()
        assert len(rig.tracker.ivr) == 0
        before = len(rig.link.told)
        rig.link.lists = lists([rig.ledger.calls["a"]])
        await rig.tracker.rebuild()
        await settle()
        after = rig.link.told[before:]
        assert [h.get("Command", h.get("Control")) for h in after] == [
            "ANSWER",
            "stop",
            'SET VARIABLE TIMEOUT(absolute) "65.0"',
            'STREAM FILE "en/ivrd/home-isolation-menu" ""',
            'SET VARIABLE TIMEOUT(absolute) "5.0"',
        ]
        await rig.take(pressed("a", "2"))
        assert rig.ledger.calls["a"].topic == "hi-symptoms"

    run(body())


@pytest.mark.parametrize("still_here", [True, False])
def test_a_caller_whom_the_dialplan_took_is_left_alone_after_a_loss(still_here: bool) -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), offered("a"), pressed("a", "1"))
        rig.tracker.ivr.detach_all("lost")
        call = replace(rig.ledger.calls["a"], state=CallState.QUEUE, queue="other")
        rig.link.lists = lists([call], in_agi=False) if still_here else lists([])
        before = spoken(rig)
        await rig.tracker.rebuild()
        await settle()
        assert spoken(rig) == before
        assert rig.places() == ({"a": CallState.QUEUE} if still_here else {})

    run(body())


def test_seats_that_asterisk_refuses_do_not_cost_the_link() -> None:
    async def body() -> None:
        rig = Rig(pools=(Pool("surge", ("surge-1",), ("red",), fixed=False),))
        rig.tracker.queue_members.open = {"surge"}
        rig.link.refuses = True
        await rig.tracker.rebuild()
        assert rig.told.refusals == [("Seats", "QueueAdd: No such queue")]

    run(body())


async def _truths() -> list[list[Call]]:
    """The calls that are there before each message of the recording, and after the last."""
    rig = Rig()
    truths = []
    for message in messages("calls"):
        truths.append(list(rig.ledger.calls.values()))
        await rig.take(message)
    return [*truths, []]


def test_joining_at_any_moment_is_safe() -> None:
    """From each message on, a new ivrd sees the rest of the recording and its calls' true ends."""

    async def body() -> None:
        recording, truths = messages("calls"), await _truths()
        ends = (await whole_recording()).ends()
        for start, there in enumerate(truths):
            rig = Rig()
            rig.link.lists = lists(there)
            await rig.tracker.rebuild()
            assert rig.ledger.adopted == len(there)
            await rig.take(*recording[start:])
            assert rig.ledger.calls == {}
            for call_id, end in rig.ends().items():
                was = next((call.state for call in there if call.id == call_id), CallState.MENU)
                # what a caller had heard in the menu before us nobody can tell
                heard = was is CallState.INFO or (call_id == FIFTH and was is CallState.MENU)
                assert end == ends[call_id] or (heard and end == ends[FOURTH]), (start, call_id)

    run(body())


@pytest.mark.parametrize("missed", [1, 7, 40])
def test_losing_any_stretch_of_events_costs_no_call(missed: int) -> None:
    """A link that is lost over so many messages: every call is counted once, and ends."""

    async def body() -> None:
        recording, truths = messages("calls"), await _truths()
        ends = (await whole_recording()).ends()
        for start in range(0, len(recording) - missed, 3):
            rig = Rig()
            await rig.take(*recording[:start])
            rig.tracker.ivr.detach_all("lost")
            rig.link.lists = lists(truths[start + missed])
            await rig.tracker.rebuild()
            await rig.take(*recording[start + missed :])
            assert rig.ledger.calls == {}
            assert rig.told.faults == []
            unseen = {m.uniqueid for m in recording[start : start + missed]}
            assert set(rig.ends()) >= {call_id for call_id in EVERYONE if call_id not in unseen}
            for call_id, end in rig.ends().items():
                assert end == ends[call_id] or call_id in unseen, (start, call_id)

    run(body())


def test_a_talk_that_is_just_ending_is_not_taken_for_waiting() -> None:
    """Asterisk has taken the bridge down, and the caller's channel is still there."""

    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), joined("a"), answered("a"))
        await _unlisted(rig, "a")
        assert rig.places() == {"a": CallState.TALK}
        await rig.take(gone("a"))
        assert rig.ends() == {"a": (Outcome.ANSWERED, Stage.TALK)}

    run(body())


@pytest.mark.parametrize("before", ["menu", "queue"])
def test_a_talk_of_which_only_the_end_is_seen_is_for_the_record_to_tell(before: str) -> None:
    """The link was away while the caller was answered, and is back as the talk ends."""

    async def body() -> None:
        missing = Missing()
        rig = Rig(resolver=missing)
        await rig.take(arrived("a"))
        if before == "queue":
            await rig.take(joined("a"))
        await _unlisted(rig, "a")
        await rig.take(gone("a"))
        assert missing.ids == ["a"]
        assert "a" in rig.ledger.calls

    run(body())


def test_who_is_found_behind_the_queue_may_just_have_talked_to_somebody() -> None:
    """ivrd starts in the moment in which the dialplan ends the call of a talk that is over."""

    async def body() -> None:
        missing = Missing()
        rig = Rig(resolver=missing)
        row = channel_row(Call("a", 0.0, ""), in_agi=False)
        row.context, row.application = "hotline-queue", "Hangup"
        rig.link.lists = {"CoreShowChannels": [row], "QueueStatus": []}
        await rig.tracker.rebuild()
        await rig.take(gone("a"))
        assert missing.ids == ["a"]
        assert rig.ends() == {}

    run(body())


def test_a_hang_up_that_comes_while_the_snapshot_is_read_may_not_be_all() -> None:
    """The caller was in the queue when the link was lost, and was answered while it was away."""

    async def body() -> None:
        missing = Missing()
        rig = Rig(resolver=missing)
        await rig.take(arrived("a"), joined("a"))
        rig.link.guard.clear()
        rebuilding = asyncio.ensure_future(rig.tracker.rebuild())
        await settle()
        await rig.take(gone("a"))
        rig.link.guard.set()
        await rebuilding
        assert set(missing.ids) == {"a"}
        assert "a" in rig.ledger.calls  # the record tells how it ended

    run(body())


def test_one_that_stands_by_lets_a_call_go_whose_end_it_sees() -> None:
    async def body() -> None:
        rig = Rig(resolver=Missing())
        rig.tracker.stand_by()
        await rig.take(arrived("a"), joined("a"))
        await _unlisted(rig, "a")
        await rig.take(gone("a"))
        assert rig.ledger.calls == {}

    run(body())


def test_who_is_on_the_way_into_a_talk_is_answered() -> None:
    """The event that says so comes after the snapshot."""

    async def body() -> None:
        rig = Rig()
        await rig.take(arrived("a"), joined("a"))
        await _unlisted(rig, "a")
        await rig.take(answered("a"), gone("a"))
        assert rig.ends() == {"a": (Outcome.ANSWERED, Stage.TALK)}

    run(body())


async def _unlisted(rig: Rig, call_id: str) -> None:
    """A snapshot in which app_queue has the caller, neither waiting nor bridged."""
    row = channel_row(replace(rig.ledger.calls[call_id], state=CallState.QUEUE, queue="other"))
    rig.link.lists = {"CoreShowChannels": [row], "QueueStatus": []}
    await rig.tracker.rebuild()


def test_while_thousands_are_matched_all_else_has_its_turn() -> None:
    async def body() -> None:
        rig = Rig()
        callers = [Call(f"1.{n}", NOW, state=CallState.MENU) for n in range(20 * EACH)]
        rig.link.lists = lists(callers)
        rebuilding = asyncio.ensure_future(rig.tracker.rebuild())
        matched = [0]  # at each turn of somebody else
        while not rebuilding.done():
            await asyncio.sleep(0)
            matched.append(len(rig.ledger.calls))
        assert matched[-1] == 20 * EACH
        assert max(after - before for before, after in pairwise(matched)) == EACH

    asyncio.run(body())


def test_who_waits_already_when_ivrd_comes_is_told_of_a_free_seat() -> None:
    async def body() -> None:
        rig = Rig()
        here = Call(FIRST, NOW, state=CallState.QUEUE, queue="other", joined_at=NOW)
        rig.ledger.restore(here)
        rig.link.lists = lists([here])
        await rig.tracker.rebuild()
        rig.link.told.clear()
        seat = {"Interface": "PJSIP/base-01", "Queue": "other", "Status": "1", "Paused": "0"}
        await rig.take(Message({"Event": "QueueMemberAdded", **seat}))
        assert {told["Channel"] for told in rig.link.told} == {f"PJSIP/c-{FIRST}"}

    run(body())


def test_a_call_back_that_rings_is_still_there_and_one_that_waits_is_adopted_as_such() -> None:
    async def body() -> None:
        rig = Rig()
        await rig.take(dialled(FIRST), dialled(SECOND))
        rings = {"Uniqueid": FIRST, "Context": "from-carrier"}  # the channel is not answered yet
        waiting = Call(THIRD, NOW, state=CallState.QUEUE, queue="other")
        rig.link.lists = lists([waiting])
        (row,) = rig.link.lists["CoreShowChannels"]
        row["AccountCode"] = "callback:0200000001"
        rig.link.lists["CoreShowChannels"] = [row, Message({"Event": "CoreShowChannel", **rings})]
        await rig.tracker.rebuild()
        assert rig.places() == {FIRST: CallState.DIALLED, THIRD: CallState.QUEUE}
        made = rig.ledger.calls[THIRD]
        assert (made.direction, made.caller) == ("callback", rig.ledger.calls[FIRST].caller)
        assert (rig.ledger.received, rig.ledger.dialled, rig.ledger.offered.total()) == (0, 3, 0)
        assert rig.ledger.results == {"hung_up": 1}  # the second is gone, and nobody knows how

    run(body())


def test_who_is_found_is_spoken_to_in_the_language_of_the_channel() -> None:
    """Whichever variant of it the channel has; one that the hotline does not speak is none."""

    async def body() -> None:
        rig = Rig()
        found = [channel_row(Call(name, 0.0, "")) for name in ("a", "b", "c")]
        for row, language in zip(found, ("en", "en_w5", "xx"), strict=True):
            row.language = language
        rig.link.lists = {"CoreShowChannels": found, "QueueStatus": []}
        await rig.tracker.rebuild()
        spoken = [rig.ledger.calls[name].language for name in ("a", "b", "c")]
        assert spoken == ["en", "en", "th"]

    run(body())


def test_a_phone_that_goes_before_the_dialplan_says_why_does_not_hide_the_result() -> None:
    async def body() -> None:
        missing = Missing()
        rig = Rig(resolver=missing)
        await rig.take(dialled(FIRST), gone(FIRST))
        assert (rig.places(), missing.ids) == ({FIRST: CallState.DIALLED}, [FIRST])
        await rig.take(unreached(FIRST, "busy"))
        assert (rig.ledger.results, rig.ledger.calls) == ({"busy": 1}, {})

    run(body())
