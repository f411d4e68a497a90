"""Agents: what a person at a seat has said (`Duty`), and with the phone's state the agent's state.

Theory of operation
-------------------
`step(agent, event)` looks up ``(agent.duty, event type)`` in `TABLE`.  What is not in the table
raises `InvalidTransition`, with words for a person, and changes nothing.  A duty is stored, and so
outlives every process; what the phone is doing is never stored, for Asterisk knows it.  `state`
puts the two together (`STATES`).

A talk that ends is followed by wrap-up, until `Agent.until`, which the agent can have sooner
(`Resumed`) or later (`Extended`).  Whoever pauses or signs out while
talking keeps the caller, and has no wrap-up after that.

`pause_reason` is what follows for the seat: the reason for which Asterisk is not to ring it.  It is
told by its beginning from the reasons of seats that do not answer (seat_health.py), and from what
anybody else has paused.

Times are seconds since the epoch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from ivrd.core.seats import BY_AGENT, WRAP_UP, SeatStatus

LONGEST_WRAP_UP_SECONDS = 600.0  # however often it is extended; who needs more pauses


class Duty(StrEnum):
    """What an agent has said, or what follows from a talk."""

    SIGNED_OUT = "signed_out"
    READY = "ready"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class AgentState(StrEnum):
    """What an agent is doing; as the commands and the metrics have it."""

    SIGNED_OUT = "signed_out"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    UNREACHABLE = "unreachable"  # signed in, and the phone cannot be reached


@dataclass(frozen=True)
class Agent:
    """An agent's duty.

    `since`: when it began; 0 for one who has never signed in.  `reason`: why paused.  `until`: when
    wrap-up ends.
    """

    duty: Duty = Duty.SIGNED_OUT
    since: float = 0.0
    reason: str = ""
    until: float = 0.0

    @property
    def signed_in(self) -> bool:
        """Whether the agent has the seat."""
        return self.duty is not Duty.SIGNED_OUT


@dataclass(frozen=True)
class SignedIn:
    """The agent takes the seat."""

    at: float


@dataclass(frozen=True)
class SignedOut:
    """The agent leaves the seat."""

    at: float


@dataclass(frozen=True)
class Paused:
    """The agent does not want to be rung for a while; once more: for another reason."""

    at: float
    reason: str


@dataclass(frozen=True)
class Resumed:
    """The agent wants to be rung again; in wrap-up: sooner than it would end."""

    at: float


@dataclass(frozen=True)
class Talked:
    """The agent's talk has ended, and wrap-up may last for so many seconds."""

    at: float
    wrap_up_seconds: float


@dataclass(frozen=True)
class Extended:
    """The agent wants wrap-up to last for so many seconds more, from now on."""

    at: float
    seconds: float


Event = SignedIn | SignedOut | Paused | Resumed | Talked | Extended

TABLE: dict[tuple[Duty, type[Event]], Duty] = {
    (Duty.SIGNED_OUT, SignedIn): Duty.READY,
    (Duty.SIGNED_OUT, Talked): Duty.SIGNED_OUT,
    (Duty.READY, SignedOut): Duty.SIGNED_OUT,
    (Duty.READY, Paused): Duty.PAUSED,
    (Duty.READY, Talked): Duty.WRAP_UP,
    (Duty.WRAP_UP, SignedOut): Duty.SIGNED_OUT,
    (Duty.WRAP_UP, Paused): Duty.PAUSED,
    (Duty.WRAP_UP, Resumed): Duty.READY,
    (Duty.WRAP_UP, Talked): Duty.WRAP_UP,
    (Duty.WRAP_UP, Extended): Duty.WRAP_UP,
    (Duty.PAUSED, SignedOut): Duty.SIGNED_OUT,
    (Duty.PAUSED, Paused): Duty.PAUSED,
    (Duty.PAUSED, Resumed): Duty.READY,
    (Duty.PAUSED, Talked): Duty.PAUSED,
}

