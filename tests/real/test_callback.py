"""Callers book a call back, and are called back: real Asterisk, and people at home who answer."""

import asyncio
import os
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ivrd.asterisk.call_request import SOURCE, CallRequests, NotPlaced
from ivrd.asterisk.dialplan_names import ATTEMPT
from lab.agents import Choice, Manner, in_turn, refuses
from lab.called import CalledPeople, comes, does_not_press, hangs_up
from lab.callers import Caller, Hear, Keys, Quiet, Wait
from lab.running import LabError
from tests.real.rig import WAIT

COUNT = int(os.environ.get("IVRD_TEST_CALLBACKS", "12"))  # 100: docs/decisions/0034
pytestmark = pytest.mark.lasts(20)

# At the end of the menu the offer: 1 for a call back, 1 for the number that is shown.
BOOKS = (Keys("0"), Hear(), Quiet(0.5), Keys("1"), Hear(), Quiet(0.5), Keys("1"))


def number(n: int) -> tuple[str, str]:
    """A mobile number as its caller's exchange shows it, and as it is dialled."""
    return f"0812345{n:03}", f"+66812345{n:03}"


def closed(name, settings) -> None:
    """No seat takes calls until somebody opens it."""
    if name == "queues.yaml":
        settings["pools"]["base"]["open"] = False


def booked(lab, count: int) -> None:
    """Wait until so many bookings stand."""
    deadline = time.monotonic() + 90
    while len(rows := bookings(lab)) < count:
        assert time.monotonic() < deadline, rows
        time.sleep(0.1)


def bookings(lab, **query: str) -> list[dict]:
    """Nothing while ivrd does not answer: it starts, or the machine stood still."""
    try:
        return lab.ivrd.get("callbacks", **query)["callbacks"]
    except LabError:
        return []


def states(lab) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in bookings(lab, all="yes"):
        found[row["state"]] = found.get(row["state"], 0) + 1
    return found


