"""The link to Asterisk's management interface: where it is, how it stands, and what goes wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from panoramisk.message import Message

SHUTTING_DOWN = "Asterisk is shutting down"  # its answer to every action then (manager.c)

# manager.c, session_do: what is over authlimit is closed without a word.
NO_GREETING = (
    "closes each new connection at once: it has as many as it takes from those who have not logged "
    "in (authlimit in manager.conf); `ivrd check`, run as root, names the accounts that hold them"
)
STOPS = "is shutting down: it refuses new calls (503), and ends when the last one has ended"


@dataclass(frozen=True)
class AmiAddress:
    """Where Asterisk's management interface is and who logs in.

    `secret()` is asked at each login: somebody may have replaced it.
    """

    host: str
    port: int
    user: str
    secret: Callable[[], str] = field(repr=False)


@dataclass(frozen=True)
class Timeouts:
    """How long the client waits, in seconds."""

    answer: float = 5.0  # for an answer, and for Asterisk's FullyBooted
    keepalive: float = 1.0  # between two pings
    silent: float = 2.0  # a ping unanswered for this long: the connection is lost
    backoff: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0)  # between attempts; the last for ever
    crowded: float = 0.02  # after a connection that had no greeting: places come free at any time
    refused: float = 15.0  # after a refusal: asking often does not make a wrong secret right
    steady: float = 10.0  # a connection that lasted this long was good: begin `backoff` anew


class ActionRefused(Exception):
    """Asterisk refused an action; the message names it and has Asterisk's own words."""


class NoGreeting(Exception):
    """Asterisk closed a new connection at once; the message says why it does so."""


class LinkState(StrEnum):
    """How the link to Asterisk stands, or why it does not."""

    UP = "up"  # logged in, and rebuilt
    DOWN = "down"  # it was up, and is lost
    UNREACHABLE = "unreachable"
    CROWDED = "crowded"  # Asterisk has as many connections without a login as it takes
    STOPPING = "stopping"  # Asterisk waits for its last call to end, and takes no new one
    REFUSED = "refused"  # Asterisk refuses an action, the login above all
    FAULT = "fault"  # ours: what Asterisk reports could not be taken in


Report = Callable[[LinkState, str], None]  # (state, text)


@dataclass(frozen=True)
class Pong:
    """An answer to a ping: Asterisk's clock when it was written, seconds since the epoch (0 if it
    does not say), and the loop's clock when it was asked for and when it came."""

    reading: float
    asked: float
    received: float


class ConnectionHandler(Protocol):
    """What a connection works for: it gets what Asterisk reports, and when that begins and ends."""

    def event(self, message: Message) -> None:
        """One event, in order; only take it in."""

    async def up(self) -> None:
        """Logged in: read what is there.  If this fails, the client connects again."""

    def down(self) -> None:
        """A connection that had logged in is lost."""
