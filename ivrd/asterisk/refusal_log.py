"""Calls that Asterisk refuses by itself: its own log is the only place that tells of them.

It makes no channel then, so there is neither an event nor a step of the dialplan: with 503 while it
waits for its last call to end (`core stop gracefully`), or has no room for another one; with 488
when the sound is to be encrypted otherwise than the trunk's `srtp` says, or sent to no address.
"""

import os
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ivrd.core.refusals import RefusalCause

# chan_pjsip.c, chan_pjsip_incoming_request; the name before it is the endpoint's, a carrier's.
# res_pjsip_session.c, handle_incoming_sdp; within a call a channel's name is there, with a /.
REFUSED = re.compile(
    rb"chan_pjsip\.c: +([A-Za-z0-9_-]+): Failed to allocate new PJSIP channel on|"
    rb"res_pjsip_session\.c: +([A-Za-z0-9_-]+): Couldn't negotiate stream"
)
Refused = Counter[tuple[str, RefusalCause]]
MOST_BYTES = 1 << 20  # in one read; the rest comes with the next one


class RefusalLog:
    """Follows Asterisk's log from its end.  Blocks on the disk: call it in a thread.

    A log that is not there, or may not be read, tells nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        self._from_end = True  # what is there before the first look was before us

    def read(self) -> Refused:
        """Calls that were refused since the last time, by carrier and why; never raises OSError."""
        found = Refused()
        with suppress(OSError):
            if self._file is None:
                self._open()
            found = self._take()
            if self._moved():
                found += self._take()  # what was written until it was moved
                self.close()
                self._open()
                found += self._take()
        return found

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        self._file, self._rest = None, b""

    def _open(self) -> None:
        from_end, self._from_end = self._from_end, False
        self._file = self._path.open("rb")
        if from_end:
            self._file.seek(0, os.SEEK_END)

    def _take(self) -> Refused:
        assert self._file is not None
        text = self._rest + self._file.read(MOST_BYTES)
        whole, newline, self._rest = text.rpartition(b"\n")
        if not newline and len(self._rest) > MOST_BYTES:
            self._rest = b""  # no log of Asterisk's
        return Counter(
            (
                (full or odd).decode("ascii"),
                RefusalCause.UNAVAILABLE if full else RefusalCause.NOT_ACCEPTABLE,
            )
            for full, odd in REFUSED.findall(whole)
        )

    def _moved(self) -> bool:
        """Whether the log is another file now, or was emptied in its place."""
        assert self._file is not None
        mine, now = os.fstat(self._file.fileno()), self._path.stat()
        return (mine.st_dev, mine.st_ino) != (now.st_dev, now.st_ino) or (
            now.st_size < self._file.tell()
        )
