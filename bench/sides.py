"""Runs the systems of the overflow benchmark side by side, in one or several scenarios at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

from bench.figures import Figures, figures
from bench.peers.always_open import NAME as ALWAYS_OPEN
from bench.peers.always_open import always_open
from bench.peers.ivrd import NAME as IVRD
from bench.peers.ivrd import IvrdSystem, ivrd
from bench.peers.partners import Partners
from bench.peers.pooled import HANDED_OVER, OPTIMUM, OURS, Join, Pool, formula, pooled
from bench.peers.stock import NAME as STOCK
from bench.peers.stock import stock
from bench.peers.system import Make, Setting, System
from bench.rounds import Round
from bench.scenarios import AGENTS, PATIENCE, RING, SCENARIOS, TALK, Scenario
from bench.seats import Look, SeatMeter, by_load, seat_seconds
from bench.traffic import Person, Phase, capacity, people
from lab.agents import Talk, never_answers
from lab.callers import Callers, Entry
from lab.comparison import Scrape
from lab.connected import connected, hung_up_on
from lab.lag import Lag

SYSTEMS: dict[str, Make] = {STOCK: stock, ALWAYS_OPEN: always_open, IVRD: ivrd}
HAND_OFF = RING + 0.85  # at a partner: ringing, half a second of whisper, the key
GRACE_SECONDS = 240.0  # for the last caller after the last has dialled
SETTLE_SECONDS = 10.0
PROGRESS_SECONDS = 20.0


@dataclass(frozen=True)
class Side:
    """One of the systems in one of the scenarios."""

    scenario: str
    name: str
    system: System
    partners: Partners
    callers: Callers

    @property
    def what(self) -> str:
        """Its name among all that run."""
        return f"{self.scenario}: {self.name}"

    def made(self, entries: Sequence[Entry], seat_seconds: float) -> Figures:
        """What it made of the traffic."""
        agents, trunks = self.system.agents.ledger(), self.partners.counts()
        return figures(entries, agents, trunks, seat_seconds)

    def limited(self) -> Iterator[str]:
        """Why its callers or agents were late, if they were."""
        for crowd in (self.callers, self.system.agents):
            if crowd.limited:
                yield f"{self.name}: {crowd.limited}"


def start(folder: Path, scenarios: Sequence[str], stack: ExitStack) -> list[Side]:
    """All systems in each of these scenarios, ready for callers."""
    sides = []
    for name in scenarios:
        for number, (system_name, make) in enumerate(SYSTEMS.items()):
            home = folder / name / str(number)
            partners = stack.enter_context(Partners(home / "partners", SCENARIOS[name]))
            system = stack.enter_context(make(Setting(home, partners.trunks())))
            for seat in SCENARIOS[name].absent:
                system.agents.behave(seat, never_answers())
            callers = Callers(system.sip, folder=home / "callers", sound=False, open=True)
            stack.enter_context(callers)
            sides.append(Side(name, system_name, system, partners, callers))
    return sides


def call(sides: Sequence[Side], persons: Sequence[Person]) -> dict[str, tuple[Entry, ...]]:
    """Let the same callers call all systems at the same moments; what they have to tell."""
    began = time.monotonic()
    told = 0.0
    for person in persons:
        time.sleep(max(0.0, began + person.at - time.monotonic()))
        for side in sides:
            side.callers.call(person.caller)
        if person.at >= told:
            print(f"{person.at:5.0f} s of {persons[-1].at:.0f}", flush=True)
            told += PROGRESS_SECONDS
    for side in sides:
        side.callers.finish()
    over = time.monotonic() + GRACE_SECONDS
    return {
        side.what: side.callers.wait(max(1.0, over - time.monotonic())).entries for side in sides
    }


def measure(
    folder: Path, scenarios: Sequence[str], seed: int, plan: Sequence[Phase]
) -> list[Round]:
    """Run all systems in these scenarios; a round of each."""
    persons = people(plan, seed, PATIENCE, TALK)
    with ExitStack() as stack:
        sides = start(folder, scenarios, stack)
        pids = [pid for side in sides for pid in side.system.pids()]
        lag = stack.enter_context(Lag(lambda: pids))
        with SeatMeter({side.what: side.system.seats_open for side in sides}) as meter:
            entries = call(sides, persons)
        rounds = []
        for name in scenarios:
            here = [side for side in sides if side.scenario == name]
            told = _round(here, entries, meter.looks, persons, plan)
            rounds.append(replace(told, seed=seed, lag=lag.longest))
        return rounds


def _round(
    sides: Sequence[Side],
    entries: Mapping[str, Sequence[Entry]],
    looks: Mapping[str, Sequence[Look]],
    persons: Sequence[Person],
    plan: Sequence[Phase],
) -> Round:
    """What one scenario came to."""
    by_name = {side.name: side for side in sides}
    ours, always = by_name[IVRD], by_name[ALWAYS_OPEN]
    made = {
        side.name: side.made(entries[side.what], seat_seconds(looks[side.what])) for side in sides
    }
    scenario = SCENARIOS[ours.scenario]
    assert isinstance(ours.system, IvrdSystem)
    scrape = ours.system.ivrd.settled(SETTLE_SECONDS)
    log = ours.system.asterisk.queue_log.read_text("utf-8", "replace").splitlines()
    agents, partners = ours.system.agents.ledger(), ours.partners.ledger()
    joined = joins(entries[always.what], persons)
    able = AGENTS - len(scenario.absent) + sum(scenario.good.values())
    return Round(
        scenario=ours.scenario,
        seed=0,
        made=made | optima(joined, scenario, made[ALWAYS_OPEN].seat_seconds),
        formula=formula(plan, mean(join.talk for join in joined), PATIENCE, able),
        differences=tuple(differences(entries[ours.what], agents, partners, log, scrape)),
        limited=tuple(why for side in sides for why in side.limited()),
        by_load=by_load(looks[ours.what], plan, capacity(AGENTS, TALK, RING)),
    )


def joins(entries: Sequence[Entry], persons: Sequence[Person]) -> list[Join]:
    """When each caller pressed the last key, and what he had brought along."""
    known = {person.id: person for person in persons}
    return sorted(
        (
            Join(e.id, e.dialled_at + e.answered_after + e.typed_at, who.patience, who.talk)
            for e in entries
            if e.dialled_at is not None and e.answered_after is not None and e.typed_at is not None
            for who in (known[e.id],)
        ),
        key=lambda join: join.at,
    )


def optima(joined: Sequence[Join], scenario: Scenario, seat_seconds: float) -> dict[str, Figures]:
    """The pool of all who can take calls, with the seconds of a hand-off and without."""

    def pool(ours: float, theirs: float) -> Figures:
        pools = {OURS: Pool(AGENTS - len(scenario.absent), ours)}
        pools |= {name: Pool(seats, theirs) for name, seats in scenario.good.items()}
        return pooled(joined, pools, seat_seconds)

    return {HANDED_OVER: pool(RING, HAND_OFF), OPTIMUM: pool(0.0, 0.0)}


def differences(
    entries: Sequence[Entry],
    agents: Sequence[Talk],
    partners: Sequence[Talk],
    queue_log: Iterable[str],
    scrape: Scrape,
) -> list[str]:
    """Where ivrd's own ledger differs from the callers'.

    Of those who hung up in the moment of an answer queue_log decides (lab/connected.py).
    """
    answered = connected(queue_log)
    inhouse = hung_up_on(entries, agents, answered)
    elsewhere = hung_up_on(entries, partners, answered) - inhouse
    met = Counter(entry.person for entry in entries)
    ends = Counter(entry.outcome for entry in entries)
    total = scrape.total
    rows = {
        "received": (len(entries), total("ivrd_calls_received_total")),
        "answered in-house": (
            met["inhouse"] + len(inhouse),
            total("ivrd_calls_total", outcome="answered", by="inhouse"),
        ),
        "answered by a partner": (
            met["partner"] + len(elsewhere),
            total("ivrd_calls_total", outcome="answered", by="partner"),
        ),
        "abandoned": (
            ends["abandoned"] - len(inhouse | elsewhere),
            total("ivrd_calls_total", outcome="abandoned"),
        ),
    }
    return [f"{what}: callers {a}, ivrd {b}" for what, (a, b) in rows.items() if a != b]
