"""A day of one queue with callers who dial again, computed with the core's own functions.

Who waits is served in the order of effective arrivals (core/people.py), or of joining.  Who gives
up dials again after a while, or is called back (core/booking.py, core/dialling.py) where that can
be had.  What each person is like is drawn from a stream of their own, so the people are the same
whatever the hotline does.  Pure; times are seconds since the day began.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random

from ivrd.core.booking import (
    AttemptEnded,
    AttemptResult,
    Booking,
    BookingState,
    ConfirmedByKey,
    Dialled,
    Event,
    Retries,
    TalkBegan,
    step,
)
from ivrd.core.call import AnsweredBy, Call, CallState, Direction
from ivrd.core.call_events import Connected, HungUp, JoinedQueue
from ivrd.core.call_table import step as call_step
from ivrd.core.dialling import LIKELY, Lead, Limits, Moment, SeatsNow, to_dial
from ivrd.core.people import FairnessRules, People
from ivrd.core.present import place_of
from ivrd.core.priority import Place

QUEUE, SEAT = "all", "seat"
HOUR = 3600.0
# What comes in each hour, as a part of what the agents can take.
LOADS = (0.8, 1.6, 2.0, 1.6, 1.2, 1.0, 0.8, 0.8, 0.6, 0.5, 0.4, 0.3)
LOOK_SECONDS = 2.0  # between two looks at whom to dial
AT_ONCE = 10  # bookings that are looked at for their turn: those behind them come later


@dataclass(frozen=True)
class Hotline:
    """What a hotline does.

    `fair`: serves by effective arrival.  `calls_back`: takes bookings, and dials each at its turn;
    `gives_way`: so many seconds later, or when nobody waits on the line before that.
    """

    name: str
    fair: bool
    calls_back: bool
    gives_way: float = 0.0


@dataclass(frozen=True)
class Habits:
    """What people are like.  Shares are 0 to 1; means are of exponential distributions, in seconds.

    `redial`: of those who give up, each time.  `accept`: who rather waits for a call than hangs up,
    where that can be had.  `picks_up`: comes to the phone and presses the key, at each attempt.
    """

    redial: float
    accept: float = 0.5
    picks_up: float = 0.7
    agents: int = 40
    talk: float = 240.0
    patience: float = 180.0
    pause: float = 300.0  # from giving up to dialling again
    ring: float = 25.0  # until an attempt ends that nobody answers
    key: tuple[float, float] = (8.0, 25.0)  # from dialling to the key
    loads: tuple[float, ...] = LOADS

    @property
    def day(self) -> float:
        """How long the day is, in seconds."""
        return HOUR * len(self.loads)


@dataclass
class Person:
    """One of them, and what became of the calls.  `reached_at`: None until a person answered."""

    id: str
    came_at: float
    draws: Random
    accepts: bool
    reached_at: float | None = None
    dialled: int = 0  # by the person


@dataclass(frozen=True)
class Result:
    """A day's people."""

    people: tuple[Person, ...]
    answers: int
    attempts: int  # calls that the hotline made

    @property
    def never(self) -> list[Person]:
        """Who was never reached."""
        return [one for one in self.people if one.reached_at is None]


