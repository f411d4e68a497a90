"""The running Asterisk's process, as the kernel knows it: its limit on open files, its work.

Neither the manager port nor a dialplan function tells it, and the console is not for the user
ivrd.  /proc tells it to everybody who may see the process: it is the one that listens on the
manager port.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROGRAM = "asterisk"
LISTENING, ESTABLISHED = "0A", "01"  # states of a socket, see tcp_states.h
LIMIT = re.compile(r"^Max open files +(\d+) ", re.MULTILINE)


def process(manager_port: int, proc: Path = Path("/proc")) -> Path | None:
    """The folder in /proc of the Asterisk that listens there; None when that cannot be seen.

    Of an Asterisk of another user only the program's name and its user are seen: where that fits
    several, nothing is known.
    """
    for user, inode in _listeners(proc, manager_port):
        named = [entry for entry in _named(proc) if _user(entry) == user]
        held = [entry for entry in named if _holds(entry, inode)]
        if len(held or named) == 1:
            return (held or named)[0]
    return None


def open_files_limit(manager_port: int, proc: Path = Path("/proc")) -> int | None:
    """How many files the Asterisk may open that listens there; None when that cannot be seen."""
    found = process(manager_port, proc)
    return None if found is None else _limit(found)


def cpu_seconds(found: Path) -> float:
    """What a process has used of the processors so far (proc(5), stat).  Raises `OSError`."""
    fields = (found / "stat").read_text("ascii", "replace").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def connected_users(manager_port: int, proc: Path = Path("/proc")) -> Counter[int]:
    """How many connections to that port each user of this machine holds."""
    found: Counter[int] = Counter()
    for column in _sockets(proc):
        if column[3] == ESTABLISHED and _port(column[2]) == manager_port:
            found[int(column[7])] += 1
    return found


def _sockets(proc: Path) -> Iterator[list[str]]:
    """The columns of each TCP socket: 1 and 2 are its addresses, 7 its user, 9 its inode."""
    for name in ("net/tcp", "net/tcp6"):
        with suppress(OSError):
            for line in (proc / name).read_text("ascii").splitlines()[1:]:
                yield line.split()


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _listeners(proc: Path, port: int) -> Iterator[tuple[int, str]]:
    """User and inode of each socket that listens on this port."""
    for column in _sockets(proc):
        if column[3] == LISTENING and _port(column[1]) == port:
            yield int(column[7]), column[9]


def _named(proc: Path) -> Iterator[Path]:
    """The processes with the program's name.

    One that is run by way of a dynamic loader has the loader's name: its first words tell.
    """
    for entry in proc.iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if any(os.path.basename(word) == PROGRAM.encode() for word in words[:4]):
                    yield entry


def _user(entry: Path) -> int | None:
    with suppress(OSError):
        return entry.stat().st_uid
    return None


def _holds(entry: Path, inode: str) -> bool:
    """Whether the socket is this process'; False also when that may not be seen."""
    with suppress(OSError):
        for handle in (entry / "fd").iterdir():
            with suppress(OSError):
                if os.readlink(handle) == f"socket:[{inode}]":
                    return True
    return False


def _limit(entry: Path) -> int | None:
    with suppress(OSError):
        if found := LIMIT.search((entry / "limits").read_text("ascii")):
            return int(found[1])
    return None
