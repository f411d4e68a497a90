"""How many seats a load needs and how long callers wait, with the estimates that feed it.

Theory of operation
-------------------
Calls arrive at random at `arrivals` calls a second, talks last `handling` seconds on average, a
waiting caller hangs up after `patience` seconds on average.  Three models, each for `seats` people:

Erlang-B: nobody waits.  Erlang-C: everybody waits for ever (A. K. Erlang, 1917).  Erlang-A: the
waiting leave (C. Palm, 1957; O. Garnett, A. Mandelbaum, M. Reiman, "Designing a call center with
impatient customers", 2002).  With c = seats * patience / handling and y = arrivals * patience, all
of Erlang-A follows from Erlang-B and one sum over the lengths of the queue,

    S(c, y) = sum over j >= 0 of y/(c+1) * y/(c+2) * ... * y/(c+j),

which is taken from its largest term outwards and kept as a logarithm, so that nothing overflows.
Who is answered within T follows from the density of the offered wait (A. Mandelbaum, S. Zeltyn,
"Service engineering in action: the Palm/Erlang-A queue", 2007): integrated from T on, it is S
again, at y * exp(-T / patience).

Every `..._ratio` is 0 to 1 and over all callers; every other number is in seconds, or calls a
second.  A number that makes no sense (a talk of no length) raises ValueError.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import exp, expm1, inf, isfinite, lgamma, log

from ivrd.core.expected_wait import Line, Service

UNHEARD_OF = 1e-200  # a chance smaller than this is none
NEGLIGIBLE = 1e-20  # a term this small beside the largest one changes no digit of a sum


@dataclass(frozen=True)
class Patient:
    """Erlang-C.  `wait_seconds` is the mean over all callers; infinite with too few seats."""

    wait_ratio: float
    wait_seconds: float
    in_time_ratio: float


@dataclass(frozen=True)
class Impatient:
    """Erlang-A.  `wait_seconds` is the mean over all callers, those who hang up included."""

    wait_ratio: float
    abandon_ratio: float
    wait_seconds: float
    in_time_ratio: float


def erlang_b(load: float, seats: int) -> float:
    """The ratio of calls that find all seats taken; `load` is arrivals * handling."""
    _expect(load >= 0 and isfinite(load), "a load of 0 or more", load)
    _expect(seats >= 0, "0 or more seats", seats)
    return _blocked(load, seats)[seats]


def _blocked(load: float, seats: int) -> list[float]:
    """Erlang-B for 0, 1, … seats: each follows from the one before."""
    blocked = 1.0
    found = [blocked]
    for n in range(1, seats + 1):
        blocked = load * blocked / (n + load * blocked)
        found.append(blocked)
    return found


def erlang_c(arrivals: float, handling: float, seats: int, within: float) -> Patient:
    """Callers who never hang up; in time is an answer within `within` seconds."""
    _expect_load(arrivals, handling)
    load = arrivals * handling
    blocked = erlang_b(load, seats)
    if load >= seats:
        return Patient(1.0, inf, 0.0) if load > 0 else Patient(0.0, 0.0, 1.0)
    wait_ratio = seats * blocked / (seats - load * (1.0 - blocked))
    spare = (seats - load) / handling
    return Patient(wait_ratio, wait_ratio / spare, 1.0 - wait_ratio * exp(-spare * within))


def erlang_a(
    arrivals: float, handling: float, patience: float, seats: int, within: float
) -> Impatient:
    """Callers who hang up after `patience` seconds on average; in time as in `erlang_c`."""
    _expect_load(arrivals, handling)
    _expect(patience > 0 and isfinite(patience), "a patience of more than 0 s", patience)
    return _impatient(
        arrivals, handling, patience, seats, within, erlang_b(arrivals * handling, seats)
    )


def _impatient(
    arrivals: float, handling: float, patience: float, seats: int, within: float, blocked: float
) -> Impatient:
    """Erlang-A from Erlang-B's `blocked` of the same load and seats."""
    if seats == 0:
        return Impatient(1.0, 1.0, patience, 0.0)
    if blocked < UNHEARD_OF:
        return Impatient(0.0, 0.0, 0.0, 1.0)
    c, y = seats * patience / handling, arrivals * patience
    log_sum, queue = _line(c, y)
    wait_ratio = 1.0 / (1.0 + (1.0 - blocked) / blocked * exp(-log_sum))
    lost = queue / y  # of those who wait
    left = exp(-within / patience)
    late_sum, _ = _line(c + 1.0, y * left) if y * left > 0 else (0.0, 0.0)
    shift = y * -expm1(-within / patience) - (c + 1.0) * within / patience
    late = c / (c + 1.0) * exp(min(0.0, shift + late_sum - log_sum))  # of those who wait
    in_time = max(0.0, 1.0 - wait_ratio * (lost + late))
    return Impatient(wait_ratio, wait_ratio * lost, wait_ratio * lost * patience, in_time)


