"""How many partners' seats each system has open, integrated over time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from lab.running import Running

STEP = 1.0  # seconds between two looks


class SeatMeter(Running):
    """Looks at each system from `start` to `stop`; `seconds` is then seat-seconds by name."""

    def __init__(self, seats_open: Mapping[str, Callable[[], int]]) -> None:
        self.seconds = dict.fromkeys(seats_open, 0.0)
        self._ask = seats_open
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="seats", daemon=True)

    def _measure(self) -> None:
        since = time.monotonic()
        over = False
        while not over:
            over = self._over.wait(STEP)
            now = time.monotonic()
            for name, ask in self._ask.items():
                self.seconds[name] += ask() * (now - since)
            since = now

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def stop(self) -> None:
        """Measure no more."""
        self._over.set()
        self._thread.join()
