"""Callers book a call back, and are called back: real Asterisk, and people at home who answer."""

import time

import pytest

from lab.called import CalledPeople, comes
from lab.callers import Caller, Hear, Keys, Patience, Quiet
from tests.real.rig import WAIT

pytestmark = pytest.mark.lasts(20)

# At the end of the menu the offer: 1 for a call back, 1 for the number that is shown.
BOOKS = (Keys("0"), Hear(), Quiet(0.5), Keys("1"), Hear(), Quiet(0.5), Keys("1"))


def number(n: int) -> tuple[str, str]:
    """A mobile number as its caller's exchange shows it, and as it is dialled."""
    return f"08123450{n:02}", f"+6681234 50{n:02}".replace(" ", "")


def closed(name, settings) -> None:
    """No seat takes calls until somebody opens it."""
    if name == "queues.yaml":
        settings["pools"]["base"]["open"] = False


def booked(lab, count: int) -> None:
    """Wait until so many bookings stand."""
    deadline = time.monotonic() + 30
    while len(rows := lab.ivrd.get("callbacks")["callbacks"]) < count:
        assert time.monotonic() < deadline, rows
        time.sleep(0.1)


def states(lab) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in lab.ivrd.get("callbacks", all="yes")["callbacks"]:
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
