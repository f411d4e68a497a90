"""Simulated partner call centres: each has its own SIP address, and people who press a key or not.

with PartnerSite(folder, takes()) as partner:
    ...  # trunk: partner.trunk
    print(partner.ledger())

with PartnerSites(folder, ["good", "silent"]) as sites:
    ...  # Plan(..., change=sites.change): a hotline that has them as partners
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lab.agents import Agents, Choice, Manner, Talk, full_above, never_answers, refuses, silent
from lab.agents.agents import NEVER, Seconds
from lab.callers.script import HangUp, Hear, Keys, Meet, Step, Wait
from lab.running import LabError, Running

HOST = "127.0.0.2"  # the callers of a lab have 127.0.0.1, and that is the carrier
USER = "1330"  # whom the hotline asks for at every partner
NOBODY = f"{HOST}:9"  # a port at which nothing listens
PLEDGED, CAP = 10, 12  # seats
# A lab's talks last seconds, not minutes: so do the times in which seats open and close.
POLICY = {"drain_seconds": 15, "hold_seconds": 10, "expected_talk_seconds": 8}


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
        self,
        folder: Path,
        manner: Manner | Choice,
        port: int = 0,
        host: str = HOST,
        sound: bool = True,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        seats = {USER: manner}
        super().__init__(port, folder=folder, kind="partner", seats=seats, host=host, sound=sound)

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

    def taken(self) -> tuple[Talk, ...]:
        """The calls in which a person heard the caller: those that were put through."""
        return tuple(talk for talk in self.ledger() if talk.heard_caller)


@dataclass(frozen=True)
class Kind:
    """A kind of partner: in words what it does, and its manner by `ring` and `talk` (seconds).

    Without a manner nobody is there at all.
    """

    what: str
    manner: Callable[[Seconds, Seconds], Manner | Choice] | None


KINDS = {
    "good": Kind("a person takes every call", takes),
    "full": Kind(
        "two calls at a time are taken, more are refused",
        lambda ring, talk: full_above(2, takes(ring, talk)),
    ),
    "refuses": Kind("every call is refused: no circuit is free", lambda *_: refuses(503)),
    "silent": Kind("it answers, and not a sound comes", lambda ring, _talk: silent(ring, NEVER)),
    "no-key": Kind(
        "a voice answers and presses no key, as an answering machine does",
        lambda ring, _talk: keeps_silent(ring),
    ),
    "rings": Kind("it rings, and nobody answers", lambda *_: never_answers()),
    "leaves": Kind(
        "a person answers and hangs up without a key", lambda ring, _talk: leaves_early(ring)
    ),
    "drops": Kind(
        "a person takes the call and hangs up a second later", lambda ring, _talk: takes(ring, 1.0)
    ),
    "returns": Kind(
        "a person takes the call and sends the caller back", lambda ring, _talk: sends_back(ring)
    ),
    "dead": Kind("nothing is there", None),
}


def kinds_of(text: str) -> tuple[str, ...]:
    """The kinds named in a list with commas.  Raises LabError for one that there is not."""
    kinds = tuple(word.strip() for word in text.split(",")) if text.strip() else ()
    for kind in kinds:
        if kind not in KINDS:
            near = get_close_matches(kind, KINDS, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise LabError(f"--partners: expected {', '.join(KINDS)}, got {kind!r}{hint}")
    return kinds


def shown_callers(address: str) -> dict[str, object]:
    """A trunk whose people see who calls: so both sides' counts can be compared."""
    return {"addresses": [address], "caller_identity": "caller"}


class PartnerSites(Running):
    """A site for each of these kinds, which gives it its name; a second of a kind is `good-2`."""

    def __init__(
        self,
        folder: Path,
        kinds: Sequence[str],
        ring: Seconds = 0.5,
        talk: Seconds = 5.0,
        sound: bool = True,
    ) -> None:
        self.kinds: dict[str, str] = {}  # a partner's name -> its kind
        self.sites: dict[str, PartnerSite] = {}  # but for those where nobody is
        self._folder = folder
        self._started: list[PartnerSite] = []
        seen: Counter[str] = Counter()
        for kind in kinds:
            seen[kind] += 1
            name = kind if seen[kind] == 1 else f"{kind}-{seen[kind]}"
            self.kinds[name] = kind
            if manner := KINDS[kind].manner:
                self.sites[name] = PartnerSite(folder / name, manner(ring, talk), sound=sound)

    def start(self) -> None:
        """Start all sites; on any failure those that run are stopped again."""
        try:
            for site in self.sites.values():
                site.start()
                self._started.append(site)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End them."""
        while self._started:
            self._started.pop().stop()

    def change(self, name: str, settings: dict[str, Any]) -> None:
        """For a Plan: these partners, and a policy for a lab's short talks."""
        if name == "partners.yaml":
            settings["partners"] = {partner: self._entry(partner) for partner in self.kinds}
        if name == "ivrd.yaml":
            settings["overflow"].update(POLICY)

    def _entry(self, name: str) -> dict[str, object]:
        return {
            "name": {"th": name, "en": name},
            "trunk": shown_callers(self._trunk(name)),
            "pledged": PLEDGED,
            "cap": CAP,
            "hours": "always",
            "topics": "all",
            "state": "active",
        }

    def _trunk(self, name: str) -> str:
        return self.sites[name].trunk if name in self.sites else NOBODY

    def facts(self) -> dict[str, dict[str, str]]:
        """What an outside program needs to know of each: its kind, its trunk, its own ledger."""
        return {
            name: {
                "kind": kind,
                "trunk": self._trunk(name),
                "ledger": str(self._folder / name / "agents.jsonl"),
            }
            for name, kind in self.kinds.items()
        }
