"""Lets the day's people call, and keeps what everybody saw."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.day import script
from bench.day.clock import Clock
from bench.day.count import CONFUSED, CONFUSING, count
from bench.day.crew import Crew
from bench.day.crossed import decide
from bench.day.figures import SERVED, Called
from bench.day.hotline import Sites, plan
from bench.day.orbits import Orbits, Why
from bench.day.partners import at_work
from bench.day.people import People, Visit
from bench.day.profile import PROFILES, arrivals
from bench.day.result import ASTERISK, IVRD, Options, Result
from bench.day.samples import LAG, Sampler
from ivrd.cli.client import Client
from ivrd.cli.failure import CommandFailed
from lab.agents import Agents
from lab.callers import Caller, Callers, Entry, Ledger
from lab.callers.mix import SHIPPED, read_paths
from lab.comparison import Scrape, ending
from lab.hotline import Lab
from lab.machine import Machine, Usage
from lab.priority import as_service
from lab.running import LabError

GRACE_SECONDS = 180.0  # for the last caller after the last has dialled
SETTLE_SECONDS = 30.0  # for ivrd's ledger to close after that


class _Book:
    """Who has called, and what became of it; kept by two threads."""

    def __init__(self, people: People, clock: Clock) -> None:
        self.orbits = Orbits(people)
        self.callers: dict[int, Caller] = {}
        self.calls: dict[int, tuple[Visit, Why, float]] = {}
        self.done = 0
        self.began = 0.0
        self.first = 0.0  # when the first caller dialled, on the same clock
        self._clock = clock
        self._lock = threading.Lock()

    def now(self) -> float:
        """The run's seconds."""
        return time.monotonic() - self.began

    def next(self, number: int, day: float) -> Caller:
        """Who dials now."""
        self.first = self.first or time.monotonic()
        with self._lock:
            visit, why = self.orbits.next(self.now() * self._clock.factor)
        self.calls[number] = visit, why, day
        self.callers[number] = script.caller(number, visit, self._clock)
        return self.callers[number]

    def ended(self, entry: Entry) -> None:
        """A call is over."""
        visit, _why, _day = self.calls[entry.id]
        served = ending(self.callers[entry.id], entry) in SERVED
        with self._lock:
            self.done += 1
            self.orbits.ended(visit, served, self.now() * self._clock.factor)

    def called(self, entries: Sequence[Entry]) -> list[Called]:
        """All calls with what became of them."""
        return [
            Called(*self.calls[entry.id], entry, ending(self.callers[entry.id], entry))
            for entry in entries
        ]


