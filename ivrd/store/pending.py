"""What is decided and not yet written: the last change of each key, in the order of decision."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import assert_never

from ivrd.store.interface import Change, Forget, Put, Remove

# When there are too many, the oldest of these go first: what a later start reconciles from
# queue_log, and only then what happened at partners, and what callers said after their talks, of
# which nothing else has all.  What operators did ("audit") is never lost for want of room: nothing
# else has it, and it is little.
ENDED, HISTORY, SERVED = "ended", "history", "served"
MARKS = "marks"
LATELY = frozenset({ENDED, HISTORY, "audit"})  # entries that are written once and never again

Slot = tuple[type, str, str]


@dataclass(frozen=True)
class Entry:
    """A change, and when it was decided (seconds of `WriteBehind`'s clock)."""

    change: Change
    when: float


def slot(change: Change) -> Slot:
    """Changes of the same slot replace one another."""
    match change:
        case Put(kind, key) | Remove(kind, key):
            return (Put, kind, key)
        case Forget(kind, before):
            return (Forget, kind, before)
        case _:
            assert_never(change)


def reconcilable(change: Change) -> bool:
    """Whether a later start reconciles it from queue_log when it is lost.

    A lost `Remove` leaves a call that Asterisk does not have any more, which a start sees as well.
    """
    return isinstance(change, Remove) or change.kind == ENDED


def losable(change: Change) -> bool:
    """Whether it may be lost when it must."""
    return reconcilable(change) or change.kind in (HISTORY, SERVED)


@dataclass
class Pending:
    """An ordered set of changes, `most` at most as far as some may be lost.

    A change goes behind all others when it is decided again: then a `Remove` is never written
    before what was decided earlier.  `lost` counts what was dropped.
    """

    most: int
    lost: int = 0
    _entries: dict[Slot, Entry] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, change: Change) -> bool:
        return slot(change) in self._entries

    def add(self, change: Change, now: float) -> None:
        """Decide a change."""
        if self.lost and change.kind == MARKS:
            return
        self._entries.pop(slot(change), None)
        self._entries[slot(change)] = Entry(change, now)
        if len(self) > self.most:
            self._lose()

    def add_first(self, changes: Iterable[Change], now: float) -> None:
        """Put changes before all others, unless the same key was decided anew."""
        older = {slot(change): Entry(change, now) for change in changes if change not in self}
        self._entries = older | self._entries
        while len(self) > self.most and self._lose():
            pass

    def younger_than(self, when: float) -> bool:
        """Whether all of it was decided later."""
        first = next(iter(self._entries.values()), None)
        return first is None or first.when > when

    def batch(self, size: int) -> list[Change]:
        """The first changes; they stay until they are `written`."""
        return [entry.change for entry, _ in zip(self._entries.values(), range(size), strict=False)]

    def written(self, changes: Iterable[Change]) -> None:
        """These are done, unless decided anew meanwhile."""
        for change in changes:
            entry = self._entries.get(slot(change))
            if entry is not None and entry.change is change:
                del self._entries[slot(change)]

    def expire(self, before: float) -> None:
        """Drop what may be lost and was decided earlier: another ivrd has written it."""
        for name in [n for n, e in self._entries.items() if e.when < before and losable(e.change)]:
            del self._entries[name]

    def _drop(self, which: Callable[[Change], bool]) -> None:
        for name in [n for n, entry in self._entries.items() if which(entry.change)]:
            del self._entries[name]

    def _lose(self) -> bool:
        """Drop some of the oldest that may be lost, a few more at once to keep this rare.

        A mark says that all before it is written.  That is true of none from now on, so that a
        later start reads queue_log from the last mark that was written.
        """
        some = max(1, self.most // 1000)
        for may in (reconcilable, losable):
            names = [n for n, e in self._entries.items() if may(e.change)][:some]
            if names:
                break
        for name in names:
            del self._entries[name]
        if names and not self.lost:
            self._drop(lambda change: change.kind == MARKS)
        self.lost += len(names)
        return bool(names)


def forgotten(change: Change, by: Forget) -> bool:
    """Whether `by` makes an earlier change needless."""
    return not isinstance(change, Forget) and change.kind == by.kind and change.key < by.before


@dataclass
class RecentWrites:
    """The entries of `LATELY` written lately, to write them again: a fail-over may have lost them.

    All others are written again by who decides them.
    """

    seconds: float
    _entries: dict[Slot, Entry] = field(default_factory=dict)

    def wrote(self, changes: Collection[Change], now: float) -> None:
        """Remember what was written just now, and drop what is old."""
        for change in changes:
            if isinstance(change, Forget):
                for name in [n for n, e in self._entries.items() if forgotten(e.change, change)]:
                    del self._entries[name]
            elif change.kind in LATELY:
                self._entries.pop(slot(change), None)
                if isinstance(change, Put):
                    self._entries[slot(change)] = Entry(change, now)
        old = []
        for name, entry in self._entries.items():  # the oldest is the first
            if entry.when >= now - self.seconds:
                break
            old.append(name)
        for name in old:
            del self._entries[name]

    def adopt(self, changes: Iterable[Put], now: float) -> None:
        """Remember what another ivrd has written, as if it were written now."""
        for change in changes:
            self._entries.setdefault(slot(change), Entry(change, now))

    def changes(self) -> list[Change]:
        """What is remembered, in the order in which it was written."""
        return [entry.change for entry in self._entries.values()]
