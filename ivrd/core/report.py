"""What partners did in a period: one row for each, and the order of the next honours.

Everything is worked out from `PartnerEvent`s: each is one thing that happened at one partner.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from ivrd.core.partner import Partner
from ivrd.core.q850 import Q850
from ivrd.core.repeat_calls import After, ServedCall


class PartnerEventKind(StrEnum):
    """What happened.

    `offered`: a partner's phone began to ring.  Such an offer ends as `confirmed`, `refused` or
    `unconfirmed`, or the caller went away meanwhile: that is no result of the partner's, and it
    `left` if somebody had answered who had not pressed the key.  A talk ends as `talked`, or was
    `dropped` at once, or the caller was `returned` to the queue.
    """

    OFFERED = "offered"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNCONFIRMED = "unconfirmed"
    LEFT = "left"
    DROPPED = "dropped"
    RETURNED = "returned"
    TALKED = "talked"


TALKS = (
    PartnerEventKind.TALKED,
    PartnerEventKind.DROPPED,
    PartnerEventKind.RETURNED,
)  # their seconds are of talk


class Cause(StrEnum):
    """Why a call that was offered to a partner was not taken."""

    BUSY = "busy"
    CONGESTED = "congested"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"
    NO_ANSWER = "no_answer"
    NO_RESPONSE = "no_response"
    UNREACHABLE = "unreachable"
    UNKNOWN_NUMBER = "unknown_number"
    FAILURE = "failure"
    REDIRECTED = "redirected"
    OTHER = "other"
    # It was answered, and nobody pressed the key: the values are those of dialplans/partners.conf.
    NO_KEY = "no_key"
    WRONG_KEY = "wrong_key"
    HUNG_UP = "hung_up"
    NO_MEDIA = "no_media"


UNCONFIRMED = (Cause.NO_KEY, Cause.WRONG_KEY, Cause.HUNG_UP, Cause.NO_MEDIA)
REFUSALS = tuple(cause for cause in Cause if cause not in UNCONFIRMED)

CAUSE_WORDS: dict[Cause, str] = {
    Cause.BUSY: "busy",
    Cause.CONGESTED: "no circuit free",
    Cause.DECLINED: "declined",
    Cause.UNAVAILABLE: "nobody available",
    Cause.NO_ANSWER: "rang, and nobody answered",
    Cause.NO_RESPONSE: "no response to the call",
    Cause.UNREACHABLE: "not reachable",
    Cause.UNKNOWN_NUMBER: "no such number",
    Cause.FAILURE: "out of order",
    Cause.REDIRECTED: "to be called elsewhere (302)",
    Cause.OTHER: "for another reason",
    Cause.NO_KEY: "no key pressed",
    Cause.WRONG_KEY: "a wrong key pressed",
    Cause.HUNG_UP: "hung up without the key",
    Cause.NO_MEDIA: "not a sound came",
}

CAUSE_OF: dict[int, Cause] = {
    Q850.UNALLOCATED: Cause.UNKNOWN_NUMBER,
    Q850.NO_ROUTE_DESTINATION: Cause.UNREACHABLE,
    Q850.USER_BUSY: Cause.BUSY,
    Q850.NO_USER_RESPONSE: Cause.NO_RESPONSE,
    Q850.NO_ANSWER: Cause.UNAVAILABLE,
    Q850.SUBSCRIBER_ABSENT: Cause.UNREACHABLE,
    Q850.CALL_REJECTED: Cause.DECLINED,
    Q850.NUMBER_CHANGED: Cause.UNKNOWN_NUMBER,
    Q850.REDIRECTED: Cause.REDIRECTED,
    Q850.DESTINATION_OUT_OF_ORDER: Cause.UNREACHABLE,
    Q850.INVALID_NUMBER_FORMAT: Cause.UNKNOWN_NUMBER,
    Q850.NO_CIRCUIT: Cause.CONGESTED,
    Q850.NETWORK_OUT_OF_ORDER: Cause.FAILURE,
    Q850.TEMPORARY_FAILURE: Cause.FAILURE,
    Q850.SWITCH_CONGESTION: Cause.CONGESTED,
    Q850.RECOVERY_ON_TIMER_EXPIRE: Cause.NO_RESPONSE,
}
# DIALSTATUS, where the number means nothing: the dialplan has ended the call, or nobody says why.
CAUSE_OF_STATUS = {
    "BUSY": Cause.BUSY,
    "CONGESTION": Cause.CONGESTED,
    "NOANSWER": Cause.NO_RESPONSE,
    "CHANUNAVAIL": Cause.NO_RESPONSE,
}
# What they are for a call that has rung.
RUNG = {Cause.UNAVAILABLE: Cause.NO_ANSWER, Cause.NO_RESPONSE: Cause.NO_ANSWER}


def cause_of(status: str, number: int, alerted: bool) -> Cause:
    """The cause of a refusal, by Q.850's `number` or else by DIALSTATUS; `alerted`: it has rung."""
    found = CAUSE_OF.get(number) or CAUSE_OF_STATUS.get(status, Cause.OTHER)
    return RUNG.get(found, found) if alerted else found


def unconfirmed(reason: str) -> Cause:
    """Why an answered call was not confirmed, by the dialplan's word for it."""
    return Cause(reason) if reason in UNCONFIRMED else Cause.NO_KEY


@dataclass(frozen=True)
class PartnerEvent:
    """One thing that happened at one partner.

    `seconds`: of talk (`TALKS`), or from the answer until the key.  `cause`: of a refusal, or why
    nobody confirmed (None when that was not stored).
    `caller`: the caller as a keyed hash, of a talk; empty when the number was withheld.
    """

    partner: str
    kind: PartnerEventKind
    seconds: float = 0.0
    cause: Cause | None = None
    caller: str = ""


