"""Partner call centres: organisations that lend seats when the hotline's own are not enough.

What a partner has promised (`Partner`), how it stands at a moment (`PartnerSnapshot`), and how
seats are shared among partners (`allocate_seats`): by pledge with largest remainders, among those
that may have seats, within what each may have, and to nobody who is not trained for the callers
that wait.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import heapify, heappop, heappush

from ivrd.core.skills import group_of

Group = frozenset[str]  # ids of the partners that serve the same queues

# How long a call to a partner that says nothing else may take; see `Partner`.
RESPONSE_SECONDS = 3
RING_SECONDS = 8
KEY_SECONDS = 11


HEALTHY = "healthy"  # the first word of a good health


class PartnerState(StrEnum):
    """Whether a partner may get calls."""

    ONBOARDING = "onboarding"
    ACTIVE = "active"
    PAUSED = "paused"


class Override(StrEnum):
    """What an operator has ordered for one partner, until it is taken back."""

    OPEN = "open"  # its pledged seats at least, wanted or not, within its hours or not
    CLOSED = "closed"
    DRAINING = "draining"  # closed as well; the operator waits for its talks to end


@dataclass(frozen=True)
class Partner:
    """An organisation with a call centre.

    `pledged` and `cap` are seats: promised, and never to be exceeded.  `trunk` is the SIP
    address (host or host:port) of its exchange.  `hours` names its opening hours.  It is trained
    for `topics` only.  `languages` are those that its people speak, at least one; they are told of
    a call in the first that is on (`told_in`).  Its share goes by `pledged` times `weight`.
    `confirm`: its agents press a key before they get the caller.

    A call to it is given up when its exchange has not responded after `response_seconds`, when
    nobody has answered after `ring_seconds` from the beginning, or when nobody has pressed the key
    `key_seconds` after the answer.  `second_call`: it may be called once more for the same caller,
    for another of its seats, when the first call still rings (second_call.py).  `barred`: topics
    that it is trained for, and of which it gets no calls because its trunk is not encrypted.
    `ask_settled`: its callers are asked after the talk whether their matter is settled, where the
    queue has it.
    """

    id: str
    name_th: str
    name_en: str
    trunk: str
    pledged: int
    cap: int
    state: PartnerState = PartnerState.ONBOARDING
    hours: str = "always"
    topics: tuple[str, ...] = ()
    languages: tuple[str, ...] = field(kw_only=True)
    weight: float = 1.0
    confirm: bool = True
    response_seconds: int = RESPONSE_SECONDS
    ring_seconds: int = RING_SECONDS
    key_seconds: int = KEY_SECONDS
    second_call: bool = True
    barred: tuple[str, ...] = ()
    ask_settled: bool = False

    @property
    def offer_seconds(self) -> int:
        """The longest that a call to it takes until it is put through or given up."""
        return self.ring_seconds + (self.key_seconds if self.confirm else 0)

    def told_in(self, spoken: Sequence[str]) -> str:
        """The language in which its people are told of a call; `spoken`: those that are on."""
        return next((of for of in self.languages if of in spoken), spoken[0])

    @property
    def claim(self) -> float:
        """What its share of the seats goes by; a partner without a pledge comes last."""
        return max(self.pledged * self.weight, LEAST_CLAIM)


LEAST_CLAIM = 1e-3


@dataclass(frozen=True)
class PartnerSnapshot:
    """A partner at one moment.

    `queues`: those it is trained for (see `trained_for`).  `open`: its seats that take calls or
    are in a talk.  `talks`: its seats in a talk, by the queue that the caller came from.
    `allowed`: the most seats that its breaker lets it have, None for no limit, and `health` says
    why.  `helped`: callers it has taken lately, counted for all partners over the same time; it
    evens out what whole seats cannot share exactly.  `pledge`: the people it has said it has today,
    None when it has said nothing.  `left_out`: why it is not asked for the time being; empty: it
    may be.  `fault`: what is wrong with its trunk; empty: nothing.
    """

    partner: Partner
    queues: frozenset[str]
    in_hours: bool = True
    open: int = 0
    talks: Mapping[str, int] = field(default_factory=dict)
    allowed: int | None = None
    health: str = "healthy"
    helped: int = 0
    override: Override | None = None
    pledge: int | None = None
    left_out: str = ""
    fault: str = ""

    @property
    def id(self) -> str:
        """The partner's id."""
        return self.partner.id

    @property
    def busy(self) -> int:
        """Its seats in a talk."""
        return sum(self.talks.values())

    @property
    def obstacle(self) -> str:
        """Why it may have no seat now; empty when it may.  The first reason is the one given."""
        if self.override in (Override.CLOSED, Override.DRAINING):
            return f"{self.override} by override"
        if self.partner.state is not PartnerState.ACTIVE:
            return str(self.partner.state)
        if not self.queues:
            return self.clear_trunk or "trained for none of the queues"
        if not self.in_hours and self.override is not Override.OPEN:
            return "outside its hours"
        if self.pledge == 0:
            return "it has nobody today"
        if self.left_out and self.override is not Override.OPEN:
            return self.left_out
        return self.condition if self.allowed is not None and self.allowed <= 0 else ""

    @property
    def clear_trunk(self) -> str:
        """Topics that it gets no calls about, and why; empty without any."""
        if not self.partner.barred:
            return ""
        topics = ", ".join(self.partner.barred)
        return f"no calls about {topics}: its trunk is not encrypted (tls, srtp: required)"

    @property
    def condition(self) -> str:
        """Its health, and what is wrong with its trunk."""
        if self.fault and self.health.startswith(HEALTHY):
            return self.fault  # no call has failed for it yet
        return f"{self.health}; {self.fault}" if self.fault else self.health

    @property
    def most(self) -> int:
        """The most seats it may have now."""
        if self.obstacle:
            return 0
        limits = (self.partner.cap, self.pledge, self.allowed)
        return min(limit for limit in limits if limit is not None)

    @property
    def least(self) -> int:
        """The seats it has to have now, wanted or not."""
        return min(self.partner.pledged, self.most) if self.override is Override.OPEN else 0

    def explain(self, seats: int, wanted: int, pledged: int) -> str:
        """Why it has `seats` of those `wanted`, as one line; `pledged` by all that may help."""
        of = self.partner
        parts = [f"{seats} of {wanted} seats for a pledge of {of.pledged} in {pledged}"]
        if self.obstacle:
            parts = [f"no seats: {self.obstacle}"]
        elif self.override is Override.OPEN:
            parts.append("open by override")
        if self.fault and not self.obstacle:
            parts.append(self.condition)
        elif seats and seats == self.most:
            parts.append(self._limit)
        if self.clear_trunk and self.clear_trunk != self.obstacle:
            parts.append(self.clear_trunk)
        parts.append(f"{self.open} open, {self.busy} busy")
        if self.busy > seats:
            parts.append(f"{self.busy - seats} go on to the end of their talk")
        return "; ".join(parts)

    @property
    def _limit(self) -> str:
        """What keeps it from having more seats."""
        if self.most == self.partner.cap:
            return f"its cap is {self.partner.cap}"
        if self.most == self.pledge:
            return f"it has {self.pledge} people today"
        return f"at most {self.most}: {self.health}"


