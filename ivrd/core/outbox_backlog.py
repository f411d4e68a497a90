"""Which entry of the outbox is sent next.

Entries of one recipient in one channel are a *lane*: only the first of it can be sent, and only one
at a time, so that nobody hears "we could not reach you" before "your call is booked".  One that is
dead holds nobody up.

Each step takes O(log n), whatever the number of entries: with a channel that has been down for an
hour there may be ten thousand.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from heapq import heapify, heappop, heappush

from ivrd.core.outbox import Entry, EntryState

Lane = tuple[str, str]  # channel, recipient


class Backlog:
    """All entries; `most` of them may wait or be dead, and as many delivered ones are remembered.

    `counts`: how many there are, by channel and state.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.counts: Counter[tuple[str, EntryState]] = Counter()
        self._entries: dict[str, Entry] = {}
        self._about: Counter[tuple[str, str]] = Counter()  # by use, of entries that have `about`
        self._lanes: dict[Lane, list[tuple[int, str]]] = {}  # heaps by order
        self._in_flight: dict[Lane, str] = {}
        # Heaps with entries that may have changed since: what comes off them is looked at again.
        self._ready: dict[str, list[tuple[float, int, str]]] = {}  # heads, by next_at
        self._deadlines: list[tuple[float, str]] = []
        self._ages: dict[str, list[tuple[float, str]]] = {}
        # Ordered sets, the one that ended first first.
        self._ended: dict[EntryState, OrderedDict[str, None]] = {
            EntryState.DELIVERED: OrderedDict(),
            EntryState.DEAD: OrderedDict(),
        }

    def __len__(self) -> int:
        """Those that wait or are dead."""
        return len(self._entries) - len(self._ended[EntryState.DELIVERED])

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries.values()))

    @property
    def remembered(self) -> int:
        """How many delivered ones there are."""
        return len(self._ended[EntryState.DELIVERED])

    @property
    def full(self) -> bool:
        """Whether nothing more may be put in."""
        return len(self) >= self.most

    def get(self, entry_id: str) -> Entry | None:
        """One by its id."""
        return self._entries.get(entry_id)

    def has_about(self, use: str, about: str) -> bool:
        """Whether there is any of this use with this `Entry.about`."""
        return self._about[use, about] > 0

    def first_ended(self, state: EntryState) -> Entry | None:
        """Of those that are dead or delivered, the one that has been so for the longest time."""
        return next((self._entries[one] for one in self._ended[state]), None)

    def put(self, entry: Entry) -> None:
        """A new entry, or one as it is now; an attempt that was on has ended."""
        before = self._entries.get(entry.id)
        if before is not None:
            self._uncount(before)
        self._entries[entry.id] = entry
        self.counts[entry.channel, entry.state] += 1
        if entry.about:
            self._about[entry.use, entry.about] += 1
        lane = (entry.channel, entry.recipient)
        if self._in_flight.get(lane) == entry.id:
            del self._in_flight[lane]
        if entry.state is EntryState.WAITING:
            self._wait(entry, lane, new=before is None or before.state is not EntryState.WAITING)
        else:
            self._ended[entry.state][entry.id] = None
            self._offer(lane)

    def forget(self, entry: Entry) -> None:
        """It is not there any more."""
        if found := self._entries.pop(entry.id, None):
            self._uncount(found)
            self._offer((found.channel, found.recipient))

    def take(self, channel: str, now: float) -> Entry | None:
        """The entry that is to be sent next, if one is due; from now on an attempt at it is on."""
        ready = self._ready.get(channel, [])
        while ready and ready[0][0] <= now:
            next_at, _order, entry_id = heappop(ready)
            entry = self._entries.get(entry_id)
            lane = (channel, entry.recipient) if entry else ("", "")
            if entry is None or entry.next_at != next_at or lane in self._in_flight:
                continue
            if self._head(lane) is entry and entry.give_up_at > now:
                self._in_flight[lane] = entry.id
                return entry
        return None

    def expired(self, now: float, most: int) -> list[Entry]:
        """Those that waited until their deadline, and are not being sent at the moment.

        `most` of them; the others the next time, and none is taken meanwhile.
        """
        found: list[Entry] = []
        while self._deadlines and self._deadlines[0][0] <= now and len(found) < most:
            give_up_at, entry_id = heappop(self._deadlines)
            entry = self._entries.get(entry_id)
            if entry is None or entry.give_up_at != give_up_at:
                continue
            if entry.state is EntryState.WAITING and not self.is_sent_now(entry):
                found.append(entry)
        return found

    def oldest(self, channel: str) -> float | None:
        """Since when the one waits that has waited for the longest time."""
        ages = self._ages.get(channel, [])
        while ages:
            created_at, entry_id = ages[0]
            entry = self._entries.get(entry_id)
            waits = entry if entry and entry.state is EntryState.WAITING else None
            if waits and waits.created_at == created_at:  # else it was sent again since
                return created_at
            heappop(ages)
        return None

    def is_sent_now(self, entry: Entry) -> bool:
        """Whether an attempt at it is on."""
        return self._in_flight.get((entry.channel, entry.recipient)) == entry.id

    # --- lanes -----------------------------------------------------------------------------

    def _wait(self, entry: Entry, lane: Lane, new: bool) -> None:
        if new:
            heappush(self._lanes.setdefault(lane, []), (entry.order, entry.id))
            heappush(self._deadlines, (entry.give_up_at, entry.id))
            heappush(self._ages.setdefault(entry.channel, []), (entry.created_at, entry.id))
        self._offer(lane)

    def _head(self, lane: Lane) -> Entry | None:
        """The first of a lane; what waits no longer leaves it here."""
        queue = self._lanes.get(lane, [])
        while queue:
            entry = self._entries.get(queue[0][1])
            if entry is not None and entry.state is EntryState.WAITING:
                return entry
            heappop(queue)
        self._lanes.pop(lane, None)
        return None

    def _offer(self, lane: Lane) -> None:
        """Have the first of a lane taken when it is due."""
        head = self._head(lane)
        if head is not None and lane not in self._in_flight:
            ready = self._ready.setdefault(lane[0], [])
            heappush(ready, (head.next_at, head.order, head.id))
            if len(ready) > 64 + 4 * len(self._entries):
                self._tidy(lane[0])

    def _tidy(self, channel: str) -> None:
        """Drop what is out of date, should more of it have gathered than there are entries."""
        ready = [
            item
            for item in set(self._ready[channel])
            if (entry := self._entries.get(item[2])) and entry.next_at == item[0]
        ]
        heapify(ready)
        self._ready[channel] = ready

    def _uncount(self, entry: Entry) -> None:
        self.counts[entry.channel, entry.state] -= 1
        if entry.about:
            self._about[entry.use, entry.about] -= 1
            if not self._about[entry.use, entry.about]:
                del self._about[entry.use, entry.about]
        for ended in self._ended.values():
            ended.pop(entry.id, None)
        lane = (entry.channel, entry.recipient)
        if self._in_flight.get(lane) == entry.id:
            del self._in_flight[lane]
