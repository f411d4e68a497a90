"""The limit on open files of the running Asterisk, as the kernel knows it.

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


def open_files_limit(manager_port: int, proc: Path = Path("/proc")) -> int | None:
    """How many files the Asterisk may open that listens there; None when that cannot be seen.

    Of an Asterisk of another user only the program's name and its user are seen: where that fits
    several, nothing is known.
    """
    for user, inode in _listeners(proc, manager_port):
        named = [process for process in _named(proc) if _user(process) == user]
        held = [process for process in named if _holds(process, inode)]
        if len(held or named) == 1:
            return _limit((held or named)[0])
    return None


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
    for process in proc.iterdir():
        if process.name.isdecimal():
            with suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                if any(os.path.basename(word) == PROGRAM.encode() for word in words[:4]):
                    yield process


def _user(process: Path) -> int | None:
    with suppress(OSError):
        return process.stat().st_uid
    return None


def _holds(process: Path, inode: str) -> bool:
    """Whether the socket is this process'; False also when that may not be seen."""
    with suppress(OSError):
        for handle in (process / "fd").iterdir():
            with suppress(OSError):
                if os.readlink(handle) == f"socket:[{inode}]":
                    return True
    return False


def _limit(process: Path) -> int | None:
    with suppress(OSError):
        if found := LIMIT.search((process / "limits").read_text("ascii")):
            return int(found[1])
    return None
