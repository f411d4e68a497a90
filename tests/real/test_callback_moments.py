"""Calls back at bad moments, on a real Asterisk: nobody is lost, and nobody called twice."""

import sqlite3
from contextlib import closing

import pytest

from lab.agents import Manner, in_turn
from lab.agents.agents import NEVER
from lab.called import CalledPeople, comes, leaves_the_queue
from lab.callers import Caller, Hear, Keys, Meet, Quiet, Wait
from tests.real.rig import WAIT
from tests.real.test_callback import (
    BOOKS,
    booked,
    bookings,
    closed,
    never_two_at_once,
    number,
    until,
)

pytestmark = [pytest.mark.verify, pytest.mark.lasts(40)]

# Around the moment of the bridge: a seat is rung as soon as the key is pressed, for 0.2 s.
MOMENTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6)


def presses_others_first() -> Manner:
    """Keys that mean nothing in the announcement, and then the one that does."""
    wrong = (Wait(1.0), Keys("5"), Wait(1.0), Keys("*"))
    return Manner(0.5, NEVER, "caller", first=(Hear(), *wrong, Wait(1.0), Keys("1"), Meet()))


def test_who_hangs_up_in_the_moment_of_the_bridge_is_reached_then_or_called_again(
    hotline, tmp_path
):
    home = {
        number(n)[1]: in_turn(leaves_the_queue(after), comes()) for n, after in enumerate(MOMENTS)
    }
    other = number(len(MOMENTS))
    home[other[1]] = presses_others_first()
    with CalledPeople(tmp_path / "people", home) as people:

        def change(name, settings) -> None:
            closed(name, settings)
            people.change(name, settings)

        lab = hotline(agents=3, talk=1.0, ring=0.2, change=change)
        callers = [Caller(n, "books", BOOKS, number=number(n)[0]) for n in range(len(home))]
        lab.calling(callers, rate=2.0).wait(WAIT)
        booked(lab, len(home))
        lab.ivrd.once("seats", "open", "base")
        until(lab, {"reached": len(home)}, 120.0)
        lab.settled()
        assert never_two_at_once(people)
        for row in bookings(lab, all="yes"):
            results = [attempt["result"] for attempt in row["attempts"]]
            assert results[-1] == "reached"
            assert set(results[:-1]) <= {"left", "hung_up"}, results
        made = [len(people.calls_to(dialled)) for dialled in home]
        assert made[-1] == 1  # the keys that mean nothing have cost no attempt
        attempts = sum(len(row["attempts"]) for row in bookings(lab, all="yes"))
        assert sum(made) == attempts
        scrape = lab.ivrd.scrape()
        assert scrape.total("ivrd_callbacks_total", result="reached") == len(home)
        talks = len(lab.agents.ledger())
        assert talks >= len(home)  # one more where a seat was still rung for who had gone


def test_who_books_while_the_store_is_frozen_hears_so_waits_and_is_answered(hotline, tmp_path):
    shown, dialled = number(1)
    with CalledPeople(tmp_path / "people", {dialled: comes()}) as people:

        def change(name, settings) -> None:
            closed(name, settings)
            people.change(name, settings)
            if name == "ivrd.yaml":
                settings["store"] = {"file": "ivrd.sqlite", "deadline_seconds": 5}

        lab = hotline(agents=1, talk=1.0, ring=0.2, change=change)
        (store,) = (lab.folder / "state").glob("ivrd.sqlite")
        uri = f"{store.as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as holder:
            script = (*BOOKS[:-1], Wait(2), BOOKS[-1], Quiet(120))
            calling = lab.calling([Caller(1, "books", script, number=shown)], rate=5.0)
            lab.until("offered", lambda s: s["calls"]["menu"] == 1)
            holder.execute("BEGIN EXCLUSIVE")
            lab.until("it waits", lambda s: s["calls"]["queue"] == 1)
            holder.execute("ROLLBACK")
        lab.until("the store is back", lambda _s: lab.ivrd.scrape().total("ivrd_store_up") == 1)
        assert bookings(lab, all="yes") == []
        lab.ivrd.once("seats", "open", "base")
        assert calling.wait(WAIT).outcomes() == {"answered": 1}
        lab.settled()
        assert bookings(lab, all="yes") == []
        assert people.ledger() == ()
        told = lab.ivrd.log_text()  # not offered any more, once the store is known to be down
        assert "to=not_stored" in told or "to=not_offered" in told
