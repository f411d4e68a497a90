"""What callers hear who wait: music for so many, a bar and a word for the next ones."""

import re
from typing import Any

import pytest

from ivrd.asterisk.process import process
from ivrd.asterisk.waiting_cost import CallsAreOn, measure
from lab.asterisk import Asterisk
from lab.callers import Caller, Keys, Patience
from lab.callers.crowd import Crowd
from lab.running import LabError
from tests.real.rig import WAIT

STAY = 36.0  # the first words and their bar, the next ones after 20 s, and a part of their silence
MUSIC_PAUSE = 2.0  # seconds without sound in what is heard as music, words and their joins included
BRIEF_PAUSE = 15.0  # after the bar, until the next words


def one_has_music(name: str, settings: dict[str, Any]) -> None:
    if name == "ivrd.yaml":
        settings["limits"] = {"music": 1}


def person(number: int, patience: float) -> Caller:
    return Caller(number, "waits", (Keys("0"), Patience(patience)))


def groups(lab) -> dict[str, list[str]]:
    """What each group of the category music has as members, by the channels' technology."""
    said = lab.asterisk.cli("group show channels")
    found: dict[str, list[str]] = {}
    for channel, group in re.findall(r"^(\S+)\s+(\S+)\s+music\s*$", said, re.MULTILINE):
        found.setdefault(group, []).append(channel.partition("-")[0])
    return found


def crowded(name: str, settings: dict[str, Any]) -> None:
    """Nobody hears a menu, and who is silent may stay."""
    if name == "ivrd.yaml":
        settings["limits"] = {"music": 20, "menus": 1}
        settings["asterisk"]["media"] = {"silent_seconds": 0, "held_seconds": 0}


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_however_many_come_at_once_no_more_than_the_limit_have_music(hotline, tmp_path):
    lab = hotline(agents=3, talk=600.0, ring=0.2, change=crowded, rtp_ports=1000)
    with Crowd(lab.sip, 200, tmp_path, rate=60.0):
        # one may listen to the menu
        here = lambda s: s["calls"]["talk"] == 3 and s["calls"]["queue"] >= 196  # noqa: E731
        lab.until("all are here", here)
        of = {name: len(members) for name, members in groups(lab).items()}
        assert of["hold"] + of["brief"] >= 199
        assert 20 <= of["hold"] <= 20 + of["talk"]  # those who talk have given their places away
        told = "callers wait, and music is for 20: the others have some of it with each word"
        assert any(told in limit for limit in lab.ivrd.status()["limits"])
        (entry,) = lab.calling([person(1, 8.0)], rate=1.0).wait(WAIT).entries
        assert entry.outcome == "abandoned"
    assert lab.asterisk.complaints() == []
    lab.asterisk.cli("channel request hangup all")
    assert lab.settled().balances


@pytest.mark.verify
@pytest.mark.lasts(45, waiting=True)
def test_above_the_limit_callers_hear_a_bar_with_each_word_and_never_long_silence(hotline):
    lab = hotline(agents=1, talk=90.0, ring=0.2, change=one_has_music)
    talks = lab.calling([person(1, 200.0)], rate=20.0, name="talks")
    lab.until("the first one talks", lambda s: s["calls"]["talk"] == 1)
    with_music = lab.calling([person(2, STAY)], rate=20.0, name="music")
    lab.until("the second one waits", lambda s: s["calls"]["queue"] == 1)
    brief = lab.calling([person(3, STAY), person(4, STAY)], rate=20.0, name="brief")
    lab.until("the others wait", lambda s: s["calls"]["queue"] == 3)
    # who talks takes no music from those who wait
    assert groups(lab) == {
        "hold": ["PJSIP/carrier", "PJSIP/carrier"],
        "talk": ["PJSIP/base"],
        "brief": ["PJSIP/carrier", "PJSIP/carrier"],
    }
    (heard,) = with_music.wait(WAIT).entries
    assert heard.silence < lab.lag.stretched(MUSIC_PAUSE)
    for entry in brief.wait(WAIT).entries:
        assert MUSIC_PAUSE < entry.silence < lab.lag.stretched(BRIEF_PAUSE)
    talks.stop()
    lab.settled()
    assert groups(lab) == {}  # their places are free


def test_what_a_waiting_caller_costs_is_measured_while_nobody_calls(hotline):
    lab = hotline(agents=1, talk=60.0, ring=0.2)
    running = process(lab.ami_port)
    assert running is not None
    console = Asterisk.console(lab.folder / "asterisk")
    modules = lab.asterisk.cli("module show like rtp")
    cost = measure(running, console, calls=10, seconds=3.0)
    assert cost.music > 0.0
    assert lab.asterisk.cli("core show channels count").startswith("0 active channels")
    assert lab.asterisk.cli("module show like rtp") == modules
    calls = lab.ivrd.status()["calls"]
    assert not any(calls.values()), "test calls are nobody's"

    calling = lab.calling([person(1, 30.0)], rate=20.0)
    lab.until("a caller is here", lambda s: s["calls"]["received"] == 1)
    with pytest.raises(CallsAreOn):
        measure(running, console, calls=5, seconds=1.0)
    with pytest.raises(LabError, match=r"calls are on this Asterisk.*--force"):
        lab.ivrd.once("check", "--capacity")
    calling.stop()
