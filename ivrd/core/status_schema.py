"""The picture of one moment, as `ivrd status --json` gives it: the shape, written down once.

The daemon builds a `Status`, the control socket carries it as JSON, the screen shows it.
Every `..._seconds` is a length of time in seconds; every other number counts calls, callers or
seats; a ratio is 0 to 1.
"""

from typing import TypedDict

from ivrd.core.recent import Hour


class AsteriskStatus(TypedDict):
    """The link to Asterisk: `since_seconds` since it came up or, when it is down, since it fell.

    `version` is that of the manager interface as its greeting says it, not Asterisk's own.
    """

    up: bool
    version: str
    since_seconds: float


class RoleStatus(TypedDict):
    """What this ivrd does: `alone`, `leader` or `standby`, and its name.

    `leader`: the name of the one that acts; empty when nobody is known to.
    """

    role: str
    name: str
    leader: str


class CallCounts(TypedDict):
    """Callers by where they are now (menu to talk); the others count since the start.

    `adopted`: those received calls that reached the hotline before this process did.
    `unattended`: the dialplan took the caller to a queue without a menu.
    """

    received: int
    adopted: int
    menu: int
    info: int
    closed: int
    queue: int
    talk: int
    ended: int
    unattended: int


class QueueStatus(TypedDict):
    """One queue; `oldest_seconds` is the longest wait in it, 0 when nobody waits."""

    name: str
    open: bool
    waiting: int
    oldest_seconds: float
    talking: int


class PoolStatus(TypedDict):
    """One pool of seats, and how many of them do what.

    `paused`: the phone is there and the seat is not rung in its turn: it did not answer, or
    somebody has paused it.
    """

    name: str
    open: bool
    seats: int
    free: int
    ringing: int
    busy: int
    away: int
    paused: int


class OutcomeCounts(TypedDict):
    """Ended calls since the start by `call.Outcome`."""

    answered: int
    abandoned: int
    self_served: int
    deflected: int
    callback: int
    rejected: int
    failed: int


class ConfigStatus(TypedDict):
    """The configuration in use, and whether the last try to read a changed one succeeded."""

    folder: str
    loaded_seconds_ago: float
    last_reload_ok: bool


class Status(TypedDict):
    """Everything."""

    version: str
    up_seconds: float
    role: RoleStatus
    draining: bool
    asterisk: AsteriskStatus
    calls: CallCounts
    queues: list[QueueStatus]
    pools: list[PoolStatus]
    outcomes: OutcomeCounts
    hour: Hour
    service_level_seconds: float
    config: ConfigStatus
