"""Queues' members as Asterisk reports them, found by seat and by partner without a look at all."""

from collections.abc import Collection, Iterable, Iterator

from ivrd.asterisk.dialplan_names import partner_of
from ivrd.core.seats import Member


class Members:
    """One for each seat in each queue.  `all`: by queue and seat."""

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self.all: dict[tuple[str, str], Member] = {}
        self._of: dict[str, dict[str, Member]] = {}  # by seat, and then by queue
        self._lent: dict[str, dict[str, None]] = {}  # seats by partner; ordered sets
        for member in members:
            self.put(member)

    def __iter__(self) -> Iterator[Member]:
        return iter(self.all.values())

    def put(self, member: Member) -> None:
        """The seat is in that queue, and stands there so."""
        queue, seat = member.queue, member.seat
        self.all[queue, seat] = member
        self._of.setdefault(seat, {})[queue] = member
        if partner := partner_of(seat):
            self._lent.setdefault(partner, {})[seat] = None

    def remove(self, queue: str, seat: str) -> None:
        """The seat is not in that queue; it need not have been."""
        if self.all.pop((queue, seat), None) is None:
            return
        del self._of[seat][queue]
        if not self._of[seat]:
            del self._of[seat]
            if partner := partner_of(seat):
                del self._lent[partner][seat]

    def of(self, seat: str) -> Iterable[Member]:
        """The seat in each of its queues."""
        return self._of.get(seat, {}).values()

    def seats(self) -> Iterator[tuple[str, Collection[str]]]:
        """Each seat, and the queues that it is in."""
        return ((seat, queues.keys()) for seat, queues in self._of.items())

    def lent(self, partner: str) -> Collection[str]:
        """A partner's seats."""
        return self._lent.get(partner, {}).keys()

    def all_lent(self) -> Iterator[tuple[str, Collection[str]]]:
        """Each seat of any partner, and the queues that it is in."""
        return ((seat, self._of[seat].keys()) for seats in self._lent.values() for seat in seats)
