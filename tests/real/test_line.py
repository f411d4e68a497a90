"""People on the line: invited, let in by id and PIN, given callers, over a kill -9 of ivrd."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.callers import Caller, Callers, Keys
from lab.line import Volunteer, Volunteers
from tests.fixtures.hotline import rewrite
from tests.real.conftest import Hotline
from tests.real.line_rig import LIST, NUMBER, invited, on_the_line
from tests.real.rig import WAIT

TALK = 3.0
KEY_SECONDS, RING_SECONDS = 4, 10
QUIET = 10.0  # seconds for which nothing is done but to measure


def with_a_line(seats: int) -> Callable[[str, dict[str, Any]], None]:
    """Nobody but people on the line; and time for a busy machine."""

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "ivrd.yaml":
            settings["lease_seconds"] = 40
        if name == "menus.yaml":
            settings["wait_seconds"] = 15
        if name == "queues.yaml":
            settings["pools"]["base"]["open"] = False
            settings["pools"]["home"] = {
                "kind": "line",
                "seats": seats,
                "open": True,
                "queues": "all",
            }
        if name == "agents.yaml":
            settings.update(line_number=NUMBER, wrap_up_seconds=1, line_key_seconds=0)

    return change


def states(lab: Hotline) -> dict[str, str]:
    rows = json.loads(lab.ivrd.once("agent", "list", "--json"))
    return {row["id"]: row["state"] for row in rows}


def callers(first: int, count: int) -> list[Caller]:
    return [Caller(n, "key 0", (Keys("0"),)) for n in range(first, first + count)]


@pytest.mark.lasts(30)
def test_people_on_the_line_from_the_list_to_the_last_caller_over_a_kill(hotline) -> None:
    lab = hotline(agents=1, change=with_a_line(3))
    (one, two) = invited(lab, "Malee", "Suda")
    people = on_the_line(
        lab, [Volunteer(n, *card, talk=TALK, hasty=True) for n, card in ((1, one), (2, two))]
    )
    lab.until("both are on the line", lambda _s: [*states(lab).values()] == ["ready"] * 2)

    calling = lab.calling(callers(11, 3), rate=2.0)
    lab.until("they talk", lambda s: s["calls"]["talk"] == 2)
    assert sorted(states(lab).values()) == ["talking"] * 2
    lab.ivrd.kill()
    lab.ivrd.start()
    lab.until("ivrd is back", lambda s: s["asterisk"]["up"])
    assert "signed_out" not in states(lab).values()
    ledger = calling.wait(WAIT)
    assert [entry.person for entry in ledger.entries] == ["inhouse"] * 3
    assert lab.settled().total("ivrd_calls_total", outcome="answered") == 3

    lab.ivrd.once("agent", "out", one[0])
    lab.until("one has left", lambda _s: states(lab)[one[0]] == "signed_out")
    lab.ivrd.once("seats", "withdraw", LIST)
    people.wait(WAIT)  # both were hung up on
    assert states(lab) == {}
    on_the_line(lab, [Volunteer(3, *two, drilled=True)], "late").wait(WAIT)  # is not let in
    assert "Logged in: 0" in lab.asterisk.cli("agent show all")


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_a_telephone_that_lies_there_keeps_no_caller_and_is_let_go(hotline) -> None:
    """Nobody presses the key: the next seat is rung, in less than two rings of a phone."""

    def change(name: str, settings: dict[str, Any]) -> None:
        with_a_line(2)(name, settings)
        if name == "ivrd.yaml":  # so that who rests is tried again soon, for nobody else is there
            settings["overflow"] = {"expected_talk_seconds": 300}
        if name == "queues.yaml":
            settings["ring_seconds"] = RING_SECONDS
        if name == "agents.yaml":
            settings["line_key_seconds"] = KEY_SECONDS

    lab = hotline(agents=1, change=change)
    (one, two) = invited(lab, "Malee", "Suda")
    lies = on_the_line(lab, [Volunteer(1, *one)], "lies")
    lab.until("one is on the line", lambda _s: states(lab)[one[0]] == "ready")
    calling = lab.calling(callers(11, 1), rate=1.0)
    lab.until("is let go", lambda _s: states(lab)[one[0]] == "signed_out")
    assert lab.ivrd.status()["calls"]["queue"] == 1  # the caller has not noticed
    rungs = missed(lab)
    assert len(rungs) >= 2  # once more while the word that lets the person go is on its way
    assert max(rungs) < lab.lag.stretched(2 * RING_SECONDS)
    on_the_line(lab, [Volunteer(2, *two, talk=2.0, taps=True)], "here")
    (entry,) = calling.wait(WAIT).entries
    assert entry.person == "inhouse"
    lies.wait(WAIT)
    scrape = lab.settled()
    assert scrape.total("ivrd_calls_total", outcome="answered") == 1
    counted = scrape.total("ivrd_ring_no_answer_total", pool="home", reason="missed")
    assert counted == len(missed(lab))


def missed(lab: Hotline) -> list[float]:
    """For how many seconds each phone rang that nobody took, by Asterisk's own record."""
    return [
        int(row.split("|")[5]) / 1000.0
        for row in lab.asterisk.queue_log.read_text("utf-8").splitlines()
        if "|RINGNOANSWER|" in row
    ]


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_a_pool_that_grows_and_shrinks_cuts_nobody_off(hotline) -> None:
    lab = hotline(agents=1, change=with_a_line(2))
    (card,) = invited(lab, "Malee")
    line = on_the_line(lab, [Volunteer(1, *card, talk=600.0, hasty=True)])
    lab.until("one is on the line", lambda _s: [*states(lab).values()] == ["ready"])
    calling = lab.calling(callers(11, 1), rate=1.0)
    lab.until("they talk", lambda s: s["calls"]["talk"] == 1)

    def seats(count: int, pool: str = "home") -> None:
        def change(settings: dict[str, Any]) -> None:
            settings["pools"][pool] = settings["pools"].pop("home")
            settings["pools"][pool]["seats"] = count

        rewrite(lab.config / "queues.yaml", change)
        lab.ivrd.once("reload")

    seats(4)
    assert "Defined agents: 4, Logged in: 1, Talking: 1" in lab.asterisk.cli("agent show all")
    seats(1, "elsewhere")  # the seat is gone in which they talk
    assert "Logged in: 1, Talking: 1" in lab.asterisk.cli("agent show all")
    assert calling.progress()["with_person"] == 1
    line.talks_end = True
    (entry,) = calling.wait(WAIT).entries
    assert (entry.person, entry.ended) == ("inhouse", "network")
    lab.until("let go", lambda _s: "Logged in: 0" in lab.asterisk.cli("agent show all"))
    lab.ivrd.once("reload")
    assert "Defined agents: 1," in lab.asterisk.cli("agent show all")


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_a_caller_whose_helpers_line_is_lost_has_the_next_helper(hotline) -> None:
    def change(name: str, settings: dict[str, Any]) -> None:
        with_a_line(2)(name, settings)
        if name == "ivrd.yaml":
            settings["asterisk"]["media"] = {"silent_seconds": 8, "held_seconds": 300}

    lab = hotline(agents=1, change=change)
    (one, two) = invited(lab, "Malee", "Suda")
    lost = on_the_line(lab, [Volunteer(1, *one, talk=600.0, hasty=True)], "lost")
    lab.until("one is on the line", lambda _s: "ready" in states(lab).values())
    calling = lab.calling(callers(11, 1), rate=1.0)
    lab.until("they talk", lambda s: s["calls"]["talk"] == 1)
    lost.vanish()
    lab.until("the caller is the next", lambda s: s["calls"]["queue"] == 1)
    assert "|BACK|LOST" in lab.asterisk.queue_log.read_text("utf-8")
    lab.until("who is gone is signed out", lambda _s: states(lab)[one[0]] == "signed_out")
    on_the_line(lab, [Volunteer(2, *two, talk=2.0, hasty=True)])
    calling.wait(WAIT)
    assert lab.settled().total("ivrd_calls_total", outcome="answered") == 1
    lost.stop()


