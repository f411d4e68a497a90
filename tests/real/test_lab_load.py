"""The lab at the size of the day: people without sound do as those with it do, and as many."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.agents import Talk, refuses
from lab.callers import (
    Caller,
    Callers,
    Entry,
    HangUp,
    Hear,
    Keys,
    Meet,
    Patience,
    Step,
    Wait,
)
from lab.comparison import Row, compare, partner_rows
from lab.machine import Machine
from lab.partners import PartnerSite, takes
from tests.real.overflow_rig import partner, with_partners
from tests.real.rig import WAIT, Hotline, final_ledger

LONG = 5.5  # seconds: a partner who hangs up sooner has not kept the caller
QUICK = {"tone": 0.04, "gap": 0.04}


def listens(keys: str) -> tuple[Step, ...]:
    """Presses each key a second into what is said."""
    return tuple(step for key in keys for step in (Hear(), Wait(1.0), Keys(key)))


# Where each comes to does not depend on luck: nobody serves `vaccination`, partners alone serve
# `benefits`, and for the two other queues there are agents enough.
KINDS: dict[str, tuple[Step, ...]] = {
    "answered": listens("111"),
    "hangs up on the agent": (*listens("14"), Meet(), Wait(0.5), HangUp()),
    "abandons in menu": (*listens("1"), Hear(), Wait(1.0), HangUp()),
    "abandons in queue": (*listens("121"), Patience(4.0)),
    "self-served": (*listens("124"), Wait(1.0), Hear(), Wait(1.0), HangUp()),
    "typed ahead": (Keys("14", **QUICK),),
    "silence": (),
    "key 0": (Keys("0"),),
    "overflow": (Keys("13", **QUICK),),
}
REDIALS = "abandons in queue"
MISDIALLED = "1999"

COMES_TO = {
    **dict.fromkeys(KINDS, ("answered", "inhouse")),
    "abandons in menu": ("abandoned", None),
    "abandons in queue": ("abandoned", None),
    "self-served": ("abandoned", None),
    "overflow": ("answered", "partner"),
    "redials": ("answered", "inhouse"),
    "misdials": ("refused", None),
}


def everybody(rounds: int, leave_out: Sequence[str] = ()) -> list[Caller]:
    """In each round one of each kind."""
    kinds = [kind for kind in KINDS if kind not in leave_out] * rounds
    return [Caller(n, kind, KINDS[kind]) for n, kind in enumerate(kinds, 1)]


def again(people: Sequence[Caller]) -> list[Caller]:
    """Those who had no patience dial again."""
    gave_up = [caller for caller in people if caller.behaviour == REDIALS]
    return [
        Caller(caller.id + 10_000, "redials", KINDS["key 0"], number=caller.shown)
        for caller in gave_up
    ]


def queues(name: str, settings: dict[str, Any]) -> None:
    if name == "queues.yaml":
        settings["pools"]["base"]["queues"] = ["home_isolation", "other"]
        settings["queues"]["benefits"]["hours"] = "always"


@dataclass(frozen=True)
class Seen:
    """What came of everybody."""

    by_caller: dict[int, tuple[str, str, str | None, str]]
    rows: list[Row]
    agents: Counter[tuple[str, bool, bool]]
    taken: int
    refused: int


class Scene:
    """A hotline with two partners, who take and refuse; all its people with sound or without."""

    def __init__(self, folder: Path, hotline: Any, sound: bool) -> None:
        self._sound = sound
        self._folder = folder
        self._ending = ExitStack()
        self._good = self._site("good", takes(ring=0.3, talk=LONG))
        self._bad = self._site("bad", refuses(503))
        both = {
            name: partner(site.trunk, topics=["benefits-other"])
            for name, site in (("good", self._good), ("bad", self._bad))
        }
        overflow = with_partners(both)

        def change(name: str, settings: dict[str, Any]) -> None:
            queues(name, settings)
            overflow(name, settings)

        self.lab: Hotline = hotline(agents=30, talk=2.0, ring=0.3, change=change, sound=sound)

    def _site(self, name: str, manner: Any) -> PartnerSite:
        site = PartnerSite(self._folder / name, manner, sound=self._sound)
        return self._ending.enter_context(site)

    def close(self) -> None:
        self._ending.close()

    def _call(self, people: list[Caller], rate: float, dialled: str = "1330") -> list[Entry]:
        folder = self.lab.folder / people[-1].behaviour.replace(" ", "-")
        sip, sound = self.lab.sip, self._sound
        with Callers(sip, people, folder=folder, rate=rate, dialled=dialled, sound=sound) as run:
            return list(run.wait(WAIT / 2).entries)

    def play(self, first: list[Caller], rate: float) -> Seen:
        entries = self._call(first, rate)
        people = first + again(first)
        entries += self._call(again(first), rate)
        wrong = [Caller(n, "misdials") for n in range(20_001, 20_006)]
        misdialled = self._call(wrong, rate, MISDIALLED)
        scrape = self.lab.settled()
        taken, talks = final_ledger(self._good), self.lab.talks()
        put_through = [talk for talk in taken if talk.heard_caller]
        return Seen(
            {e.id: (e.behaviour, e.outcome, e.person, e.typed) for e in (*entries, *misdialled)},
            [
                *compare(people, entries, [*talks, *put_through], scrape)[:2],
                *partner_rows(entries, {"good": put_through}, scrape),
            ],
            Counter(map(_told, talks)),
            len(put_through),
            len(final_ledger(self._bad)),
        )


def _told(talk: Talk) -> tuple[str, bool, bool]:
    return talk.ended, talk.talked is not None, talk.heard_caller


@pytest.fixture
def scene(tmp_path: Path, hotline: Any) -> Iterator[Any]:
    with ExitStack() as ending:

        def make(sound: bool) -> Scene:
            made = Scene(tmp_path / f"sites-{sound}", hotline, sound)
            ending.callback(made.close)
            return made

        yield make


def assert_as_meant(seen: Seen) -> None:
    """Each caller came to what was meant, and nobody counted anything else."""
    came_to = {(kind, end, person) for kind, end, person, _ in seen.by_caller.values()}
    assert came_to == {(kind, *COMES_TO[kind]) for kind, *_ in came_to}
    assert [row for row in seen.rows if not row.agrees] == []
    assert {told[1:] for told in seen.agents} == {(True, True)}
    assert seen.refused


@pytest.mark.lasts(25)
def test_people_without_sound_come_to_what_they_are_meant_to(scene: Any) -> None:
    people = everybody(1, leave_out=["silence"])  # who is called by a menu takes half a minute
    people += [Caller(n, "overflow", KINDS["overflow"]) for n in range(101, 105)]
    assert_as_meant(scene(sound=False).play(people, rate=5.0))


@pytest.mark.verify
@pytest.mark.lasts(200)
def test_with_sound_and_without_the_same_callers_come_to_the_same(scene: Any) -> None:
    """Only how often the broken partner was tried is a matter of moments."""
    people = everybody(15)
    heard, silent = (scene(sound=sound).play(people, rate=5.0) for sound in (True, False))
    assert_as_meant(heard)
    assert_as_meant(silent)
    assert heard.by_caller == silent.by_caller
    assert heard.rows == silent.rows
    assert (heard.agents, heard.taken) == (silent.agents, silent.taken)


@pytest.mark.verify
@pytest.mark.parametrize(
    ("rate", "count"),
    [
        pytest.param(20, 400, marks=pytest.mark.lasts(60)),
        pytest.param(40, 1200, marks=pytest.mark.lasts(90)),
    ],
)
def test_however_many_call_every_talk_ends_and_the_ledgers_agree(
    hotline: Any, rate: int, count: int
) -> None:
    """People who are late themselves, on a busy machine, say nothing of the hotline: fewer call
    then.
    """
    while (wrong := everybody_talks(hotline, rate, count)) and wrong.late and rate > SLOWEST:
        print(f"at {rate} a second: {wrong.late}")
        rate, count = rate // 2, count // 2
    assert not wrong, wrong


SLOWEST = 10  # calls a second
BUSY = (
    "taskprocessor.c",
)  # Asterisk's own words on a machine on which it does not come to its work


@dataclass(frozen=True)
class Wrong:
    """What did not agree, and why the simulated people could not do as they were to (or None)."""

    rows: list[Row]
    outcomes: dict[str, int]
    talks: Counter[tuple[str, bool, bool]]
    late: str | None


def everybody_talks(hotline: Any, rate: int, count: int) -> Wrong | None:
    """All call and talk; None when each of them did, and all counts say so."""
    lab = hotline(agents=4 * rate, talk=2.0, ring=0.3, rtp_ports=200 * rate, sound=False)
    lab.tolerated = BUSY
    people = [Caller(n, "key 0", KINDS["key 0"]) for n in range(1, count + 1)]
    with Callers(
        lab.sip, people, folder=lab.folder / "callers", rate=float(rate), sound=False
    ) as calling:
        with Machine((calling, lab.agents), lab.pids) as machine:
            ledger = calling.wait(WAIT)
        usage = machine.usage()
    print(usage)
    rows = [row for row in lab.rows(people, ledger) if not row.agrees]
    lab.agents.stop()  # nobody was left in a talk: then it would be told as failed
    outcomes, talks = dict(ledger.outcomes()), Counter(map(_told, lab.agents.ledger()))
    lab.stop()
    # More talks than calls: on a busy machine one can be too short for Asterisk to take it for one.
    if not rows and outcomes == {"answered": count} and set(talks) == {("agent", True, True)}:
        return None
    return Wrong(rows, outcomes, talks, usage.limited)