def _line(c: float, y: float) -> tuple[float, float]:
    """The logarithm of S(c, y), and the mean length of the queue while all seats are taken."""
    peak = max(0, int(y - c))
    total, moment = 1.0, float(peak)
    j, term = peak, 1.0
    while term > NEGLIGIBLE:
        j += 1
        term *= y / (c + j)
        total += term
        moment += j * term
    j, term = peak, 1.0
    while j > 0 and term > NEGLIGIBLE:
        term *= (c + j) / y
        j -= 1
        total += term
        moment += j * term
    at_peak = peak * log(y) - (lgamma(c + peak + 1.0) - lgamma(c + 1.0))
    return log(total) + at_peak, moment / total


def seats_needed(
    arrivals: float,
    handling: float,
    patience: float,
    target_ratio: float,
    target_seconds: float,
    at_most: int,
) -> int:
    """The fewest seats that answer `target_ratio` of all callers within `target_seconds`.

    `at_most` when not even those suffice.  0 without arrivals.
    """
    _expect(0 < target_ratio <= 1, "a target ratio over 0, up to 1", target_ratio)
    if arrivals == 0:
        return 0
    _expect_load(arrivals, handling)
    _expect(patience > 0 and isfinite(patience), "a patience of more than 0 s", patience)
    blocked = _blocked(arrivals * handling, at_most)

    def in_time(seats: int) -> float:
        of = _impatient(arrivals, handling, patience, seats, target_seconds, blocked[seats])
        return of.in_time_ratio

    return bisect_left(range(at_most), target_ratio, key=in_time)


def expected_wait(position: int, seats: int, handling: float, patience: float) -> float:
    """Seconds until a caller with `position` others ahead is answered; infinite without seats.

    A step forward comes when a seat is free or one of those ahead hangs up: see expected_wait.py.
    """
    _expect_load(0.0, handling)
    _expect(patience > 0, "a patience of more than 0 s", patience)
    return Line(Service(seats, handling, patience)).wait(position).mean


@dataclass(frozen=True)
class Load:
    """Calls as estimated: arrivals a second, mean handling and patience in seconds."""

    arrivals: float
    handling: float
    patience: float

    @property
    def erlangs(self) -> float:
        """The people that these calls keep busy."""
        return self.arrivals * self.handling


def combine_loads(loads: Iterable[Load]) -> Load:
    """All these calls as one load; the means are over calls."""
    weighed = [(max(load.arrivals, UNSEEN), load) for load in loads]
    calls = sum(n for n, _ in weighed)
    if not calls:
        return Load(0.0, inf, inf)
    return Load(
        arrivals=sum(load.arrivals for _, load in weighed),
        handling=sum(n * load.handling for n, load in weighed) / calls,
        patience=calls / sum(n / load.patience for n, load in weighed),
    )


UNSEEN = 1e-9  # calls a second; where none were seen the means count all the same


