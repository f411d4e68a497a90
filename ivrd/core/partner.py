"""Partner call centres: organisations that lend seats when the hotline's own are not enough.

What a partner has promised (`Partner`), how it stands at a moment (`PartnerNow`), and how seats
are shared among partners (`share`): by pledge with largest remainders, among those that may have
seats, within what each may have, and to nobody who is not trained for the callers that wait.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Group = frozenset[str]  # ids of the partners that serve the same queues


class State(StrEnum):
    """Whether a partner may get calls."""

    ONBOARDING = "onboarding"
    ACTIVE = "active"
    PAUSED = "paused"


class Pin(StrEnum):
    """What an operator has ordered for one partner, until it is taken back."""

    OPEN = "open"  # its pledged seats at least, wanted or not, within its hours or not
    CLOSED = "closed"
    DRAINING = "draining"  # closed as well; the operator waits for its talks to end


@dataclass(frozen=True)
class Partner:
    """An organisation with a call centre.

    `pledged` and `cap` are seats: promised, and never to be exceeded.  `trunk` is the SIP
    address (host or host:port) of its exchange.  `hours` names its opening hours.  It is trained
    for `topics` only.  Its share goes by `pledged` times `weight`.  `confirm`: its agents press a
    key before they get the caller.
    """

    id: str
    name_th: str
    name_en: str
    trunk: str
    pledged: int
    cap: int
    state: State = State.ONBOARDING
    hours: str = "always"
    topics: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("th",)
    weight: float = 1.0
    confirm: bool = True

    @property
    def claim(self) -> float:
        """What its share of the seats goes by; a partner without a pledge comes last."""
        return max(self.pledged * self.weight, LEAST_CLAIM)


LEAST_CLAIM = 1e-3


@dataclass(frozen=True)
class PartnerNow:
    """A partner at one moment.

    `queues`: those it is trained for (see `trained_for`).  `open`: its seats that take calls or
    are in a talk; `busy`: those in a talk.  `allowed`: the most that its breaker lets it have,
    None for no limit, and `health` says why.  `helped`: callers it has taken lately, counted for
    all partners over the same time; it evens out what whole seats cannot share exactly.
    """

    partner: Partner
    queues: frozenset[str]
    in_hours: bool = True
    open: int = 0
    busy: int = 0
    allowed: int | None = None
    health: str = "healthy"
    helped: int = 0
    pin: Pin | None = None

    @property
    def id(self) -> str:
        """The partner's id."""
        return self.partner.id

    @property
    def obstacle(self) -> str:
        """Why it may have no seat now; empty when it may.  The first reason is the one told."""
        if self.pin in (Pin.CLOSED, Pin.DRAINING):
            return f"pinned {self.pin}"
        if self.partner.state is not State.ACTIVE:
            return str(self.partner.state)
        if not self.queues:
            return "trained for none of the queues"
        if not self.in_hours and self.pin is not Pin.OPEN:
            return "outside its hours"
        return self.health if self.allowed is not None and self.allowed <= 0 else ""

    @property
    def most(self) -> int:
        """The most seats it may have now."""
        if self.obstacle:
            return 0
        cap = self.partner.cap
        return cap if self.allowed is None else min(cap, self.allowed)

    @property
    def least(self) -> int:
        """The seats it has to have now, wanted or not."""
        return min(self.partner.pledged, self.most) if self.pin is Pin.OPEN else 0


def trained_for(partner: Partner, topics: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The queues that the partner may serve: trained for every topic that leads there.

    `topics` maps a queue to its topics.
    """
    known = set(partner.topics)
    return frozenset(queue for queue, of in topics.items() if of and known.issuperset(of))


def share(
    partners: Collection[PartnerNow], wanted: Mapping[Group, int], ceiling: int
) -> dict[str, int]:
    """Seats for each partner, by id.

    `wanted` says how many seats are wanted of each group.  All are given out as far as the
    partners' limits and `ceiling` allow.  Shares are the quotas rounded by largest remainders; a
    partner that is behind with the callers it has helped goes first.  A pin may ask for more.
    """
    filled = _Filled(wanted)
    seats = {p.id: p.least for p in partners}
    for p in partners:
        for _ in range(p.least):
            filled.place(p.id)  # where no seat is wanted it is open all the same
    room = {p.id: min(p.most, sum(n for group, n in wanted.items() if p.id in group))
            for p in partners}
    quotas = _quotas(partners, room, min(ceiling, sum(wanted.values())))
    behind = _behind([p for p in partners if p.most > 0])
    able = {p.id: p for p in partners if p.most > p.least}
    while able and sum(seats.values()) < ceiling:
        best = max(able.values(), key=lambda p: _turn(p, quotas[p.id] - seats[p.id], behind, seats))
        if filled.place(best.id):
            seats[best.id] += 1
        if seats[best.id] >= best.most or not filled.took:
            del able[best.id]
    return seats
