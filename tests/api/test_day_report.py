"""A day's books as they are asked for: exact, or refused in plain words."""

import asyncio
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ivrd.api import server
from ivrd.api.day_report import DayReport
from ivrd.cli.day_table import day_text
from ivrd.core.call import (
    AnsweredBy,
    Call,
    CallbackResult,
    CallState,
    Connected,
    Direction,
    HungUp,
    JoinedQueue,
    Unreached,
)
from ivrd.core.ledger import Ledger
from ivrd.core.recent import Recent
from ivrd.ha.call_repository import CallRepository
from tests.ha.test_call_repository import Shelf

BANGKOK = ZoneInfo("Asia/Bangkok")
NOON = datetime(2026, 11, 1, 12, tzinfo=BANGKOK).timestamp()


class Office:
    """A day's calls, in the books and on the shelf."""

    def __init__(self, flushed: bool = True) -> None:
        self.ledger = Ledger()
        self.call_repository = CallRepository(Shelf(), BANGKOK, 92, lambda: NOON, lambda: 0.0)
        self.call_repository.begin()

        async def flush(_seconds: float) -> bool:
            return flushed

        self.book = DayReport(self.ledger, self.call_repository, flush, Recent(20.0), lambda: NOON)

    def call(self, call_id: str, at: float, *events: object) -> None:
        self.enter(Call(call_id, at), *events)

    def enter(self, call: Call, *events: object) -> None:
        self.ledger.receive(call)
        for event in events:
            for notice in self.ledger.apply(call.id, event):  # type: ignore[arg-type]
                self.call_repository.notice(notice)

    def ask(self, day: str = "") -> dict[str, object]:
        return asyncio.run(self.book.answer({"day": day} if day else {}))  # type: ignore[return-value]


def busy() -> Office:
    office = Office()
    taken = (JoinedQueue(NOON + 5, "other"), Connected(NOON + 15, AnsweredBy.INHOUSE, "base-01"))
    office.call("1.1", NOON, *taken, HungUp(NOON + 60))
    office.call("1.2", NOON, JoinedQueue(NOON + 5, "other"), HungUp(NOON + 50))
    office.call("1.3", NOON, HungUp(NOON + 3))
    office.call("1.4", NOON, *taken)
    office.call("1.5", NOON)
    office.call("0.1", NOON - 86400, JoinedQueue(NOON - 86400, "other"))  # since yesterday
    return office


def test_the_day_so_far_is_what_has_ended_and_who_is_here() -> None:
    found = busy().ask()
    assert (found["day"], found["received"], found["in_progress"]) == ("2026-11-01", 5, 2)
    assert (found["offered"], found["service_level"]) == (3, 1 / 3)
    assert found["abandoned_after_30s"] == 1
    assert found["asa_seconds"] == 10.0
    rows = found["rows"]
    assert sum(row["calls"] for row in rows) + 2 == 5  # type: ignore[attr-defined]
    assert {(r["queue"], r["outcome"], r["stage"], r["by"]) for r in rows} == {  # type: ignore[attr-defined]
        ("other", "answered", "talk", "inhouse"),
        ("other", "abandoned", "queue", ""),
        ("", "abandoned", "ivr", ""),
    }


def test_calls_that_the_hotline_made_stand_by_themselves() -> None:
    office = busy()
    before = office.ask()
    made = Call("", NOON, "hash", CallState.DIALLED, direction=Direction.CALLBACK)
    taken = (JoinedQueue(NOON + 5, "other"), Connected(NOON + 6, AnsweredBy.INHOUSE, "base-01"))
    office.enter(replace(made, id="2.1"), *taken, HungUp(NOON + 60))
    office.enter(replace(made, id="2.2"), Unreached(NOON + 20, CallbackResult.BUSY))
    office.enter(replace(made, id="2.3"))
    found = office.ask()
    assert found == {**before, "callbacks": found["callbacks"]}
    assert found["callbacks"] == {
        "dialled": 3,
        "in_progress": 1,
        "results": {**dict.fromkeys(CallbackResult, 0), "reached": 1, "busy": 1},
        "people": 1,
        "people_helped": 1,
    }
    assert day_text(found).splitlines()[-5:] == [
        "3 calls made to call people back",
        "        1  reached",
        "        1  busy",
        "        1  in progress",
        "1 people were reached so; with those whose own call was answered, 1 people talked to a "
        "person",
    ]


def test_another_day_has_its_own_calls() -> None:
    office = busy()
    assert office.ask("2026-10-31")["in_progress"] == 1
    assert office.ask("2026-10-30")["received"] == 0


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "01/11/2026"])
def test_what_is_no_day_is_refused(day: str) -> None:
    with pytest.raises(server.RequestRejected, match="expected a day such as 2026-11-01"):
        busy().ask(day)


def test_a_store_that_does_not_answer_gives_no_wrong_sums() -> None:
    with pytest.raises(server.NotNow, match="the store does not answer"):
        Office(flushed=False).ask()


def test_a_day_for_a_person() -> None:
    assert day_text(busy().ask()).splitlines() == [
        "2026-11-01: 5 calls received",
        "        1  abandoned in ivr",
        "        1  abandoned in queue (other)",
        "        1  answered by inhouse (other)",
        "        2  in progress",
        "3 joined a queue; answered within 20 s: 33.3%",
        "1 hung up in a queue after more than 30 s",
        "those answered waited 10 s on average",
    ]


def test_a_day_without_a_call_for_a_person() -> None:
    lines = day_text(Office().ask()).splitlines()
    assert lines == ["2026-11-01: 0 calls received", "        0  in progress"]


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-11-02", "2026-11-02 has not come yet; today is 2026-11-01"),
        ("9999-12-31", "9999-12-31 has not come yet; today is 2026-11-01"),
        ("2569-11-01", "expected a year of the common era, such as 2026-11-01"),
        ("2026-07-31", "the calls of 2026-07-31 are no longer kept; those from 2026-08-01 on are"),
        ("0001-01-01", "the calls of 0001-01-01 are no longer kept; those from 2026-08-01 on are"),
    ],
)
def test_a_day_of_which_nothing_can_be_known_is_not_a_day_without_calls(
    day: str, said: str
) -> None:
    with pytest.raises(server.RequestRejected) as caught:
        busy().ask(day)
    assert str(caught.value) == said