def until(lab, wanted: dict[str, int], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while (found := states(lab)) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_who_books_is_called_back_and_reached_once(hotline, tmp_path):
    shown, dialled = number(1)
    with CalledPeople(tmp_path / "people", {dialled: comes()}) as people:

        def change(name, settings) -> None:
            closed(name, settings)
            people.change(name, settings)

        lab = hotline(agents=1, talk=2.0, ring=0.2, change=change)
        calling = lab.calling([Caller(1, "books", BOOKS, number=shown)], rate=5.0)
        booked(lab, 1)
        (entry,) = calling.wait(WAIT).entries
        assert entry.ended == "network"  # the hotline said goodbye
        lab.ivrd.once("seats", "open", "base")
        until(lab, {"reached": 1})
        lab.settled()
        assert dict(people.reached()) == {dialled: 1}
        assert len(people.ledger()) == 1
        scrape = lab.ivrd.scrape()
        assert scrape.ended("callback") == 1


@pytest.mark.verify
@pytest.mark.lasts(30)
def test_who_has_booked_and_dials_in_has_the_place_of_the_booking(hotline, tmp_path):
    shown, dialled = number(1)
    with CalledPeople(tmp_path / "people", {dialled: comes()}) as people:

        def change(name, settings) -> None:
            closed(name, settings)
            people.change(name, settings)

        lab = hotline(agents=1, talk=2.0, ring=0.2, change=change)
        waits = (Keys("02"), Quiet(120))  # to a person, and no call back
        lab.calling([Caller(1, "books", BOOKS, number=shown)], rate=5.0).wait(WAIT)
        booked(lab, 1)
        second = lab.calling([Caller(2, "waits", waits)], rate=5.0, name="second")
        lab.until("one waits", lambda s: s["calls"]["queue"] == 1)
        again = lab.calling([Caller(3, "waits", waits, number=shown)], rate=5.0, name="again")
        lab.until("two wait", lambda s: s["calls"]["queue"] == 2)
        lab.ivrd.once("seats", "open", "base")
        until(lab, {"reached": 1})
        for calling in (again, second):
            calling.wait(WAIT)
        talks = sorted(lab.talks(), key=lambda talk: talk.rung_at)
        assert [talk.number for talk in talks] == [shown, Caller(2, "").shown]
        assert people.ledger() == ()  # nobody was dialled


@pytest.mark.verify
@pytest.mark.lasts(40)
def test_who_withholds_the_number_books_while_waiting_by_keying_one_in(hotline, tmp_path):
    """Beside it one whose turn comes in the middle of the number, and who is answered then."""
    shown, dialled = number(1)
    into_menu = (Keys("02"), Wait(4), Keys("9"), Hear(), Quiet(0.5))
    asked_for_one = (Keys("21"), Hear(), Quiet(0.5))
    in_full = (Keys(f"{shown}#"), Hear(), Quiet(0.5), Keys("1"))
    with CalledPeople(tmp_path / "people", {dialled: comes()}) as people:

        def change(name, settings) -> None:
            closed(name, settings)
            people.change(name, settings)
            if name == "ivrd.yaml":
                settings["waiting"] = {"menu_key": "9", "menu_key_seconds": 20}

        lab = hotline(agents=1, talk=2.0, ring=0.2, change=change)
        books = (*into_menu, *asked_for_one, *in_full)
        calling = lab.calling([Caller(1, "books", books, number="anonymous")], rate=5.0)
        booked(lab, 1)
        assert calling.wait(WAIT).entries[0].ended == "network"  # the hotline said goodbye
        keys = (*into_menu, *asked_for_one, Keys(shown[:4]), *([Wait(1), Keys("5")] * 4))
        other = Caller(2, "waits", (*keys, Quiet(90)), number="anonymous")
        waits = lab.calling([other], rate=5.0, name="waits")
        lab.until("one is in the menu", lambda _s: in_queue_menu(lab))
        lab.ivrd.once("seats", "open", "base")
        assert waits.wait(WAIT).outcomes() == {"answered": 1}
        until(lab, {"reached": 1})
        lab.settled()
        assert dict(people.reached()) == {dialled: 1}
        written = [*lab.folder.rglob("*.log"), *lab.folder.rglob("*sqlite*")]
        assert not [path for path in written if shown.encode() in path.read_bytes()]


def in_queue_menu(lab) -> bool:
    return lab.ivrd.scrape().total("ivrd_queue_menu_callers") == 1


@pytest.mark.verify
@pytest.mark.lasts(40)
def test_who_chooses_a_slot_is_not_called_before_it(hotline, tmp_path):
    (chooses, later), (next_one, soon) = number(1), number(2)
    with CalledPeople(tmp_path / "people", {later: comes(), soon: comes()}) as people:
        hour = (datetime.now(ZoneInfo("Asia/Bangkok")) + timedelta(hours=2)).hour

        def change(name, settings) -> None:
            closed(name, settings)
            people.change(name, settings, slots=[f"{hour:02}:00"])

        lab = hotline(agents=1, talk=1.0, ring=0.2, change=change)
        script = (*BOOKS, Hear(), Quiet(0.5))
        callers = [
            Caller(n, "books", (*script, Keys(key)), number=shown)
            for n, (shown, key) in enumerate([(chooses, "2"), (next_one, "1")])
        ]
        calling = lab.calling(callers, rate=5.0)
        booked(lab, 2)
        assert [entry.ended for entry in calling.wait(WAIT).entries] == ["network"] * 2
        lab.ivrd.once("seats", "open", "base")
        until(lab, {"reached": 1, "waiting": 1})
        assert dict(people.reached()) == {soon: 1}
        (first,) = lab.ivrd.get("callbacks")["callbacks"]
        assert 3000 < first["due_in_seconds"] < 7200
        assert "as chosen" in lab.ivrd.once("callback", "list")
        lab.ivrd.once("callback", "retry", first["id"])
        until(lab, {"reached": 2})
        lab.settled()
        assert dict(people.reached()) == {soon: 1, later: 1}


def mixed(count: int) -> dict[str, Manner | Choice]:
    """People by the number that is dialled; each comes to the phone at the second call at last."""
    firsts = [None, refuses(486), does_not_press(), hangs_up(), refuses(480), refuses(503)]
    return {
        number(n)[1]: comes()
        if (first := firsts[n % len(firsts)]) is None
        else in_turn(first, comes())
        for n in range(count)
    }


def never_two_at_once(people: CalledPeople) -> bool:
    """Whether no phone was rung while it was still in another call of the hotline's."""
    for dialled in {talk.seat for talk in people.ledger()}:
        calls = sorted(people.calls_to(dialled), key=lambda talk: talk.rung_at)
        ends = [talk.rung_at + talk.rang + (talk.talked or 0.0) for talk in calls]
        if any(later.rung_at < end for later, end in zip(calls[1:], ends, strict=False)):
            return False
    return True


def no_file_has(lab, shown: str) -> bool:
    """Whether no file of Asterisk's has a number in any spelling."""
    national = shown.removeprefix("0").encode()
    files = [path for path in lab.folder.rglob("*") if path.is_file()]
    ours = [path for path in files if "asterisk" in path.parts or "etc" in path.parts]
    assert ours
    return not any(national in path.read_bytes() for path in ours)


@pytest.mark.verify
def test_nobody_else_can_have_a_call_made(hotline, tmp_path):
    """Only what ivrd has put there is dialled, once; and only ivrd's address is listened to."""
    _, dialled = number(1)
    with CalledPeople(tmp_path / "people", {dialled: hangs_up()}) as people:
        lab = hotline(agents=1, talk=1.0, ring=0.2, change=people.change)

        async def asks(token: str, source: str) -> None:
            requests = CallRequests(source)
            try:
                await requests.place(people.dial_port, token)
            finally:
                requests.close()

        with pytest.raises(NotPlaced, match="401"):
            asyncio.run(asks("ab12001", "127.0.0.131"))
        asyncio.run(asks("ab12001", SOURCE))  # taken, and nothing is there to be dialled
        for token in (f"ab12{n:03}" for n in range(2, 100)):  # until the trunk is known to be there
            wanted = f"dial|{dialled}@callback-trunk|30|th|other|other||"
            lab.asterisk.cli(f"dialplan set global {ATTEMPT}{token} {wanted}")
            for _ in range(3):
                asyncio.run(asks(token, SOURCE))
            time.sleep(0.5)
            if sum(people.progress().values()):
                break
        lab.settled()
        time.sleep(2.0)  # for calls that there are not to be
        assert len(people.ledger()) == 1
        lab.tolerated = ("No matching endpoint found",)


@pytest.mark.verify
@pytest.mark.lasts(90)
def test_all_are_reached_once_over_kills_and_a_store_that_is_down(hotline, tmp_path):
    count = COUNT
    with CalledPeople(tmp_path / "people", mixed(count)) as people:

        def change(name, settings) -> None:
            closed(name, settings)
            people.change(name, settings, at_once=max(4, count // 10), per_minute=600)
            if name == "ivrd.yaml":  # so that a busy machine brings nobody to the queue instead
                settings["lease_seconds"] = 30
                settings["store"] = {"file": "ivrd.sqlite", "deadline_seconds": 5}

        lab = hotline(agents=max(3, count // 10), talk=2.0, ring=0.2, change=change)
        callers = [Caller(n, "books", BOOKS, number=number(n)[0]) for n in range(count)]
        calling = lab.calling(callers, rate=max(1.0, count / 40))
        booked(lab, count)
        calling.wait(WAIT)
        lab.ivrd.once("seats", "open", "base")
        calls_begin(people, count // 6)
        lab.ivrd.kill()
        lab.ivrd.start()
        calls_begin(people, count // 2)
        (store,) = (lab.folder / "state").glob("ivrd.sqlite")
        uri = f"{store.as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            time.sleep(10.0)  # the time for which the store is down
            holder.execute("ROLLBACK")
        lab.ivrd.kill()
        lab.ivrd.start()
        until(lab, {"reached": count}, 200.0)
        lab.settled()
        assert dict(people.reached()) == {number(n)[1]: 1 for n in range(count)}
        assert never_two_at_once(people)
        made = {number(n)[1]: len(people.calls_to(number(n)[1])) for n in range(count)}
        results = [
            attempt["result"]
            for row in lab.ivrd.get("callbacks", all="yes")["callbacks"]
            for attempt in row["attempts"]
        ]
        assert results.count("reached") == count
        assert len(results) - results.count("fault") <= sum(made.values())
        assert all(no_file_has(lab, number(n)[0]) for n in range(count))


def calls_begin(people: CalledPeople, count: int) -> None:
    """Wait until so many calls have been made, those that have ended among them."""
    deadline = time.monotonic() + 60
    while sum(people.progress().values()) < count:
        assert time.monotonic() < deadline, people.progress()
        time.sleep(0.05)
