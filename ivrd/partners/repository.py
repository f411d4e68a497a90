"""What is stored of partners: overrides, drills, breakers, what happened, what operators did.

All of it goes into the store in the background (store/write_behind.py): an ivrd that starts again,
or takes over, reads it.  The kinds:

- `pins` (overrides), `drills` (the day of the last that was confirmed) and `breakers`, by the
  partner's id.
- `history`: one entry for each thing that happened at a partner.  It belongs to the moment at
  which its caller reached the hotline, as a call does to its day.  Its key is the same whoever
  writes it, so that what two ivrd have received, or one of them twice, is there once.
- `audit`: one entry for each action of an operator: who, what, which partner, when.

A standby notes what happens as well: its write-behind holds that for a while, and what the leader
wrote before it ended is only written once more.
"""

import json
import logging
import math
import re
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar, assert_never

from ivrd import log
from ivrd.core.breaker import Breaker
from ivrd.core.breaker_codec import NOT_OURS, breaker_of, text_of
from ivrd.core.partner import Override
from ivrd.core.report import Cause, PartnerEvent, PartnerEventKind
from ivrd.core.seat_health import NotTaken, Rests, Resumed, SeatNotice
from ivrd.ha.leadership import LeaderStatus
from ivrd.store import WriteBehind
from ivrd.store.write_behind import REWRITE

logger = logging.getLogger("ivrd")

OVERRIDES, DRILLS, BREAKERS = "pins", "drills", "breakers"
HISTORY, AUDIT = "history", "audit"
DAY_SECONDS = 86_400.0
LAST_SECOND = 9_999_999_999  # of ten digits, so that keys sort by time; in the year 2286
ID = re.compile(r"[0-9]{10}\.[0-9]+")  # Asterisk's id of a call begins with its first second
# A kind of line in a key.
LETTERS = {
    PartnerEventKind.OFFERED: "o",
    PartnerEventKind.CONFIRMED: "c",
    PartnerEventKind.REFUSED: "r",
    PartnerEventKind.UNCONFIRMED: "u",
    PartnerEventKind.DROPPED: "d",
    PartnerEventKind.RETURNED: "b",
    PartnerEventKind.TALKED: "t",
}
KINDS = {letter: kind for kind, letter in LETTERS.items()}
T = TypeVar("T")


@dataclass(frozen=True)
class AuditEntry:
    """What an operator did, `at` seconds since the epoch."""

    at: float
    who: str
    what: str
    partner: str
    detail: str


