"""Has a waiting caller look for a seat at once when one becomes free.

Asterisk lets a waiting caller look once a second, and not while the position is being said: the
first in line hears that to its end, about five seconds, while a seat is free, and whoever is behind
waits as well (docs/decisions/0029-peers.md).  What stops a prompt ends both.

Nobody is told of a seat that has just failed: what is done about that, such as a pause, would come
too late.  So a seat counts as free after a talk that has lasted, and when it joins a queue.

Nothing depends on it: a caller who is not told looks a second later.
"""

from collections.abc import Callable, Iterable

from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_protocol import BadValue, ConnectionLost, mark_retrieved
from ivrd.asterisk.dialplan_names import partner_of
from ivrd.asterisk.facts import MemberChanged, SeatFact, SeatOffered, SeatState, SeatUnanswered
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.core.breaker import Limits
from ivrd.core.call import Answered, Call, Ended, Notice, Offered, Rejoined, Stage
from ivrd.core.seat_health import LASTED_SECONDS
from ivrd.core.seats import SeatStatus

STOPS = 4  # the position is said in up to three parts; the last ends the second until the next look
LOOKS_WITHIN = 1.0  # seconds in which whoever was told has looked: app_queue's RECHECK
PARTNER_LASTED_SECONDS = Limits().early_seconds  # a partner's talk that is shorter was none


class Recheck:
    """Who waits in which queue, and for whom a seat is being rung.

    `channel` gives a call's channel, empty if it is not known; `clock` any seconds that go on.
    """

    def __init__(
        self,
        link: AmiClient,
        queue_members: QueueMembers,
        channel: Callable[[str], str],
        clock: Callable[[], float],
    ) -> None:
        self._link = link
        self._queue_members = queue_members
        self._channel = channel
        self._clock = clock
        self._lines: dict[str, dict[str, Call]] = {}  # by queue, in the order of joining
        self._ringing: set[str] = set()
        self._told: dict[str, float] = {}  # when a call was last told to look
        self._answered: dict[str, float] = {}  # when each seat in a talk took the call

    def restart(self, calls: Iterable[Call]) -> None:
        """These are the calls that are here."""
        self._lines, ringing, self._ringing, self._told = {}, self._ringing, set(), {}
        waiting = [call for call in calls if call.stage is Stage.QUEUE]
        for call in sorted(waiting, key=lambda call: call.joined_at or 0.0):
            self._lines.setdefault(call.queue, {})[call.id] = call
            if call.id in ringing:
                self._ringing.add(call.id)

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered or ended."""
        call = notice.call
        for line in self._lines.values():  # a caller may have been moved
            line.pop(call.id, None)
        self._ringing.discard(call.id)
        self._told.pop(call.id, None)
        match notice:
            case Offered() | Rejoined():
                self._lines.setdefault(call.queue, {})[call.id] = call
            case Answered():
                self._answered[call.seat] = self._clock()
            case Ended():
                pass

    def changed(self, fact: SeatFact | SeatOffered) -> None:
        """A seat became free, joined a queue, is rung for a caller or is rung no more."""
        match fact:
            case SeatOffered(waiting=call_id):
                if any(call_id in line for line in self._lines.values()):
                    self._ringing.add(call_id)
            case SeatUnanswered(waiting=call_id):
                self._ringing.discard(call_id)
            case SeatState(seat=seat, state=SeatStatus.FREE):
                if self._has_talked(seat):
                    serves = self._queue_members.takes
                    self._free(queue for queue in self._lines if serves(queue, seat))
            case MemberChanged(seat=seat, queue=queue, there=True, paused=False):
                if fact.state is SeatStatus.FREE and not self._queue_members.doubted(seat):
                    self._free([queue])
            case _:
                pass

    def _has_talked(self, seat: str) -> bool:
        """Whether a talk has just ended there that was one."""
        answered = self._answered.pop(seat, None)
        lasts = PARTNER_LASTED_SECONDS if partner_of(seat) else LASTED_SECONDS
        return answered is not None and self._clock() - answered >= lasts

    def _free(self, queues: Iterable[str]) -> None:
        """Tell the one who waits longest of those whom the seat serves and nobody is rung for."""
        now = self._clock()
        first = [call for queue in queues if (call := self._first(queue, now))]
        if first:
            call = min(first, key=lambda call: call.joined_at or 0.0)
            self._told[call.id] = now
            self._tell(self._channel(call.id))

    def _first(self, queue: str, now: float) -> Call | None:
        for call in self._lines.get(queue, {}).values():
            told = self._told.get(call.id)
            if call.id not in self._ringing and (told is None or now - told >= LOOKS_WITHIN):
                return call
        return None

    def _tell(self, channel: str) -> None:
        if not channel:
            return
        for _ in range(STOPS):
            try:
                answer = self._link.tell("ControlPlayback", Channel=channel, Control="stop")
            except (ConnectionLost, BadValue):
                return
            answer.add_done_callback(mark_retrieved)
