"""Partner call centres: organisations that lend seats when the hotline's own are not enough."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Whether a partner may get calls."""

    ONBOARDING = "onboarding"
    ACTIVE = "active"
    PAUSED = "paused"


@dataclass(frozen=True)
class Partner:
    """An organisation with a call centre.

    `pledged` and `cap` are seats: promised, and never to be exceeded.  `trunk` is the SIP
    address (host or host:port) of its exchange.
    """

    id: str
    name_th: str
    name_en: str
    trunk: str
    pledged: int
    cap: int
    state: State = State.ONBOARDING
