"""Those who gave up are called back: once, the first first, nobody who was answered or refuses."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import pytest

from ivrd.asterisk import dialplan_names
from ivrd.callbacks import recovery
from ivrd.callbacks.recovery import READ_SECONDS, Recovery
from ivrd.callbacks.scheduler import Scheduler
from ivrd.core.book_result import BookResult
from ivrd.core.booking import BookingOrigin, BookingState
from ivrd.core.call import Call
from ivrd.core.call_events import HungUp, JoinedQueue
from ivrd.core.dialling import SeatsNow
from ivrd.core.people import FairnessRules, People, Person, Wait
from ivrd.core.priority import NO_HEAD_START, HeadStart, Urgency
from tests.callbacks.rig import E164, MOBILE, NOW, Asterisk, Rig, also, variable

ON = also(recover_at_free=0.5)
OTHER = "0898765432"


class Seats:
    """So many are free."""

    free, busy = 4, 0

    def seats(self) -> Mapping[str, SeatsNow]:
        return {"q": SeatsNow(self.free, self.busy, 240.0, frozenset({"q"}))}


class Dialling(Asterisk):
    """Begins at once what is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[list[str]] = []

    async def place(self, port: int, token: str) -> None:
        await super().place(port, token)
        name = dialplan_names.ATTEMPT + token
        self.wanted.append(self.variables[name].split("|"))
        self.variables[name] = "dialling"


class Hotline(Rig):
    """With people who gave up."""

    def __init__(self, before: "Hotline | None" = None) -> None:
        self.pbx = before.pbx if before else Dialling()
        super().__init__(before and before.shelf, self.pbx)
        self.registry = before.registry if before else Registry()
        self.seats, self.audited = Seats(), before.audited if before else []
        self.recovery = Recovery(
            ON, self.repository, self.registry, self, self.vault, self, lambda: self.now
        )
        self.scheduler = Scheduler(
            ON,
            self.repository,
            self.dialler,
            self.ledger,
            self.seats,
            self.write_behind,
            self.people,
            self.recovery,
            lambda: self.now,
        )

    recover_after_seconds = 60.0

    def gave_up(
        self,
        number: str = MOBILE,
        at: float = NOW - 600.0,
        urgent: HeadStart = NO_HEAD_START,
        **more: object,
    ) -> Person:
        call = Call("old", at - 90.0, f"#{number[-4:]}", topic="t", queue="q", language="th")
        call = replace(call, head_start=urgent)
        person = Person(call.caller, at, (Wait(at - 90.0, at - 90.0, at),), **more)  # type: ignore[arg-type]
        self.registry.people.restore(person)
        return self.registry.people.note_number(person.id, self.vault.seal(number), call)

    async def seconds(self, count: int = 3) -> None:
        for _ in range(count):
            self.now += 1.0
            await self.scheduler.evaluate()
            await self.repository.written()
            for _ in range(20):
                await asyncio.sleep(0)

    @property
    def numbers(self) -> list[str]:
        """Whom Asterisk was to dial."""
        return [wanted[1] for wanted in self.pbx.wanted]


class Registry:
    """What is known of people."""

    def __init__(self) -> None:
        self.people = People(FairnessRules())


def run(body: Callable[[Hotline], Awaitable[None]]) -> None:
    async def inside() -> None:
        rig = Hotline()
        await rig.start()
        try:
            await body(rig)
        finally:
            rig.die()

    asyncio.run(inside())


def test_whoever_gave_up_is_called_once_and_all_of_it_is_in_the_audit_log() -> None:
    async def body(rig: Hotline) -> None:
        rig.gave_up()
        await rig.seconds()
        booking = rig.only()
        assert rig.numbers == [E164]
        assert rig.pbx.wanted[0][4:] == ["q", "t", f"{NOW - 690:.0f}000", "topic", "lost", ""]
        assert MOBILE[1:] not in "".join(rig.shelf.entries.values())
        rig.report("no_key")
        await rig.seconds(2 * int(READ_SECONDS))
        assert rig.only().state is BookingState.GIVEN_UP
        assert len(rig.asterisk.placed) == 1
        assert rig.audited == [
            ("ivrd", "recovery begun", booking.id),
            ("ivrd", "recovery ended", f"{booking.id}: no_key"),
        ]

    run(body)


def test_unless_it_is_set_nobody_is_called() -> None:
    async def body(rig: Hotline) -> None:
        rig.gave_up()
        rig.recovery.settings = also()
        await rig.seconds()
        assert rig.repository.all() == []

    run(body)


def test_it_stops_as_soon_as_load_rises_and_goes_on_with_the_oldest() -> None:
    async def body(rig: Hotline) -> None:
        rig.gave_up(OTHER, at=NOW - 300.0)
        rig.gave_up(MOBILE, at=NOW - 600.0)
        rig.seats.free, rig.seats.busy = 1, 1
        await rig.seconds()
        assert rig.numbers == [E164]
        rig.report("failed", "NOANSWER:19:yes")
        rig.calls("c9", "0211111111")  # somebody waits
        await rig.seconds(20)
        assert len(rig.asterisk.placed) == 1
        rig.ledger.apply("c9", HungUp(rig.now))
        await rig.seconds()
        assert rig.numbers == [E164, "+66898765432"]

    run(body)


