"""A day's books as they are asked for: exact, or refused in plain words."""

import asyncio
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from ivrd.api import server
from ivrd.api.day_report import DayReport
from ivrd.cli.day_table import day_text
from ivrd.core.call import AnsweredBy, Call, CallbackResult, CallState, Direction
from ivrd.core.call_events import Connected, HungUp, JoinedQueue, Unreached
from ivrd.core.ledger import Ledger
from ivrd.core.leg_security import LegSecurity
from ivrd.core.people import FairnessRules, People
from ivrd.core.recent import Recent
from ivrd.core.repeat_calls import After, ServedCall
from ivrd.ha.call_repository import CallRepository
from tests.ha.test_call_repository import Shelf

BANGKOK = ZoneInfo("Asia/Bangkok")
NOON = datetime(2026, 11, 1, 12, tzinfo=BANGKOK).timestamp()


def at_home(at: float) -> date:
    return datetime.fromtimestamp(at, BANGKOK).date()


class Office:
    """A day's calls, in the books and on the shelf."""

    def __init__(self, flushed: bool = True) -> None:
        self.ledger = Ledger()
        self.call_repository = CallRepository(Shelf(), BANGKOK, 92, lambda: NOON, lambda: 0.0)
        self.call_repository.begin()

        async def flush(_seconds: float) -> bool:
            return flushed

        self.people = People(FairnessRules())
        self.served: list[ServedCall] = []
        self.book = DayReport(
            self.ledger, self.call_repository, flush, Recent(20.0), self.people, self, lambda: NOON
        )

    async def of_day(self, day: date) -> list[ServedCall]:
        return [call for call in self.served if at_home(call.at) == day]

    def call(self, call_id: str, at: float, *events: object, who: str = "") -> None:
        self.enter(Call(call_id, at, who), *events)

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
    assert found == {**before, "callbacks": found["callbacks"], "people": found["people"]}
    assert found["callbacks"] == {
        "dialled": 3,
        "in_progress": 1,
        "results": {**dict.fromkeys(CallbackResult, 0), "reached": 1, "busy": 1},
        "people": 1,
        "people_helped": 1,
    }
    lines = day_text(found).splitlines()
    first = lines.index("3 calls made to call people back")
    assert lines[first : first + 5] == [
        "3 calls made to call people back",
        "        1  reached",
        "        1  busy",
        "        1  in progress",
        "1 people were reached so; with those whose own call was answered, 1 people talked to a "
        "person",
    ]


def test_how_many_calls_to_partners_were_encrypted() -> None:
    office = Office()
    for n, leg in enumerate((LegSecurity.BOTH, LegSecurity.CLEAR, LegSecurity.SOUND, None)):
        call = Call(f"3.{n}", NOON, "hash")
        office.enter(call, JoinedQueue(NOON + 5, "other"))
        office.ledger.note(call.id, answer_leg=leg)
        office.enter(call, Connected(NOON + 15, AnsweredBy.PARTNER, "bank/01"), HungUp(NOON + 60))
    found = office.ask()
    assert (found["by_partner"], found["by_partner_encrypted"]) == (3, 1)
    assert "1 of 3 calls to partners were encrypted (33.3%)" in day_text(found).splitlines()


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
        "5 calls with a withheld number, of nobody knows whom",
    ]


def crowd() -> Office:
    """People of three kinds, and one whose hash is by a key that was replaced since."""
    office = Office()
    gives_up = (JoinedQueue(NOON + 5, "other"), HungUp(NOON + 65))
    taken = (JoinedQueue(NOON + 5, "other"), Connected(NOON + 15, AnsweredBy.INHOUSE, "base-01"))
    office.call("1.1", NOON, *gives_up, who="anna")
    office.call("1.2", NOON + 100, *taken, HungUp(NOON + 160), who="anna")
    office.call("1.3", NOON, *gives_up, who="bob")
    office.call("1.4", NOON, HungUp(NOON + 3), who="carla")
    office.call("1.5", NOON, *taken, who="dora")
    office.call("1.6", NOON, *gives_up)
    for number in range(3):
        office.call(f"1.1{number}", NOON + number, *gives_up, who="exchange")
    yesterday = NOON - 86400
    office.call("0.1", yesterday, JoinedQueue(yesterday, "other"), HungUp(yesterday + 9), who="old")
    office.call("0.2", yesterday, JoinedQueue(yesterday, "other"), HungUp(yesterday + 9), who="eve")
    office.call("0.3", yesterday - 60, HungUp(yesterday - 50), who="bob")
    office.call("1.7", NOON - 60, *taken, HungUp(NOON + 99), who="new")
    office.people.rename("old", "new", NOON)
    return office


def test_a_day_in_people_each_counted_once() -> None:
    assert crowd().ask()["people"] == {
        "total": 5,
        "answered": 3,
        "trying": 1,
        "never_reached": 0,
        "menu_only": 1,
        "longest_trying_seconds": 0.0,
        "calls": 6,
        "redials": 1,
        "redials_per_person": 0.2,
        "withheld_calls": 1,
        "shared_numbers": 1,
        "shared_calls": 3,
    }


def test_yesterdays_people_were_reached_within_24_hours_or_never() -> None:
    """Bob only was in a menu: that he asked for somebody today is of today."""
    people = crowd().ask("2026-10-31")["people"]
    kept = ("total", "answered", "trying", "never_reached", "menu_only")
    assert [people[key] for key in kept] == [3, 1, 0, 1, 1]  # type: ignore[index]


def test_a_day_in_people_for_a_person() -> None:
    assert day_text(crowd().ask()).splitlines()[-8:] == [
        "5 people called, with 1 redials (0.20 a person)",
        "        3  were answered",
        "        1  have not been answered yet",
        "        0  were never reached within 24 hours",
        "        1  were in menus only",
        "the longest has been trying for 0 s",
        "1 calls with a withheld number, of nobody knows whom",
        "3 calls from 1 numbers that many people share",
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


def test_what_callers_said_after_their_talks_and_who_dialled_again() -> None:
    office = busy()
    nobody = office.ask()
    yes = ServedCall("1.1", NOON + 60, After.SETTLED, "other", known=True)
    no = replace(yes, after=After.NOT_SETTLED, redialled=True)
    told = replace(yes, after=After.CASE_TOLD, queue="")
    office.served = [yes, yes, replace(yes, known=False), no, told, replace(no, at=NOON - 86400)]
    found = office.ask()
    served = found["served"]
    assert isinstance(served, dict)
    assert served["settled_share"] == 0.75
    assert served["settled"] == {"calls": 3, "known": 2, "redialled": 0}
    assert found == {**nobody, "served": served}
    lines = day_text(found).splitlines()
    first = lines.index(
        "4 were asked after the talk whether their matter was settled; settled: 75%"
    )
    assert lines[first + 1 : first + 4] == [
        "        3  said yes; of 2 known, 0 dialled again within a day",
        "        1  said no; of 1 known, 1 dialled again within a day",
        "        1  heard the state of their case and hung up; of 1 known, 0 dialled again "
        "within a day",
    ]
    assert not any("settled" in line for line in day_text(nobody).splitlines())
