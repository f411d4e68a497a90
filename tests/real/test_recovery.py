"""Those who gave up are called back: real Asterisk, people at home, and a kill -9 in between."""

import json
from pathlib import Path

import pytest

from lab.agents import refuses
from lab.called import CalledPeople, comes, declines
from lab.callers import Caller, HangUp, Hear, Keys, Quiet, Wait
from tests.real.rig import WAIT
from tests.real.test_callback import calls_begin, closed, never_two_at_once, no_file_has, number
from tests.real.test_callback import until as until_bookings
from tests.real.test_people import lost, run

pytestmark = pytest.mark.lasts(30)

# Is offered a call back, and rather waits: 2.
GIVES_UP = (Keys("0"), Hear(), Quiet(0.5), Keys("2"), Wait(8), HangUp())
COMES, BUSY, NEVER_AGAIN, REFUSED = 1, 2, 3, 4


def change(people: CalledPeople):
    def of(name, settings) -> None:
        closed(name, settings)
        more = {"hours": "day", "recover_at_free_percent": 30}
        people.change(name, settings, **more)
        if name == "hours.yaml":
            settings["hours"]["day"] = {"days": {"mon-sun": ["00:00-24:00"]}}
        if name == "ivrd.yaml":
            settings["people"] = {"recover_after_seconds": 2}

    return of


def test_who_gave_up_is_called_once_and_nobody_who_refuses(hotline, tmp_path: Path) -> None:
    home = {number(COMES)[1]: comes(), number(BUSY)[1]: refuses(486)}
    home |= {number(NEVER_AGAIN)[1]: declines(), number(REFUSED)[1]: comes()}
    with CalledPeople(tmp_path / "people", home) as people:
        lab = hotline(agents=3, talk=2.0, ring=0.2, change=change(people))
        callers = [Caller(n, "gives up", GIVES_UP, number=number(n)[0]) for n in range(1, 5)]
        lab.calling(callers, rate=2.0).wait(WAIT)
        assert lost(lab) == [number(n)[0] for n in range(1, 5)]
        run(lab, tmp_path, number(REFUSED)[0], "no-callback", "--json")
        lab.ivrd.once("seats", "open", "base")
        calls_begin(people, 1)
        lab.ivrd.kill()
        lab.ivrd.start()
        until_bookings(lab, {"reached": 1, "given_up": 1, "cancelled": 1})
        lab.settled()
        assert {talk.seat: len(people.calls_to(talk.seat)) for talk in people.ledger()} == {
            number(n)[1]: 1 for n in (COMES, BUSY, NEVER_AGAIN)
        }
        assert dict(people.reached()) == {number(COMES)[1]: 1}
        assert never_two_at_once(people)
        assert all(no_file_has(lab, number(n)[0]) for n in range(1, 5))
        assert lost(lab) == []
        what_is_kept_of_it(lab, tmp_path)


def what_is_kept_of_it(lab, tmp_path: Path) -> None:
    """By the audit log, the counts, and for each person; until that is erased."""
    audit = [entry["what"] for entry in lab.ivrd.get("audit")["entries"]]
    assert (audit.count("recovery begun"), audit.count("recovery ended")) == (3, 3)
    scrape = lab.ivrd.scrape()
    assert scrape.total("ivrd_bookings", origin="asked") == 0
    assert scrape.total("ivrd_bookings", origin="lost", state="reached") == 1
    assert run(lab, tmp_path, number(NEVER_AGAIN)[0], "export")["person"]["no_callback"]
    shown = run(lab, tmp_path, number(COMES)[0], "export")
    (booking,) = shown["callbacks"]
    assert (booking["origin"], booking["state"], booking["number"]) == ("lost", "reached", "")
    assert run(lab, tmp_path, number(COMES)[0], "erase", "--json")["callbacks"] == 1
    assert run(lab, tmp_path, number(COMES)[0], "export")["callbacks"] == []
    rows = json.loads(lab.ivrd.once("callback", "list", "--all", "--json"))
    assert {row["state"] for row in rows} == {"given_up", "cancelled"}