@dataclass(frozen=True)
class PartnerTotals:
    """One partner in a period.

    All but times and ratios count calls; `refusals` by cause make up `refused`, and so does
    `without_key` `unconfirmed`, but for those of which the cause was not stored.  `people`:
    callers helped, each counted once, whoever withheld the number as often as they called.
    `share`: of the calls that all partners took.  `pledge_share`: of the seats that all pledged.
    `of_pledge`: the one over the other, 1 when the partner took just what it had pledged.  A
    ratio is None when there is nothing to divide by.  `settled`, `not_settled`: what callers said
    after their talks, and how many of each dialled again within a day.
    """

    partner: str
    name_th: str = ""
    name_en: str = ""
    offered: int = 0
    accepted: int = 0
    refused: int = 0
    unconfirmed: int = 0
    dropped: int = 0
    returned: int = 0
    talk_seconds: float = 0.0
    people: int = 0
    pledged: int = 0
    share: float | None = None
    pledge_share: float | None = None
    of_pledge: float | None = None
    settled: int = 0
    not_settled: int = 0
    settled_share: float | None = None
    settled_redialled: int = 0
    not_settled_redialled: int = 0
    refusals: Mapping[str, int] = field(default_factory=dict)
    without_key: Mapping[str, int] = field(default_factory=dict)

    def flat(self) -> dict[str, Any]:
        """The row without a map in it, as CSV needs it."""
        cells = asdict(self)
        refusals, without_key = cells.pop("refusals"), cells.pop("without_key")
        cells |= {f"refused_{cause}": refusals.get(cause, 0) for cause in REFUSALS}
        return cells | {f"unconfirmed_{cause}": without_key.get(cause, 0) for cause in UNCONFIRMED}


class _Sum:
    """What is added up for one partner."""

    def __init__(self) -> None:
        self.kinds: Counter[PartnerEventKind] = Counter()
        self.causes: Counter[Cause] = Counter()
        self.callers: set[str] = set()
        self.withheld = 0
        self.talk_seconds = 0.0
        self.said: Counter[After] = Counter()
        self.redialled: Counter[After] = Counter()

    def add(self, line: PartnerEvent) -> None:
        self.kinds[line.kind] += 1
        if line.kind is PartnerEventKind.REFUSED:
            self.causes[line.cause or Cause.OTHER] += 1
        if line.kind is PartnerEventKind.UNCONFIRMED and line.cause:
            self.causes[line.cause] += 1
        if line.kind in TALKS:
            self.talk_seconds += line.seconds
        if line.kind is PartnerEventKind.TALKED:
            self.withheld += not line.caller
            self.callers |= {line.caller} - {""}


class Sums:
    """Adds lines up, one by one, as there may be more of them than fit into memory."""

    def __init__(self) -> None:
        self._sums: dict[str, _Sum] = {}

    def add(self, line: PartnerEvent) -> None:
        """Count one line."""
        self._sums.setdefault(line.partner, _Sum()).add(line)

    def add_served(self, call: ServedCall) -> None:
        """Count what a caller said after the talk, if it was a partner's."""
        if call.partner:
            of = self._sums.setdefault(call.partner, _Sum())
            of.said[call.after] += 1
            of.redialled[call.after] += call.redialled

    def rows(self, partners: Iterable[Partner]) -> list[PartnerTotals]:
        """One row for each partner and for each that is gone but has lines.

        Those who helped most people come first, then those who talked longest.
        """
        sums, known = self._sums, {partner.id: partner for partner in partners}
        accepted = sum(each.kinds[PartnerEventKind.CONFIRMED] for each in sums.values())
        pledged = sum(partner.pledged for partner in known.values())
        made = [
            _row(name, sums.get(name, _Sum()), known.get(name), accepted, pledged)
            for name in sorted(known.keys() | sums.keys())
        ]
        return sorted(made, key=lambda row: (-row.people, -row.talk_seconds, -row.accepted))


def _row(
    name: str, of: _Sum, partner: Partner | None, accepted: int, pledged: int
) -> PartnerTotals:
    own = partner.pledged if partner else 0
    share = _ratio(of.kinds[PartnerEventKind.CONFIRMED], accepted)
    pledge_share = _ratio(own, pledged)
    return PartnerTotals(
        partner=name,
        name_th=partner.name_th if partner else "",
        name_en=partner.name_en if partner else "",
        offered=of.kinds[PartnerEventKind.OFFERED],
        accepted=of.kinds[PartnerEventKind.CONFIRMED],
        refused=of.kinds[PartnerEventKind.REFUSED],
        unconfirmed=of.kinds[PartnerEventKind.UNCONFIRMED],
        dropped=of.kinds[PartnerEventKind.DROPPED],
        returned=of.kinds[PartnerEventKind.RETURNED],
        talk_seconds=of.talk_seconds,
        people=len(of.callers) + of.withheld,
        pledged=own,
        share=share,
        pledge_share=pledge_share,
        of_pledge=None if share is None or pledge_share is None else _ratio(share, pledge_share),
        settled=of.said[After.SETTLED],
        not_settled=of.said[After.NOT_SETTLED],
        settled_share=_ratio(
            of.said[After.SETTLED], of.said[After.SETTLED] + of.said[After.NOT_SETTLED]
        ),
        settled_redialled=of.redialled[After.SETTLED],
        not_settled_redialled=of.redialled[After.NOT_SETTLED],
        refusals={cause.value: of.causes[cause] for cause in REFUSALS},
        without_key={cause.value: of.causes[cause] for cause in UNCONFIRMED},
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
