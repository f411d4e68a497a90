"""A hotline on a fake link, and events as Asterisk makes them."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from panoramisk.message import Message

from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.call_facts import AgentCallOffered
from ivrd.asterisk.conversation_settings import ConversationSettings
from ivrd.asterisk.facts import PartnerLegEvent, RefusalFact, TrunkFact
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.seat_facts import LineFact, Supervised
from ivrd.calls.booking import Booking
from ivrd.calls.cases import Cases
from ivrd.calls.intake import Intake
from ivrd.calls.ivr import IvrSettings
from ivrd.calls.links import Links
from ivrd.calls.listeners import (
    CallListeners,
    EndResolver,
    LastSeen,
    NoticeListener,
    PositionListener,
    Resolution,
    SeatListener,
)
from ivrd.calls.placement import Credits
from ivrd.calls.screening import Screening
from ivrd.calls.tracker import AsteriskControl, CallTracker
from ivrd.config.load import load
from ivrd.core.book_result import BookResult
from ivrd.core.call import Call, CallState, Outcome, Stage
from ivrd.core.call_events import HungUp
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.cases import CaseQuestion
from ivrd.core.challenge import ChallengeLimits
from ivrd.core.clock import AsteriskClock, Timeline
from ivrd.core.inputs import CaseAnswer, TicketAnswer
from ivrd.core.intake import FileTicket, IntakeCommand
from ivrd.core.ledger import Ledger
from ivrd.core.menu_step import MenuStep
from ivrd.core.priority import NO_HEAD_START, HeadStart, PriorityRules
from ivrd.core.seats import Pool
from ivrd.core.slots import Slot
from tests.asterisk.recording import ALONE, CALLS, messages
from tests.fixtures.agents import NoAgents
from tests.fixtures.hotline import HOTLINE

SETTINGS = load(HOTLINE)
MENU_KEY = "9"
TREE = replace(SETTINGS.tree, retries=0, queue_menu_key=MENU_KEY)
SCRIPT = ConversationSettings(
    tree=TREE,
    today=lambda: TREE,
    length=lambda _prompt: 60.0,
    label={topic: topic for topic in TREE.queue_of},
    lease_seconds=5.0,
    silent_seconds=30.0,
    closed=frozenset,
    day=lambda: TODAY,
)
TODAY = date(2022, 3, 5)
NOW = 1795312060.0
MOMENTS = itertools.count(1)
FIRST, SECOND, THIRD, FOURTH, FIFTH = CALLS
EVERYONE = [*CALLS, ALONE]


class FakeLink:
    """Takes commands, answers with the lists that the test put in."""

    received_at = 0.0
    behind_seconds = 0.0
    pong = None

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

    async def ask(self, action: str, **headers: str) -> Message:
        if self.refuses:
            raise ActionRefused(f"{action}: No such queue")
        return Message({"Response": "Success", "Value": ""})

    def tell(self, action: str, **headers: str) -> "asyncio.Future[Message]":
        self.told.append({"Action": action, **headers})
        loop = asyncio.get_running_loop()
        if "CommandID" in headers and not headers["Command"].startswith("STREAM FILE"):
            done = {"CommandID": headers["CommandID"], "Result": "200 result=1"}
            loop.call_soon(self.hears, Message({"Event": "AsyncAGIExec", **done}))
        return loop.create_future()

    def commands(self, channel: str) -> list[str]:
        return [h.get("Command", h["Action"]) for h in self.told if h.get("Channel") == channel]


class SameClock(AsteriskClock):
    """Nobody sets Asterisk's clock: it is right, however far the test's is from it."""

    def __init__(self) -> None:
        super().__init__(Timeline(lambda: NOW, lambda: 0.0))

    def moment(self, reading: float) -> float:
        return reading or NOW


@dataclass
class Told:
    """A listener that remembers what the tracker tells."""

    calls: list[Call] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    legs: list[PartnerLegEvent] = field(default_factory=list)
    alone: list[Call] = field(default_factory=list)  # taken to the queue by the dialplan
    dialled_calls: list[Call] = field(default_factory=list)
    refused_facts: list[RefusalFact] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    faults: list[tuple[str, BaseException]] = field(default_factory=list)
    steps: list[tuple[str, MenuStep]] = field(default_factory=list)
    offers: list[tuple[str, object]] = field(default_factory=list)
    supervised_facts: list[Supervised] = field(default_factory=list)
    trunk_facts: list[TrunkFact] = field(default_factory=list)

    def joining(self, _call_id: str, _queue: str, language: str) -> str:
        return language

    def menu(self, call: Call, step: MenuStep) -> None:
        self.steps.append((call.id, step))

    def seat(self, call: Call, fact: object) -> None:
        self.offers.append((call.id, fact))

    def take(self, fact: RefusalFact) -> None:
        self.refused_facts.append(fact)

    def dialled(self, call: Call) -> None:
        self.dialled_calls.append(call)

    def received(self, call: Call, number: str) -> None:
        self.calls.append(call)

    def notice(self, notice: Notice) -> None:
        self.notices.append(notice)

    def supervised(self, fact: Supervised) -> None:
        self.supervised_facts.append(fact)

    def trunk(self, fact: TrunkFact) -> None:
        self.trunk_facts.append(fact)

    def leg_event(self, leg_event: PartnerLegEvent) -> None:
        self.legs.append(leg_event)

    def lag(self, seconds: float) -> None: ...

    def unattended(self, call: Call) -> None:
        self.alone.append(call)

    def refused(self, event: str, why: str) -> None:
        self.refusals.append((event, why))

    def broken(self, call_id: str, error: BaseException) -> None:
        self.faults.append((call_id, error))

    def ends(self) -> dict[str, tuple[Outcome, Stage]]:
        ended = [notice for notice in self.notices if isinstance(notice, Ended)]
        assert len({notice.call.id for notice in ended}) == len(ended)
        return {notice.call.id: (notice.outcome, notice.stage) for notice in ended}


class Unknown:
    """Nobody knows how calls ended that are missing: each is hung up where it was last seen."""

    def missing(self, ids: Iterable[str], at: float) -> list[Resolution]:
        return [LastSeen(call_id, HungUp(at)) for call_id in ids]


class NoCredit:
    """Nobody has waited before."""

    revision = 0
    most_seconds = 0.0

    def here(self, call: Call) -> None: ...

    def claim(self, call: Call, now: float) -> float:
        return 0.0

    def head_start(self, call: Call) -> HeadStart:
        return NO_HEAD_START

    def calls_here(self, call: Call) -> Iterable[str]:
        return ()


class Missing:
    """How calls ended that are missing comes later, or never."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def missing(self, ids: Iterable[str], at: float) -> list[Resolution]:
        self.ids += ids
        return []