class _Day:
    """One run, from the first call to the last."""

    def __init__(self, options: Options, folder: Path, console: Console) -> None:
        self.options, self.folder, self.console = options, folder, console
        self.profile = PROFILES[options.profile]()
        self.clock = Clock.of(self.profile, options.minutes)
        self.crew = Crew.of_day(options.of, self.clock, options.calls)
        paths, _operator = read_paths(SHIPPED)
        self.book = _Book(People(options.of, paths, options.seed), self.clock)
        self.sites = Sites(folder / "partners", self.crew, options.seed, self.clock, self.book.now)
        self.lateness = 0.0
        self.favoured = False
        self._at_work: bool | None = None

    def run(self) -> Result:
        """Raises what the lab raises when a part of it fails."""
        with self.sites, Lab(plan(self.folder, self.sites, self.options.seed, self.clock)) as lab:
            calling = Callers(
                lab.sip,
                [],
                folder=self.folder / "callers",
                sound=False,
                open=True,
                on_end=self.book.ended,
            )
            self.favoured = as_service(lab.ivrd.pid)
            people: list[Callers | Agents] = [calling, lab.agents, *self.sites.sites.values()]
            sampler = Sampler(_pids(lab, people), lab.ivrd.scrape)
            machine = Machine(people, lab.pids)
            with calling, machine, sampler:
                self._call(lab, calling)
                ledger = self._until_the_last_has_gone(calling)
                lasted = self.book.now()
                scrape = lab.ivrd.settled(SETTLE_SECONDS)
            usage = machine.usage()
            return self._result(lab, sampler, usage, ledger.entries, scrape, lasted)

    def _call(self, lab: Lab, calling: Callers) -> None:
        """Let everybody dial in time."""
        options = self.options
        moments = arrivals(self.profile, options.calls, Random(f"{options.seed} arrivals"))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._hours(lab, 0.0)
        with Progress(
            *columns, TimeElapsedColumn(), console=self.console, refresh_per_second=1
        ) as progress:
            bar = progress.add_task("", total=options.calls)
            self.book.began = time.monotonic()
            for number, day in enumerate(moments, 1):
                self._hours(lab, day)
                at = self.clock.run(day)
                time.sleep(max(0.0, at - self.book.now()))
                self.lateness = max(self.lateness, self.book.now() - at)
                calling.call(self.book.next(number, day))
                if ended := lab.watch():
                    raise LabError(f"{ended} ended by itself; see {lab.folder}")
                here = number - self.book.done
                hour, minute = divmod(int(day // 60), 60)
                said = f"{hour:02}:{minute:02} o'clock, {here} calls in progress"
                progress.update(bar, completed=self.book.done, description=said)
            calling.finish()

    def _until_the_last_has_gone(self, calling: Callers) -> Ledger:
        """Who stays for too long is made to hang up: the report says what was seen all the same."""
        try:
            return calling.wait(GRACE_SECONDS)
        except TimeoutError as error:
            self.console.print(f"{error}; they hang up now")
            return calling.stop()

    def _hours(self, lab: Lab, day: float) -> None:
        """Partners' seats are open in their working hours: what hours.yaml says on a real clock."""
        working = at_work(self.options.of, day)
        if working is not self._at_work:
            override = "none" if working else "closed"
            try:
                for name in self.sites.sites:
                    Client(lab.ivrd.control).post("override", partner=name, override=override)
            except CommandFailed:
                return  # it has no time now: again at the next call
            self._at_work = working

    def _result(
        self,
        lab: Lab,
        sampler: Sampler,
        usage: Usage,
        entries: Sequence[Entry],
        scrape: Scrape,
        lasted: float,
    ) -> Result:
        sites = self.sites.sites
        talks = {name: site.ledger() for name, site in sites.items()}
        crossed = decide(
            self.book.called(entries),
            lab.agents.ledger(),
            talks,
            lab.asterisk.connected(),
            self.book.first,
        )
        settings = yaml.safe_load((lab.config / "ivrd.yaml").read_text("utf-8"))
        late = scrape.slowest(Scrape(""), LAG, 1.0)
        return Result(
            options=self.options,
            profile=self.profile,
            clock=self.clock,
            crew=self.crew,
            calls=crossed.calls,
            crossed=crossed,
            why=self.book.orbits.why,
            still_due=self.book.orbits.waiting,
            rows=count(crossed, scrape, CONFUSED if late > CONFUSING else ()),
            scrape=scrape,
            samples=sampler.samples,
            usage=usage,
            lateness=self.lateness,
            placed={name: len(of) for name, of in talks.items()},
            late=late,
            lasted=lasted,
            favoured=self.favoured,
            service_level=float(settings["service_level_seconds"]),
        )


def _pids(lab: Lab, people: Sequence[Callers | Agents]) -> dict[str, Callable[[], Sequence[int]]]:
    """The processes that are looked at; of the people the callers come first."""
    return {
        ASTERISK: lambda: [lab.asterisk.pid],
        IVRD: lambda: [lab.ivrd.pid],
        "callers (SIPp)": lambda: [people[0].pid],
        "agents, partners (SIPp)": lambda: [of.pid for of in people[1:]],
        "what people decide (Python)": lambda: [os.getpid()],
    }


def run(options: Options, folder: Path, console: Console) -> Result:
    """Replay the day.  Raises what the lab raises when a part of it fails."""
    return _Day(options, folder, console).run()
