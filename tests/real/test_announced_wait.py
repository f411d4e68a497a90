"""Callers hear with their place how long it will be, and stay in the queue meanwhile."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from lab.callers import Caller, Keys, Patience

PLAYED = re.compile(r"<(PJSIP/carrier-[^>]+)> Playing '([^'.]+)\.\w+' \(language '(\w+)'\)")
TALK = 100.0


def expected(name: str, settings: dict[str, Any]) -> None:
    if name == "ivrd.yaml":
        settings["overflow"] = {"expected_talk_seconds": TALK, "expected_patience_seconds": 300}
        settings["limits"] = {"music": 1000}


def verbose(lab: Any) -> Callable[[], list[tuple[str, str, str]]]:
    """What Asterisk plays to callers from now on: (channel, file, language)."""
    log = lab.asterisk.log / "verbose.log"
    lab.asterisk.cli(f"logger add channel {log} verbose(3)")
    return lambda: PLAYED.findall(log.read_text("utf-8", "replace"))


def waits(played: list[tuple[str, str, str]]) -> dict[str, list[tuple[str, str]]]:
    """By channel, what was said of the wait or the place: (file, language)."""
    said: dict[str, list[tuple[str, str]]] = {}
    for channel, file, language in played:
        said.setdefault(channel, []).append((file.removeprefix("ivrd/"), language))
    return said


@pytest.mark.lasts(40, waiting=True)
def test_the_wait_is_said_with_the_place_in_the_callers_language(hotline):
    lab = hotline(agents=1, talk=TALK, ring=0.2, change=expected)
    played = verbose(lab)
    talks = lab.calling([Caller(1, "talks", (Keys("0"), Patience(200.0)))], rate=20.0, name="one")
    lab.until("one talks", lambda s: s["calls"]["talk"] == 1)
    thai = lab.calling([Caller(2, "th", (Keys("0"), Patience(30.0)))], rate=20.0, name="two")
    lab.until("one waits", lambda s: s["calls"]["queue"] == 1)
    english = lab.calling([Caller(3, "en", (Keys("20"), Patience(30.0)))], rate=20.0, name="three")
    lab.until("two wait", lambda s: s["calls"]["queue"] == 2)
    thai.wait(90)
    english.wait(90)
    print(played())
    print(lab.ivrd.metrics_text() if hasattr(lab.ivrd, "metrics_text") else "")
    talks.stop()
    assert 0
