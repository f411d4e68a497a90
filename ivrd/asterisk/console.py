"""Asterisk's own console, for what AMI is given no right to: reading files anew, placing calls."""

import subprocess
from collections.abc import Iterable, Sequence

from ivrd.asterisk import dialplan_names

SECONDS = 30.0

# A changed file -> what makes the running Asterisk read it; calls go on meanwhile.
RELOADS = {
    "extensions.conf": "dialplan reload",
    "hotline.conf": "dialplan reload",
    "partners.conf": "dialplan reload",
    "pjsip.conf": "module reload res_pjsip.so",
    "queues.conf": "queue reload all",
    "features.conf": "module reload features",
    "say.conf": "module reload app_playback.so",
    "musiconhold.conf": "moh reload",
    "manager.conf": "manager reload",
    "logger.conf": "logger reload",
}


class ConsoleError(Exception):
    """Asterisk's console cannot be reached; the message says how it was tried."""


def reload(console: Sequence[str], files: Iterable[str]) -> list[str]:
    """Have Asterisk read these files anew; the names of those that need a restart of Asterisk.

    Raises `ConsoleError`.
    """
    changed = list(files)
    for command in dict.fromkeys(RELOADS[name] for name in changed if name in RELOADS):
        _say(console, command)
    return [name for name in changed if name not in RELOADS]


def _say(console: Sequence[str], command: str) -> None:
    argv = [*console, "-rx", command]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConsoleError(f"cannot run {console[0]} -rx {command!r}: {error}") from None
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode or said.startswith("No such command"):
        raise ConsoleError(f"Asterisk did not take {command!r}: {said or 'no answer'}")


def call(console: Sequence[str], interface: str) -> None:
    """Place a test call to a partner's seat.  Raises `ConsoleError`."""
    _say(console, f"channel originate {interface} extension s@{dialplan_names.PARTNER_DRILL}")
