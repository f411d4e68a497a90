"""The plan that is on: what is stored of it, its pools, and a store that cannot be read."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ivrd.core.plan import EndedRun, Plan, PlanRefused, Run, Trigger
from ivrd.core.seats import Pool
from ivrd.plans.controller import PlanController
from ivrd.plans.repository import PLANS, STATE, PlanRepository
from ivrd.store import WriteBehind
from tests.agents.test_controller import Fencing
from tests.callbacks.rig import Shelf

NOW = 1_795_312_060.0
FLOOD = Plan("flood", 3600.0, pools=("surge",), trigger=Trigger(10, 1, 0, 1))
POOLS = tuple(Pool(name, (f"{name}-01",), ("q",), fixed=False) for name in ("base", "surge"))


@dataclass
class Seats:
    pools: tuple[Pool, ...] = POOLS
    open: set[str] | None = field(default_factory=lambda: {"base"})


class Rig:
    """One ivrd after the other on one store, as the leader."""

    is_leader = True

    def __init__(self) -> None:
        self.shelf, self.seats, self.now, self.shift = Shelf(), Seats(), NOW, 0.0
        self.waiting = self.applied = 0
        self.told: list[str] = []
        self.audited: list[tuple[str, str, str]] = []
        self.begin()

    def begin(self) -> None:
        """An ivrd starts that knows nothing."""
        self.writes = WriteBehind(self.shelf, Fencing(), lambda _up, _why: None)
        repository = PlanRepository(self.writes, 400, lambda: self.now, lambda: self.shift)
        self.repository = repository
        self.controller = PlanController(
            {FLOOD.name: FLOOD},
            repository,
            self.seats,
            lambda: self.waiting,
            self._apply,
            self,
            self,
            self,
            lambda: self.now,
        )

    def _apply(self) -> None:
        self.applied += 1

    def plan_started(self, run: Run) -> None:
        self.told.append(f"{run.plan} on")

    def plan_ended(self, ended: EndedRun) -> None:
        self.told.append(f"{ended.run.plan} {ended.why}")

    def audit(self, who: str, what: str, _partner: str, detail: str) -> None:
        self.audited.append((who, what, detail))

    def run(self, seconds: int = 1) -> None:
        for _ in range(seconds):
            self.now += 1.0
            self.controller.look()

    def again(self) -> None:
        """Another ivrd, on what this one has written."""

        async def write() -> None:
            writing = asyncio.create_task(self.writes.run(lambda: None))
            assert await self.writes.flush(30.0)
            writing.cancel()
            self.begin()
            await self.controller.restore()

        asyncio.run(write())


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    made.again()
    return made


def test_its_pools_are_open_while_it_is_on_whoever_closes_them(rig: Rig) -> None:
    rig.controller.start(FLOOD, "malee", 60.0)
    assert rig.seats.open == {"base", "surge"}
    rig.seats.open = {"base"}  # Asterisk has it so: it was started anew
    rig.run()
    assert rig.seats.open == {"base", "surge"}
    assert (rig.controller.keeps_open("surge"), rig.controller.keeps_open("base")) == ("flood", "")
    rig.run(60)
    assert rig.seats.open == {"base"}
    assert rig.told == ["flood on", "flood time"]
    assert rig.audited[-1] == ("ivrd", "plan ended", "flood, by time")


def test_a_pool_that_was_open_before_stays_open(rig: Rig) -> None:
    rig.seats.open = {"base", "surge"}
    rig.controller.start(FLOOD, "malee", 60.0)
    rig.again()
    rig.controller.end("malee")
    assert rig.seats.open == {"base", "surge"}


def test_its_pools_are_closed_by_the_next_ivrd_as_soon_as_it_knows_which_are_open(
    rig: Rig,
) -> None:
    rig.controller.start(FLOOD, "malee", 60.0)
    rig.now += 3600.0
    rig.again()
    opened, rig.seats.open = rig.seats.open, None
    rig.run()
    assert rig.controller.plan is FLOOD  # until Asterisk has reported nothing can be closed
    rig.seats.open = opened
    rig.run()
    assert rig.seats.open == {"base"}
    rig.again()
    rig.seats.open = {"base", "surge"}  # by an operator now
    rig.run(3)
    assert rig.seats.open == {"base", "surge"}
    (ended,) = asyncio.run(rig.repository.runs())
    assert ended.ended_at == ended.run.ends_at


def test_load_starts_it_and_that_it_is_held_off_is_known_to_the_next_ivrd(rig: Rig) -> None:
    rig.waiting = 10
    rig.run(2)
    assert rig.told == ["flood on"]
    assert rig.audited == [("ivrd", "plan started", "flood, by load")]
    rig.controller.end("malee")
    rig.again()
    rig.run(5)
    assert rig.controller.plan is None
    rig.waiting = 0
    rig.run()
    rig.again()
    rig.waiting = 10
    rig.run(2)
    assert rig.controller.plan is FLOOD


def test_moments_are_stored_as_the_time_of_day_has_them(rig: Rig) -> None:
    rig.shift = 3600.0  # the machine's clock was set forward
    rig.controller.start(FLOOD, "malee", 60.0)
    rig.shift, rig.now = 0.0, NOW + 3600.0  # another process, which started after that
    rig.again()
    assert rig.controller.state.run is not None
    assert rig.controller.state.run.ends_at == rig.now + 60.0


def test_while_the_store_cannot_be_read_load_starts_nothing_and_an_operator_can(rig: Rig) -> None:
    rig.begin()  # not restored: one may be on, for all that is known
    rig.waiting = 99
    rig.run(10)
    assert rig.controller.plan is None
    rig.controller.start(FLOOD, "malee", 60.0)
    asyncio.run(rig.controller.restore())  # read later: older than what was decided here
    assert rig.controller.plan is FLOOD


def test_a_store_that_is_back_is_read_then(rig: Rig) -> None:
    rig.controller.start(FLOOD, "malee", 60.0)
    rig.again()
    applied = rig.applied

    async def body() -> None:
        rig.begin()
        rig.controller.write_again()
        async with asyncio.timeout(30):
            while rig.controller.plan is None:  # noqa: ASYNC110  nothing tells when it is read
                await asyncio.sleep(0.005)

    asyncio.run(body())
    assert rig.applied == applied + 1


def test_what_cannot_be_parsed_is_no_plan(rig: Rig) -> None:
    rig.writes.put(PLANS, STATE, '{"run": 7}')
    rig.again()
    assert rig.controller.plan is None


def test_nothing_starts_before_it_is_known_which_seats_are_open(rig: Rig) -> None:
    rig.seats.open = None
    with pytest.raises(PlanRefused, match="Asterisk has not reported yet"):
        rig.controller.start(FLOOD, "malee", 60.0)
