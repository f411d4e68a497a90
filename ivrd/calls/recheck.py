"""Has a waiting caller look for a seat at once when one becomes free.

Asterisk lets a waiting caller look once a second, and not while the position is being said: the
first in line hears that to its end, about five seconds, while a seat is free, and whoever is behind
waits as well (docs/decisions/0029-peers.md).  What stops a prompt ends both.

Nobody is told of a seat that has just failed: what is done about that, such as a pause, would come
too late.  So a seat counts as free after a talk that has lasted, and when it joins a queue.

Nothing depends on it: a caller who is not told looks a second later.  Who waits and is in a menu
meanwhile is told by the end of the menu.
"""

from collections.abc import Callable, Collection, Iterable
from heapq import merge

from ivrd.asterisk.ami_action import BadValue, ConnectionLost, mark_retrieved
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.dialplan_names import partner_of
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.seat_facts import MemberChanged, SeatFact, SeatOffered, SeatState, SeatUnanswered
from ivrd.core.breaker import Limits
from ivrd.core.call_notices import Answered, Notice
from ivrd.core.present import Present
from ivrd.core.priority import Place
from ivrd.core.seat_health import LASTED_SECONDS
from ivrd.core.seats import SeatStatus

# The position is said in up to three parts, the wait in one, and then which key opens the menu; the
# last one ends the second until the next look.
STOPS = 6
LOOKS_WITHIN = 1.0  # seconds in which whoever was told has looked: app_queue's RECHECK
PARTNER_LASTED_SECONDS = Limits().early_seconds  # a partner's talk that is shorter was none


class Recheck:
    """For whom a seat is being rung, and who was told to look.

    `present` has who waits in which queue; `channel` gives a call's channel, empty if it is not
    known; `give_way` brings a caller out of the menu; `clock` any seconds that go on.
    """

    def __init__(
        self,
        link: AmiClient,
        queue_members: QueueMembers,
        present: Present,
        channel: Callable[[str], str],
        give_way: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._link = link
        self._queue_members = queue_members
        self._present = present
        self._channel = channel
        self._give_way = give_way
        self._clock = clock
        self._ringing: set[str] = set()
        self._told: dict[str, float] = {}  # when a call was last told to look
        self._answered: dict[str, float] = {}  # when each seat in a talk took the call

    def rung(self) -> Collection[str]:
        """The calls for which a phone is ringing."""
        return self._ringing

    def restart(self, calls: Collection[str]) -> None:
        """These are the calls that are here."""
        self._ringing.intersection_update(calls)
        self._told.clear()

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered or ended."""
        call = notice.call
        self._ringing.discard(call.id)
        self._told.pop(call.id, None)
        if isinstance(notice, Answered):
            self._answered[call.seat] = self._clock()

    def changed(self, fact: SeatFact | SeatOffered) -> None:
        """A seat became free, joined a queue, is rung for a caller or is rung no more."""
        match fact:
            case SeatOffered(waiting=call_id):
                self._ringing.add(call_id)
            case SeatUnanswered(waiting=call_id):
                self._ringing.discard(call_id)
            case SeatState(seat=seat, state=SeatStatus.FREE):
                if self._has_talked(seat):
                    self._free(self._queue_members.serves(seat))
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
        """Tell whose turn is first of those whom the seat serves and nobody is rung for."""
        now = self._clock()
        first = [(place, queue) for queue in queues if (place := self._first(queue, now))]
        if not first:
            return
        place, queue = min(first)
        self._told[place.call_id] = now
        if place in self._present.in_menus(queue):
            self._give_way(place.call_id)
        elif channel := self._channel(place.call_id):
            look(self._link, channel)

    def _first(self, queue: str, now: float) -> Place | None:
        for place in merge(self._present.line(queue), self._present.in_menus(queue)):
            told = self._told.get(place.call_id)
            if place.call_id not in self._ringing and (told is None or now - told >= LOOKS_WITHIN):
                return place
        return None


def look(link: AmiClient, channel: str) -> None:
    """Have a caller in a queue do at once what is done each second, whatever is being said."""
    for _ in range(STOPS):
        try:
            answer = link.tell("ControlPlayback", Channel=channel, Control="stop")
        except (ConnectionLost, BadValue):
            return
        answer.add_done_callback(mark_retrieved)
