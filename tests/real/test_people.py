"""A known mix of people, redials, withheld numbers and an exchange: the figures are the mix."""

import json
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lab.callers import Caller, HangUp, Keys, Quiet, Wait
from lab.changes import never_lost
from lab.clock import Clock
from tests.real.rig import WAIT

ZONE = ZoneInfo("Asia/Bangkok")  # of the small hotline
DAY = 24 * 3600
LEFT = 45.0  # seconds of a person's 24 hours in which ivrd starts once more
INTO_QUEUE = "0"
EXCHANGE, WITHHELD = "0277777777", "anonymous"
REACHED, LOST, IN_MENUS = ("0211111111", "0211111112"), ("0222222221", "0222222222"), "0233333333"


def change(name, settings) -> None:
    """No seat takes calls until somebody opens it; who gives up after 2 s is one of the lost."""
    if name == "queues.yaml":
        settings["pools"]["base"]["open"] = False
    if name == "ivrd.yaml":
        settings["people"] = {"recover_after_seconds": 2}


class Mix:
    """Callers, wave by wave."""

    def __init__(self, lab) -> None:
        self.lab = lab
        self.count = 0
        self.calling = []

    def calls(self, wave: str, *numbers: str, script) -> list:
        people = []
        for number in numbers:
            self.count += 1
            people.append(Caller(self.count, wave, script, number=number))
        self.calling.append(self.lab.calling(people, rate=5.0, name=wave.replace(" ", "-")))
        return self.calling[-1]


GIVES_UP = (Keys(INTO_QUEUE), Wait(6), HangUp())
WAITS = (Keys(INTO_QUEUE), Quiet(180))


def people(scrape) -> dict[str, int]:
    found = {
        state: scrape.total("ivrd_people", state=state)
        for state in ("answered", "trying", "menu_only")
    }
    for number in ("person", "withheld", "shared"):
        found[f"{number} calls"] = scrape.total("ivrd_people_calls", number=number)
    return {**found, "shared numbers": scrape.total("ivrd_people_shared_numbers")}


def run(lab, folder: Path, number: str, *words: str) -> dict:
    """A command about the person with this number, which a file has."""
    file = folder / "number"
    file.write_text(f"{number}\n")
    return json.loads(lab.ivrd.once("people", *words, "--file", str(file)))


def lost(lab) -> list[str]:
    listed = json.loads(lab.ivrd.once("recover", "list", "--json"))
    return [row["number"] for row in listed["people"]]


@pytest.mark.lasts(60)
def test_people_are_counted_as_they_are_and_the_lost_can_be_called(hotline, tmp_path):
    lab = hotline(agents=3, talk=1.0, ring=0.2, change=change)
    mix = Mix(lab)
    mix.calls("menu", IN_MENUS, script=(Wait(1), HangUp())).wait(WAIT)
    mix.calls("first", *LOST, *REACHED, script=GIVES_UP).wait(WAIT)
    mix.calls("again", LOST[1], script=GIVES_UP).wait(WAIT)
    lab.settled()
    assert lab.ivrd.get("day")["in_progress"] == 0  # and all of it is stored
    lab.ivrd.kill()
    lab.ivrd.start()
    lab.until("Asterisk is there", lambda s: s["asterisk"]["up"])
    mix.calls("wait", *REACHED, *[EXCHANGE] * 3, *[WITHHELD] * 2, script=WAITS)
    lab.until("all wait", lambda s: s["calls"]["queue"] == 7)
    lab.ivrd.once("seats", "open", "base")
    for calling in mix.calling:
        calling.wait(WAIT)
    scrape = lab.settled()
    assert people(scrape) == {
        "answered": 2,
        "trying": 2,
        "menu_only": 1,
        "person calls": 8,
        "withheld calls": 2,
        "shared calls": 3,
        "shared numbers": 1,
    }
    assert scrape.total("ivrd_people_trying", at_least_seconds="0") == 2
    day = lab.ivrd.get("day")
    assert day["received"] == 13
    counted = {key: value for key, value in day["people"].items() if "seconds" not in key}
    assert counted == {
        "total": 5,
        "answered": 2,
        "trying": 2,
        "never_reached": 0,
        "menu_only": 1,
        "calls": 8,
        "redials": 3,
        "redials_per_person": 0.6,
        "withheld_calls": 2,
        "shared_numbers": 1,
        "shared_calls": 3,
    }
    assert 0 < day["people"]["longest_trying_seconds"] < 3600
    whom_the_hotline_owes_an_answer(lab, tmp_path)