def trained_for(partner: Partner, topics: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The queues that the partner may serve: it knows every topic and the language.

    `topics` maps a queue in Asterisk to its topics (skills.py).
    """
    known, speaks = set(partner.topics), ("", *partner.languages)
    return frozenset(
        queue
        for queue, of in topics.items()
        if of and known.issuperset(of) and group_of(queue).language in speaks
    )


def allocate_seats(
    partners: Collection[PartnerSnapshot], wanted: Mapping[Group, int], ceiling: int
) -> dict[str, int]:
    """Seats for each partner, by id.

    `wanted` says how many seats are wanted of each group.  All are given out as far as `ceiling`
    and the partners' limits allow: a seat can be moved to a partner's other group to make room.
    Shares are quotas by claim, rounded by largest remainders; among the remainders those go
    first that are behind with the callers they have helped.  An override may ask for more.
    """
    filled = _Filled(wanted)
    seats = {p.id: p.least for p in partners}
    for p in partners:
        for _ in range(p.least):
            filled.place(p.id)  # where no seat is wanted it is open all the same
    quotas = _quotas(partners, wanted, ceiling)
    behind = _behind(partners, quotas)
    most = {p.id: p.most for p in partners}

    def turn(partner: str) -> tuple[int, float]:
        """Who has the smallest is the next: whole seats first, then remainders."""
        left = round(quotas[partner] - seats[partner], 9)
        if left >= 1:
            return -2, -left
        return (-1, -(left + behind[partner])) if left > 0 else (0, -left)

    able = [(turn(p.id), at, p.id) for at, p in enumerate(partners) if p.most > p.least]
    heapify(able)
    given = sum(seats.values())
    while able and given < ceiling and filled.room:
        _turn, at, partner = heappop(able)
        if seats[partner] < most[partner] and filled.place(partner):
            seats[partner] += 1
            given += 1
            heappush(able, (turn(partner), at, partner))
    return seats


class _Filled:
    """How many of the wanted seats each partner fills in each group."""

    def __init__(self, wanted: Mapping[Group, int]) -> None:
        self._room = dict(wanted)  # seats that nobody fills yet
        self._by: Counter[tuple[str, Group]] = Counter()
        self._full: set[Group] = set()  # in which nobody can make room, now or later

    @property
    def room(self) -> bool:
        """Whether there is a seat left to fill, by whomever."""
        return any(self._room.values())

    def place(self, partner: str) -> bool:
        """Fill one more seat by `partner`; another may move to a group of its own for that.

        False, with nothing changed, when there is no way: an augmenting path, as in matching.
        """
        tried = set(self._full)
        if self._place(partner, tried):
            return True
        self._full = tried
        return False

    def _place(self, partner: str, tried: set[Group]) -> bool:
        mine = [group for group in self._room if partner in group and group not in tried]
        for group in mine:
            if self._room[group] > 0:
                self._room[group] -= 1
                self._by[partner, group] += 1
                return True
        for group in mine:
            tried.add(group)
            for other in sorted(group):
                if self._by[other, group] and self._place(other, tried):
                    self._by[other, group] -= 1
                    self._by[partner, group] += 1
                    return True
        return False


def _quotas(
    partners: Collection[PartnerSnapshot], wanted: Mapping[Group, int], ceiling: int
) -> dict[str, float]:
    """Exact shares by claim, each between what its partner must and may have."""
    room = {p.id: sum(n for group, n in wanted.items() if p.id in group) for p in partners}
    bounds = {
        p.id: (p.partner.claim, p.least, max(p.least, min(p.most, room[p.id]))) for p in partners
    }
    level = _level(bounds.values(), min(ceiling, sum(wanted.values())))
    return {
        name: max(least, min(most, level * claim)) for name, (claim, least, most) in bounds.items()
    }


def _level(bounds: Collection[tuple[float, float, float]], total: float) -> float:
    """The level at which shares of level * claim, each within its bounds, are `total` together.

    `bounds`: claim, least and most of each.  Their sum grows with the level, the faster the more
    are between their bounds: it is followed from one bound to the next.
    """
    turns = [(least / claim, claim) for claim, least, _most in bounds]
    turns += [(most / claim, -claim) for claim, _least, most in bounds]
    level = growth = 0.0
    given = float(sum(least for _claim, least, _most in bounds))
    for at, change in sorted(turns):
        if given >= total:
            break
        if growth > 0.0 and given + growth * (at - level) >= total:
            return min(at, level + (total - given) / growth)
        given += growth * (at - level)
        level, growth = at, growth + change
    return level


def _behind(partners: Collection[PartnerSnapshot], quotas: Mapping[str, float]) -> dict[str, float]:
    """How far each partner is behind with the callers it has helped, in remainders of a seat.

    Two callers weigh as much as a seat; who has the seat now keeps it for a caller more, so that
    it does not go to and fro.
    """
    able = [p for p in partners if p.most > 0]
    helped = sum(p.helped for p in able)
    if helped == 0:
        return {p.id: 0.0 for p in partners}
    fair = helped / sum(p.partner.claim for p in able)
    return {
        p.id: (fair * p.partner.claim - p.helped + (p.open > int(round(quotas[p.id], 9)))) / 2
        for p in partners
    }
