"""Simulated partner call centres: each has its own SIP address, and people who press a key or not.

with PartnerSite(folder, takes()) as partner:
    ...  # trunk: partner.trunk
    print(partner.ledger())
"""

from __future__ import annotations

from pathlib import Path

from lab.agents import Agents, Choice, Manner, Talk
from lab.agents.agents import NEVER, Seconds
from lab.callers.script import HangUp, Hear, Keys, Meet, Step, Wait

HOST = "127.0.0.2"  # the callers of a lab have 127.0.0.1, and that is the carrier
USER = "1330"  # whom the hotline asks for at every partner


def takes(ring: Seconds = 0.5, talk: Seconds = 5.0, after: float = 0.5, key: str = "1") -> Manner:
    """Answers, presses the key `after` seconds into the whisper, and talks."""
    return Manner(ring, talk, "partner", first=(Hear(), Wait(after), Keys(key)))


def keeps_silent(ring: Seconds = 0.5) -> Manner:
    """Answers and presses nothing, as an answering machine does; leaves the hotline to hang up."""
    return Manner(ring, NEVER, "partner", first=(Hear(),))


def leaves_early(ring: Seconds = 0.5, after: float = 1.0) -> Manner:
    """Answers, listens for `after` seconds and hangs up without a key."""
    return Manner(ring, 0.0, None, first=(Hear(), Wait(after), HangUp()))


def sends_back(ring: Seconds = 0.5, talk: float = 2.0, keys: str = "*9") -> Manner:
    """Takes the caller, talks for `talk` seconds, and presses the keys that send him back."""
    steps: tuple[Step, ...] = (Hear(), Wait(0.5), Keys("1"), Meet(), Wait(talk), Keys(keys))
    return Manner(ring, NEVER, "partner", first=steps)


class PartnerSite(Agents):
    """One partner: a SIP port of 127.0.0.2 at which every call is taken in one manner."""

    def __init__(
        self, folder: Path, manner: Manner | Choice, port: int = 0, host: str = HOST
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(port, folder=folder, kind="partner", seats={USER: manner}, host=host)

    @property
    def trunk(self) -> str:
        """The address for partners.yaml."""
        return f"{self._sipp.host}:{self.port}"

    def become(self, manner: Manner | Choice) -> None:
        """Take calls in another manner from the next one on."""
        self.behave(USER, manner)

    def talks(self) -> tuple[Talk, ...]:
        """The calls that were put through or at least answered."""
        return tuple(talk for talk in self.ledger() if talk.talked is not None)
