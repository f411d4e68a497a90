"""What happens at the partners, and to who is called back, told as it is seen and at the end.

Pure: one status after the other in, lines for people out.  Times are seconds since the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ivrd.core.status_schema import PartnerStatus, Status


@dataclass
class _Seen:
    """One partner, as far as it was seen."""

    last: PartnerStatus | None = None
    most_open: int = 0
    pauses: list[tuple[float, str]] = field(default_factory=list)  # when it began, and why


class Story:
    """The partners over time."""

    def __init__(self) -> None:
        self.most_wanted = 0
        self.most_open = 0
        self.opened_at: float | None = None
        self.closed_at: float | None = None  # since when no seat has been open; None: one is
        self.booked = 0
        self.reached = 0
        self.to_be_called = False  # somebody, or the call is not over yet
        self.booked_at = self.reached_at = 0.0  # when the first was
        self._wanted = 0
        self._seen: dict[str, _Seen] = {}

    @property
    def open(self) -> int:
        """The seats that were open when last seen."""
        return sum(seen.last["open"] for seen in self._seen.values() if seen.last)

    def take(self, at: float, status: Status) -> list[str]:
        """What has changed since the status before, a line each."""
        lines = [*self._overall(status), *self._callbacks(at, status)]
        for partner in status["partners"]:
            seen = self._seen.setdefault(partner["name"], _Seen())
            lines += self._changes(at, seen, partner)
            seen.last = partner
            seen.most_open = max(seen.most_open, partner["open"])
        self.most_open = max(self.most_open, self.open)
        if self.open:
            self.opened_at = at if self.opened_at is None else self.opened_at
            self.closed_at = None
        elif self.opened_at is not None and self.closed_at is None:
            self.closed_at = at
        return [f"{stamp(at)}  {line}" for line in lines]

    def _overall(self, status: Status) -> Iterator[str]:
        wanted, why = status["overflow"]["wanted"], status["overflow"]["why"]
        if wanted and not self._wanted:
            yield f"partners' seats are wanted: {wanted} ({why})"
        if self._wanted and not wanted:
            yield f"no partner's seat is wanted any more: {why}"
        self._wanted = wanted
        self.most_wanted = max(self.most_wanted, wanted)

    def _callbacks(self, at: float, status: Status) -> Iterator[str]:
        """What there is of who is called back: asked for, dialled, with a person."""
        made, booked = status["callbacks"], status["outcomes"]["callback"]
        ended = made["results"]["reached"]
        reached = made["talking"] + ended
        self.to_be_called = booked > ended or made["in_progress"] > 0
        if booked and not self.booked:
            self.booked_at = at
            yield "a caller has asked to be called back, and hung up: the place is kept"
        if reached and not self.reached:
            self.reached_at = at
            yield "the turn has come: the hotline has called back, and a person talks to the caller"
        self.booked, self.reached = booked, max(reached, self.reached)

    def _changes(self, at: float, seen: _Seen, now: PartnerStatus) -> Iterator[str]:
        name, before = now["name"], seen.last
        breaker, opened, taken = ("closed", 0, 0)
        if before is not None:
            breaker, opened, taken = before["breaker"], before["open"], before["taken"]
        if now["open"] and not opened:
            yield f"{name} opens {_seats(now['open'])}"
        if now["taken"] and not taken:
            yield f"{name} takes its first caller"
        if now["breaker"] != breaker:
            if now["breaker"] == "open":
                seen.pauses.append((at, reason(now["why"])))
            yield f"{name}: {'one call is tried' if now['breaker'] == 'half open' else now['why']}"
        if opened and not now["open"] and now["breaker"] == "closed":
            yield f"{name} has closed its last seat"

    def summary(self, last_call_at: float) -> list[str]:
        """What was seen, when all is over; the last caller had hung up at `last_call_at`."""
        return [*self._partners(last_call_at), *self._called_back()]

    def _called_back(self) -> Iterator[str]:
        if self.reached:
            yield (
                f"A caller asked at {stamp(self.booked_at)} to be called back, and talked to a "
                f"person at {stamp(self.reached_at)}."
            )
        elif self.booked:
            yield f"A caller asked at {stamp(self.booked_at)} to be called back, and was not yet."

    def _partners(self, last_call_at: float) -> list[str]:
        if not self.most_wanted:
            return ["No partner's seat was wanted: the hotline's own agents were enough."]
        lines = [f"At most {self.most_wanted} partners' seats were wanted, {self.most_open} open."]
        lines += [self._of(name, seen) for name, seen in self._seen.items()]
        if self.open:
            lines.append(f"Still open when the demo ended: {_seats(self.open)}.")
        elif self.closed_at is not None:
            after = self.closed_at - last_call_at
            when = f", {after:.0f} s after the last caller had hung up" if after > 0 else ""
            lines.append(f"The last partner's seat was closed at {stamp(self.closed_at)}{when}.")
        return lines

    def _of(self, name: str, seen: _Seen) -> str:
        taken = seen.last["taken"] if seen.last else 0
        said = f"{name} took {taken or 'no'} call{'' if taken < 2 else 's'}"
        if seen.most_open:
            said += f" and had up to {_seats(seen.most_open)}"
        if seen.pauses:
            at, why = seen.pauses[0]
            again = {1: "", 2: ", and once more"}
            times = again.get(len(seen.pauses), f", and {len(seen.pauses) - 1} times more")
            said += f"; its breaker paused it at {stamp(at)} ({why}){times}"
        return f"{said}."


def _seats(count: int) -> str:
    return f"{count} seat" if count == 1 else f"{count} seats"


def stamp(seconds: float) -> str:
    """Minutes and seconds since the start, 1:05."""
    return "{}:{:02}".format(*divmod(int(seconds), 60))


def reason(why: str) -> str:
    """Why a partner is paused, without for how long: `paused 30 s: busy (17)` is `busy (17)`."""
    if not why.startswith("paused "):
        return why
    return why.partition(": ")[2].partition("; ")[0]  # after it, what is wrong with the trunk
