"""Takes a service's log through a socket, as systemd's journal does, and writes it to a file."""

from __future__ import annotations

import socket
from typing import IO

from lab.running import spawn


class Journal:
    """From now on, until all who have its `end` have closed it."""

    def __init__(self, log: IO[bytes]) -> None:
        self.end, other = socket.socketpair()
        with other:
            self._process = spawn(["cat"], stdin=other, stdout=log, start_new_session=True)

    def wait(self) -> None:
        """Close our end, and wait until what was logged is in the file."""
        self.end.close()
        self._process.wait()