class FakeBooking:
    """Takes bookings; each waits for `answers`, and ends as that says."""

    long = False  # whether the wait is so long that a call back is offered

    def worthwhile(self, queue: str) -> bool:
        return self.long

    def __init__(self) -> None:
        self.offers = True
        self.has_slots: tuple[Slot, ...] = ()
        self.chosen: list[float] = []
        self.asked: list[str] = []
        self.numbers: list[str] = []
        self.answers: asyncio.Queue[BookResult | Exception] = asyncio.Queue()

    def offered(self, _call_id: str) -> bool:
        return self.offers

    def slots(self) -> tuple[Slot, ...]:
        return self.has_slots

    async def book(self, call_id: str, number: str = "", not_before: float = 0.0) -> BookResult:
        self.asked.append(call_id)
        self.numbers.append(number)
        self.chosen.append(not_before)
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer


class FakeLinks:
    """Sends links; each waits for `answers`."""

    def __init__(self, *, offers: bool = False) -> None:
        self.offers = offers
        self.asked: list[tuple[str, str]] = []
        self.answers: asyncio.Queue[bool | Exception] = asyncio.Queue()

    def offered(self, _call_id: str) -> bool:
        return self.offers

    async def send(self, call_id: str, topic: str) -> bool:
        self.asked.append((call_id, topic))
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer


