"""The order of answers, held against Asterisk's own events: who was answered before whose turn.

Nothing of ivrd is asked.  A person's effective arrival is the joining of the call that was answered
minus what the same number has waited before in calls that nobody answered.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lab.ami_events import Event

TIE_SECONDS = 1.0  # whoever arrived within this of one another may be answered in either order
AT_ONCE_SECONDS = 1.5  # the same of answers: waiting callers look for a seat once a second


@dataclass
class Stay:
    """One call, as far as events tell; times are Asterisk's."""

    number: str
    joined: float = 0.0
    answered: float = 0.0
    ended: float = 0.0


@dataclass(frozen=True)
class Served:
    """A person who was answered: when the call joined, when it arrived effectively."""

    number: str
    joined: float
    arrived: float
    answered: float


@dataclass
class Order:
    """What was seen of all calls."""

    stays: dict[str, Stay] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Order":
        """From events; what is no caller's is left out."""
        order = cls()
        for event in events:
            order._take(event, float(event.get("timestamp") or 0.0))
        return order

    def _take(self, event: Event, at: float) -> None:
        call = event.get("uniqueid", "")
        if event.get("userevent") == "IvrdReceived":
            self.stays[call] = Stay(event["calleridnum"])
        elif stay := self.stays.get(call):
            match event.get("event"):
                case "QueueCallerJoin":
                    stay.joined = stay.joined or at
                case "AgentConnect":
                    stay.answered = stay.answered or at
                case "Hangup":
                    stay.ended = at

    def served(self) -> list[Served]:
        """All who were answered, in that order."""
        found = []
        for stay in self.stays.values():
            if stay.answered:
                waited = sum(
                    other.ended - other.joined
                    for other in self.stays.values()
                    if other.number == stay.number
                    and other.joined
                    and not other.answered
                    and 0.0 < other.ended <= stay.joined
                )
                found.append(Served(stay.number, stay.joined, stay.joined - waited, stay.answered))
        return sorted(found, key=lambda one: one.answered)

    def overtaken(self) -> list[tuple[Served, Served]]:
        """Who was answered before somebody who waited already and had arrived earlier."""
        served = self.served()
        return [
            (first, then)
            for at, first in enumerate(served)
            for then in served[at + 1 :]
            if then.arrived < first.arrived - TIE_SECONDS
            and then.joined < first.answered - AT_ONCE_SECONDS
            and then.answered > first.answered + AT_ONCE_SECONDS
        ]
