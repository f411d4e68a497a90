"""Asterisk's own console, for what AMI is given no right to: reading files anew, placing calls."""

import re
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ivrd.asterisk import dialplan_names

SECONDS = 30.0
LINE_FILE = "agents.conf"  # seats on the line

# A changed file -> what makes the running Asterisk read it; calls go on meanwhile.
RELOADS = {
    "extensions.conf": "dialplan reload",
    "hotline.conf": "dialplan reload",
    "partners.conf": "dialplan reload",
    "callback.conf": "dialplan reload",
    "line.conf": "dialplan reload",
    "pjsip.conf": "module reload res_pjsip.so",
    LINE_FILE: "module reload app_agent_pool.so",
    "queues.conf": "queue reload all",
    "features.conf": "module reload features",
    "say.conf": "module reload app_playback.so",
    "musiconhold.conf": "moh reload",
    "manager.conf": "manager reload",
    "logger.conf": "logger reload",
}


class ConsoleError(Exception):
    """Asterisk's console cannot be reached; the message says how it was tried."""


def reload(console: Sequence[str], folder: Path) -> list[str]:
    """Have Asterisk read its files anew; one that is as it was when it was read costs nothing.

    Asterisk hangs up on who is on the line of a seat that is gone, also in a talk (agents_sweep in
    apps/app_agent_pool.c).  So `LINE_FILE` is not read while somebody is; their seats.  Raises
    `ConsoleError`.
    """
    commands = dict(RELOADS)
    if gone := _on_line_of_no_seat(console, folder):
        del commands[LINE_FILE]
    for command in dict.fromkeys(commands.values()):
        say(console, command)
    return gone


def _on_line_of_no_seat(console: Sequence[str], folder: Path) -> list[str]:
    """The seats on whose line somebody is, and that Asterisk's file does not have any more."""
    try:
        said, text = say(console, "agent show online"), (folder / LINE_FILE).read_text("utf-8")
    except (ConsoleError, OSError):  # an Asterisk without seats on the line
        return []
    seats = set(re.findall(r"^\[([^\]]+)\]", text, flags=re.M))
    here = re.findall(r"^(\S+\.\S+) .*-[0-9a-f]{8}", said, flags=re.M)
    return [seat for seat in here if seat not in seats]


def load(console: Sequence[str], module: str) -> bool:
    """Have Asterisk load a module, if it has not; whether it runs then.  Raises `ConsoleError`."""
    if runs(console, module):
        return True
    with suppress(ConsoleError):  # it says no in its own way
        say(console, f"module load {module}.so")
    return runs(console, module)


def runs(console: Sequence[str], module: str) -> bool:
    """Whether Asterisk has loaded a module.  Raises `ConsoleError`."""
    listed = say(console, f"module show like {module}.so")
    return re.search(rf"^{re.escape(module)}\.so .*\bRunning\b", listed, re.MULTILINE) is not None


def started(console: Sequence[str]) -> float | None:
    """When the running Asterisk started (epoch, to a second); None when none is running."""
    try:
        said = say(console, "core show uptime seconds")
    except ConsoleError:
        return None
    found = re.search(r"System uptime: ([0-9]+)", said)
    return time.time() - float(found[1]) if found else None


def version(console: Sequence[str]) -> str:
    """The running Asterisk's version, such as 22.10.1; empty when none is running."""
    try:
        said = say(console, "core show version")
    except ConsoleError:
        return ""
    found = re.match(r"Asterisk ([0-9.]+)", said)
    return found[1].rstrip(".") if found else ""


def say(console: Sequence[str], command: str) -> str:
    """What Asterisk answers.  Raises `ConsoleError`."""
    argv = [*console, "-rx", command]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConsoleError(f"cannot run {console[0]} -rx {command!r}: {error}") from None
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode or said.startswith("No such command"):
        raise ConsoleError(f"Asterisk did not take {command!r}: {said or 'no answer'}")
    return said


def call(console: Sequence[str], partner: str) -> None:
    """Place a test call to a partner's first seat, whoever has it.  Raises `ConsoleError`.

    The seat is what the answered leg dials: what is called first is given up after 30 seconds
    (res_clioriginate.c), which is less than a partner may take.
    """
    drill = f"Local/s@{dialplan_names.PARTNER_DRILL}/n"
    seat = f"01@{dialplan_names.PARTNER_PREFIX}{partner}"
    say(console, f"channel originate {drill} extension {seat}")
