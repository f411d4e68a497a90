"""A line with agents, in which calls wait, are answered and give up; and what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from ivrd.asterisk.queue_members import QueueMembers
from ivrd.core.call import AnsweredBy, Call
from ivrd.core.call_events import Connected, Event, HungUp, JoinedQueue
from ivrd.core.expected_wait import Prediction
from ivrd.core.ledger import Ledger
from ivrd.core.overflow import Decision, Policy, Snapshot
from ivrd.core.priority import Place
from ivrd.core.seats import Pool, SeatStatus
from ivrd.waiting.announcer import AnnouncerSettings, WaitAnnouncer
from ivrd.waiting.forecast import WaitForecast
from tests.fixtures.agents import NoAgents

TALK, PATIENCE = 100.0, 1000.0
POLICY = Policy(expected_talk_seconds=TALK, expected_patience_seconds=PATIENCE)


@dataclass
class Told:
    """Listens to how right predictions were."""

    realised_: list[tuple[str, float, float]] = field(default_factory=list)
    bounds: list[tuple[str, bool]] = field(default_factory=list)
    promises: list[tuple[str, bool]] = field(default_factory=list)

    def realised(self, queue: str, prediction: Prediction, seconds: float) -> None:
        self.realised_.append((queue, prediction.mean, seconds))

    def bound(self, queue: str, *, kept: bool) -> None:
        self.bounds.append((queue, kept))

    def promise(self, queue: str, *, kept: bool) -> None:
        self.promises.append((queue, kept))


@dataclass
class NoPartners:
    """Nothing was decided on partners."""

    snapshot: Snapshot | None = None
    decision: Decision | None = None


class Link:
    """Takes what is sent to Asterisk."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    def tell(self, action: str, **headers: str) -> asyncio.Future[object]:
        self.sent.append({"Action": action, **headers})
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    @property
    def languages(self) -> list[tuple[str, str]]:
        return [(sent["Channel"], sent["Value"]) for sent in self.sent]


class Channels:
    def channel(self, call_id: str) -> str:
        return f"PJSIP/{call_id}"


class Rig:
    """A hotline at `now`, with agents who all talk; each serves all queues."""

    def __init__(self, agents: int = 1, queues: Sequence[str] = ("a", "b")) -> None:
        self.now = 1000.0
        self.queues = queues
        self.ledger, self.told, self.link = Ledger(), Told(), Link()
        seats = tuple(f"base{n}" for n in range(agents))
        pool = Pool("base", seats, tuple(queues), fixed=True)
        self.members = QueueMembers(
            self.link,  # type: ignore[arg-type]
            (pool,),
            lambda: self.now,
            (),
            lambda: None,
            NoAgents(),
        )
        self.members.states.update(dict.fromkeys(seats, SeatStatus.BUSY))
        self.beside: dict[str, list[Place]] = {}
        self.overflow = NoPartners()
        self.forecast = WaitForecast(
            self.ledger,
            self.members,
            self.overflow,
            lambda queue: self.beside.get(queue, ()),
            self.told,
            lambda: self.now,
        )
        self.settings = AnnouncerSettings(on=True, trusted_from=0.65)
        self.announcer = WaitAnnouncer(
            self.link,  # type: ignore[arg-type]
            self.ledger,
            self.forecast,
            lambda: self.settings,
            self.told,
            lambda: self.now,
        )
        self.look()

    def look(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.forecast.look(self.queues, POLICY)

    def receive(self, call_id: str, language: str = "th") -> None:
        self.ledger.receive(Call(call_id, self.now, language=language))

    def join(self, call_id: str, queue: str = "a", language: str = "th") -> None:
        if call_id not in self.ledger.calls:
            self.receive(call_id, language)
        self.happens(call_id, JoinedQueue(self.now, queue))

    def answer(self, call_id: str) -> None:
        self.happens(call_id, Connected(self.now, AnsweredBy.INHOUSE, "base0"))

    def hang_up(self, call_id: str) -> None:
        self.happens(call_id, HungUp(self.now))

    def happens(self, call_id: str, event: Event) -> None:
        for notice in self.ledger.apply(call_id, event):
            self.forecast.notice(notice)
            self.announcer.notice(notice)

    def means(self) -> dict[str, float]:
        return {waiting.call_id: waiting.wait.mean for waiting in self.forecast.waits()}

    def reconcile(self) -> list[tuple[str, str]]:
        """The languages that channels are given."""
        self.link.sent.clear()
        asyncio.run(self.announcer.reconcile(Channels()))
        return self.link.languages
