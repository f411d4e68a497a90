"""`ivrd explain call`: why one caller waits."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ivrd.api import server
from ivrd.api.call_explanation import CallExplanation
from ivrd.asterisk.snapshot import AsteriskSnapshot
from ivrd.cli.call_text import call_text
from ivrd.core.call import AnsweredBy, Call
from ivrd.core.call_events import Connected, HungUp, JoinedQueue, OpenedQueueMenu
from ivrd.core.call_notices import Ended
from ivrd.core.case_code import case_code
from ivrd.core.day import CompletedCall, completed_call
from ivrd.core.priority import Place, PriorityRules, Urgency
from ivrd.core.seats import Member, SeatStatus
from ivrd.daemon.wiring import Wiring
from ivrd.store import StoreDown
from tests.daemon.hotline import settings_for

RULES = PriorityRules()
RED = RULES.head_start(Urgency.RED_FLAG)


class Rig:
    """Calls, seats and what is asked of both, over the parts of an ivrd that has no Asterisk."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.ledger = wiring.ledger
        self.now = wiring.timeline.now()
        self.queue = wiring.settings.queues[0].name
        self.other = wiring.settings.queues[1].name
        self.pool = wiring.settings.pools[0]
        self.rung: set[str] = set()
        self.beside: list[Place] = []
        self.ended: list[CompletedCall] = []
        self.store_down = False
        self.written = True
        self.explanation = CallExplanation(
            self.ledger,
            wiring.queue_members,
            lambda: self.rung,
            lambda _queue: [*self.beside, *self.ledger.present.in_menus(self.queue)],
            wiring.repositories.bookings,
            wiring.partners.controller,
            wiring.waiting.forecast,
            self,
            self.flush,
            wiring.timeline.now,
            time.time,
        )
        self.seats()

    async def flush(self, _seconds: float) -> bool:
        return self.written

    def day_at(self, at: float) -> date:
        return datetime.fromtimestamp(at, UTC).date()

    async def day(self, day: date) -> list[CompletedCall]:
        assert day == self.day_at(time.time())
        if self.store_down:
            raise StoreDown("down")
        return self.ended

    def seats(self, *states: SeatStatus) -> None:
        """The first seats of the pool do this; the others are away."""
        found = dict(zip(self.pool.seats, states, strict=False))
        members = [Member(queue, seat) for queue in self.pool.queues for seat in self.pool.seats]
        self.wiring.queue_members.read(AsteriskSnapshot((), tuple(members), found, frozenset(), {}))

    def waits(self, call_id: str, seconds: float, caller: str = "", queue: str = "") -> None:
        self.ledger.receive(Call(call_id, self.now - seconds, caller, topic="hi-register"))
        joined = JoinedQueue(self.now - seconds, queue or self.queue)
        self.ledger.apply(call_id, joined)

    def asked(self, named: str) -> dict[str, Any]:
        return dict(asyncio.run(self.explanation.answer({"call": named})))

    def said(self, named: str) -> str:
        return call_text(self.asked(named))


@pytest.fixture(scope="module")
def wiring(tmp_path_factory: pytest.TempPathFactory) -> Wiring:
    return Wiring(settings_for(tmp_path_factory.mktemp("ivrd")), lambda _why: None)


@pytest.fixture
def rig(wiring: Wiring) -> Iterator[Rig]:
    yield Rig(wiring)
    for call_id in [*wiring.ledger.calls]:
        wiring.ledger.apply(call_id, HungUp(time.time()))
    wiring.queue_members.open = None


def test_who_waits_is_told_the_place_what_it_is_made_of_and_who_is_before(rig: Rig) -> None:
    rig.waits("5.1", 100.0)
    rig.waits("5.2", 60.0)
    rig.waits("5.3", 20.0)
    rig.waits("5.4", 10.0)
    rig.ledger.note("5.4", head_start=RED)
    rig.ledger.apply("5.1", OpenedQueueMenu())
    waits = rig.asked("5.3")["waits"]
    assert (waits["place"], waits["of"]) == (4, 4)
    said = rig.said("5.3").splitlines()
    assert said[0].startswith(f"Call 5.3 (case {case_code('5.3')}), queue {rig.queue}")
    assert "Place 4 of 4: it has waited 20 s." in said
    assert "  5.4: red flag, arrived 10 s later" in said
    assert "  5.1: arrived 1 min earlier, in the menu of the queue" in said
    assert "  5.2: arrived 40 s earlier" in said
    assert said.index("  5.4: red flag, arrived 10 s later") < said.index(
        "  5.2: arrived 40 s earlier"
    )


def test_who_is_urgent_is_told_by_how_much(rig: Rig) -> None:
    rig.waits("5.1", 100.0)
    rig.waits("5.2", 30.0)
    rig.ledger.note("5.2", effective_at=rig.now - 90.0, head_start=RED)
    said = rig.said("5.2")
    assert "Place 1 of 2" in said
    assert "it has waited 30 s, and 1 min before this call" in said
    assert "red flag, served as if it were 4 h 0 min more" in said
    assert "Nobody in this queue is before." in said


