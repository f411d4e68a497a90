"""The order of the line and of answers, held against Asterisk's own events: who is out of turn.

Nothing of ivrd is asked.  A person's effective arrival is the joining of the call that was answered
minus what the same number has waited before in calls that nobody answered.  Whoever is called back
arrived as the call did that booked it: the last one of the same number.  Whoever has a head start
comes by so many seconds earlier.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from lab.ami_events import Event

TIE_SECONDS = 1.0  # whoever arrived within this of one another may be answered in either order
AT_ONCE_SECONDS = 1.5  # the same of answers: waiting callers look for a seat once a second
# app_queue lets whoever is behind go first while a caller hears the position, and the wait.  ivrd
# ends that when a seat becomes free, but for talks that were none, and while none runs.
SAID_SECONDS = 10.0


@dataclass
class Stay:
    """One call, as far as events tell; times are Asterisk's."""

    number: str
    channel: str = ""
    joined: float = 0.0
    answered: float = 0.0
    ended: float = 0.0
    called_back: bool = False


@dataclass(frozen=True)
class Served:
    """A person who was answered: when the call joined; `arrived`: effectively, or by head start."""

    number: str
    joined: float
    arrived: float
    answered: float
    called_back: bool = False


@dataclass
class Order:
    """What was seen of all calls.  `shown`: the number that a dialled one has as a caller's.

    `head_starts`: by number, in seconds.
    """

    shown: Mapping[str, str] = field(default_factory=dict)
    head_starts: Mapping[str, float] = field(default_factory=dict)
    stays: dict[str, Stay] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        events: Iterable[Event],
        shown: Mapping[str, str] | None = None,
        head_starts: Mapping[str, float] | None = None,
    ) -> "Order":
        """From events; what is no caller's is left out."""
        order = cls(shown or {}, head_starts or {})
        for event in events:
            order._take(event, float(event.get("timestamp") or 0.0))
        return order

    def _take(self, event: Event, at: float) -> None:
        call = event.get("uniqueid", "")
        if event.get("userevent") == "IvrdReceived":
            self.stays[call] = Stay(event["calleridnum"], event["channel"])
        elif event.get("userevent") == "IvrdCallback" and event.get("state") == "confirmed":
            number = event["calleridnum"]
            channel = event.get("channel", "")
            self.stays[call] = Stay(self.shown.get(number, number), channel, called_back=True)
        elif stay := self.stays.get(call):
            match event.get("event"):
                case "QueueCallerJoin":
                    stay.joined = stay.joined or at
                case "AgentConnect":
                    stay.answered = stay.answered or at
                case "Hangup":
                    stay.ended = at

    def numbers(self) -> set[str]:
        """Who has joined a queue, in any call."""
        return {stay.number for stay in self.stays.values() if stay.joined}

    def left(self, numbers: Collection[str]) -> int:
        """How many calls of these have ended."""
        return sum(stay.ended > 0 for stay in self.stays.values() if stay.number in numbers)

    def served(self) -> list[Served]:
        """All who were answered, in that order."""
        found = [
            Served(one.number, one.joined, self.turn(one), one.answered, one.called_back)
            for one in self.stays.values()
            if one.answered
        ]
        return sorted(found, key=lambda one: one.answered)

    def turn(self, stay: Stay) -> float:
        """The effective arrival minus the head start: the order in which all are served."""
        return self.arrived(stay) - self.head_starts.get(stay.number, 0.0)

    def arrived(self, stay: Stay) -> float:
        """When a call that has joined arrived effectively."""
        before = [
            other
            for other in self.stays.values()
            if other.number == stay.number
            and other.joined
            and not other.answered
            and 0.0 < other.ended <= stay.joined
        ]
        if stay.called_back:
            booked = [other for other in before if not other.called_back]
            return self.arrived(max(booked, key=lambda other: other.joined))
        return stay.joined - sum(other.ended - other.joined for other in before)

    def misplaced(self, line: Iterable[str]) -> list[tuple[Stay, Stay]]:
        """Who is before somebody who arrived earlier, in a line of channels as app_queue has it."""
        by_channel = {stay.channel: stay for stay in self.stays.values()}
        waiting = [by_channel[channel] for channel in line]
        return [
            (first, then)
            for at, first in enumerate(waiting)
            for then in waiting[at + 1 :]
            if self.turn(then) < self.turn(first) - TIE_SECONDS
        ]

    def overtaken(self, within: float = AT_ONCE_SECONDS) -> list[tuple[Served, Served]]:
        """Who was answered before somebody who waited already and had arrived earlier.

        Answers `within` so many seconds may be in either order.
        """
        served = self.served()
        return [
            (first, then)
            for at, first in enumerate(served)
            for then in served[at + 1 :]
            if then.arrived < first.arrived - TIE_SECONDS
            and then.joined < first.answered - within
            and then.answered > first.answered + within
        ]
