"""How long callers will wait: learns from what is seen, and keeps its bounds calibrated.

Each caller's wait is foreseen when it begins, and held against what became of it.  The model is
core/expected_wait.py; who serves whom is core/crews.py.  A standby learns as the leader does.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from math import inf
from typing import Protocol, assert_never

from ivrd.asterisk.queue_members import QueueMembers
from ivrd.core.call import AnsweredBy, Call, Stage
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, PassedOn, Rejoined, TakenOver
from ivrd.core.crews import Crew, Serving, partner_crews, servings
from ivrd.core.demand import Demand, learnt_mean
from ivrd.core.expected_wait import Calibration, Line, Prediction, Service, Wait
from ivrd.core.forecast import Rate
from ivrd.core.ledger import Ledger
from ivrd.core.overflow import Decision, Policy, Snapshot
from ivrd.core.present import place_of
from ivrd.core.priority import Place
from ivrd.core.seats import SeatStatus

# How long a talk lasts and when callers give up changes slowly; a line that moves needs many talks
# to tell how fast.
MEMORY_SECONDS = 4 * 3600.0
EXPECTED_RING_SECONDS = 3.0  # until answers were seen
AT_WORK = (SeatStatus.FREE, SeatStatus.RINGING, SeatStatus.BUSY)


class Overflow(Protocol):
    """What was decided last on partners' seats, and on what; see partners/controller.py."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The moment that the decision rests on."""

    @property
    def decision(self) -> Decision | None:
        """The seats that partners are to have."""


class ErrorListener(Protocol):
    """Is told how right a prediction was; see metrics/waiting.py."""

    def realised(self, queue: str, prediction: Prediction, seconds: float) -> None:
        """A caller was answered after so long."""

    def bound(self, queue: str, *, kept: bool) -> None:
        """A bound was kept, or broken."""


@dataclass
class _Queue:
    """What is known of one queue."""

    demand: Demand
    calibration: Calibration


@dataclass(frozen=True)
class _Predicted:
    queue: str
    prediction: Prediction


@dataclass(frozen=True)
class Waiting:
    """A call in Asterisk's line, how much longer it will wait, and who is ahead beside the line."""

    call_id: str
    queue: str
    wait: Wait
    beside: int


