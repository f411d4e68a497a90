"""The partners of one system: each takes as many calls at a time as it has seats, or is bad."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from pathlib import Path

from bench.figures import Trunk, trunk
from bench.scenarios import RING, SEATS, Scenario
from lab.agents import Choice, Manner, Talk, full_above, refuses, silent
from lab.agents.agents import NEVER
from lab.partners import HOST, PartnerSite, takes
from lab.running import Running

FORGOTTEN = 60.0  # seconds after which the silent partner hangs up


class DeadTrunk(Running):
    """A partner that is not there: calls to its address are counted, and nothing comes back."""

    def __init__(self) -> None:
        self._calls: set[bytes] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.settimeout(0.2)
        self.trunk = f"{HOST}:{self._socket.getsockname()[1]}"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="dead trunk", daemon=True)

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                message = self._socket.recv(65536)
            except TimeoutError:
                continue
            if message.startswith(b"INVITE "):
                lines = message.split(b"\r\n")
                self._calls |= {at for at in lines if at.lower().startswith(b"call-id:")}

    def counts(self) -> Trunk:
        """How many calls came; retransmissions count once."""
        return Trunk(placed=len(self._calls))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()


class Site(PartnerSite):
    """A partner who keeps a ledger."""

    def counts(self) -> Trunk:
        """What became of the calls that came."""
        return trunk(self.ledger())


def manner(kind: str, seats: int) -> Manner | Choice:
    """How a partner takes calls; "" is a good one.  Callers end the talks."""
    match kind:
        case "":
            return full_above(seats, takes(RING, NEVER))
        case "silent":
            return full_above(seats, silent(RING, FORGOTTEN))
        case "refuses":
            return refuses(503)
    raise ValueError(f"expected a kind of partner, got {kind!r}")


class Partners(Running):
    """All partners of one system."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        self._sites: dict[str, Site | DeadTrunk] = {}
        for name, seats in SEATS.items():
            kind = scenario.bad.get(name, "")
            dead = kind == "dead"
            self._sites[name] = (
                DeadTrunk() if dead else Site(folder / name, manner(kind, seats), sound=False)
            )
        self._running = ExitStack()

    def trunks(self) -> dict[str, str]:
        """Name to host:port."""
        return {name: site.trunk for name, site in self._sites.items()}

    def counts(self) -> dict[str, Trunk]:
        """What each of them counted; to be asked when all have hung up."""
        return {name: site.counts() for name, site in self._sites.items()}

    def ledger(self) -> list[Talk]:
        """The calls to all of them, as those saw it who took them; nobody is at a dead one."""
        sites = [site for site in self._sites.values() if isinstance(site, Site)]
        return [talk for site in sites for talk in site.ledger()]

    def start(self) -> None:
        """Start the sites; if one does not, those that run are stopped."""
        with ExitStack() as starting:
            for site in self._sites.values():
                starting.enter_context(site)
            self._running = starting.pop_all()

    def stop(self) -> None:
        """End them."""
        self._running.close()
