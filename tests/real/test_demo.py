"""`python -m lab demo` as its user sees it, where no picture can be drawn: lines in a file."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SHORT = ("--callers", "20", "--seconds", "8", "--seats", "1")
MOST_SECONDS = 300


def begin(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "lab", "demo", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def running(folder: str) -> list[str]:
    """Processes that have this folder in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if folder.encode() in command:
            found.append(command.replace(b"\0", b" ").decode())
    return found


def folder_of(text: str) -> str:
    found = re.search(r"/\S*ivrd-demo-\w+", text)
    assert found, text
    return found[0]


@pytest.mark.lasts(130, waiting=True)
def test_the_demo_shows_the_overflow_and_every_count_agrees() -> None:
    demo = begin(*SHORT)
    said, complaints = demo.communicate(timeout=MOST_SECONDS)
    assert demo.returncode == 0, said + complaints
    assert complaints == ""
    assert "\x1b" not in said
    for words in (
        "good takes its first caller",
        "a caller has asked to be called back",
        "the hotline has called back",
        "What was seen:",
        "taken by good, by its own count",
        "Every call is accounted for.",
    ):
        assert words in said
    assert re.search(r"A caller asked at \d+:\d\d to be called back, and talked to a person", said)
    rows = re.findall(r"^(\S.*?)  +(\d+)  +(\d+)  (=|DIFFERS)", said, re.MULTILINE)
    counted = {what: (int(own), int(ivrd)) for what, own, ivrd, _same in rows}
    assert counted["dialled / received"] == (20, 20)
    assert counted["answered by a partner"][0] > 0
    assert counted["to be called back"] == counted["called back and reached"] == (1, 1)
    assert {same for *_counts, same in rows} == {"="}
    assert running(folder_of(said)) == []


def test_ctrl_c_ends_all_that_was_started() -> None:
    demo = begin(*SHORT)
    assert demo.stdout is not None
    assert demo.stderr is not None
    text = ""
    for line in demo.stdout:
        text += line
        if re.search("menus [1-9]", line):
            break
    assert running(folder_of(text)) != []
    demo.send_signal(signal.SIGINT)
    _said, complaints = demo.communicate(timeout=MOST_SECONDS)
    assert demo.returncode == 130
    assert complaints == "lab: stopped; all that was started has ended\n"
    assert running(folder_of(text)) == []
