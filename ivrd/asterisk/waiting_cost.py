"""What a waiting caller costs the running Asterisk, measured by calls that it makes to us.

Asterisk sends music to a port of ours over calls without signalling (chan_rtp), first while nothing
comes back, then while we send sound as a caller's line does.  Its own time on the processors tells
what that costs.  It is done over the console: the manager port has no right to place calls.
"""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ivrd.asterisk import console, dialplan_names
from ivrd.asterisk.process import cpu_seconds
from ivrd.core.waiting_cost import WaitingCost

CALLS = 40
SECONDS = 6.0  # of each of the three looks
SETTLED = 2.0  # until all calls are up
MODULES = ("res_rtp_multicast.so", "chan_rtp.so")  # the second needs the first
HOST = "127.0.0.1"
PACKET = 0.02  # seconds of sound in each
PCMA, SILENCE = 8, b"\xd5" * 160  # payload type, RFC 3551; a packet of G.711 without sound


class CallsAreOn(Exception):
    """There are calls on this Asterisk, which the measurement could make worse."""


class NotMeasured(Exception):
    """What was to be measured has not happened; the message says what."""


def measure(
    running: Path,
    command: Sequence[str],
    *,
    force: bool = False,
    calls: int = CALLS,
    seconds: float = SECONDS,
) -> WaitingCost:
    """Place so many calls and say what each costs, from three looks of so many seconds.

    `running`: Asterisk's folder in /proc; `command` reaches its console.  Raises `CallsAreOn`
    (not with `force`), `NotMeasured`, `console.ConsoleError`, `OSError`.
    """
    if not force and not console.say(command, "core show channels count").startswith("0 active"):
        raise CallsAreOn("calls are on this Asterisk, and the measurement would disturb them")
    with _loaded(command), _Line() as line:
        idle = _used(running, line, seconds)
        longest = calls + round(SETTLED + 2 * seconds)  # up to a second to place each
        with _placed(command, calls, f"UnicastRTP/{HOST}:{line.port}", longest):
            line.wait(SETTLED)
            if len(line.peers) < calls:
                came = f"of {calls} calls that Asterisk was to place {len(line.peers)} came"
                raise NotMeasured(f"{came}: has it {' and '.join(MODULES)}?")
            heard = _used(running, line, seconds)
            line.speaks = True
            both = _used(running, line, seconds)
    return WaitingCost(max(0.0, heard - idle) / calls, max(0.0, both - heard) / calls)


def _used(running: Path, line: "_Line", seconds: float) -> float:
    """Processors that Asterisk takes meanwhile."""
    began, before = time.monotonic(), cpu_seconds(running)
    line.wait(seconds)
    return (cpu_seconds(running) - before) / (time.monotonic() - began)


@contextmanager
def _placed(command: Sequence[str], calls: int, channel: str, longest: int) -> Iterator[None]:
    """So many calls; if we are not here any more they end by themselves after `longest` seconds."""
    try:
        for _ in range(calls):
            waits = f"application MusicOnHold {dialplan_names.MUSIC},{longest}"
            console.say(command, f"channel originate {channel}/c(alaw) {waits}")
        yield
    finally:
        for line in console.say(command, "core show channels concise").splitlines():
            if line.startswith(f"{channel}-"):
                console.say(command, f"channel request hangup {line.partition('!')[0]}")


@contextmanager
def _loaded(command: Sequence[str]) -> Iterator[None]:
    """The modules for such calls, which the hotline itself does not use."""
    shown = console.say(command, "module show like rtp")
    ours = [name for name in MODULES if name not in shown]
    try:
        for name in ours:
            console.say(command, f"module load {name}")
        yield
    finally:
        for name in reversed(ours):
            console.say(command, f"module unload {name}")


class _Line:
    """The other end of all calls: one port, which sends sound to each while it speaks."""

    def __init__(self) -> None:
        self.speaks = False
        self.peers: dict[tuple[str, int], int] = {}  # address: the packets sent to it
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])

    def __enter__(self) -> "_Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def wait(self, seconds: float) -> None:
        """Be there for so long."""
        end = due = time.monotonic() + seconds
        due -= seconds
        while due < end:
            self._hear()
            if self.speaks:
                self._speak()
            due += PACKET
            time.sleep(max(0.0, due - time.monotonic()))

    def _hear(self) -> None:
        while True:
            try:
                _, address = self._socket.recvfrom(2048)
            except BlockingIOError:
                return
            self.peers.setdefault(address, 0)

    def _speak(self) -> None:
        for number, (address, sent) in enumerate(self.peers.items()):
            head = bytes((0x80, PCMA)) + (sent & 0xFFFF).to_bytes(2, "big")
            head += (sent * len(SILENCE) & 0xFFFFFFFF).to_bytes(4, "big")
            self._socket.sendto(head + number.to_bytes(4, "big") + SILENCE, address)
            self.peers[address] = sent + 1
