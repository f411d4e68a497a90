"""Callers hear with their place how long it will be; it is true, and they stay in the queue."""

import re
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from ivrd.core.announced_wait import LESS
from lab.callers import Caller, Keys, Patience
from tests.real.rig import WAIT

TALK = 90.0  # expected; nobody talks for so short here, so nothing else is learnt
PLAYED = re.compile(r"<(PJSIP/carrier-\w+)> Playing 'ivrd/([^'.]+)\.\w+' \(language '(\w+)'\)")
BOUND = re.compile(r"(?:th|en)_w(\d+)")
PLACE = ("queue-before", "queue-after", "queue-next")


class Played(NamedTuple):
    """What Asterisk played to a caller, and in which variant of which language."""

    channel: str
    prompt: str
    language: str


def listening(lab: Any) -> Callable[[], dict[str, list[Played]]]:
    """From now on, what each caller who waits is told, by channel in the order of the calls."""
    log = lab.asterisk.log / "played.log"
    lab.asterisk.cli(f"logger add channel {log} verbose(3)")

    def played() -> dict[str, list[Played]]:
        said: dict[str, list[Played]] = {}
        for found in PLAYED.findall(log.read_text("utf-8", "replace")):
            if found[1] in (*PLACE, "queue-wait") or found[1].startswith("number-"):
                said.setdefault(found[0], []).append(Played(*found))
        return dict(sorted(said.items()))

    return played


def talks_of(seconds: float) -> Callable[[str, dict[str, Any]], None]:
    """Talks of so long are expected, and nobody gives up."""

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "ivrd.yaml":
            settings["overflow"] = {
                "expected_talk_seconds": seconds,
                "expected_patience_seconds": 3600,
            }
            settings["limits"] = {"music": 1000}

    return change


def waits(number: int, keys: str, seconds: float) -> Caller:
    return Caller(number, "waits", (Keys(keys), Patience(seconds)))


def heard(played: Callable[[], dict[str, list[Played]]], times: int) -> list[list[Played]]:
    """What each of two callers was told, once each has been told of the wait so many times."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        said = list(played().values())
        if [sum(p.prompt == "queue-wait" for p in of) >= times for of in said] == [True] * 2:
            return said
        time.sleep(0.2)  # a file that another program writes
    raise AssertionError(f"not told {times} times: {said}")


@pytest.mark.lasts(45, waiting=True)
def test_the_wait_is_said_with_the_place_in_the_callers_language_also_after_kill_9(hotline):
    lab = hotline(agents=1, talk=600.0, ring=0.2, change=talks_of(TALK))
    played = listening(lab)
    talking = lab.calling([waits(1, "0", 600.0)], rate=20.0, name="talks")
    lab.until("the first one talks", lambda s: s["calls"]["talk"] == 1)
    thai = lab.calling([waits(2, "0", 600.0)], rate=20.0, name="thai")
    lab.until("one waits", lambda s: s["calls"]["queue"] == 1)
    english = lab.calling([waits(3, "20", 600.0)], rate=20.0, name="english")
    first, second = heard(played, times=1)
    assert [p.prompt for p in first][-2:] == ["queue-next", "queue-wait"]
    told = [p.prompt for p in second][-4:]
    assert told == ["queue-before", "number-2", "queue-after", "queue-wait"]
    lab.ivrd.kill()
    lab.ivrd.start()
    for said, language in zip(heard(played, times=2), ("th", "en"), strict=True):
        variants = [p.language for p in said if p.prompt == "queue-wait"]
        assert all(BOUND.fullmatch(variant) for variant in variants)
        assert {variant[:2] for variant in variants} == {p.language[:2] for p in said} == {language}
    bounds = [int(BOUND.fullmatch(of[-1].language)[1]) for of in (first, second)]
    assert 3 <= bounds[0] < bounds[1]  # 150 s at most by what is expected, and 270 s
    assert "WITHDRAW" not in lab.asterisk.queue_log.read_text("utf-8")
    for calling in (thai, english, talking):
        calling.stop()
    scrape = lab.settled()
    assert scrape.balances
    assert scrape.total("ivrd_calls_total", outcome="abandoned", stage="queue") == 2


@pytest.mark.verify
@pytest.mark.lasts(300, waiting=True)
def test_bounds_that_callers_hear_are_true(hotline):
    talk = 20.0
    lab = hotline(agents=3, talk=talk, ring=0.5, change=talks_of(talk))
    played = listening(lab)
    people = [waits(number, "0", 600.0) for number in range(1, 37)]
    entries = lab.calling(people, rate=2.0).wait(WAIT).entries
    assert [entry.outcome for entry in entries] == ["answered"] * len(people)
    waited = {entry.id: entry.waited for entry in entries}
    told = list(played().values())  # the first three did not wait
    assert len(told) == len(people) - 3
    kept = 0
    for number, said in enumerate(told, 4):
        bounds = [int(found[1]) for p in said if (found := BOUND.fullmatch(p.language))]
        kept += waited[number] <= bounds[0] * 60.0
        assert set(bounds) <= set(LESS)
        shorter = [after <= before for before, after in pairwise(bounds)]
        assert sum(shorter) >= 0.8 * len(shorter)
        assert [p.prompt for p in said].count("queue-wait") >= len(said) // 5
    assert kept >= 0.8 * len(told)
    scrape = lab.settled()
    results = {
        result: scrape.total("ivrd_announced_waits_total", result=result)
        for result in ("kept", "broken")
    }
    assert abs(results["kept"] - kept) <= 1  # one may be at the bound to the second
    # One of the first three may have been foreseen a wait that was over before it was said.
    foreseen = sum(results.values())
    assert len(told) <= foreseen <= len(people)
    assert scrape.total("ivrd_expected_wait_error_seconds_count") == foreseen
    # All are foreseen while nobody has seen a talk end: it is the first guess that is right.
    error = scrape.total("ivrd_expected_wait_error_seconds_sum")
    assert error < 0.6 * sum(waited[number] for number in range(4, len(people) + 1))