@pytest.mark.verify
@pytest.mark.lasts(240)
def test_seventy_people_from_the_list_to_500_calls(hotline) -> None:
    """How long it takes is printed; what matters is that everybody is there, and nobody is lost."""
    lab = hotline(agents=1, sound=False, change=with_a_line(70), rtp_ports=1200)
    began = time.monotonic()
    cards = invited(lab, *(f"Helper {n}" for n in range(70)))
    given = time.monotonic() - began
    people = Volunteers(
        lab.sip,
        [Volunteer(n, *card, talk=5.0) for n, card in enumerate(cards, 1)],
        folder=lab.folder / "line",
        dialled=NUMBER,
        rate=2.0,
        sound=False,
    )
    people.start()
    lab.until("all are on the line", lambda s: pool_of(s)["free"] == 70, 180.0)
    ready = time.monotonic() - began
    spent = cpu_seconds(lab)
    time.sleep(QUIET)
    print(f"70 who wait: {(cpu_seconds(lab) - spent) / QUIET:.2f} of a core in Asterisk")
    calls = callers(1000, 500)
    calling = Callers(lab.sip, calls, folder=lab.folder / "callers", rate=4.0, sound=False)
    calling.start()
    ledger = calling.wait(300)
    scrape = lab.settled()
    waits = sorted(entry.waited or 0.0 for entry in ledger.entries)
    print(f"70 people: cards after {given:.1f} s, all on the line after {ready:.1f} s")
    mean = scrape.total("ivrd_wait_seconds_sum") / scrape.total("ivrd_wait_seconds_count")
    print(f"from joining the queue to the talk: {mean:.2f} s on average")
    print(f"500 calls: p50 {waits[250]:.2f} s, p95 {waits[475]:.2f} s, {people.limited or 'free'}")
    people.stop()
    assert [entry.person for entry in ledger.entries] == ["inhouse"] * 500
    assert scrape.total("ivrd_calls_total", outcome="answered") == 500
    # On a machine that is full some take the call only after another was asked: it is printed.
    print(
        f"{scrape.total('ivrd_ring_no_answer_total', pool='home'):g} calls were not taken at once"
    )


def cpu_seconds(lab: Hotline) -> float:
    """What Asterisk has used so far."""
    fields = Path(f"/proc/{lab.asterisk.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pool_of(status: Any) -> dict[str, Any]:
    return dict(next(pool for pool in status["pools"] if pool["name"] == "home"))