# What the phone is doing decides, but for somebody whose phone is only there.
STATES: dict[tuple[Duty, SeatStatus], AgentState] = {
    **{(duty, SeatStatus.BUSY): AgentState.TALKING for duty in Duty},
    **{(duty, SeatStatus.RINGING): AgentState.RINGING for duty in Duty},
    **{(duty, SeatStatus.AWAY): AgentState.UNREACHABLE for duty in Duty},
    **{(duty, SeatStatus.FREE): AgentState(duty) for duty in Duty},
    **{(duty, SeatStatus.PAUSED): AgentState(duty) for duty in Duty},
    # Nobody is at the seat, or somebody else is.
    **{(Duty.SIGNED_OUT, seat): AgentState.SIGNED_OUT for seat in SeatStatus},
}

IMPOSSIBLE: dict[tuple[Duty, type[Event]], str] = {
    (Duty.READY, SignedIn): "is signed in already",
    (Duty.WRAP_UP, SignedIn): "is signed in already",
    (Duty.PAUSED, SignedIn): "is signed in already",
    (Duty.SIGNED_OUT, SignedOut): "is not signed in",
    (Duty.SIGNED_OUT, Paused): "is not signed in",
    (Duty.SIGNED_OUT, Resumed): "is not signed in",
    (Duty.SIGNED_OUT, Extended): "is not signed in",
    (Duty.READY, Resumed): "is not paused",
    (Duty.READY, Extended): "is not in wrap-up",
    (Duty.PAUSED, Extended): "is not in wrap-up",
}


class InvalidTransition(ValueError):
    """What cannot be said by an agent of this duty; the text goes on after the agent's name."""


class SeatTaken(InvalidTransition):
    """Somebody else is signed in at the seat."""


class TooManyPaused(InvalidTransition):
    """So many of the pool are paused that nobody else may be."""


def step(agent: Agent, event: Event) -> Agent:
    """The agent after the event.  Raises `InvalidTransition`."""
    key = agent.duty, type(event)
    if key not in TABLE:
        raise InvalidTransition(IMPOSSIBLE[key])
    duty = TABLE[key]
    match event:
        case Paused(at, reason):
            return Agent(duty, at, reason)
        case Talked(at, wrap_up_seconds) if duty is Duty.WRAP_UP:
            return Agent(duty, at, until=at + wrap_up_seconds)
        case Talked():
            return agent
        case Extended(at, seconds):
            until = max(agent.until, at + seconds)
            return replace(agent, until=min(until, agent.since + LONGEST_WRAP_UP_SECONDS))
        case _:
            return Agent(duty, event.at)


def at(agent: Agent, now: float) -> Agent:
    """The agent at this moment: wrap-up may have ended."""
    if agent.duty is Duty.WRAP_UP and agent.until <= now:
        return Agent(Duty.READY, agent.until)
    return agent


def duty_spans(agent: Agent, until: float) -> Iterator[tuple[Duty, str, tuple[float, float]]]:
    """What the agent's duty was, and why, from `Agent.since` to then; wrap-up may have ended."""
    if not agent.signed_in or until <= agent.since:
        return
    end = min(agent.until, until) if agent.duty is Duty.WRAP_UP else until
    yield agent.duty, agent.reason, (agent.since, end)
    if end < until:
        yield Duty.READY, "", (end, until)


def state(agent: Agent, seat: SeatStatus) -> AgentState:
    """What the agent is doing, with what the phone at the seat is doing."""
    return STATES[agent.duty, seat]


def pause_reason(agent: Agent) -> str:
    """Why the agent's seat is not to be rung, as Asterisk keeps it; empty if it is to be."""
    match agent.duty:
        case Duty.READY:
            return ""
        case Duty.WRAP_UP:
            return WRAP_UP
        case Duty.PAUSED:
            return f"{BY_AGENT}{agent.reason}"
        case Duty.SIGNED_OUT:
            return f"{BY_AGENT}signed out"
