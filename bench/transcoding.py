"""What a call costs Asterisk that it has to turn into G.711: waiting with music, and talking.

    python -m bench.transcoding [--calls 10] [--seconds 15] [alaw inband g722 gsm opus]

In one run, one codec after the other, as many calls for as long: they wait in the queue, then they
talk with agents, whose phones speak A-law.  What they say is what they have heard before, so that
both directions are of sound and not of silence.  Printed, and written to bench/RESULTS.md: percent
of a processor that Asterisk takes for a call, and how often that is what it takes in A-law.
`inband`: A-law in which it listens for keys that are sent as sound.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from bench import results
from lab.callers.rtp import HEADER
from lab.hotline import Lab, Plan
from lab.machine import cpu_seconds
from lab.phone import PACKET_SECONDS, Phone

NAME = "python -m bench.transcoding"
PAYLOADS = {"alaw": 8, "inband": 8, "g722": 9, "gsm": 3, "opus": 107}
KINDS = tuple(PAYLOADS)
HEARD = 100  # packets that are remembered, and said again
LIMIT = 120.0  # seconds; only a machine that is stuck takes so long
HEAD = (
    "| codec | waiting, % of a processor | talking | as A-law: waiting | talking |\n"
    "|---|---:|---:|---:|---:|\n"
)


class Speaker(Phone):
    """Says what it has heard, in its one codec."""

    def __init__(self, lab: Lab, kind: str) -> None:
        super().__init__(lab.sip, host=host_of(kind))
        self._kind = PAYLOADS[kind]
        self._heard: list[bytes] = []
        self._over = threading.Event()

    def call(self) -> None:
        """Ask for a person, and speak from now on."""
        answer = self.invite(payloads=f"{self._kind} 101")
        assert answer.status == 200, answer.first
        self.press_by_info("0")
        threading.Thread(target=self._speak, daemon=True).start()

    def _speak(self) -> None:
        self.sound.setblocking(False)
        due = time.monotonic()
        while not self._over.is_set():
            packet = self._next()
            if packet and len(self._heard) < HEARD and packet[1] & 0x7F == self._kind:
                self._heard.append(packet[HEADER:])
            if self._heard:
                said = self._heard[self._packets % len(self._heard)]
                self._send_packet(self._kind, said, 160 * self._packets)
            due += PACKET_SECONDS
            time.sleep(max(0.0, due - time.monotonic()))

    def _next(self) -> bytes:
        """A packet that has come; empty for none."""
        with suppress(BlockingIOError):
            return self.sound.recv(2000)
        return b""

    def end(self) -> None:
        """Hang up."""
        self._over.set()
        self.hang_up()
        self.close()


def kind(text: str) -> str:
    """One of KINDS, as it is given."""
    if text not in KINDS:
        raise argparse.ArgumentTypeError(f"expected {', '.join(KINDS)}")
    return text


def host_of(kind: str) -> str:
    """The address of the carrier that speaks nothing else."""
    return f"127.0.0.{40 + KINDS.index(kind)}"


def carrier(kind: str) -> dict[str, object]:
    """Its entry in the YAML."""
    inband = kind == "inband"
    codec, dtmf = ("alaw", "inband") if inband else (kind, "rfc4733")
    return {"addresses": [host_of(kind)], "codecs": [codec], "dtmf": dtmf}


def plan(folder: Path, calls: int) -> Plan:
    """A hotline with a carrier for each codec, and an agent for each call."""

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "ivrd.yaml":
            settings["asterisk"]["carriers"] |= {kind: carrier(kind) for kind in KINDS}

    return Plan(folder, agents=calls, ring=0.2, talk=3600.0, change=change)


def until(lab: Lab, what: str, count: int) -> None:
    """Wait until so many callers are there."""
    deadline = time.monotonic() + LIMIT
    while (status := lab.ivrd.status())["calls"][what] != count:
        assert time.monotonic() < deadline, f"{what}: {status['calls']}"
        time.sleep(0.1)


def cost(lab: Lab, calls: int, seconds: int) -> float:
    """Percent of a processor that Asterisk takes for one of these calls."""
    began, used = time.monotonic(), cpu_seconds(lab.asterisk.pid)
    time.sleep(seconds)
    took = time.monotonic() - began
    return 100 * (cpu_seconds(lab.asterisk.pid) - used) / took / calls


def measure(lab: Lab, kind: str, calls: int, seconds: int) -> tuple[float, float]:
    """What a call costs that waits, and one that talks."""
    lab.ivrd.once("seats", "close", "base", "--yes")
    with ExitStack() as ending:
        for _ in range(calls):
            speaker = Speaker(lab, kind)
            speaker.call()
            ending.callback(speaker.end)
        until(lab, "queue", calls)
        waiting = cost(lab, calls, seconds)
        lab.ivrd.once("seats", "open", "base")
        until(lab, "talk", calls)
        talking = cost(lab, calls, seconds)
    until(lab, "talk", 0)
    return waiting, talking


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("--calls", type=int, default=10, help="at once")
    parser.add_argument("--seconds", type=int, default=15, help="for how long each is measured")
    parser.add_argument("kinds", nargs="*", type=kind, default=[*KINDS], metavar="KIND")
    given = parser.parse_args(arguments)
    folder, rows = Path(tempfile.mkdtemp(prefix="ivrd-bench-")), []
    print(HEAD, end="", flush=True)
    with Lab(plan(folder, given.calls)) as lab:
        usual = measure(lab, "alaw", given.calls, given.seconds)
        for name in given.kinds:
            of = usual if name == "alaw" else measure(lab, name, given.calls, given.seconds)
            ratios = [now / then for now, then in zip(of, usual, strict=True)]
            rows.append(
                f"| {name} | {of[0]:.2f} | {of[1]:.2f} | {ratios[0]:.1f} | {ratios[1]:.1f} |\n"
            )
            print(rows[-1], end="", flush=True)
    text = (
        f"{given.calls} calls at a time, for {given.seconds} s each, with agents whose phones "
        f"speak A-law.\n\n{HEAD}{''.join(rows)}"
    )
    results.write(NAME, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
