"""How far behind this machine was during a run: what a time limit has to grant it.

A program that is ready to go on has to wait while others have the processors.  A thread that wants
to wake at steady moments, and notes how late it wakes, sees how long that takes here and now.
"""

from __future__ import annotations

import threading
import time

from lab.running import Running

STEP = 0.05  # seconds between two moments
HAND_OVERS = 4  # from one program to the next, between a caller's key and what the caller hears


class Lag(Running):
    """Measures from `start` to `stop`. `longest`: the most that it woke late, in seconds."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="lag", daemon=True)

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def _measure(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            due += STEP
            self._over.wait(max(0.0, due - time.monotonic()))
            late = time.monotonic() - due
            self.longest = max(self.longest, late)
            due += max(0.0, late)

    def stop(self) -> None:
        """Measure no more; the last moment counts."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def stretched(self, seconds: float) -> float:
        """What that time may have become on a machine that was so far behind."""
        return seconds + HAND_OVERS * self.longest
