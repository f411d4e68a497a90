"""What the overflow benchmark has to say: its tables, and whether ivrd holds.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean

from bench.figures import Figures, merged, table
from bench.pairs import Pairs, pairs
from bench.peers import always_open, ivrd, stock
from bench.rounds import Round
from bench.scenarios import AGENTS, PATIENCE, RING, SCALE, SCENARIOS, SEATS, TALK

ABOUT = (
    f"The same callers at the same moments in three systems, each a private Asterisk with "
    f"{AGENTS} agents and four partners of its own. *{stock.NAME}*: the queue for 15 s, each "
    f"partner for 5 s, the queue again. *{always_open.NAME}*: app_queue with all partners' seats "
    f"behind a penalty, as an expert sets it up. *{ivrd.NAME}* as it is shipped. The first two are "
    f"in `bench/peers/conf`. Beside them what nobody can beat, computed for the same callers: all "
    f"who can take calls in one pool, with and without the seconds of a hand-off.\n\n"
    f"Partners have {', '.join(map(str, SEATS.values()))} seats, phones ring {RING:g} s, talks "
    f"last {TALK:g} s and patience {PATIENCE:g} s on average, both exponential and each caller's "
    f"own. Calls come at random: as many as the agents can take, twice and, at the peak, three "
    f"times as many. Times of policy are divided by {SCALE}, that in which ivrd answers a backlog "
    f"as talks are; those of a hand-off (15 s at a phone of our own; 3 s, 8 s and 11 s at a "
    f"partner; whisper and key) are not, and are the same for {always_open.NAME} and {ivrd.NAME}. "
    f"Waits are of the answered, from the last key."
)


BUSY_SECONDS = 5.0  # half of the ten in which a thread's waiting for a processor is counted
BUSY = "the machine was too busy with other work for this round to say much"


def of(rounds: Sequence[Round], name: str) -> list[Figures]:
    """One system's figures, round by round."""
    return [each.made[name] for each in rounds]


def beside(rounds: Sequence[Round], name: str) -> Pairs:
    """ivrd and another system over these rounds."""
    return pairs(of(rounds, ivrd.NAME), of(rounds, name))


def faults(rounds: Sequence[Round]) -> Iterator[str]:
    """Why ivrd does not hold in one scenario; nothing when it does."""
    ours, always = (merged(of(rounds, name)) for name in (ivrd.NAME, always_open.NAME))
    if beside(rounds, always_open.NAME).worse:
        yield f"more callers lost than {always_open.NAME}, beyond chance"
    if ours.seat_seconds >= always.seat_seconds:
        yield f"not fewer seat-hours than {always_open.NAME}"
    if ours.abandonment >= merged(of(rounds, stock.NAME)).abandonment:
        yield f"not fewer callers lost than {stock.NAME}"
    for each in rounds:
        if not each.made[ivrd.NAME].agrees:
            yield f"seed {each.seed}: callers on one side, agents and partners disagree"
        yield from (f"seed {each.seed}: {what}" for what in each.differences)


def section(rounds: Sequence[Round]) -> str:
    """All scenarios that were run, with a table for each."""
    parts = [ABOUT]
    for name in SCENARIOS:
        here = [each for each in rounds if each.scenario == name]
        if here:
            parts += [f"### {name}: {SCENARIOS[name].what}", scenario(name, here)]
    return "\n\n".join(parts)


def scenario(name: str, rounds: Sequence[Round]) -> str:
    """One scenario: its table, ivrd beside each other system, and what else is to be said."""
    columns = {system: merged(of(rounds, system)) for system in rounds[0].made}
    ours, always = columns[ivrd.NAME], columns[always_open.NAME]
    apart = [
        f"* {ivrd.NAME} beside {system}: {beside(rounds, system)}."
        for system in (stock.NAME, always_open.NAME)
    ]
    seeds = ", ".join(str(each.seed) for each in rounds)
    apart += [
        f"* Of the seat-hours of {always_open.NAME} {ivrd.NAME} takes "
        f"{ours.seat_seconds / always.seat_seconds:.0%}{_by_load(rounds)}.",
        f"* Erlang-A, each load as if it lasted for ever: "
        f"{mean(each.formula for each in rounds):.1%} lost.",
        f"* Rounds by their seeds: {seeds}. A thread waited for a processor for "
        f"{max(each.lag for each in rounds):.1f} s at most within ten.",
        *(f"* Seed {each.seed}: {BUSY}." for each in rounds if each.lag > BUSY_SECONDS),
        *(f"* Seed {each.seed}, late: {why}." for each in rounds for why in each.limited),
        *(f"* **{ivrd.NAME} does not hold**: {fault}." for fault in faults(rounds)),
    ]
    return f"{table(columns, SCENARIOS[name].good)}\n" + "\n".join(apart)


def _by_load(rounds: Sequence[Round]) -> str:
    """The share of the seats that ivrd has open at each load, as the end of a sentence."""
    seen = [each.by_load for each in rounds if each.by_load]
    shares = (
        f"{mean(of[load] for of in seen if load in of) / sum(SEATS.values()):.0%} at {load}"
        for load in sorted({load for of in seen for load in of})
    )
    told = ", ".join(shares)
    return f": {told} times the calls that our own agents can take" if told else ""
