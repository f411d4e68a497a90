"""One SIPp process and the wire to it: it signals, we decide.

SIPp calls this "3PCC": it connects to us over TCP (or we to it, when it is to make calls) and both
sides send small messages of header lines, each ended by an escape character and belonging to one
call by its Call-ID. Most of what it has to say, though, it writes into its log, here a named pipe:
a <log> belongs to a step of the scenario, while a <sendCmd> is a step of its own, in which a call
can be hit by what it does not expect.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.parts import SIPP, PartsError, program
from lab.ports import free_port
from lab.running import spawn

END = b"\x1b"
READY_IN = 300.0  # seconds a SIPp may take to start; it needs well under one
# Bytes of messages that may wait for SIPp; the kernel may grant less (net.core.rmem_max).
BUFFER = 4 * 2**20
LOOK = 0.1  # seconds from one look to the next while it starts
ENDS_IN = 5.0  # seconds it may take to stop before it is killed


class SippError(RuntimeError):
    """SIPp is missing, did not start, or ended before its calls did."""


@dataclass(frozen=True)
class Event:
    """What happened to one call, as its scenario says it."""

    call: str  # Call-ID
    word: str  # "aborted" when SIPp itself gave the call up
    fields: dict[str, str]


def read_message(message: bytes) -> Event | None:
    """Reads what a <sendCmd> sends, without its END; None when it belongs to no call."""
    fields: dict[str, str] = {}
    for line in message.decode("utf-8", "replace").split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), value.strip())
    given_up = fields.pop("internal-cmd", None)
    return _event(fields, fields.pop("call-id", ""), "aborted" if given_up else "")


def read_line(line: bytes) -> Event | None:
    """Reads what a <log> writes, `call=ID event=WORD NAME=VALUE...`."""
    words = line.decode("utf-8", "replace").split()
    fields = dict(word.split("=", 1) for word in words if "=" in word)
    return _event(fields, fields.pop("call", ""))


def _event(fields: dict[str, str], call: str, word: str = "") -> Event | None:
    word = word or fields.pop("event", "")
    return Event(call, word, fields) if call and word else None


def write_order(call: str, word: str, fields: dict[str, object]) -> bytes:
    """One message to SIPp: what it is to do with a call."""
    lines = [f"Call-ID: {call}", f"order: {word}", *(f"{k}: {v}" for k, v in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + END


def command() -> list[str]:
    """The words that start SIPp; it is fetched if this machine has none."""
    try:
        return [*program(SIPP)]
    except PartsError as error:
        raise SippError(str(error)) from error


class Sipp:
    """Runs one scenario. `folder` gets SIPp's own files, `port` is its SIP port on `host`.

    `calls`: a call begins with an order of ours, which brings its Call-ID; otherwise with an
    INVITE. SIPp tells that by the scenario: with a <recvCmd> before any <sendCmd> it is "3PCC
    controller B", and waits for us on a TCP port.
    """

    def __init__(
        self,
        scenario: Path,
        folder: Path,
        port: int,
        arguments: Sequence[str],
        host: str = "127.0.0.1",
        *,
        calls: bool = False,
    ) -> None:
        self.port = port
        self.host = host
        self._scenario = scenario
        self._folder = folder
        self._arguments = arguments
        self._calls = calls
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: socket.socket | None = None
        self._finishing = threading.Lock()
        self._log = -1
        self._unread = self._unread_log = b""

    @property
    def pid(self) -> int:
        """Of the process."""
        if self._process is None:
            raise SippError("sipp has not been started")
        return self._process.pid

    def start(self) -> None:
        """Returns when SIPp runs and has connected; raises SippError with its own words if not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = self._scenario.stem
        errors, log = self._folder / f"{name}.errors", self._folder / f"{name}.pipe"
        errors.unlink(missing_ok=True)  # of an earlier run
        log.unlink(missing_ok=True)
        os.mkfifo(log, 0o600)
        self._log = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
        files = ["-sf", str(self._scenario), "-error_file", str(errors), "-log_file", str(log)]
        if self._calls:
            twin = ("127.0.0.1", free_port(socket.SOCK_STREAM))
            self._run(twin, files)
            self._wire = self._meet(lambda: socket.create_connection(twin))
        else:
            with socket.create_server(("127.0.0.1", 0)) as door:
                door.settimeout(LOOK)
                self._run(door.getsockname(), files)
                self._wire = self._meet(lambda: door.accept()[0])

    def _run(self, twin: tuple[str, int], files: list[str]) -> None:
        options = (
            f"-i {self.host} -bind_local -p {self.port} -ci 127.0.0.1 -nostdin -aa "
            f"-3pcc {twin[0]}:{twin[1]} -trace_err -trace_logs "
            f"-buff_size {BUFFER} "
            f"-deadcall_wait 0 "  # late messages get an answer: agent.xml, caller.xml
            f"-watchdog_interval 0"  # it would end a run on a machine that is busy
        )
        with (self._folder / f"{self._scenario.stem}.screen").open("wb") as screen:
            self._process = spawn(
                [*command(), *self._arguments, *options.split(), *files],
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: we end it in good order
            )

    def _meet(self, connect: Callable[[], socket.socket]) -> socket.socket:
        until = time.monotonic() + READY_IN
        while time.monotonic() < until:
            try:
                wire = connect()
            except (TimeoutError, ConnectionRefusedError):
                if self._process is not None and self._process.poll() is not None:
                    break
                time.sleep(LOOK / 10)  # nothing tells when SIPp listens
            else:
                wire.setblocking(True)
                return wire
        self.stop()
        os.close(self._log)
        raise SippError(f"sipp did not start: {self.complaint()}")

    def complaint(self) -> str:
        """The last line in which SIPp said what is wrong."""
        for suffix in ("errors", "screen"):
            path = self._folder / f"{self._scenario.stem}.{suffix}"
            lines = path.read_text("utf-8", "replace").splitlines() if path.exists() else []
            said = [line.strip() for line in lines if line.strip()]
            if said:
                return said[-1]
        return "it said nothing"

    @property
    def sources(self) -> tuple[int, int]:
        """File descriptors that are readable when there is something to receive."""
        assert self._wire is not None
        return self._wire.fileno(), self._log

    def receive(self) -> list[Event] | None:
        """What has happened since the last time; None when SIPp has ended. Does not wait."""
        assert self._wire is not None
        try:
            said = self._wire.recv(65536, socket.MSG_DONTWAIT)
            ended = not said
        except BlockingIOError:
            said, ended = b"", False
        except ConnectionError:
            said, ended = b"", True
        *messages, self._unread = (self._unread + said).split(END)
        *lines, self._unread_log = (self._unread_log + self._read_log()).split(b"\n")
        # Lines first: the message that a call is given up comes after all that was logged of it.
        events = [*map(read_line, lines), *map(read_message, messages)]
        known = [event for event in events if event is not None]
        return known or (None if ended else [])

    def _read_log(self) -> bytes:
        try:
            return os.read(self._log, 65536)
        except BlockingIOError:
            return b""

    def order(self, call: str, word: str, **fields: object) -> None:
        """Tells SIPp what to do with a call. A call that has ended meanwhile does nothing."""
        assert self._wire is not None
        with suppress(ConnectionError):  # SIPp has gone; receive() says so
            self._wire.sendall(write_order(call, word, fields))

    def finish(self) -> None:
        """Asks for no more new calls; SIPp ends by itself when the open ones have ended."""
        if self._process is None or self._process.poll() is not None:
            return
        if self._finishing.acquire(blocking=False):  # SIPp takes a second signal for "at once"
            os.kill(self._process.pid, signal.SIGUSR1)

    def stop(self) -> None:
        """Ends the process: softly, as `finish` does, and when that takes too long at once."""
        if self._process is None:
            return
        self.finish()
        try:
            self._process.wait(ENDS_IN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """Lets go of the wire; nobody may be reading it any more."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
            os.close(self._log)
