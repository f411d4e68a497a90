"""One ivrd on its own that is killed and started again: everybody goes on where he was."""

import json
import time

from lab.ami_events import AmiEvents
from lab.callers import Caller, Hear, Keys, Quiet, Wait
from lab.changes import long_lease
from tests.real.rig import WAIT


def test_callers_go_on_in_the_menu_after_a_restart(hotline):
    """Some are in the main menu, some one further; what they press after it is heard."""
    lab = hotline(agents=30, talk=2.0, ring=0.2, change=long_lease)
    hear = (Hear(), Wait(1))
    at_main = (*hear, Keys("1"), Wait(16), Keys("23"))
    further = (*hear, Keys("1"), Wait(1), Keys("2"), Wait(15), Keys("3"))
    people = [Caller(n, "goes on", further if n % 2 else at_main) for n in range(1, 25)]
    calling = lab.calling(people, rate=24.0)
    lab.until("all in menus", lambda s: s["calls"]["menu"] == len(people))
    time.sleep(6)  # their first keys are pressed, and the last prompts begun
    news = AmiEvents(lab.ami_port, lab.ami_secret)
    lab.ivrd.kill()
    lab.ivrd.start()
    lab.until("all in menus", lambda s: s["calls"]["menu"] == len(people))
    news.wait("prompts", prompt_over, len(people))
    ledger = calling.wait(WAIT)
    news.close()
    assert ledger.outcomes() == {"answered": len(people)}
    assert {talk.topic for talk in lab.talks()} == {"lab-results"}
    report = json.loads(lab.ivrd.once("report", "day", "--json"))
    assert report["received"] == len(people)
    assert lab.ivrd.scrape().total("ivrd_calls_received_total") == len(people)


def prompt_over(event):
    """A command of the ivrd that goes on."""
    return event.get("event") == "AsyncAGIExec"


def test_whom_nobody_comes_back_for_the_lease_takes_to_a_person(hotline):
    lab = hotline(agents=10, talk=2.0, ring=0.2)
    people = [Caller(n, "in the menu", (Keys("1"), Quiet(60))) for n in range(1, 9)]
    calling = lab.calling(people, rate=20.0)
    lab.until("8 in menus", lambda s: s["calls"]["menu"] == 8)
    lab.ivrd.kill()  # in the very first seconds of its life
    ledger = calling.wait(WAIT)
    assert ledger.outcomes() == {"answered": 8}
    lab.ivrd.start()
    report = json.loads(lab.ivrd.once("report", "day", "--json"))
    deadline = time.monotonic() + 60
    while report["received"] < 8 or report["in_progress"]:
        assert time.monotonic() < deadline, report
        time.sleep(0.2)
        report = json.loads(lab.ivrd.once("report", "day", "--json"))
    assert [row["outcome"] for row in report["rows"]] == ["answered"]
