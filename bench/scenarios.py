"""What the overflow benchmark tries: the people and seats of each system, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

AGENTS = 5
TALK = 10.0  # mean, seconds
RING = 1.0
PATIENCE = 30.0  # mean, seconds
SEED = 1330  # of the first round
SEATS = {"alpha": 8, "bravo": 6, "charlie": 4, "delta": 2}  # that partners pledge, and have
SCALE = 4  # times that people set in a policy are divided by this, as those in bench/peers/conf are


@dataclass(frozen=True)
class Scenario:
    """What is wrong in a run.  `bad`: partners by what they do instead of taking calls (the names
    are those of `lab.partners.KINDS`); `absent`: seats of our own where nobody is.
    """

    what: str
    bad: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    @property
    def good(self) -> dict[str, int]:
        """Partners who take calls, and their seats."""
        return {name: seats for name, seats in SEATS.items() if name not in self.bad}


SCENARIOS = {
    "good": Scenario("everything is as it should be"),
    "silent": Scenario("one partner answers, and not a sound comes", bad={"bravo": "silent"}),
    "refuses": Scenario("one partner refuses every call (503)", bad={"bravo": "refuses"}),
    "dead": Scenario("one partner is not there", bad={"bravo": "dead"}),
    "absent": Scenario("one of our own phones rings and nobody answers", absent=("base-03",)),
}
SHORT = ("good", "silent", "absent")
