"""The hotline of the day: ivrd as it is shipped, with the times that people set divided.

config/ is copied; in it the policy's times are divided by the clock's factor as far as ivrd takes
them, and every prompt is cut to its share of its length.
"""

from __future__ import annotations

import shutil
import wave
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import yaml

from bench.day.clock import Clock
from bench.day.crew import Crew
from bench.day.partners import BEGIN, LINGERING, Staff, at_work
from lab.agents import Choice, Manner, refuses
from lab.hotline import Plan
from lab.ivrd import PROJECT
from lab.partners import PartnerSite, shown_callers, takes
from lab.running import Running

POLICY = ("drain_seconds", "reach_seconds", "hold_seconds")
EXPECTED = ("expected_talk_seconds", "expected_patience_seconds")
LEAST = 1.0  # second: less ivrd does not take for any of these
LEAST_PROMPT = 0.1  # seconds
# A talk of less the dialplans take for none, and bring the caller back: hotline.conf, partners.conf
LEAST_TALK, LEAST_PARTNER_TALK = 1.3, 5.5
RTP_PORTS = 6000
BUSY = 486


def shipped(folder: Path, clock: Clock) -> Path:
    """A copy of config/ whose prompts are cut; the folder of its configuration."""
    home = folder / "shipped"
    shutil.copytree(PROJECT / "config", home / "config")
    settings = yaml.safe_load((home / "config" / "ivrd.yaml").read_text("utf-8"))
    sounds = (PROJECT / "config" / settings["sounds"]).resolve()
    for path in sounds.rglob("*.wav"):
        target = home / "sounds" / path.relative_to(sounds)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.name == "music":
            shutil.copy(path, target)
        else:
            _cut(path, target, clock.factor)
    return home / "config"


def _cut(path: Path, target: Path, factor: float) -> None:
    with wave.open(str(path)) as long, wave.open(str(target), "wb") as short:
        short.setparams(long.getparams())
        least = round(LEAST_PROMPT * long.getframerate())
        short.writeframes(long.readframes(max(least, round(long.getnframes() / factor))))


class Sites(Running):
    """The partners, and how each call to one of them is taken.

    `now`: the run's seconds, asked at each call.
    """

    def __init__(
        self, folder: Path, crew: Crew, seed: int, clock: Clock, now: Callable[[], float]
    ) -> None:
        self.crew = crew
        self._clock, self._now = clock, now
        self.sites = {
            name: PartnerSite(
                folder / name, self._choice(people, Random(f"{seed} {name}")), sound=False
            )
            for name, people in crew.partners.items()
        }

    def _choice(self, people: int, random: Random) -> Choice:
        of, clock = self.crew.of, self._clock
        staff = Staff(people, of, clock.run(BEGIN) * clock.factor, random)

        def choose(_others: int) -> Manner:
            run = self._now()
            talk = max(LEAST_PARTNER_TALK * clock.factor, of.talk(random))
            if not at_work(of, clock.day(run), LINGERING) or not staff.take(
                run * clock.factor, talk
            ):
                return refuses(BUSY)
            ring, key = clock.people(of.partner_ring), clock.people(of.partner_key)
            return takes(ring, talk / clock.factor, key)

        return choose

    def start(self) -> None:
        """Start all sites; on any failure those that run are stopped again."""
        with ExitStack() as started:
            for site in self.sites.values():
                started.enter_context(site)
            self._started = started.pop_all()

    def stop(self) -> None:
        """End them."""
        self._started.close()

    def change(self, name: str, settings: dict[str, Any]) -> None:
        """For a Plan: these partners, the seats, and the policy's times divided."""
        match name:
            case "partners.yaml":
                settings["partners"] = {name: self._entry(name) for name in self.sites}
            case "queues.yaml":
                settings["pools"] = {"base": settings["pools"]["base"]}
                settings["pools"]["base"]["seats"] = self.crew.seats
                for queue in settings["queues"].values():
                    queue["hours"] = "always"
            case "ivrd.yaml":
                self._policy(settings)

    def _policy(self, settings: dict[str, Any]) -> None:
        def divided(of: dict[str, Any], *keys: str) -> None:
            of.update({key: round(max(LEAST, of[key] / self._clock.factor), 2) for key in keys})

        divided(settings, "service_level_seconds")
        divided(settings["overflow"], *POLICY, *EXPECTED)

    def _entry(self, name: str) -> dict[str, Any]:
        people = self.crew.partners[name]
        return {
            "name": {"th": name, "en": name},
            "trunk": shown_callers(self.sites[name].trunk),
            "pledged": people,
            "cap": people,
            "hours": "always",
            "topics": "all",
            "state": "active",
        }


def plan(folder: Path, sites: Sites, seed: int, clock: Clock) -> Plan:
    """The hotline with these partners."""
    random = Random(f"{seed} talks")
    of = sites.crew.of

    def talk() -> float:
        return max(LEAST_TALK, clock.people(of.talk(random)))

    return Plan(
        folder / "hotline",
        agents=sites.crew.seats,
        talk=talk,
        ring=clock.people(of.ring),
        config=shipped(folder, clock),
        change=sites.change,
        rtp_ports=RTP_PORTS,
        sound=False,
    )
