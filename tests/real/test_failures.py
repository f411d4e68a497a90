"""What a caller notices when ivrd, or its link to Asterisk, is gone: music, and nothing else."""

import json
import signal

import pytest

from lab.callers import Caller, Callers, Hear, Keys, Quiet, Wait
from tests.real.rig import WAIT, Hotline

LEASE = 5.0


def in_menu(first: int, count: int) -> list[Caller]:
    """Callers who listen and press nothing."""
    return [Caller(n, "in the menu") for n in range(first, first + count)]


def to_a_person(first: int, count: int) -> list[Caller]:
    """Callers who want a person at once."""
    return [Caller(n, "in the queue", (Keys("0"),)) for n in range(first, first + count)]


@pytest.mark.verify
@pytest.mark.lasts(45)
@pytest.mark.parametrize("comes_back", [False, pytest.param(True, marks=pytest.mark.verify)])
def test_kill_9_costs_no_caller_anything(hotline, comes_back):
    lab = hotline(agents=6, talk=4.0, ring=0.5)
    people = [*to_a_person(1, 26), *in_menu(101, 20)]
    calling = lab.calling(people, rate=25.0)
    lab.until(
        "20 in menus, 20 in the queue",
        lambda s: s["calls"]["menu"] >= 20 and s["calls"]["queue"] >= 20,
    )
    lab.ivrd.kill()
    if comes_back:
        lab.ivrd.start()
        calls = lab.ivrd.status()["calls"]
        assert calls["adopted"] == calls["received"] > 0
    ledger = calling.wait(WAIT)
    assert ledger.outcomes() == {"answered": 46}
    assert lab.nobody_was_in_silence(ledger, LEASE + 1)
    if comes_back:
        scrape = lab.settled()
        assert scrape.balances
        assert scrape.ended("answered") == scrape.total("ivrd_calls_received_total")


def test_a_caller_who_comes_while_ivrd_is_away_is_answered(hotline):
    lab = hotline(agents=3, talk=2.0, ring=0.2)
    lab.ivrd.kill()
    ledger = lab.calling(to_a_person(1, 5), rate=1.0).wait(WAIT)
    assert ledger.outcomes() == {"answered": 5}
    assert {talk.topic for talk in lab.talks()} == {""}


def test_sigterm_brings_everybody_in_a_menu_to_a_person(hotline):
    def hurry(name, settings):
        if name == "ivrd.yaml":
            settings["drain_seconds"] = 1

    lab = hotline(agents=12, talk=2.0, ring=0.2, change=hurry)
    calling = lab.calling([*in_menu(1, 8), *to_a_person(11, 4)], rate=20.0)
    lab.until("8 in menus", lambda s: s["calls"]["menu"] >= 8)
    assert lab.ivrd.stop() == 0
    later = calling.wait(WAIT)
    assert later.outcomes() == {"answered": 12}
    assert lab.nobody_was_in_silence(later, 2.0)


def test_a_caller_goes_on_in_the_menu_after_the_link_was_cut(hotline, detour):
    lab = hotline(agents=8, talk=2.0, ring=0.2, ami_detour=detour.port, via=detour)
    script = (Hear(), Wait(1), Keys("1"), Hear(), Wait(6), Keys("2"), Wait(6), Keys("3"))
    people = [Caller(n, "goes on", script) for n in range(1, 9)]
    calling = lab.calling(people, rate=20.0)
    lab.until("8 in menus", lambda s: s["calls"]["menu"] >= 8)
    detour.cut()
    lab.until("the link is back", lambda s: s["asterisk"]["up"])
    ledger = calling.wait(WAIT)
    assert ledger.outcomes() == {"answered": 8}
    assert {talk.topic for talk in lab.talks()} == {"lab-results"}
    scrape = lab.settled()
    assert scrape.balances
    assert scrape.ended("answered") == 8


# Five in the menu and three in the queue are failed; two talks are cut off.
TAKEN_ALONG = {("failed", "ivr"): 5, ("failed", "queue"): 3, ("answered", "talk"): 2}


def full(hotline) -> tuple[Hotline, Callers]:
    """Five callers in menus, three in the queue, two with a person."""
    lab = hotline(agents=2, talk=40.0, ring=0.2)
    calling = lab.calling([*in_menu(1, 5), *to_a_person(11, 5)], rate=20.0)
    wanted = {"menu": 5, "queue": 3, "talk": 2}
    lab.until(f"{wanted}", lambda s: wanted.items() <= s["calls"].items())
    return lab, calling


@pytest.mark.parametrize("crashes", [False, True])
def test_an_asterisk_that_ends_takes_its_calls_along_and_they_are_failed(hotline, crashes):
    lab, calling = full(hotline)
    lab.restart_asterisk(crashes)
    lab.until("the link is back", lambda s: s["asterisk"]["up"])
    scrape = lab.settled()
    calling.stop()
    assert scrape.balances
    assert +scrape.outcomes() == TAKEN_ALONG
    assert scrape.total("ivrd_talks_cut_off_total") == 2
    assert scrape.total("ivrd_calls_unresolved_total") == 0
    later = lab.calling([Caller(50, "afterwards", (Keys("0"),), hangs_up_after=10)], 1)
    assert later.wait(WAIT).outcomes() == {"answered": 1}


@pytest.mark.parametrize("crashes", [False, True])
def test_calls_that_failed_while_ivrd_was_away_are_failed(hotline, crashes):
    lab, calling = full(hotline)
    lab.ivrd.kill()
    lab.restart_asterisk(crashes)
    lab.ivrd.start()
    lab.until("the link is back", lambda s: s["asterisk"]["up"])
    scrape = lab.settled()
    calling.stop()
    assert +scrape.outcomes() == TAKEN_ALONG
    day = json.loads(lab.ivrd.once("report", "day", "--json"))
    assert {(row["outcome"], row["stage"]): row["calls"] for row in day["rows"]} == TAKEN_ALONG
    assert (day["received"], day["talks_cut_off"]) == (10, 2)


def test_a_bad_reload_keeps_the_old_configuration_and_says_why(hotline):
    lab = hotline(agents=2, talk=2.0, ring=0.2)
    menus = lab.config / "menus.yaml"
    good = menus.read_text("utf-8")
    menus.write_text(good.replace("topic: lab-results", "topic: lab-result"), "utf-8")
    lab.ivrd.send(signal.SIGHUP)
    lab.until("it says no", lambda s: not s["config"]["last_reload_ok"])
    assert 'unknown topic "lab-result"' in lab.ivrd.log_text()
    assert "did you mean lab-results?" in lab.ivrd.log_text()
    ledger = lab.calling([Caller(1, "as before", (Keys("123"),))], 1).wait(WAIT)
    assert ledger.outcomes() == {"answered": 1}
    assert lab.talks()[0].topic == "lab-results"
    menus.write_text(good.replace("topic: lab-results", "topic: vaccine-trouble"), "utf-8")
    lab.ivrd.send(signal.SIGHUP)
    lab.until("it says yes", lambda s: s["config"]["last_reload_ok"])
    ledger = lab.calling([Caller(2, "anew", (Keys("123"), Quiet(60)))], 1).wait(WAIT)
    assert lab.talks()[1].topic == "vaccine-trouble"