class FakeCases:
    """Looks cases up; each waits for `answers`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, CaseQuestion]] = []
        self.answers: asyncio.Queue[CaseAnswer | Exception] = asyncio.Queue()
        self.paused = False

    async def look_up(self, call_id: str, question: CaseQuestion) -> CaseAnswer:
        self.asked.append((call_id, question))
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer


class FakeIntake:
    """Files tickets; each waits for `answers`."""

    def __init__(self, *, offers: bool = False) -> None:
        self.offers = offers
        self.filed: list[tuple[str, FileTicket]] = []
        self.looked_for: list[str] = []
        self.told: list[IntakeCommand] = []
        self.answers: asyncio.Queue[TicketAnswer | Exception] = asyncio.Queue()

    def offered(self, _call_id: str) -> bool:
        return self.offers

    def notify(self, _call_id: str, command: IntakeCommand) -> None:
        self.told.append(command)

    def file(self, call_id: str, ticket: FileTicket) -> Coroutine[Any, Any, TicketAnswer]:
        self.filed.append((call_id, ticket))
        return self._answer()

    async def find(self, call_id: str) -> TicketAnswer:
        self.looked_for.append(call_id)
        return await self._answer()

    async def _answer(self) -> TicketAnswer:
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer


class NoLine:
    """Nobody stays on any line."""

    def read(self, here: Mapping[str, str]) -> None: ...

    def changed(self, fact: LineFact) -> None: ...


class NoAgentCalls:
    """No agent calls ivrd; other calls are nothing to whoever would speak to one."""

    def offered(self, fact: AgentCallOffered) -> None:
        raise AssertionError(fact)

    def key_down(self, _call_id: str, _digit: str, _at: float) -> None: ...

    def key_up(self, _call_id: str, _digit: str, _at: float) -> None: ...

    def over(self, _call_id: str, _why: str) -> None: ...

    def resumed(self, _seat: str) -> None: ...


class Rig:
    """A hotline on a fake link."""

    def __init__(
        self,
        script: ConversationSettings = SCRIPT,
        pools: tuple[Pool, ...] = (),
        *,
        link: FakeLink | None = None,
        ledger: Ledger | None = None,
        resolver: EndResolver | None = None,
        credits_: Credits | None = None,
        booking: Booking | None = None,
        links: Links | None = None,
        intake: Intake | None = None,
        cases: Cases | None = None,
        notices: tuple[NoticeListener, ...] = (),
        positions: tuple[PositionListener, ...] = (),
        seats: tuple[SeatListener, ...] = (),
    ) -> None:
        link = self.link = link or FakeLink()
        self.told = Told()
        self.ledger = ledger or Ledger()
        self.tracker = CallTracker(
            AsteriskControl(
                link,  # type: ignore[arg-type]
                QueueMembers(link, pools, time.time, (), lambda: None, NoAgents()),  # type: ignore[arg-type]
                Sessions(link, lambda _s: None, lambda _s: None),  # type: ignore[arg-type]
                SameClock(),
            ),
            self.ledger,
            IvrSettings(script, most=10_000, behind_seconds=2.0),
            CallListeners(
                *(self.told, self.told, self.told, (self.told, *notices), positions),
                *((self.told,), (), seats, NoAgentCalls(), self.told, NoLine(), self.told),
            ),
            resolver or Unknown(),
            credits_ or NoCredit(),
            booking or FakeBooking(),
            links or FakeLinks(),
            intake or FakeIntake(),
            cases or FakeCases(),
            lambda _call_id, number: f"#{number[-3:]}" if number else "",
            lambda: NOW,
            self.told,
            Screening(ChallengeLimits(), self.ledger, lambda: NOW),
            PriorityRules(),
            lambda _queue: True,
        )
        link.hears = self.tracker.take

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


def hung_up_at_the_answer(call_id: str) -> Message:
    """The event comes from the leg to the seat."""
    return event("UserEvent", "9.9", UserEvent="IvrdCallerGone", Call=call_id)


def cut(call_id: str) -> Message:
    return event("UserEvent", call_id, UserEvent="IvrdCutOff")


def media_lost(call_id: str) -> Message:
    return event("UserEvent", call_id, UserEvent="IvrdMediaLost", Silent="30")


def dialled(call_id: str, number: str = "0200000001") -> Message:
    """The hotline calls somebody back; the event comes from whatever channel dials."""
    more = {"Call": call_id, "Number": number, "Language": "en", "Topic": "other"}
    return event("UserEvent", "9.9", UserEvent="IvrdDialled", **more)


def unreached(call_id: str, result: str) -> Message:
    return event("UserEvent", "9.9", UserEvent="IvrdUnreached", Call=call_id, Result=result)


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
    "cut": cut,
    "hung up at the answer": hung_up_at_the_answer,
    "gone": gone,
}


async def whole_recording() -> Rig:
    rig = Rig()
    await rig.take(*messages("calls"))
    return rig