def whom_the_hotline_owes_an_answer(lab, tmp_path) -> None:
    """Both of the lost, the first first; not who refuses, and nobody who was erased."""
    assert lost(lab) == list(LOST)
    kept = run(lab, tmp_path, LOST[1], "export")
    assert [call["outcome"] for call in kept["calls"]] == ["abandoned"] * 2
    assert (kept["person"]["number"], len(kept["person"]["waits"])) == (LOST[1], 2)
    run(lab, tmp_path, LOST[0], "no-callback", "--json")
    assert lost(lab) == [LOST[1]]
    assert run(lab, tmp_path, LOST[1], "erase", "--json") == {
        "person": True,
        "entries": 2,
        "callbacks": 0,
        "messages": 0,
    }
    assert lost(lab) == []
    left = run(lab, tmp_path, LOST[1], "export")
    assert (left["person"], left["calls"]) == (None, [])
    assert people(lab.ivrd.scrape())["trying"] == 1
    day = lab.ivrd.get("day")
    assert (day["received"], day["people"]["total"], day["people"]["withheld_calls"]) == (13, 4, 4)
    written = b"".join(path.read_bytes() for path in lab.folder.rglob("*") if kept_by_ivrd(path))
    numbers = (*REACHED, *LOST, IN_MENUS, EXCHANGE)
    assert [number for number in numbers if number.encode() in written] == []
    audit = lab.ivrd.get("audit")["entries"]
    assert {entry["what"] for entry in audit} >= {"person erased", "recover list", "no callback"}


def kept_by_ivrd(path: Path) -> bool:
    """The store and the log."""
    return path.is_file() and (".sqlite" in path.name or path.suffix == ".log")


@pytest.mark.verify
@pytest.mark.lasts(100, waiting=True)
def test_who_was_not_answered_within_a_day_was_never_reached(hotline, tmp_path):
    """ivrd starts again when nearly a day has gone by, on the clocks of ivrd and of Asterisk."""
    clock = Clock(tmp_path / "clock")
    environment = clock.environment()

    def change_all(name, settings) -> None:
        change(name, settings)
        never_lost(name, settings)

    lab = hotline(
        agents=1,
        talk=1.0,
        ring=0.2,
        change=change_all,
        environment=environment,
        of_asterisk=environment,
    )
    mix = Mix(lab)
    began, day = time.monotonic(), f"{datetime.now(ZONE):%Y-%m-%d}"
    mix.calls("menu", IN_MENUS, script=(Wait(1), HangUp())).wait(WAIT)
    mix.calls("lost", LOST[0], script=GIVES_UP).wait(WAIT)
    lab.ivrd.once("seats", "open", "base")
    mix.calls("reached", REACHED[0], script=WAITS).wait(WAIT)
    lab.settled()
    assert lab.ivrd.get("day")["in_progress"] == 0  # and all of it is stored
    lab.ivrd.kill()
    clock.wrong_by(round(DAY - LEFT - (time.monotonic() - began)))
    lab.ivrd.start()
    until(lab, lambda scrape: scrape.total("ivrd_people") == 3)
    scrape = lab.ivrd.scrape()
    assert scrape.total("ivrd_people_trying", at_least_seconds="57600") == 1  # for 16 hours
    assert scrape.total("ivrd_people_finished_total") == 0
    until(lab, lambda scrape: scrape.total("ivrd_people") == 0)
    scrape = lab.ivrd.scrape()
    in_the_end = {
        state: scrape.total("ivrd_people_finished_total", state=state)
        for state in ("answered", "never_reached", "menu_only")
    }
    assert in_the_end == {"answered": 1, "never_reached": 1, "menu_only": 1}
    counted = lab.ivrd.get("day", day=day)["people"]
    assert {state: counted[state] for state in in_the_end} == in_the_end
    assert (counted["total"], counted["trying"]) == (3, 0)


def until(lab, holds) -> None:
    """Wait until it holds of a scrape."""
    deadline = time.monotonic() + WAIT
    while not holds(lab.ivrd.scrape()):
        assert time.monotonic() < deadline
        time.sleep(0.2)  # nothing tells when a day is over
