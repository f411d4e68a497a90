"""People at home who are called back: behind the exchange that takes the hotline's own calls.

with CalledPeople(folder, {"+66812345678": comes()}) as people:
    ...  # Plan(..., change=people.change): a hotline that calls back through that exchange
    people.ledger()  # what each saw of each call
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.agents import Agents, Choice, Manner, Talk, refuses
from lab.agents.agents import NEVER, Seconds
from lab.callers.script import HangUp, Hear, Keys, Meet, Step, Wait
from lab.ports import free_port

HOST = "127.0.0.3"  # callers have 127.0.0.1, partners 127.0.0.2


def comes(ring: Seconds = 0.5, after: float = 0.5, key: str = "1") -> Manner:
    """Answers, presses the key so many seconds into the announcement, and talks to whoever comes.

    Stays until the hotline's person hangs up.
    """
    return Manner(ring, NEVER, "caller", first=(Hear(), Wait(after), Keys(key), Meet()))


def does_not_press(ring: Seconds = 0.5) -> Manner:
    """Answers and presses nothing, as an answering machine does."""
    return Manner(ring, NEVER, None, first=(Hear(),))


def declines(ring: Seconds = 0.5, after: float = 0.5) -> Manner:
    """Answers, and presses the key that says: do not call."""
    return Manner(ring, NEVER, None, first=(Hear(), Wait(after), Keys("9")))


def hangs_up(ring: Seconds = 0.5, after: float = 0.5) -> Manner:
    """Answers, hears who calls, and hangs up."""
    return Manner(ring, NEVER, None, first=(Hear(), Wait(after), HangUp()))


def leaves_the_queue(after: float = 2.0, ring: Seconds = 0.5) -> Manner:
    """Presses the key, and hangs up so many seconds later unless a person has come."""
    steps: tuple[Step, ...] = (Hear(), Keys("1"), Wait(after), HangUp())
    return Manner(ring, NEVER, None, first=steps)


class CalledPeople(Agents):
    """Each number's person takes calls in a manner; who is not among them is not there."""

    def __init__(
        self,
        folder: Path,
        people: Mapping[str, Manner | Choice],
        *,
        host: str = HOST,
        sound: bool = True,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(0, folder=folder, seats=people, host=host, sound=sound)
        self._usual = refuses(404)
        self.dial_port = free_port()

    @property
    def trunk(self) -> str:
        """The address for ivrd.yaml."""
        return f"{self._sipp.host}:{self.port}"

    def change(self, name: str, settings: dict[str, Any], **callback: Any) -> None:
        """The hotline calls back through this exchange; `callback`: more of that section."""
        if name == "ivrd.yaml":
            settings["callback"] = {
                "trunk": self.trunk,
                "port": self.dial_port,
                "retry_minutes": [0.1, 0.1, 0.1],
                "fault_minutes": 0.1,
                "offer_after_minutes": 0,
                **callback,
            }

    def calls_to(self, number: str) -> tuple[Talk, ...]:
        """The calls to one number that have ended."""
        return tuple(talk for talk in self.ledger() if talk.seat == number)

    def reached(self) -> Counter[str]:
        """How often each person has talked to one of the hotline's."""
        return Counter(talk.seat for talk in self.ledger() if talk.heard_person)
