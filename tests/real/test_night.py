"""What whoever watches at night has: one caller's story in the log, and a board that stays."""

import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path
from typing import Any

from ivrd.core.case_code import case_code
from lab.agents import answers, refuses
from lab.callers import Caller, Keys, Wait
from lab.partners import takes
from tests.real.overflow_rig import Sites, partner

NIGHT = 60.0  # seconds
MOST_LINES = 20  # of a caller who walks about in the menus and is offered to four seats
CALL = re.compile(r" call=(\S+) case=(\S+)")


def test_grep_of_the_case_code_tells_one_callers_story(hotline, tmp_path: Path) -> None:
    """As it is on the agent's phone; one seat declines, and a partner drops the caller."""
    sites = Sites(tmp_path)
    try:
        site = sites("drops", takes(ring=0.2, talk=1.0))

        def change(name: str, settings: dict[str, Any]) -> None:
            if name == "partners.yaml":
                settings["partners"] = {"drops": partner(site.trunk)}

        lab = hotline(agents=2, talk=2.0, ring=0.2, change=change)
        lab.agents.behave("base-01", refuses(486))
        lab.agents.behave("base-02", refuses(486))
        lab.ivrd.once("partner", "override", "open", "drops")
        lab.until("it is asked", lambda _s: "@partner-drops" in lab.asterisk.cli("queue show"))
        caller = Caller(1, "walks about", (Keys("2"), Wait(1), Keys("7"), Wait(1), Keys("0")))
        calling = lab.calling([caller], rate=1.0)
        lab.until("the partner dropped", lambda _s: "result=dropped" in lab.ivrd.log_text(), NIGHT)
        lab.agents.behave("base-02", answers(0.2, 2.0))
        lab.ivrd.once("seats", "resume", "base-02")
        assert calling.wait(NIGHT).outcomes() == {"answered": 1}
        lab.settled()
        talk = next(talk for talk in lab.talks() if talk.ended == "agent")
    finally:
        sites.stop()
    told = lab.ivrd.log_text()
    story = [line for line in told.splitlines() if talk.case in line]
    (call_id,) = {found[1] for line in story if (found := CALL.search(line))}
    assert all(f" call={call_id} case={talk.case}" in line for line in story)
    assert case_code(call_id) == talk.case  # the dialplan's
    ordered = iter(story)
    for words in (
        "call received",
        "call in a menu .* to=main key=2 language=en",
        "call pressed a wrong key .* to=main$",
        "call on the way to a person .* to=other key=0 language=en",
        "call joined .* queue=other",
        "call offered to a seat .* seat=base-0[12]",
        "call not taken by a seat .* seat=base-0[12] result=refused",
        "call offered to a seat .* seat=drops/01",
        "call answered .* by=partner seat=drops/01",
        "call not taken by a seat .* seat=drops/01 result=dropped",
        "call joined again .* talked=1",
        "call offered to a seat .* seat=base-02",
        "call answered .* by=inhouse seat=base-02",
        "call ended .* outcome=answered by=inhouse",
    ):
        assert any(re.search(words, line) for line in ordered), f"{words} is missing in {story}"
    assert len(story) <= MOST_LINES
    assert caller.shown not in told
    assert "key=7" not in told


def test_top_stays_while_ivrd_is_started_anew_and_ends_with_q(hotline) -> None:
    lab = hotline(agents=1)
    control, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    top = subprocess.Popen(
        lab.ivrd.argv("top"), stdin=terminal, stdout=terminal, stderr=terminal, env=environment
    )
    os.close(terminal)
    try:
        shows(control, b"connected to Asterisk")
        lab.ivrd.stop()
        shows(control, b"not connected: no ivrd answers")
        lab.ivrd.start()
        shows(control, b"connected to Asterisk, running for")
        os.write(control, b"q")
        deadline = time.monotonic() + NIGHT
        while top.poll() is None and time.monotonic() < deadline:
            read(control)
        assert top.returncode == 0
    finally:
        top.kill()
        top.wait()
        os.close(control)


def shows(control: int, words: bytes) -> None:
    """Wait until the screen has shown these words, from now on."""
    shown, deadline = b"", time.monotonic() + NIGHT
    while words not in shown:
        assert time.monotonic() < deadline, shown[-2000:]
        shown += read(control)


def read(control: int) -> bytes:
    """What comes within a second, if anything does."""
    ready, _, _ = select.select([control], [], [], 1.0)
    try:
        return os.read(control, 65536) if ready else b""
    except OSError:  # nobody has the terminal open any more
        return b""
