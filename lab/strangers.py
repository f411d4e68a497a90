"""Strangers on this machine who keep the places in which Asterisk's manager port waits for a login.

    python -m lab.strangers PORT COUNT

holds COUNT connections that say nothing, and opens each anew as soon as it is closed.
"""

from __future__ import annotations

import argparse
import resource
import selectors
import socket
import subprocess
import sys

from lab.ivrd import PROJECT
from lab.running import Running, spawn

HOST = "127.0.0.1"
SPARE_FILES = 100
READY = b"ready\n"


class Strangers(Running):
    """`count` connections to a port, from `start` to `stop`."""

    def __init__(self, port: int, count: int) -> None:
        self._argv = [sys.executable, "-m", "lab.strangers", str(port), str(count)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when all have been opened once."""
        self._process = spawn(self._argv, stdout=subprocess.PIPE, cwd=PROJECT)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == READY

    def stop(self) -> None:
        """Go away."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def hold(port: int, count: int) -> None:
    """Hold so many connections, until killed."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, count + SPARE_FILES), most))
    selector = selectors.DefaultSelector()

    def connect() -> None:
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex((HOST, port))
        selector.register(connection, selectors.EVENT_READ)

    for _ in range(count):
        connect()
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    while True:
        for key, _events in selector.select():
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            if _is_over(connection):
                selector.unregister(connection)
                connection.close()
                connect()


def _is_over(connection: socket.socket) -> bool:
    try:
        return not connection.recv(1000)
    except OSError:
        return True


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    given = parser.parse_args()
    hold(given.port, given.count)