def test_who_gave_up_with_a_red_flag_is_called_first() -> None:
    async def body(rig: Hotline) -> None:
        rig.seats.free, rig.seats.busy = 1, 1
        rig.gave_up(at=NOW - 900.0)
        rig.gave_up(OTHER, NOW - 300.0, HeadStart(Urgency.RED_FLAG, 60.0))
        await rig.seconds()
        assert rig.numbers == ["+66898765432"]
        assert rig.pbx.wanted[0][-1] == "red_flag:14400000"
        assert rig.only().head_start.urgency is Urgency.RED_FLAG

    run(body)


def test_who_was_answered_has_called_again_or_refuses_since_is_not_called() -> None:
    async def body(rig: Hotline) -> None:
        people = rig.registry.people
        rig.seats.free = 0
        names = [rig.gave_up(f"081234560{n}").id for n in range(4)]
        await rig.seconds()  # they are known, and there is no seat
        people.answered(names[0], rig.now)
        people.refuse_callback(names[1], True, rig.now)
        people.arrived(names[2], "c9", rig.now)
        rig.seats.free = 9
        await rig.seconds()
        assert rig.numbers == ["+66812345603"]

    run(body)


def test_who_gave_up_long_ago_is_not_called() -> None:
    async def body(rig: Hotline) -> None:
        rig.gave_up(at=NOW - FairnessRules().keep_seconds - 1.0)
        await rig.seconds()
        assert rig.repository.all() == []

    run(body)


def test_a_number_that_is_not_dialled_keeps_nobody_else_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recovery, "MOST", 1)

    async def body(rig: Hotline) -> None:
        rig.gave_up("+12025550123", at=NOW - 900.0)
        rig.gave_up()
        await rig.seconds(2 * int(READ_SECONDS))
        assert rig.numbers == [E164]
        rig.report("no_key")
        rig.recovery.settings = also(recover_at_free=0.5, countries=("TH", "US"))
        await rig.seconds(2 * int(READ_SECONDS))
        assert rig.numbers == [E164, "+12025550123"]

    run(body)


def test_the_next_ivrd_calls_nobody_a_second_time() -> None:
    async def body(rig: Hotline) -> None:
        rig.gave_up()
        await rig.seconds()
        booking = rig.only()
        rig.die()
        # It ends while no ivrd runs.
        rig.asterisk.variables[variable(booking)] = "hung_up|back1"
        after = Hotline(rig)
        await after.start()
        await after.seconds(2 * int(READ_SECONDS))
        assert after.audited[1:] == [("ivrd", "recovery ended", f"{booking.id}: hung_up")]
        assert after.only().state is BookingState.GIVEN_UP
        assert rig.asterisk.placed == [booking.token]
        after.die()

    run(body)


def test_nobody_is_called_while_the_store_cannot_keep_it_or_people_are_not_read() -> None:
    async def body(rig: Hotline) -> None:
        rig.gave_up()
        rig.people.complete = False
        await rig.seconds()
        assert rig.asterisk.placed == []
        rig.people.complete = True
        rig.shelf.down = True
        await rig.seconds()
        assert rig.asterisk.placed == []
        rig.shelf.down = False
        assert await rig.repository.written()
        await rig.seconds()
        assert len(rig.asterisk.placed) == 1

    run(body)


def test_9_means_never_again_to_who_did_not_ask() -> None:
    async def body(rig: Hotline) -> None:
        person = rig.gave_up()
        await rig.seconds()
        rig.report("declined")
        assert rig.people.refused == {person.id}
        assert rig.only().state is BookingState.CANCELLED

    run(body)


def test_whoever_asks_for_it_meanwhile_is_called_as_all_are_who_asked() -> None:
    """After a fault of the carrier's the booking of one of the lost waits, perhaps for days."""

    async def body(rig: Hotline) -> None:
        rig.gave_up()
        await rig.seconds()
        rig.report("failed", "CONGESTION:34:no")
        assert rig.only().state is BookingState.WAITING
        assert rig.repository.waits_since(rig.only().person) is None
        call = rig.calls("c9")
        assert await rig.booker.book(call.id) is BookResult.BOOKED
        assert (rig.only().origin, rig.only().asked_by) == (BookingOrigin.ASKED, call.caller)
        assert rig.repository.waits_since(call.caller) == NOW - 690.0
        rig.ledger.apply(call.id, HungUp(rig.now))
        rig.now += 60.0
        rig.calls("c10", "0211111111", joined_at=rig.now)  # which is no low load
        await rig.seconds()
        assert len(rig.asterisk.placed) == 2

    run(body)


def test_a_call_in_the_queue_is_no_low_load_either() -> None:
    async def body(rig: Hotline) -> None:
        rig.gave_up()
        rig.ledger.receive(Call("c9", NOW, "#1", topic="t"))
        rig.ledger.apply("c9", JoinedQueue(NOW, "q"))
        await rig.seconds()
        assert rig.asterisk.placed == []

    run(body)