@dataclass
class Day:
    """The day in progress; `run` gives its result."""

    hotline: Hotline
    habits: Habits
    seed: int
    now: float = 0.0
    free: int = 0
    answers: int = 0
    attempts: int = 0
    people: dict[str, Person] = field(default_factory=dict)
    known: People = field(default_factory=lambda: People(FairnessRules()))
    calls: dict[str, Call] = field(default_factory=dict)
    line: list[Place] = field(default_factory=list)  # who waits, in the order of service
    bookings: dict[str, Booking] = field(default_factory=dict)  # by person; those that are open
    turns: list[tuple[float, str]] = field(default_factory=list)  # those to be dialled, sorted
    on: dict[str, None] = field(default_factory=dict)  # whose attempts are on; an ordered set
    begun: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    lead: Lead = field(default_factory=Lead)
    retries: Retries = field(default_factory=lambda: Retries((600.0, 1800.0), 60.0))

    def run(self) -> Result:
        """The whole day; whoever is there when it ends has not been reached."""
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers, self.free = count(), self.habits.agents
        self._limits = Limits(60, self.habits.agents, self.hotline.gives_way)
        for person in crowd(self.habits, self.seed):
            self.people[person.id] = person
            self._at(person.came_at, partial(self._dials, person))
        if self.hotline.calls_back:
            self._at(LOOK_SECONDS, self._look)
        while self._events and self._events[0][0] <= self.habits.day:
            self.now, _, happens = heappop(self._events)
            happens()
        return Result(tuple(self.people.values()), self.answers, self.attempts)

    def _at(self, time: float, happens: Callable[[], None]) -> None:
        heappush(self._events, (time, next(self._numbers), happens))

    # --- callers -----------------------------------------------------------------------------

    def _dials(self, person: Person) -> None:
        person.dialled += 1
        call = Call(str(next(self._numbers)), self.now, person.id)
        self.known.arrived(person.id, call.id, self.now)
        credit = self.known.claim(person.id, call.id, self.now) if self.hotline.fair else 0.0
        self._join(replace(call, effective_at=self.now - credit), person)

    def _join(self, call: Call, person: Person) -> None:
        call, _ = call_step(call, JoinedQueue(self.now, QUEUE))
        self.calls[call.id] = call
        insort(self.line, place_of(call))
        patience = person.draws.expovariate(1.0 / self.habits.patience)
        self._at(self.now + patience, lambda: self._loses_patience(call.id))
        self._serve()

    def _serve(self) -> None:
        while self.free and self.line:
            self._connect(self.line.pop(0).call_id)

    def _connect(self, call_id: str) -> None:
        call, _ = call_step(self.calls[call_id], Connected(self.now, AnsweredBy.INHOUSE, SEAT))
        self.calls[call_id], person = call, self.people[call.caller]
        self.free, self.answers = self.free - 1, self.answers + 1
        person.reached_at = self.now if person.reached_at is None else person.reached_at
        if not call.received:
            self._book(person.id, TalkBegan(self.now))
        talk = person.draws.expovariate(1.0 / self.habits.talk)
        self._at(self.now + talk, lambda: self._hangs_up(call_id))

    def _hangs_up(self, call_id: str) -> None:
        call, _ = call_step(self.calls.pop(call_id), HungUp(self.now))
        answered = call.connected_at is not None
        self.known.ended(call, answered)
        if not call.received:
            result = AttemptResult.REACHED if answered else AttemptResult.LEFT
            self._book(call.caller, AttemptEnded(self.now, result))
        if answered:
            self.free += 1
            self._serve()

    def _loses_patience(self, call_id: str) -> None:
        call = self.calls.get(call_id)
        if call is None or call.state is not CallState.QUEUE:
            return
        person = self.people[call.caller]
        del self.line[bisect_left(self.line, place_of(call))]
        self._hangs_up(call_id)
        if not call.received:
            return  # the booking stands, and is tried again
        if self.hotline.calls_back and person.accepts:
            since = call.effective_at or self.now
            self.bookings[person.id] = Booking(
                *(person.id, person.id, person.id, "", QUEUE, "", ""), self.now, since
            )
            self._waits_for_turn(person.id)
        elif person.draws.random() < self.habits.redial:
            pause = person.draws.expovariate(1.0 / self.habits.pause)
            self._at(self.now + pause, lambda: self._dials(person))

    # --- calls back --------------------------------------------------------------------------

    def _look(self) -> None:
        self._at(self.now + LOOK_SECONDS, self._look)
        seats = self._seats()
        if not self.turns or not self._may_dial(seats):
            return
        first = [self.bookings[person] for _, person in self.turns[:AT_ONCE]]
        looked_at = [*(self.bookings[person] for person in self.on), *first]
        moment = Moment(
            now=self.now,
            seats={QUEUE: seats},
            ahead=self._ahead,
            here=frozenset(call.caller for call in self.calls.values()),
            begun=self.begun,
            lead=self.lead,
        )
        for booking in to_dial(looked_at, self._limits, moment):
            self._dial(booking)

    def _may_dial(self, seats: SeatsNow) -> bool:
        """Whether `to_dial` can choose anybody; asked first because it costs less."""
        free = seats.free_within(self.lead.seconds)
        return free - self._ahead((), self.turns[0][0] + self.hotline.gives_way) >= LIKELY

    def _seats(self) -> SeatsNow:
        busy = self.habits.agents - self.free
        return SeatsNow(self.free, busy, self.habits.talk, frozenset({QUEUE}))

    def _ahead(self, _queues: Collection[str], effective_at: float) -> int:
        return bisect_left(self.line, Place(effective_at, 0.0, ""))

    def _waits_for_turn(self, person: str) -> None:
        if (booking := self.bookings.get(person)) and booking.state is BookingState.WAITING:
            insort(self.turns, (booking.effective_at, person))

    def _dial(self, booking: Booking) -> None:
        self.turns.remove((booking.effective_at, booking.person))
        self._book(booking.person, Dialled(self.now))
        self.begun.append(self.now)
        self.attempts += 1
        draws, began = self.people[booking.person].draws, self.now
        if draws.random() < self.habits.picks_up:
            seconds = draws.uniform(*self.habits.key)
            self._at(self.now + seconds, lambda: self._confirms(booking, began))
        else:
            self._at(self.now + self.habits.ring, lambda: self._does_not_answer(booking.person))

    def _confirms(self, booking: Booking, began: float) -> None:
        self.lead = self.lead.confirmed(self.now - began)
        person = self.people[booking.person]
        call = Call(str(next(self._numbers)), began, person.id, CallState.DIALLED)
        call = replace(call, direction=Direction.CALLBACK, effective_at=booking.effective_at)
        self._book(person.id, ConfirmedByKey(self.now, call.id))
        self.known.arrived(person.id, call.id, self.now)
        self._join(call, person)

    def _does_not_answer(self, person: str) -> None:
        self.lead = self.lead.failed()
        self._book(person, AttemptEnded(self.now, AttemptResult.NO_ANSWER))

    def _book(self, person: str, event: Event) -> None:
        self.bookings[person] = booking = step(self.bookings[person], event, self.retries)
        if booking.on:
            self.on[person] = None
            return
        self.on.pop(person, None)
        if not booking.open:
            del self.bookings[person]
        else:
            self._at(booking.not_before, partial(self._waits_for_turn, person))


def crowd(habits: Habits, seed: int) -> Iterator[Person]:
    """Who comes for the first time, and when."""
    draws = Random(seed)
    full = habits.agents / habits.talk  # calls a second that the agents can take
    at, most = 0.0, max(habits.loads)
    for number in count():
        at += draws.expovariate(full * most)
        if at >= habits.day:
            return
        own = Random(draws.random())
        if draws.random() < habits.loads[int(at // HOUR)] / most:
            yield Person(f"p{number}", at, own, own.random() < habits.accept)
