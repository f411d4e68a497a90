"""The four partners of the overflow benchmark: one is good, and three fail, each in its own way."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from bench.figures import Trunk, trunk
from lab.agents import refuses, silent
from lab.partners import HOST, PartnerSite, takes
from lab.running import Running

FORGOTTEN = 60.0  # seconds after which the silent partner hangs up


class DeadTrunk:
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


class Four(Running):
    """The four partners of one system; the good one rings and talks for so many seconds."""

    def __init__(self, folder: Path, ring: float, talk: float) -> None:
        self._sites = {
            "ready": PartnerSite(folder / "ready", takes(ring, talk)),
            "refusing": PartnerSite(folder / "refusing", refuses(503)),
            "silent": PartnerSite(folder / "silent", silent(ring, FORGOTTEN)),
        }
        self._dead = DeadTrunk()

    def trunks(self) -> dict[str, str]:
        """Name to host:port, the good one first."""
        return {name: site.trunk for name, site in self._sites.items()} | {"dead": self._dead.trunk}

    def counts(self) -> dict[str, Trunk]:
        """What each of them counted; to be asked when all have hung up."""
        kept = {name: trunk(site.ledger()) for name, site in self._sites.items()}
        return kept | {"dead": self._dead.counts()}

    def start(self) -> None:
        """Start the sites."""
        self._dead.start()
        for site in self._sites.values():
            site.start()

    def stop(self) -> None:
        """End them."""
        for site in self._sites.values():
            site.stop()
        self._dead.stop()
