"""What Asterisk refuses before it is a call of ours: by cause and carrier, and from where.

Theory of operation
-------------------
Causes, carriers and codecs are few, and are counted for ever.  Addresses are as many as whoever
forges them likes: at most `ADDRESSES` are remembered.  When another one comes, the one that was
seen least (of those, the longest ago) makes room, so an exchange that calls again and again stays,
however many others come once.  Times are seconds since the epoch.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

UNKNOWN = "unknown"  # stands for a carrier that is none of ours
ADDRESSES = 50
RECENT_SECONDS = 600.0  # what is older is no news for an operator


class RefusalCause(StrEnum):
    """Why a call was refused: the answer that it got, as SIP numbers it."""

    UNAUTHORIZED = "401"  # from an address that is no carrier's
    NOT_FOUND = "404"  # to a number that is not ours
    BUSY = "486"  # it has as many calls at once as it may have
    NOT_ACCEPTABLE = "488"  # its sound: in a codec that we do not take, or encrypted otherwise
    UNAVAILABLE = "503"  # Asterisk is stopping, or has no room


@dataclass(frozen=True)
class Sender:
    """Who was refused: an address, or a seat that was called from it; how often, and when last."""

    address: str
    seat: str
    times: int
    at: float


class Refusals:
    """Counts and remembers.  `carriers`: the names that may stand for themselves."""

    def __init__(self, carriers: Iterable[str]) -> None:
        self.counts: Counter[tuple[str, RefusalCause]] = Counter()
        self.codecs: Counter[tuple[str, str]] = Counter()  # of NOT_ACCEPTABLE, by carrier and codec
        self.carriers: tuple[str, ...] = ()
        self._latest: dict[tuple[str, RefusalCause], float] = {}
        self._codec: dict[str, str] = {}  # of a carrier's last call in NOT_ACCEPTABLE
        self._senders: dict[tuple[str, str], Sender] = {}  # by seat (empty: none) and address
        self.configure(carriers)

    def configure(self, carriers: Iterable[str]) -> None:
        """From now on these carriers; what was counted for one that went stays."""
        self.carriers = tuple(carriers)

    def rows(self) -> dict[tuple[str, RefusalCause], int]:
        """What can be refused, 0 too: a carrier's calls, never for its address, and strangers."""
        causes = [cause for cause in RefusalCause if cause is not RefusalCause.UNAUTHORIZED]
        every = [(carrier, cause) for carrier in self.carriers for cause in causes]
        rows = dict.fromkeys([*every, (UNKNOWN, RefusalCause.UNAUTHORIZED), *self.counts])
        return {row: self.counts[row] for row in rows}

    def call(
        self, carrier: str, cause: RefusalCause, at: float, times: int = 1, codec: str = ""
    ) -> None:
        """Calls of a carrier's were refused; `codec`: what they were in, if that was the reason."""
        row = (carrier if carrier in self.carriers else UNKNOWN, cause)
        self.counts[row] += times
        self._latest[row] = at
        if cause is RefusalCause.NOT_ACCEPTABLE:
            self.codecs[row[0], codec or UNKNOWN] += times
            self._codec[row[0]] = codec

    def last_codec(self, carrier: str) -> str:
        """What the last call was in that a carrier was refused for its sound; empty: not known."""
        return self._codec.get(carrier, "")

    def stranger(self, address: str, at: float) -> int:
        """Something from an address that is no carrier's was refused; the how manieth of it."""
        self.call(UNKNOWN, RefusalCause.UNAUTHORIZED, at)
        return self._seen(address, "", at)

    def seat(self, seat: str, address: str, at: float) -> int:
        """A seat did not register: its password is wrong; the how manieth time from there."""
        return self._seen(address, seat, at)

    def _seen(self, address: str, seat: str, at: float) -> int:
        key = (seat, address)
        known = self._senders.get(key)
        if known is None and len(self._senders) >= ADDRESSES:
            del self._senders[min(self._senders, key=self._weight)]
        before = known or Sender(address, seat, 0, at)
        self._senders[key] = replace(before, times=before.times + 1, at=at)
        return before.times + 1

    def _weight(self, key: tuple[str, str]) -> tuple[int, float]:
        sender = self._senders[key]
        return sender.times, sender.at

    def recent(self, now: float) -> list[tuple[str, RefusalCause, int]]:
        """Carrier, cause and count since the start, of those with a refusal not long ago."""
        return [
            (*row, self.counts[row])
            for row, at in sorted(self._latest.items())
            if now - at < RECENT_SECONDS
        ]

    def senders(self, now: float) -> list[Sender]:
        """Who was refused not long ago, the most frequent first."""
        here = [s for s in self._senders.values() if now - s.at < RECENT_SECONDS]
        return sorted(here, key=lambda s: (-s.times, s.seat, s.address))


def worth_a_line(times: int) -> bool:
    """Whether this time is news again: the first, the tenth, the hundredth."""
    return set(str(times)[1:]) <= {"0"} and str(times)[0] == "1"