def test_who_is_to_be_called_back_is_before_as_well(rig: Rig) -> None:
    rig.waits("5.1", 10.0)
    rig.beside = [Place(rig.now - 600.0, rig.now - 600.0, "booking")]
    assert "  booking: arrived 9 min earlier" in rig.said("5.1")
    assert rig.asked("5.1")["waits"]["place"] == 2


def test_why_no_seat_rings(rig: Rig) -> None:
    rig.waits("5.1", 100.0)
    rig.waits("5.2", 60.0)
    rig.seats(SeatStatus.BUSY, SeatStatus.BUSY)
    assert "no seat of our own that serves this queue is free (3 away, 2 busy)" in rig.said("5.1")
    rig.seats(SeatStatus.FREE, SeatStatus.BUSY)
    assert "1 seat is free, for those who come before" in rig.said("5.2")
    assert "1 seat is free, and Asterisk looks for one once a second" in rig.said("5.1")
    rig.rung.add("5.1")
    assert "It waits: a phone is ringing for it." in rig.said("5.1")
    rig.wiring.queue_members.open = set()
    assert "no pool that serves this queue is open" in rig.said("5.2")
    assert f"  {rig.pool.name}: closed" in rig.said("5.2")


def test_callers_of_other_queues_want_the_same_seats(rig: Rig) -> None:
    rig.seats(SeatStatus.FREE)
    rig.waits("5.1", 100.0, queue=rig.other)
    rig.waits("5.2", 60.0)
    said = rig.said("5.2")
    assert f"Also before, for the same seats: 1 in {rig.other}." in said
    assert "1 seat is free, for those who come before" in said


def test_what_partners_decided_is_told(rig: Rig) -> None:
    rig.waits("5.1", 100.0)
    rig.wiring.partners.controller.evaluate(rig.now)
    answer = rig.asked("5.1")
    shares = {share["id"]: share for share in answer["waits"]["partners"]}
    assert set(shares) == {of.id for of in rig.wiring.settings.partners}
    one = next(iter(shares.values()))
    assert one["reason"] in call_text(answer)


def test_a_long_line_is_cut(rig: Rig) -> None:
    for number in range(30):
        rig.waits(f"5.{number}", 100.0 - number)
    said = rig.said("5.29")
    assert "Before it in this queue: 29." in said
    assert "  and 19 more" in said


@pytest.mark.parametrize("named", ["1795312060.7", "12060-007", "c3d4e5f"])
def test_a_call_is_found_by_its_id_its_case_code_and_the_end_of_the_hash(
    rig: Rig, named: str
) -> None:
    rig.waits("1795312060.7", 10.0, "0a1b2c3d4e5f")
    rig.waits("1795312060.8", 10.0, "ffffffffffff")
    assert rig.asked(named)["call"] == "1795312060.7"


def test_several_calls_of_one_caller_are_named_and_strangers_refused(rig: Rig) -> None:
    rig.waits("5.1", 10.0, "0a1b2c3d4e5f")
    rig.waits("5.2", 10.0, "0a1b2c3d4e5f")
    with pytest.raises(server.RequestRejected, match=r"2 calls: 5\.1, 5\.2"):
        rig.asked("4e5f")
    with pytest.raises(server.RequestRejected, match="expected an id"):
        rig.asked("")


def test_a_call_that_talks_or_is_in_a_menu_waits_for_nobody(rig: Rig) -> None:
    rig.waits("5.1", 10.0)
    rig.ledger.apply("5.1", Connected(rig.now, AnsweredBy.INHOUSE, "base-01"))
    assert "It talks to a person at base-01." in rig.said("5.1")
    rig.ledger.receive(Call("5.2", rig.now))
    assert "It is in the menu" in rig.said("5.2")


def test_a_call_that_has_ended_today_is_known(rig: Rig) -> None:
    rig.waits("5.1", 65.0, "0a1b2c3d4e5f")
    rig.ledger.note("5.1", head_start=RED)
    rig.ledger.apply("5.1", Connected(rig.now, AnsweredBy.PARTNER, "good/01"))
    (ended,) = rig.ledger.apply("5.1", HungUp(rig.now + 30.0))
    assert isinstance(ended, Ended)
    rig.ended = [completed_call(ended)]
    said = rig.said("5.1").splitlines()
    assert said[1:] == [
        "It has ended after 1 min: answered by partner.",
        "It waited 1 min; red flag.",
        "It talked for 30 s.",
    ]
    with pytest.raises(server.RequestRejected, match="no call '9' is here or has ended"):
        rig.asked("9")
    for rig.store_down, rig.written in ((True, True), (False, False)):
        with pytest.raises(server.NotNow, match="the store does not answer"):
            rig.asked("9")
