"""Another system on loopback in a process of its own, which can be killed; see receiver.py.

    python -m tests.outbox.receiver_process PORT RECORD ANSWER

It writes what it is asked into the file RECORD, a line of JSON each, before it answers; so what it
has written is what it has taken, also when it is killed before the answer.  It answers after a
moment, so that a kill finds it in the midst of something.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from lab.ivrd import HOST, PROJECT
from lab.ports import free_port
from lab.running import LabError, Running, spawn
from tests.outbox.receiver import Receiver, Request

PAUSE = 0.2  # seconds before each answer
READY = b"ready\n"


class Recording(Receiver):
    """Writes down before it answers."""

    def __init__(self, record: Path, answer: bytes) -> None:
        super().__init__(answer)
        self._record = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def _answer(self, writer: asyncio.StreamWriter) -> bool:
        request = self.requests.pop()
        line = json.dumps({**asdict(request), "body": request.body.decode()})
        os.write(self._record, f"{line}\n".encode())
        await asyncio.sleep(PAUSE)
        return await super()._answer(writer)


class ReceiverProcess(Running):
    """Starts, kills and starts it again, on one port and with one record.

    `answer`: what it answers everybody, as in receiver.py.
    """

    def __init__(self, record: Path, answer: bytes) -> None:
        self.port = free_port(socket.SOCK_STREAM)
        self.record = record
        self._answer = answer
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is to be asked."""
        return f"http://{HOST}:{self.port}/in"

    def start(self) -> None:
        """Raises LabError when it does not start."""
        what = (str(self.port), str(self.record), self._answer.decode())
        self._process = spawn(
            [sys.executable, "-m", "tests.outbox.receiver_process", *what],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != READY:
            raise LabError("a receiver did not start")

    def kill(self) -> None:
        """End it at once, as `kill -9` does, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdout is not None
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()

    def stop(self) -> None:
        """It has nothing to end in good order."""
        self.kill()

    def requests(self) -> list[Request]:
        """All that it has taken so far, in whichever of its lives."""
        if not self.record.exists():
            return []
        lines = self.record.read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        return [Request(**{**row, "body": row["body"].encode()}) for row in rows]


async def _run(port: int, record: Path, answer: bytes) -> None:
    receiver = Recording(record, answer)
    receiver.port = port
    async with receiver.running():
        sys.stdout.buffer.write(READY)
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3].encode()))