class PartnerRepository:
    """Writes into the store through `write_behind`; what happened is kept so many days.

    `clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        write_behind: WriteBehind,
        history_days: int,
        audit_days: int,
        clock: Callable[[], float],
        leadership: LeaderStatus,
    ) -> None:
        self._write_behind = write_behind
        self._clock = clock
        self._leadership = leadership
        self._overrides: dict[str, Override | None] = {}
        self._drills: dict[str, str] = {}
        self._breakers: dict[str, Breaker] = {}
        self._mine: set[tuple[str, str]] = set()  # changed here: what the store has is older
        self._audited = 0  # audit entries so far
        self._life = uuid.uuid4().hex[:8]  # of this process: sets its keys apart from another's
        self._forget_at = -math.inf
        self._warned = False
        self.configure(history_days, audit_days)

    def configure(self, history_days: int, audit_days: int) -> None:
        """From now on, what happened and what operators did is kept so many days."""
        self._days = {HISTORY: history_days, AUDIT: audit_days}
        self._forget_at = -math.inf

    @property
    def is_leader(self) -> bool:
        """Whether this ivrd is the leader: it alone stores breakers and forgets what is old."""
        return self._leadership.is_leader

    # --- writing ---------------------------------------------------------------------------

    def override(self, partner: str) -> Override | None:
        """What an operator has ordered for a partner."""
        return self._overrides.get(partner)

    def verified(self, partner: str) -> str:
        """The day of a partner's last confirmed drill; empty without one."""
        return self._drills.get(partner, "")

    def overridden(self, partner: str, override: Override | None) -> None:
        """An operator has overridden the policy for a partner, or has taken that back."""
        self._overrides[partner] = override
        self._put(OVERRIDES, partner, _json(override))

    def drilled(self, partner: str, day: str) -> None:
        """A drill was confirmed."""
        self._drills[partner] = day
        self._put(DRILLS, partner, _json(day))

    def breaker(self, partner: str, breaker: Breaker) -> None:
        """A partner's breaker has changed."""
        if self.is_leader:
            self._breakers[partner] = breaker
            self._put(BREAKERS, partner, text_of(breaker))

    def _put(self, kind: str, partner: str, text: str) -> None:
        self._mine.add((kind, partner))
        self._write_behind.put(kind, partner, text)

    def write_again(self) -> None:
        """Store what stands once more: a store that is back may have lost it."""
        for partner, override in self._overrides.items():
            self.overridden(partner, override)
        for partner, day in self._drills.items():
            self.drilled(partner, day)
        for partner, breaker in self._breakers.items():
            self.breaker(partner, breaker)

    def record(self, line: PartnerEvent, call: str, at: float, seat: str) -> None:
        """Store what happened to a `call` on its way to a partner's seat, `at` (epoch).

        `at` is as Asterisk's event has it: of two ivrd both write the same.
        """
        at = at if math.isfinite(at) else 0.0
        call = call if ID.fullmatch(call) else f"{_second(at)}.{call.replace(' ', '_')}"
        suffix = f" {seat} {round((at - int(call[:10])) * 1000)}"
        if line.kind is PartnerEventKind.TALKED:  # a call ends once, however it is learned
            suffix = ""
        fields = [line.partner, line.cause or round(line.seconds, 3), line.caller]
        while fields and not fields[-1]:
            fields.pop()
        self._write_behind.put(HISTORY, f"{call} {LETTERS[line.kind]}{suffix}", _json(fields))

    def audit(self, who: str, what: str, partner: str, detail: str) -> None:
        """Store what an operator has done just now."""
        self._audited += 1
        second, thousandth = divmod(round(self._clock() * 1000), 1000)
        key = f"{_second(second)}.{thousandth:03} {self._audited:04} {self._life}"
        self._write_behind.put(AUDIT, key, _json([who, what, partner, detail]))

    def seat(self, _pool: str, notice: SeatNotice) -> None:
        """Store which seats of our own were paused, and who resumed them."""
        if not self.is_leader:
            return
        match notice:
            case Rests():
                self.audit("ivrd", "seat rests", "", f"{notice.seat}: {notice.why}")
            case Resumed():
                self.audit(notice.by, "seat resumed", "", notice.seat)
            case NotTaken():
                pass  # counted, not stored
            case _:
                assert_never(notice)

    def forget_old(self) -> None:
        """Once a day, forget what is older than it is to be kept."""
        now = self._clock()
        if self.is_leader and now >= self._forget_at:
            self._forget_at = now + DAY_SECONDS
            for kind in self._days:
                self._write_behind.forget(kind, _second(self._oldest(kind)))

    def oldest_history(self) -> float:
        """From when on what happened at partners is kept, in seconds since the epoch."""
        return self._oldest(HISTORY)

    def oldest_audit(self) -> float:
        """From when on what operators did is kept, in seconds since the epoch."""
        return self._oldest(AUDIT)

    def _oldest(self, kind: str) -> float:
        return self._clock() - self._days[kind] * DAY_SECONDS

    async def written(self, seconds: float) -> bool:
        """Wait until all that is ours to write is in the store; False when it is not in time."""
        return not self.is_leader or await self._write_behind.flush(seconds)

    # --- reading ---------------------------------------------------------------------------

    async def read(self) -> dict[str, Breaker]:
        """Read what was stored before, and return the breakers; raises `StoreDown`.

        Entries that cannot be parsed are left out, and logged once.  What was changed here since
        this ivrd became the leader stands.
        """
        now = self._clock()
        overrides, no_overrides = await self._runtimes(OVERRIDES, _override)
        drills, no_drills = await self._runtimes(DRILLS, _day)
        found, no_breakers = await self._runtimes(BREAKERS, lambda text: breaker_of(text, now))
        await self._write_behind.adopt(AUDIT, _second(now - REWRITE))
        self._overrides |= {partner: override for partner, (override,) in overrides.items()}
        self._drills |= drills
        self._breakers |= found
        if (wrong := no_overrides + no_drills + no_breakers) and not self._warned:
            self._warned = True
            what = "some stored entries of partners cannot be parsed and are left out"
            log.event(logger, logging.WARNING, what, entries=wrong)
        return found

    async def _runtimes(self, kind: str, read: Callable[[str], T]) -> tuple[dict[str, T], int]:
        """Partners' entries of a kind that were not changed here, and how many cannot be parsed."""
        found = {}
        async for page in self._write_behind.pages(kind):
            for partner, text in page.items():
                found[partner] = _or_none(lambda _key, text: read(text), partner, text)
        theirs = {name: of for name, of in found.items() if (kind, name) not in self._mine}
        good = {name: of for name, of in theirs.items() if of is not None}
        return good, len(theirs) - len(good)

    def history(self, since: float, until: float) -> AsyncIterator[list[PartnerEvent | None]]:
        """What happened to callers who came from `since` to before `until`, page by page.

        None stands for an entry that cannot be parsed.  Raises `StoreDown`.
        """
        return self._period(HISTORY, since, until, _event)

    def audit_entries(self, since: float, until: float) -> AsyncIterator[list[AuditEntry | None]]:
        """What operators did from `since` to before `until`, as `history`."""
        return self._period(AUDIT, since, until, _audit_entry)

    async def _period(
        self, kind: str, since: float, until: float, read: Callable[[str, str], T]
    ) -> AsyncIterator[list[T | None]]:
        async for page in self._write_behind.pages(kind, _second(since), _second(until)):
            yield [_or_none(read, key, text) for key, text in page.items()]


def _second(at: float) -> str:
    """The second of a moment, in ten digits: keys of later moments sort after it."""
    return f"{int(min(max(0.0, at), LAST_SECOND)):010}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _override(text: str) -> tuple[Override | None]:
    override = json.loads(text)
    return (None if override is None else Override(override),)


def _day(text: str) -> str:
    return date.fromisoformat(json.loads(text)).isoformat()


def _event(key: str, text: str) -> PartnerEvent:
    kind = KINDS[key.split(" ")[1]]
    fields = json.loads(text)
    partner, more, caller = fields + ["", 0.0, ""][len(fields) :]
    if not (isinstance(partner, str) and isinstance(caller, str)):
        raise ValueError(text)
    if isinstance(more, str):
        return PartnerEvent(partner, kind, cause=Cause(more))
    if not math.isfinite(more):
        raise ValueError(text)
    return PartnerEvent(partner, kind, float(more), caller=caller)


def _audit_entry(key: str, text: str) -> AuditEntry:
    who, what, partner, detail = map(str, json.loads(text))
    return AuditEntry(float(key.split(" ")[0]), who, what, partner, detail)


def _or_none(read: Callable[[str, str], T], key: str, text: str) -> T | None:
    try:
        return read(key, text)
    except NOT_OURS:
        return None
