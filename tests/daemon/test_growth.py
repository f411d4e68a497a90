"""What ivrd does grows no faster than callers, seats and partners, counted in lines carried out."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ivrd.asterisk.facts import PartnerLegEvent
from ivrd.asterisk.render.partners import seats_of
from ivrd.asterisk.seat_facts import MemberChanged, SeatUnanswered
from ivrd.asterisk.snapshot import AsteriskSnapshot
from ivrd.core import call_events as c
from ivrd.core.booking import Booking, BookingState
from ivrd.core.call import AnsweredBy, Call
from ivrd.core.challenge import ChallengeLimits, RateLimit
from ivrd.core.partner import Partner, PartnerState
from ivrd.core.report import PartnerEventKind
from ivrd.core.seats import Member, Pool, SeatStatus
from ivrd.daemon.wiring import Wiring
from tests.daemon.hotline import settings_for
from tests.work import lines

TIMES = 4  # as many of everything
GENEROUS = 1.5  # what grows with a logarithm, or has a part of its own for each kind, is no defect
OPEN_SEATS = 4  # of each partner, all of them in a talk


@dataclass(frozen=True)
class Size:
    """Callers who wait, seats of our own, partners."""

    callers: int
    seats: int
    partners: int


SMALL = Size(250, 50, 5)
LARGE = Size(TIMES * SMALL.callers, TIMES * SMALL.seats, TIMES * SMALL.partners)


def partner(number: int) -> Partner:
    state = PartnerState.ACTIVE
    name = f"partner{number:03}"
    return Partner(name, "", "", "192.0.2.1", 5, 10, state, languages=("th",), topics=("other",))


class Made:
    """A hotline with so many of everything, without an Asterisk."""

    def __init__(self, folder: Path, size: Size) -> None:
        settings = settings_for(folder)
        queues = tuple(queue.name for queue in settings.queues)
        pools = tuple(
            Pool(
                f"pool{n}", tuple(f"pool{n}-{at:02}" for at in range(size.seats // 5)), queues, True
            )
            for n in range(5)
        )
        self.partners = tuple(map(partner, range(size.partners)))
        self.wiring = Wiring(
            replace(settings, pools=pools, partners=self.partners, partner_schedules={}),
            lambda _why: None,
        )
        self.seats = [seat for pool in pools for seat in pool.seats]
        self.lent = {of.id: seats_of(of)[:OPEN_SEATS] for of in self.partners}
        self.now = self.wiring.timeline.now()
        self._members(queues)
        self._calls(size, queues)
        self._bookings(size, queues)

    def _members(self, queues: tuple[str, ...]) -> None:
        lent = [seat for seats in self.lent.values() for seat in seats]
        members = [Member(queue, seat) for queue in queues for seat in self.seats]
        members += [Member("other", seat, penalty=10) for seat in lent]
        states = dict.fromkeys((*self.seats, *lent), SeatStatus.FREE)
        self.wiring.queue_members.read(
            AsteriskSnapshot((), tuple(members), states, frozenset(), {})
        )

    def _calls(self, size: Size, queues: tuple[str, ...]) -> None:
        ledger = self.wiring.ledger
        for number in range(size.callers):
            self.call(f"w{number}", queues[number % len(queues)])
        for seats in self.lent.values():
            for seat in seats:
                call_id = f"t{seat}"
                self.call(call_id, "other")
                ledger.apply(call_id, c.Connected(self.now, AnsweredBy.PARTNER, seat))

    def _bookings(self, size: Size, queues: tuple[str, ...]) -> None:
        """As many who are to be called back as wait on the line, and twice as many who were."""
        self.wiring.people.registry._read = True
        bookings = self.wiring.callbacks.bookings
        bookings.complete = True
        for number in range(size.callers):
            queue, person = queues[number % len(queues)], f"p{number}"
            at = self.now - 20.0
            waits = Booking(f"o{number}", person, f"a{number}", "", queue, "other", "th", at, at)
            bookings.put(waits)
            over = {"state": BookingState.REACHED, "ended_at": at}
            for time_ in "xy":
                bookings.put(replace(waits, id=f"{time_}{number}", **over))
        scheduler = self.wiring.callbacks.scheduler
        callback = replace(scheduler.settings.callback, schedule=None)
        scheduler.settings = replace(scheduler.settings, callback=callback)

    def call(self, call_id: str, queue: str, person: str = "") -> None:
        self.wiring.ledger.receive(Call(call_id, self.now - 60.0, person))
        self.wiring.ledger.apply(call_id, c.JoinedQueue(self.now - 30.0, queue))

    def evaluate(self) -> None:
        self.wiring.partners.controller.evaluate(self.wiring.timeline.now())

    def reconcile(self) -> None:
        """Nobody answers: what is to be changed is found, and the first change waits."""
        members = self.wiring.queue_members

        async def send(changes: object) -> None: ...

        members._actions.send = send
        finished(members.reconcile())

    def missed(self) -> None:
        seat = self.seats[-1]
        self.wiring.queue_members.changed(SeatUnanswered(seat, self.now, 15.0, "w0"))

    def member_changed(self) -> None:
        seat = self.seats[-1]
        fact = MemberChanged(seat, "other", True, True, "lunch", SeatStatus.FREE)
        self.wiring.queue_members.changed(fact)

    def refused(self) -> None:
        seat = self.lent[self.partners[0].id][0]
        of, kind = self.partners[0].id, PartnerEventKind.REFUSED
        event = PartnerLegEvent(of, seat, kind, self.now, "w0", "BUSY", 17)
        self.wiring.partners.controller.leg_event(event)

    def hung_up(self) -> None:
        notices = self.wiring.ledger.apply("w0", c.HungUp(time.time()))
        for notice in notices:
            self.wiring.partners.controller.notice(notice)
            self.wiring.observer.notice(notice)

    def screened(self) -> None:
        self.wiring.screening.limits = ChallengeLimits(number=RateLimit(at_once=5))
        self.wiring.screening.reason("w0")

    def came(self) -> None:
        self.call("new", "other")

    def answered_who_has_booked(self) -> None:
        self.call("own", "other", "p7")
        events = (c.Connected(self.now, AnsweredBy.INHOUSE, "base-01"), c.HungUp(self.now + 60.0))
        for event in events:
            for notice in self.wiring.ledger.apply("own", event):
                self.wiring.callbacks.dialler.notice(notice)
        assert self.wiring.callbacks.bookings.of_person("p7") is None

    def calls_back(self) -> None:
        finished(self.wiring.callbacks.scheduler.evaluate())
        assert sum(self.wiring.callbacks.scheduler.backlog(self.wiring.timeline.now()).values())

    def foresee(self) -> None:
        self.wiring.waiting.look()
        assert len(list(self.wiring.waiting.forecast.waits())) > 0


def finished(work: Coroutine[object, None, object]) -> None:
    """Run what waits for nothing."""
    with pytest.raises(StopIteration):
        work.send(None)


LOOKS: dict[str, Callable[[Made], object]] = {
    "overflow": Made.evaluate,
    "waits": Made.foresee,
    "members": Made.reconcile,
    "queues": lambda made: finished(made.wiring.requeue.reconcile()),
    "scrape": lambda made: made.wiring.scrape(),
    "status": lambda made: made.wiring.operations.status([]),
    "seats": lambda made: made.wiring.queue_members.list_seats(),
    "again": lambda made: finished(made.wiring.queue_members.repeat()),
    "balance": lambda made: made.wiring.ledger.balance(),
    "calls back": Made.calls_back,
    "written": lambda made: made.wiring.failover._write_calls(),
}
EVENTS: dict[str, Callable[[Made], object]] = {
    "a call comes": Made.came,
    "a call is held against limits": Made.screened,
    "a call ends": Made.hung_up,
    "somebody who has booked is answered": Made.answered_who_has_booked,
    "a seat misses a call": Made.missed,
    "a seat is paused": Made.member_changed,
    "a partner refuses a call": Made.refused,
}


def work(folder: Path, size: Size, do: Callable[[Made], object]) -> int:
    """Lines of the second time: the first begins what lasts."""

    async def main() -> int:
        made = Made(folder, size)
        made.evaluate()
        return lines(lambda: do(made))

    folder.mkdir()
    return asyncio.run(main())


@pytest.mark.parametrize("what", LOOKS)
def test_a_look_at_all_grows_no_faster_than_they_do(what: str, tmp_path: Path) -> None:
    small, large = (
        work(tmp_path / f"{size.callers}", size, LOOKS[what]) for size in (SMALL, LARGE)
    )
    assert large <= TIMES * GENEROUS * small


@pytest.mark.parametrize("what", EVENTS)
def test_what_happens_to_one_costs_the_same_however_many_others_there_are(
    what: str, tmp_path: Path
) -> None:
    small, large = (
        work(tmp_path / f"{size.callers}", size, EVENTS[what]) for size in (SMALL, LARGE)
    )
    assert large <= GENEROUS * small
