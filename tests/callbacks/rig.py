"""Bookings over a store and an Asterisk that the test has in its hands."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.call_request import NotPlaced
from ivrd.asterisk.facts import AttemptReport
from ivrd.callbacks.booker import Booker, BookingSettings
from ivrd.callbacks.dialler import Dialler
from ivrd.callbacks.repository import BookingRepository
from ivrd.config.callback import CallbackSettings
from ivrd.core.booking import AttemptResult, Booking, Retries
from ivrd.core.call import Call, Direction
from ivrd.core.call_events import JoinedQueue
from ivrd.core.dialling import Limits, Moment
from ivrd.core.ledger import Ledger
from ivrd.core.priority import PriorityRules
from ivrd.core.skills import SkillRouting
from ivrd.people.vault import CannotOpen
from ivrd.store import Change, Put, Remove, StoreDown, WriteBehind

NOW = 1_795_312_060.0
MOBILE = "0812345678"
E164 = "+66812345678"
CALLBACK = CallbackSettings(
    trunk="192.0.2.1",
    port=5062,
    national=False,
    schedule=None,
    slots=(),
    offer_after_seconds=300.0,
    limits=Limits(20, 10),
    ring_seconds=30,
    retries=Retries((300.0, 1800.0), 60.0),
    countries=("TH",),
    kinds=("fixed_line", "mobile"),
    prefixes=(),
    routes=(),
    keep_days=92,
    recover_at_free=None,
)
SETTINGS = BookingSettings(
    CALLBACK,
    "TH",
    ZoneInfo("Asia/Bangkok"),
    SkillRouting({"t": "q"}, "q"),
    {"t": "topic"},
    PriorityRules(),
    ("th", "en"),
)


class Shelf:
    """A store in memory; `down`: it does nothing."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.down = False

    async def open(self) -> None: ...

    async def write(self, changes: Sequence[Change], epoch: int) -> None:
        if self.down:
            raise StoreDown("down")
        for change in changes:
            if isinstance(change, Put):
                self.entries[change.kind, change.key] = change.value
            elif isinstance(change, Remove):
                self.entries.pop((change.kind, change.key), None)
            else:
                for kind, key in [*self.entries]:
                    if kind == change.kind and key < change.before:
                        del self.entries[kind, key]

    async def read(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        if self.down:
            raise StoreDown("down")
        return {key: text for (of, key), text in self.entries.items() if of == kind}

    async def page(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        return await self.read(kind, first, before)

    async def close(self) -> None: ...


class Asterisk:
    """Global variables, calls' numbers, and the requests that came."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.numbers: dict[str, str] = {}
        self.placed: list[str] = []
        self.refuses = self.lost = False

    async def get_global(self, name: str) -> str:
        self._here()
        return self.variables.get(name, "")

    async def set_global(self, name: str, value: str) -> None:
        self._here()
        self.variables[name] = value

    async def ask(self, action: str, **headers: str) -> Any:
        self._here()
        assert action == "Getvar"
        return SimpleNamespace(value=self.numbers.get(headers["Channel"], ""))

    async def place(self, port: int, token: str) -> None:
        self._here()
        self.placed.append(token)
        if self.refuses:
            raise NotPlaced("status 503")

    def _here(self) -> None:
        if self.lost:
            raise ConnectionLost("gone")


class Vault:
    """Seals and opens; `lost`: with another key."""

    lost = False

    def seal(self, number: str) -> str:
        return number[::-1]

    def open(self, text: str) -> str:
        if self.lost:
            raise CannotOpen("with another key")
        return text[::-1]


@dataclass
class Told:
    """What the metrics are told."""

    results: Counter[AttemptResult] = field(default_factory=Counter)
    leads: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def attempt_ended(self, _booking: Booking, result: AttemptResult) -> None:
        self.results[result] += 1

    def confirmed(self, seconds: float, _expected: float) -> None:
        self.leads.append(seconds)

    def answered(self, wait_seconds: float) -> None:
        self.waits.append(wait_seconds)


class People:
    """Who has asked not to be called, and which numbers are an exchange's; by hash."""

    def __init__(self) -> None:
        self.complete = True
        self.refused: set[str] = set()
        self.shared: set[str] = set()

    def refuses_callback(self, person_id: str) -> bool:
        return person_id in self.refused

    def refuse_callback(self, person_id: str) -> None:
        self.refused.add(person_id)

    def is_shared(self, person_id: str) -> bool:
        return person_id in self.shared


class Messages:
    """What people are told in writing."""

    def __init__(self) -> None:
        self.booked_ones: list[Booking] = []
        self.ended: list[Booking] = []

    def booked(self, booking: Booking) -> None:
        self.booked_ones.append(booking)

    def attempt_ended(self, booking: Booking) -> None:
        self.ended.append(booking)


class NobodyLost:
    """Nobody gave up."""

    def to_dial(self, _moment: Moment) -> list[Booking]:
        return []


class Alone:
    """The leader's epoch."""

    epoch = 0

    def fenced(self) -> None: ...


class Rig:
    """One ivrd's part; another on the same `shelf` and `asterisk` is the next one."""

    def __init__(self, shelf: Shelf | None = None, asterisk: Asterisk | None = None) -> None:
        self.shelf, self.asterisk = shelf or Shelf(), asterisk or Asterisk()
        self.now = NOW
        self.wait = 600.0
        self.credit: dict[str, float] = {}  # by person
        self.renamed: dict[str, str] = {}  # people, by the id before
        self.vault, self.told, self.ledger = Vault(), Told(), Ledger()
        self.people = People()
        self.messages = Messages()
        self.audited: list[tuple[str, str, str]] = []
        self.write_behind = WriteBehind(
            self.shelf, Alone(), lambda _up, _why: None, pause=0.0, retry=0.0
        )
        self.repository = BookingRepository(
            self.write_behind,
            lambda: self.now,
            lambda: 0.0,
            CALLBACK.keep_days,
            lambda person: self.renamed.get(person, person),
        )
        link: Any = self.asterisk
        self.dialler = Dialler(
            SETTINGS,
            self.repository,
            self.ledger,
            link,
            self.asterisk,
            self.vault,
            self.people,
            self,
            self.told,
            self.messages,
            lambda: self.now,
            lambda moment: moment,
        )
        self.booker = Booker(
            SETTINGS,
            self.repository,
            self.ledger,
            link,
            self.vault,
            self.write_behind,
            self.people,
            self.messages,
            lambda number: f"#{number[-4:]}",
            lambda person, _now: self.credit.get(person, 0.0),
            lambda _queue: self.wait,
            lambda: self.now,
        )

    async def start(self) -> "Rig":
        self._writing = asyncio.create_task(self.write_behind.run(self.repository.write_again))
        await self.repository.restore()
        return self

    def audit(self, who: str, what: str, _partner: str, detail: str) -> None:
        self.audited.append((who, what, detail))

    def die(self) -> None:
        """kill -9."""
        self._writing.cancel()

    def calls(
        self,
        call_id: str = "c1",
        number: str = MOBILE,
        joined_at: float = NOW,
        joined: bool = True,
    ) -> Call:
        """Somebody calls, and waits; not `joined`: is in the menu."""
        self.asterisk.numbers[call_id] = number
        call = Call(call_id, joined_at, f"#{number[-4:]}" if number.isdecimal() else "", topic="t")
        self.ledger.receive(call)
        if joined:
            self.ledger.apply(call_id, JoinedQueue(joined_at, "q"))
        return self.ledger.calls[call_id]

    def dials(self, call_id: str = "back1") -> None:
        """The hotline calls somebody, who is in its ledger from then on."""
        self.ledger.receive(Call(call_id, self.now, "#5678", direction=Direction.CALLBACK))

    def report(self, state: str, detail: str = "back1") -> None:
        """Asterisk says how far the attempt is that is on."""
        (booking,) = (one for one in self.repository.open() if one.on)
        self.asterisk.variables[variable(booking)] = f"{state}|{detail}"
        self.dialler.attempt(
            AttemptReport(booking.token, state, detail, self.now, "callback-trunk")
        )

    def only(self) -> Booking:
        (booking,) = self.repository.all()
        return booking


def variable(booking: Booking) -> str:
    return dialplan_names.ATTEMPT + booking.token


def also(settings: BookingSettings = SETTINGS, **callback: Any) -> BookingSettings:
    return replace(settings, callback=replace(settings.callback, **callback))
