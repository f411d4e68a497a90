"""How far behind this machine was during a run: what a time limit has to grant it.

A program that could go on has to wait while others have the processors.  The kernel counts for each
thread how long it waited so (/proc/PID/task/TID/schedstat, the second figure, nanoseconds).
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from lab.running import Running

STEP = 1.0  # seconds between two looks
WINDOW = 10  # looks; no silence that is judged lasts longer than the time between so many
HAND_OVERS = 2  # from one thread to the next, on the way of what a caller presses or hears

Waits = dict[int, float]  # thread: seconds that it has waited since it began


def waits(pid: int) -> Waits:
    """How long each thread of a process has waited for a processor; empty when it is gone."""
    found: Waits = {}
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found[int(thread.name)] = int((thread / "schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):  # it has just ended
        return found
    return found


class Lag(Running):
    """Measures this process and those that `pids` gives, from `start` to `stop`.

    `longest`: the most that any thread waited within WINDOW looks, in seconds.
    """

    def __init__(self, pids: Callable[[], Iterable[int]] = tuple) -> None:
        self.longest = 0.0
        self._pids = pids
        self._looks: deque[Waits] = deque(maxlen=WINDOW)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="lag", daemon=True)

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def _measure(self) -> None:
        self._look()
        while not self._over.wait(STEP):
            self._look()
        self._look()

    def _look(self) -> None:
        now: Waits = {}
        for pid in (os.getpid(), *self._pids()):
            now |= waits(pid)
        before = self._looks[0] if self._looks else now
        waited = (seconds - before.get(thread, 0.0) for thread, seconds in now.items())
        self.longest = max(self.longest, *waited)
        self._looks.append(now)

    def stop(self) -> None:
        """Measure no more; the last moment counts."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def stretched(self, seconds: float) -> float:
        """What that time may have become on a machine that was so far behind."""
        return seconds + HAND_OVERS * self.longest