@dataclass(frozen=True)
class Rate:
    """How often something happens, learnt from events over the seconds in which it could.

    That is right for times of which many were cut short: talks that still go on, and callers who
    were answered before they lost patience, count with the seconds that were seen.

    What was seen fades by 1/e in `memory` seconds.  `prior_events` in `prior_seconds` never do, and
    a gap leaves `least` seconds of exposure, so that one event after it looks like no storm.
    """

    memory: float
    prior_events: float = 0.0
    prior_seconds: float = 0.0
    least: float = 0.0
    events: float = 0.0
    exposure: float = 0.0

    def watched(self, seconds: float, events: int, exposure: float | None = None) -> "Rate":
        """After `seconds` more in which `events` were seen.

        `exposure`: the seconds in which they could happen, summed over callers or seats (two
        callers who wait for a second are two); the same as `seconds` if not given.
        """
        seconds = max(0.0, seconds)  # a clock may be set back
        at_risk = seconds if exposure is None else exposure
        age = seconds / self.memory
        faded = -expm1(-age) / age if age > 0 else 1.0  # on average, what was seen meanwhile
        return replace(
            self,
            events=self.events * exp(-age) + events * faded,
            exposure=self.exposure * exp(-age) + at_risk * faded,
        )

    def without(self, exposure: float) -> "Rate":
        """Without these seconds of exposure: it has turned out that nobody was there in them."""
        return replace(self, exposure=max(0.0, self.exposure - exposure))

    def unwatched(self, seconds: float) -> "Rate":
        """After a gap: what was known counts for less, and silence is not taken for quiet."""
        kept = exp(-max(0.0, seconds) / self.memory)
        if self.exposure > 0:
            kept = max(kept, min(1.0, self.least / self.exposure))
        return replace(self, events=self.events * kept, exposure=self.exposure * kept)

    @property
    def per_second(self) -> float:
        """Events a second; 0 when nothing was watched."""
        seconds = self.prior_seconds + self.exposure
        return (self.prior_events + self.events) / seconds if seconds > 0 else 0.0

    @property
    def mean_seconds(self) -> float:
        """Seconds until it happens, on average; infinite when it never did."""
        rate = self.per_second
        return 1.0 / rate if rate > 0 else inf


@dataclass(frozen=True)
class Arrivals:
    """Calls a second that join a queue: a calm estimate, and a quick one for when the load turns.

    Few calls make a quick estimate jump about, which would open and close seats for nothing.  So
    it counts the more, the less its distance from the calm one can be chance (the root of their
    number); beyond doubt, the calm one begins anew from it.  Both begin as after a quiet while.
    """

    quick: Rate = Rate(memory=60.0, least=30.0, exposure=30.0)
    calm: Rate = Rate(memory=600.0, least=30.0, exposure=30.0)

    def watched(self, seconds: float, calls: int) -> "Arrivals":
        """After `seconds` more in which `calls` joined."""
        quick, calm = self.quick.watched(seconds, calls), self.calm.watched(seconds, calls)
        if Arrivals(quick, calm).turned >= 1.0:
            calm = replace(calm, events=quick.per_second * calm.least, exposure=calm.least)
        return Arrivals(quick, calm)

    def unwatched(self, seconds: float) -> "Arrivals":
        """After a gap in which nobody counted."""
        return Arrivals(self.quick.unwatched(seconds), self.calm.unwatched(seconds))

    @property
    def turned(self) -> float:
        """How sure it is that the load has turned: 0 not at all, 1 or more beyond doubt."""
        calm, quick = self.calm.per_second, self.quick.per_second
        weight = 2.0 * self.quick.exposure  # of what fades by 1/e, in plain seconds
        chance = max(calm, quick) / weight if weight > 0 else 0.0  # the variance
        return ((quick - calm) ** 2 / (SURE**2 * chance)) ** 2 if chance > 0 else 0.0

    @property
    def per_second(self) -> float:
        """Calls a second."""
        calm, quick = self.calm.per_second, self.quick.per_second
        return calm + (quick - calm) * min(1.0, self.turned)


SURE = 3.0  # standard deviations


def handling_rate(expected: float = 300.0, memory: float = 3600.0) -> Rate:
    """Talks: `watched(seconds, talks that ended, people talking * seconds)`.

    `mean_seconds` begins at `expected`, which weighs as much as five talks.
    """
    return Rate(memory, prior_events=5.0, prior_seconds=5.0 * expected)


def patience_rate(expected: float = 120.0, memory: float = 3600.0) -> Rate:
    """Hang-ups in the queue: `watched(seconds, hang-ups, callers waiting * seconds)`.

    `mean_seconds` begins at `expected`, which weighs as one hang-up: while none hangs up it grows,
    but is never infinite.
    """
    return Rate(memory, prior_events=1.0, prior_seconds=expected)


def _expect_load(arrivals: float, handling: float) -> None:
    _expect(arrivals >= 0 and isfinite(arrivals), "0 or more calls a second", arrivals)
    _expect(handling > 0 and isfinite(handling), "a handling time of more than 0 s", handling)


def _expect(holds: bool, expected: str, got: float) -> None:
    if not holds:
        raise ValueError(f"expected {expected}, got {got}")
