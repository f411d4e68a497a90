"""Calls that the hotline makes are counted as those see them who are called; a kill -9 is none.

The people's phones keep a ledger of their own, and so do the callers: neither has seen ivrd's.
"""

import time

import pytest

from ivrd.core.booking import booking_of
from lab.agents import Talk, in_turn, refuses
from lab.called import CalledPeople, comes, does_not_press, hangs_up
from lab.callers import Caller
from lab.changes import long_lease
from tests.real.rig import WAIT
from tests.real.test_callback import BOOKS, booked, bookings, calls_begin, closed, number, until

pytestmark = pytest.mark.lasts(40)

MANNERS = (
    comes(),
    in_turn(refuses(486), comes()),
    in_turn(does_not_press(), comes()),
    in_turn(hangs_up(), comes()),
)


@pytest.mark.verify
def test_calls_made_and_received_are_counted_apart_and_exactly_over_a_kill(hotline, tmp_path):
    count = len(MANNERS)
    at_home = {number(n)[1]: manner for n, manner in enumerate(MANNERS)}
    with CalledPeople(tmp_path / "people", at_home) as people:

        def change(name, settings) -> None:
            closed(name, settings)
            people.change(name, settings, at_once=2)
            long_lease(name, settings)  # so that a busy machine brings nobody to the queue instead
            if name == "ivrd.yaml":
                settings["store"] = {"file": "ivrd.sqlite", "deadline_seconds": 5}

        lab = hotline(agents=2, talk=2.0, ring=0.2, change=change)
        callers = [Caller(n, "books", BOOKS, number=number(n)[0]) for n in range(count)]
        calling = lab.calling(callers, rate=2.0)
        booked(lab, count)
        assert len(calling.wait(WAIT).entries) == count
        lab.ivrd.once("seats", "open", "base")
        calls_begin(people, 2)
        lab.ivrd.kill()
        ended(people, 2)  # unseen: queue_log says whose calls they were
        lab.ivrd.start()
        until(lab, {"reached": count}, 180.0)
        lab.settled()
        assert adds_up(lab.ivrd.scrape())
        assert dialled_for(lab) == {row["id"] for row in bookings(lab, all="yes")}
        day = lab.ivrd.get("day")
        made = day["callbacks"]
        assert made["dialled"] == len(people.ledger())
        assert tally(made["results"]) == {"reached": count, **as_they_saw(people.ledger())}
        assert (made["people"], made["people_helped"], made["in_progress"]) == (count, count, 0)
        assert (day["received"], day["offered"]) == (count, 0)
        assert {(row["outcome"], row["calls"]) for row in day["rows"]} == {("callback", count)}


def ended(people: CalledPeople, count: int) -> None:
    """Wait until so many calls to them have ended."""
    deadline = time.monotonic() + WAIT
    while len(people.ledger()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def dialled_for(lab) -> set[str]:
    """The bookings for which calls were made, by Asterisk's queue_log."""
    lines = lab.asterisk.queue_log.read_text("utf-8").splitlines()
    return {booking_of(line.rpartition("|")[2]) for line in lines if "|DIALLED|" in line}


def tally(results: dict[str, int]) -> dict[str, int]:
    """As far as who is called can tell: without a key, or hung up before that, is one to them."""
    told = {name: calls for name, calls in results.items() if calls}
    unconfirmed = told.pop("no_key", 0) + told.pop("hung_up", 0)
    return {**told, "unconfirmed": unconfirmed}


def as_they_saw(talks: tuple[Talk, ...]) -> dict[str, int]:
    """What came of the calls that reached them and in which they met nobody."""
    vain = [talk for talk in talks if not talk.heard_person]
    busy = sum(talk.talked is None for talk in vain)
    return {"busy": busy, "unconfirmed": len(vain) - busy}


def adds_up(scrape) -> bool:
    """Whether both counts do, in this one scrape."""
    dialled = scrape.total("ivrd_callbacks_dialled_total")
    ended = scrape.total("ivrd_callbacks_total")
    return scrape.balances and dialled == ended + scrape.total("ivrd_callbacks_in_progress")
