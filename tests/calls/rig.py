"""A hotline on a fake link, and events as Asterisk makes them."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from panoramisk.message import Message

from ivrd.asterisk.ami_client import ActionRefused
from ivrd.asterisk.ami_protocol import ConnectionLost
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.conversation import ConversationSettings
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.calls.tracker import CallListener, CallTracker
from ivrd.config.load import load
from ivrd.core.call import Call, CallState, Ended, Notice, Outcome, Stage
from ivrd.core.seats import Pool
from tests.asterisk.recording import ALONE, CALLS, messages

SETTINGS = load(Path(__file__).parents[2] / "config")
TREE = replace(SETTINGS.tree, retries=0)
SCRIPT = ConversationSettings(
    tree=TREE,
    seconds={},
    label={topic: topic for topic in TREE.queue_of},
    lease_seconds=5.0,
    closed=frozenset,
)
NOW = 1795312060.0
MOMENTS = itertools.count(1)
FIRST, SECOND, THIRD, FOURTH, FIFTH = CALLS
EVERYONE = [*CALLS, ALONE]


class FakeLink:
    """Takes commands, answers with the lists that the test put in."""

    received_at = 0.0

    def __init__(self) -> None:
        self.lists: dict[str, Sequence[Message]] = {"CoreShowChannels": [], "QueueStatus": []}
        self.guard = asyncio.Event()  # the second list waits for it
        self.guard.set()
        self.told: list[dict[str, str]] = []
        self.refuses = False
        self.lost = False
        self.hears: Callable[[Message], None] = lambda _event: None

    async def ask_list(self, action: str) -> Sequence[Message]:
        if action == "QueueStatus":
            await self.guard.wait()
        if self.lost:
            raise ConnectionLost("gone")
        return self.lists.get(action, [])

    async def ask(self, action: str, **headers: str) -> None:
        if self.refuses:
            raise ActionRefused(f"{action}: No such queue")

    def tell(self, action: str, **headers: str) -> "asyncio.Future[Message]":
        self.told.append({"Action": action, **headers})
        loop = asyncio.get_running_loop()
        if action == "AGI" and not headers["Command"].startswith("STREAM FILE"):
            done = {"CommandID": headers["CommandID"], "Result": "200 result=1"}
            loop.call_soon(self.hears, Message({"Event": "AsyncAGIExec", **done}))
        return loop.create_future()

    def commands(self, channel: str) -> list[str]:
        return [h.get("Command", h["Action"]) for h in self.told if h["Channel"] == channel]


@dataclass
class Told:
    """What the hotline tells its watch."""

    received: list[Call] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    unattended: list[Call] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    broken: list[tuple[str, BaseException]] = field(default_factory=list)

    def watch(self) -> CallListener:
        return CallListener(
            self.received.append,
            self.notices.append,
            lambda _seconds: None,
            self.unattended.append,
            lambda *what: self.refused.append(what),
            lambda *what: self.broken.append(what),
        )

    def ends(self) -> dict[str, tuple[Outcome, Stage]]:
        ended = [notice for notice in self.notices if isinstance(notice, Ended)]
        assert len({notice.call.id for notice in ended}) == len(ended)
        return {notice.call.id: (notice.outcome, notice.stage) for notice in ended}


class Rig:
    """A hotline on a fake link."""

    def __init__(self, script: ConversationSettings = SCRIPT, pools: tuple[Pool, ...] = ()) -> None:
        self.link = FakeLink()
        self.told = Told()
        self.tracker = CallTracker(
            self.link,  # type: ignore[arg-type]
            script,
            QueueMembers(self.link, pools),  # type: ignore[arg-type]
            Sessions(self.link, lambda _s: None),  # type: ignore[arg-type]
            self.told.watch(),
            lambda number: f"#{number[-3:]}",
            lambda: NOW,
        )
        self.ledger = self.tracker.ledger
        self.link.hears = self.tracker.take

    async def take(self, *several: Message) -> None:
        for message in several:
            self.tracker.take(message)
            await settle()
            assert self.ledger.balance() == 0

    def places(self) -> dict[str, CallState]:
        return {call_id: call.state for call_id, call in self.ledger.calls.items()}

    def ends(self) -> dict[str, tuple[Outcome, Stage]]:
        """How each call ended; the counts say the same."""
        ends = self.told.ends()
        counted: Counter[tuple[Outcome, Stage]] = Counter()
        for row, count in self.ledger.outcomes.items():
            counted[row.outcome, row.stage] += count
        assert counted == Counter(ends.values())
        return ends


async def settle() -> None:
    """Let the conversations do what they can without time going by."""
    for _ in range(6):
        await asyncio.sleep(0)


# --- events as Asterisk makes them ---------------------------------------------------------


def event(name: str, call_id: str, at: float = NOW, **headers: str) -> Message:
    base = {"Event": name, "Uniqueid": call_id, "Channel": f"PJSIP/c-{call_id}"}
    return Message({**base, "Timestamp": f"{at:.6f}", **headers})


def arrived(call_id: str, number: str = "0200000001") -> Message:
    return event("UserEvent", call_id, UserEvent="IvrdReceived", CallerIDNum=number)


def offered(call_id: str) -> Message:
    return event("AsyncAGIStart", call_id)


def pressed(call_id: str, digit: str) -> Message:
    """A key; no two of them at one moment, as that would be the same event twice."""
    at = NOW + next(MOMENTS) * 0.001
    return event("DTMFEnd", call_id, at, Digit=digit, Direction="Received")


def joined(call_id: str, queue: str = "other") -> Message:
    return event("QueueCallerJoin", call_id, Queue=queue)


def answered(call_id: str) -> Message:
    return event("AgentConnect", call_id, Interface="PJSIP/base-01")


def gone(call_id: str) -> Message:
    return event("Hangup", call_id)


MAKERS = {
    "arrived": arrived,
    "offered": offered,
    "key 1": lambda c: pressed(c, "1"),
    "key 2": lambda c: pressed(c, "2"),
    "key 4": lambda c: pressed(c, "4"),
    "key 0": lambda c: pressed(c, "0"),
    "over": lambda c: event("AsyncAGIEnd", c),
    "joined": joined,
    "returned": lambda c: event("UserEvent", c, UserEvent="IvrdReturned"),
    "unattended": lambda c: event("UserEvent", c, UserEvent="IvrdUnattended"),
    "answered": answered,
    "gone": gone,
}


async def whole_recording() -> Rig:
    rig = Rig()
    await rig.take(*messages("calls"))
    return rig
