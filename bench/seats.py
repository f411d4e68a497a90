"""How many partners' seats each system has open, over time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.traffic import Phase
from lab.running import Running

STEP = 1.0  # seconds between two looks


@dataclass(frozen=True)
class Look:
    """So many seats were open at the end of these seconds; times are since the first call."""

    since: float
    until: float
    seats: int


def seat_seconds(looks: Iterable[Look]) -> float:
    """Open seats, integrated over time."""
    return sum(look.seats * (look.until - look.since) for look in looks)


def by_load(looks: Sequence[Look], plan: Sequence[Phase], capacity: float) -> dict[str, float]:
    """How many seats were open on average at each load, a multiple of what the agents can take."""
    found: dict[str, list[Look]] = {}
    for phase in plan:
        end = phase.start + phase.seconds
        here = [look for look in looks if phase.start <= look.since and look.until <= end]
        found.setdefault(f"{phase.rate / capacity:.0f}", []).extend(here)
    return {
        load: seat_seconds(here) / sum(look.until - look.since for look in here)
        for load, here in found.items()
        if here
    }


class SeatMeter(Running):
    """Looks at each system from `start` to `stop`; `looks` has what it saw, by name."""

    def __init__(self, seats_open: Mapping[str, Callable[[], int]]) -> None:
        self.looks: dict[str, list[Look]] = {name: [] for name in seats_open}
        self._ask = seats_open
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="seats", daemon=True)

    def _measure(self) -> None:
        began = time.monotonic()
        since, over = 0.0, False
        while not over:
            over = self._over.wait(STEP)
            now = time.monotonic() - began
            for name, ask in self._ask.items():
                self.looks[name].append(Look(since, now, ask()))
            since = now

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def stop(self) -> None:
        """Measure no more."""
        self._over.set()
        self._thread.join()
