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
    `stopping`: it waits for its last call to end, and refuses new ones.
    """

    up: bool
    stopping: bool
    version: str
    since_seconds: float


class RoleStatus(TypedDict):
    """What this ivrd is: `alone`, `leader` or `standby`, and its name.

    `leader`: the leader's name; empty when none is known.
    """

    role: str
    name: str
    leader: str


class CallCounts(TypedDict):
    """Callers by where they are now (menu to talk), whoever dialled; the others count received
    calls since the start.

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


class CallbackCounts(TypedDict):
    """Calls that the hotline makes to call people back; none of them is among the received.

    `dialled` and `results` (by `call.CallbackResult`) count since the start; `in_progress` are here
    now, from dialling on, `talking` of them with a person.
    """

    dialled: int
    in_progress: int
    talking: int
    results: dict[str, int]


class QueueStatus(TypedDict):
    """One queue; `oldest_seconds` is the longest wait in it, 0 when nobody waits.

    It counts from the effective arrival: with what the person has waited in earlier calls.
    `language`: of the callers whom the row is of; empty: of all (skills.py).
    """

    name: str
    language: str
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


class PartnerStatus(TypedDict):
    """One partner: its seats by what they do, and in `why` what an operator must know of it.

    `wanted`: what the policy asks of it.  `taken`: calls that a person there took, since the
    start.  `breaker` is closed when it is healthy, open while it is left alone, half open while
    one call is tried.  `held_to`: the calls at a time that it was found to take; None when it
    never refused more.  `override`: what an operator has ordered for it; empty: nothing.  `able`:
    whether it may have a seat.
    """

    name: str
    wanted: int
    open: int
    ringing: int
    talking: int
    taken: int
    breaker: str
    held_to: int | None
    override: str
    able: bool
    why: str


class OverflowStatus(TypedDict):
    """The seats that are wanted of all partners together, and why in a few words."""

    wanted: int
    why: str


class OutcomeCounts(TypedDict):
    """Received calls that have ended, since the start, by `call.Outcome`."""

    answered: int
    abandoned: int
    self_served: int
    callback: int
    deflected: int
    rejected: int
    failed: int


class RefusedCalls(TypedDict):
    """Refused before they were calls of ours: how many since the start, and why.

    `cause`: the SIP answer; `carrier`: `unknown` for addresses that are no carrier's.
    """

    carrier: str
    cause: str
    why: str
    calls: int


class RefusedSender(TypedDict):
    """An address that is no carrier's or, with `seat`, a seat whose password is wrong."""

    address: str
    seat: str
    times: int
    seconds_ago: float


class RefusalStatus(TypedDict):
    """What was refused in the last ten minutes.

    `senders`: the most frequent first.  `carriers_at`: where carriers' addresses are configured.
    """

    calls: list[RefusedCalls]
    senders: list[RefusedSender]
    carriers_at: str


class ConfigStatus(TypedDict):
    """The configuration in use, and whether the last try to read a changed one succeeded."""

    folder: str
    loaded_seconds_ago: float
    last_reload_ok: bool


class TrunkStatus(TypedDict):
    """A trunk that does not work as it should: its name in Asterisk, why, and for how long.

    `reason`: one of `trunk_fault.FaultReason`; `why`: in words.
    """

    name: str
    reason: str
    why: str
    since_seconds: float


class RunStatus(TypedDict):
    """The crisis plan that is on.  `started_by`: who has started it, or load.

    `lower_limits`: it has more callers asked for a key.
    """

    name: str
    started_by: str
    ends_in_seconds: float
    lower_limits: bool


class Status(TypedDict):
    """Everything.  `store_up`: what happens is written down, so that a restart goes on from it.

    `limits`: each limit that is reached now, or that Asterisk cannot keep, in words.
    `missing_prompts`: recordings that cannot be played, each with its file.  `languages_off`: those
    that callers cannot choose yet, and how many of the prompts have no recording.  `not_answering`:
    ids of agents whom ivrd has paused because they did not answer.  `absent`: of those whose shift
    has begun, and whom ivrd has called in vain.  `trunks`: those that do not work as they should.
    """

    version: str
    up_seconds: float
    role: RoleStatus
    draining: bool
    asterisk: AsteriskStatus
    calls: CallCounts
    callbacks: CallbackCounts
    queues: list[QueueStatus]
    pools: list[PoolStatus]
    not_answering: list[str]
    absent: list[str]
    overflow: OverflowStatus
    partners: list[PartnerStatus]
    outcomes: OutcomeCounts
    refused: RefusalStatus
    hour: Hour
    service_level_seconds: float
    store_up: bool
    limits: list[str]
    missing_prompts: list[str]
    languages_off: dict[str, int]
    trunks: list[TrunkStatus]
    plan: RunStatus | None
    config: ConfigStatus
