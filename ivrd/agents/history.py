"""What is stored of what agents did: kind `agent_history`, one entry for each fact.

An entry's key begins with a second, so that keys sort by time, and is the same whoever writes it:
what two ivrd have received, or one of them twice, is there once.

- An agent's duty has its beginning, in pieces of a day: a day's entries are that day's.
- A talk has its call's id, which begins with the second in which the call came.
- A call that was not taken has the moment of that.

Moments are whole thousandths of a second, all of them cut off alike: where one duty ends the next
begins, and what happened in that thousandth is not between the two.
"""

import json
import math
import re
from collections.abc import AsyncIterator, Callable
from datetime import tzinfo

from ivrd.core.agent import Duty
from ivrd.core.agent_report import AgentFact, OnDuty, Talk, Untaken
from ivrd.core.dates import by_day
from ivrd.core.seat_health import Reason
from ivrd.store import WriteBehind

AGENT_HISTORY = "agent_history"
DAY_SECONDS = 86_400.0
LAST_SECOND = 9_999_999_999
CALL_ID = re.compile(r"[0-9]{10}\.[0-9]+")
DUTY, TALK, UNTAKEN = "d", "t", "u"


class AgentHistory:
    """Writes in the background, and keeps it for so many days.

    `clock`: seconds since the epoch.  `shift()`: what the time of day, which is written down, is
    ahead of the timeline on which facts have their times.  Days are those of `zone`.
    """

    def __init__(
        self,
        write_behind: WriteBehind,
        zone: tzinfo,
        days: int,
        clock: Callable[[], float],
        shift: Callable[[], float],
    ) -> None:
        self._write_behind = write_behind
        self._clock = clock
        self._shift = shift
        self.configure(zone, days)

    def configure(self, zone: tzinfo, days: int) -> None:
        """From now on, days are those of `zone`, and so many of them are kept."""
        self._zone, self._days = zone, days
        self._forget_at = -math.inf

    def on_duty(self, fact: OnDuty) -> None:
        """An agent's duty was this, and is another now."""
        ahead = self._shift()
        for start, end in by_day(fact.start + ahead, fact.end + ahead, self._zone):
            key = f"{_second(start)} {DUTY} {fact.agent} {_thousandths(start)}"
            seconds = round(cut(end) - cut(start), 3)
            self._put(key, fact.duty, fact.reason, fact.seat, seconds)

    def talked(self, call_id: str, fact: Talk, *, on: bool = False) -> None:
        """A seat's talk is over; `on`: the call goes on, back to the queue or to somebody else."""
        start = fact.start + self._shift()
        call = call_id if CALL_ID.fullmatch(call_id) else f"{_second(start)}.{call_id}"
        which = f" {fact.seat} {_thousandths(start)}" if on else ""
        seconds = round(max(0.0, fact.end - fact.start), 3)
        self._put(f"{call} {TALK}{which}", fact.seat, cut(start), seconds)

    def untaken(self, fact: Untaken) -> None:
        """A seat was offered a call and did not take it."""
        at = fact.at + self._shift()
        self._put(f"{_second(at)} {UNTAKEN} {fact.seat} {_thousandths(at)}", fact.reason)

    def _put(self, key: str, *fields: str | float) -> None:
        text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        self._write_behind.put(AGENT_HISTORY, key, text)

    def forget_old(self) -> None:
        """Once a day: forget what is older than it is to be kept."""
        now = self._clock()
        if now >= self._forget_at:
            self._forget_at = now + DAY_SECONDS
            self._write_behind.forget(AGENT_HISTORY, _second(self.oldest()))

    def oldest(self) -> float:
        """From when on all is kept, in seconds since the epoch."""
        return self._clock() - self._days * DAY_SECONDS

    async def read(self, start: float, end: float) -> AsyncIterator[list[AgentFact | None]]:
        """All that reaches into that time, page by page, and some of the day before.

        Times are of the day.  None stands for an entry that cannot be parsed.  Raises `StoreDown`.
        """
        first = _second(start - DAY_SECONDS)
        async for page in self._write_behind.pages(AGENT_HISTORY, first, _second(math.ceil(end))):
            yield [_fact(key, text) for key, text in page.items()]


def cut(at: float) -> float:
    """A moment as it is stored: whole thousandths of a second."""
    return math.floor(at * 1000) / 1000


def _second(at: float) -> str:
    """The second of a moment, in ten digits: keys of later moments sort after it."""
    return f"{math.floor(min(max(0.0, at), LAST_SECOND) * 1000) // 1000:010}"


def _thousandths(at: float) -> str:
    return f"{math.floor(at * 1000) % 1000:03}"


def _fact(key: str, text: str) -> AgentFact | None:
    try:
        second, kind, *names = key.split(" ")
        fields = json.loads(text)
        if kind == TALK:
            seat, start, seconds = fields
            return Talk(str(seat), float(start), float(start) + float(seconds))
        name, thousandths = names
        start = int(second) + int(thousandths) / 1000
        if kind == DUTY:
            duty, reason, seat, seconds = fields
            end = round(start + float(seconds), 3)
            return OnDuty(name, str(seat), Duty(duty), str(reason), start, end)
        if kind == UNTAKEN:
            (reason,) = fields
            return Untaken(name, start, Reason(reason))
    except (ValueError, TypeError):
        pass
    return None