class WaitForecast:
    """All queues.

    `beside(queue)`: the places of those who wait for this queue's people, but not in Asterisk's
    line: they are to be called back, or in the menu of the queue.  `clock`: this moment on the
    timeline of the calls.
    """

    def __init__(
        self,
        ledger: Ledger,
        queue_members: QueueMembers,
        overflow: Overflow,
        beside: Callable[[str], Sequence[Place]],
        listener: ErrorListener,
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._queue_members = queue_members
        self._overflow = overflow
        self._beside = beside
        self._listener = listener
        self._clock = clock
        self._policy = Policy()
        self._queues: dict[str, _Queue] = {}
        self._ring = Rate(MEMORY_SECONDS, prior_events=1.0, prior_seconds=EXPECTED_RING_SECONDS)
        self._crews: list[Crew] = []
        self._lines: dict[Service, Line] = {}
        self._predicted: dict[str, _Predicted] = {}  # by call
        self._looked_at: float | None = None
        self._answers = 0  # since the last look

    def calibration(self, queue: str) -> Calibration:
        """How a queue's bounds are calibrated."""
        return self._queue(queue).calibration

    # --- what happens ----------------------------------------------------------------------

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered, sent back, or ended."""
        call = notice.call
        match notice:
            case Offered():
                self._offered(call)
            case Answered(_, seconds):
                self._answered(call, seconds)
            case Rejoined() | PassedOn() | TakenOver():
                pass
            case Ended():
                self._ended(notice)
            case _:
                assert_never(notice)

    def _offered(self, call: Call) -> None:
        wait = self.joining(call, call.queue)
        if 0.0 < wait.mean < inf:
            calibration = self.calibration(call.queue)
            self._predicted[call.id] = _Predicted(call.queue, calibration.predict(wait))

    def _answered(self, call: Call, seconds: float) -> None:
        self._answers += 1
        name = call.partner if call.by is AnsweredBy.PARTNER else self._pool(call.seat)
        self._crews = [
            replace(crew, free=max(0, crew.free - 1)) if crew.name == name else crew
            for crew in self._crews
        ]
        if foreseen := self._predicted.pop(call.id, None):
            queue = self._queue(foreseen.queue)
            queue.calibration = queue.calibration.answered(foreseen.prediction, seconds)
            if self._ledger.counting:
                kept = seconds <= foreseen.prediction.bound
                self._listener.realised(foreseen.queue, foreseen.prediction, seconds)
                self._listener.bound(foreseen.queue, kept=kept)

    def _ended(self, end: Ended) -> None:
        call = end.call
        self._queue(call.queue).demand.ended(end)
        foreseen = self._predicted.pop(call.id, None)
        seconds = call.wait_seconds()
        if foreseen is None or seconds is None or end.stage is not Stage.QUEUE or call.cut_off:
            return
        queue = self._queue(foreseen.queue)
        queue.calibration = queue.calibration.left(foreseen.prediction, seconds)
        if self._ledger.counting and seconds > foreseen.prediction.bound:
            self._listener.bound(foreseen.queue, kept=False)

    def _pool(self, seat: str) -> str:
        return self._queue_members.pool_of(seat)

    # --- looking ---------------------------------------------------------------------------

    def look(self, queues: Sequence[str], policy: Policy) -> None:
        """Learn from the time since the last look, and see who is at work now.

        `policy`: the talks and the patience to be expected until some were seen.
        """
        self._policy = policy
        now = self._clock()
        seconds = 0.0 if self._looked_at is None else max(0.0, now - self._looked_at)
        self._looked_at = now
        present = self._ledger.present
        for name in queues:
            demand = self._queue(name).demand
            demand.observe(seconds, len(present.line(name)), len(present.talking(name)))
        self._lines.clear()
        own, ringing = self._own_crews()
        self._ring = self._ring.watched(seconds, self._answers, ringing * seconds)
        self._answers = 0
        snapshot, decision = self._overflow.snapshot, self._overflow.decision
        partners = snapshot.partners if snapshot else ()
        self._crews = [*own, *partner_crews(partners, decision.seats if decision else {})]

    def _own_crews(self) -> tuple[list[Crew], int]:
        """The hotline's own agents, without those who are paused; and how many phones ring."""
        found, ringing = [], 0
        for pool in self._queue_members.pools:
            for queues, of in self._queue_members.crews(pool).items():
                states = Counter(of.values())
                seats = sum(states[state] for state in AT_WORK)
                ringing += states[SeatStatus.RINGING]
                if seats:
                    free = seats - states[SeatStatus.BUSY]
                    found.append(Crew(pool.name, queues, seats, free))
        return found, ringing

    def _queue(self, name: str) -> _Queue:
        if name not in self._queues:
            slow = Rate(MEMORY_SECONDS)
            demand = Demand(handling=slow, patience=slow)
            self._queues[name] = _Queue(demand, Calibration())
        return self._queues[name]

    # --- what is foreseen ------------------------------------------------------------------

    def joining(self, call: Call, queue: str) -> Wait:
        """The wait of a caller who joins a queue now, or has just joined it."""
        return self._wait_at(self._place(call), queue)

    def beside(self, call: Call, queue: str) -> int:
        """How many wait beside the line of that queue and come before this caller."""
        return bisect_left(self._beside(queue), self._place(call))

    def _place(self, call: Call) -> Place:
        return place_of(call, self._clock())

    def arriving(self, queue: str) -> Wait:
        """The wait of somebody who would join the end of the line now."""
        return self._wait_at(Place(inf, inf, ""), queue)

    def _wait_at(self, place: Place, queue: str) -> Wait:
        waiting = self._waiting()
        ahead = {name: sum(bisect_left(of, place) for of in lines) for name, lines in waiting}
        others = [name for name, _lines in waiting]
        return _shortest(queue, self._ways(queue, others), ahead)

    def waits(self) -> Iterator[Waiting]:
        """Everybody who waits in Asterisk's line, whoever comes first first."""
        waiting = self._waiting()
        others = [name for name, _lines in waiting]
        ways = {name: self._ways(name, others) for name in others}
        steps = [
            [(place, name, of is lines[0]) for place in of]
            for name, lines in waiting
            for of in lines
        ]
        ahead: Counter[str] = Counter()
        beside: Counter[str] = Counter()
        for place, name, in_line in merge(*steps):
            if in_line:
                wait = _shortest(name, ways[name], ahead)
                yield Waiting(place.call_id, name, wait, beside[name])
            ahead[name] += 1
            beside[name] += not in_line

    def _waiting(self) -> list[tuple[str, tuple[Sequence[Place], Sequence[Place]]]]:
        """The queues with callers: those in Asterisk's line, and those beside it."""
        present = self._ledger.present
        names = dict.fromkeys([*self._queues, *present.queues()])
        lines = [(name, (present.line(name), self._beside(name))) for name in names]
        return [(name, of) for name, of in lines if of[0] or of[1]]

    def _ways(self, queue: str, waiting: Collection[str]) -> list[tuple[Serving, Line]]:
        """How a queue's callers may be served, and how its line moves then."""
        handling, patience = self._means(queue)
        ways = []
        for serving in servings(queue, self._crews, waiting):
            service = Service(float(serving.seats), handling, patience)
            if service not in self._lines:
                self._lines[service] = Line(service)
            ways.append((serving, self._lines[service]))
        return ways

    def _means(self, queue: str) -> tuple[float, float]:
        """For how long a caller keeps a seat, and for how long one waits who gives up: seconds."""
        demand, policy = self._queue(queue).demand, self._policy
        talk = learnt_mean(demand.handling, policy.expected_talk_seconds)
        patience = learnt_mean(demand.patience, policy.expected_patience_seconds)
        return talk + self._ring.mean_seconds, patience


def _shortest(queue: str, ways: Sequence[tuple[Serving, Line]], ahead: Mapping[str, float]) -> Wait:
    """The wait of a caller when so many in each queue came before."""
    found = []
    for serving, line in ways:
        before = ahead.get(queue, 0) - serving.free
        before += sum(share * ahead.get(name, 0) for name, share in serving.competing.items())
        found.append(line.wait(before))
    return min(found, key=lambda wait: wait.mean)
