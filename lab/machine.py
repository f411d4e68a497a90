"""How much of this machine a run has taken, and whether the lab itself was the limit.

The simulated people share the processors with the hotline that is measured.  Where they come too
late themselves, what the hotline did says little about the hotline.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lab.running import Running

STEP = 1.0  # seconds between two looks: what a process took after the last one is not seen


class People(Protocol):
    """Callers or Agents."""

    @property
    def pid(self) -> int:
        """Of their SIPp."""

    @property
    def limited(self) -> str | None:
        """Why they could not do what they were to do, if so."""


@dataclass(frozen=True)
class Usage:
    """Shares of all processors from 0 to 1.

    `sipp` signals for the simulated people, `python` is this process, which drives them. `limited`:
    why the run says little about the hotline: the simulated people were late. None: they were not.
    `lasted`: seconds; a share of these, times `processors`, is CPU seconds.
    """

    processors: int
    sipp: float
    python: float
    hotline: float
    busy: float
    limited: str | None = None
    lasted: float = 0.0

    @property
    def lab(self) -> float:
        """What the simulated people took."""
        return self.sipp + self.python

    @property
    def lab_was_the_limit(self) -> bool:
        """Whether the simulated people could not keep up by their own fault."""
        return self.limited is not None and self.lab > self.busy / 2

    def __str__(self) -> str:
        elsewhere = max(0.0, self.busy - self.lab - self.hotline)
        said = (
            f"Of this machine's {self.processors} processors the simulated people took "
            f"{self.lab:.0%}, the hotline {self.hotline:.0%}, others {elsewhere:.0%}."
        )
        if self.limited:
            whose = "they were the limit" if self.lab_was_the_limit else "the machine was too busy"
            said += f" {self.limited[0].upper()}{self.limited[1:]}: {whose}."
        return said


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors so far; 0 when it is gone (proc(5), stat)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_seconds() -> float:
    """What all processors together have worked since the machine's start (proc(5), stat)."""
    line = Path("/proc/stat").read_text().partition("\n")[0]
    user, nice, system, _idle, _iowait, *rest = map(int, line.split()[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


class Machine(Running):
    """Measures from `start` to `stop`.

    `people`: the simulated people, whom this process drives; `hotline`: the hotline's processes.
    """

    def __init__(
        self, people: Sequence[People], hotline: Callable[[], Iterable[int]] = tuple
    ) -> None:
        self._people = people
        self._groups: dict[str, Callable[[], Iterable[int]]] = {
            "sipp": lambda: [of.pid for of in people],
            "python": lambda: [os.getpid()],
            "hotline": hotline,
        }
        self._first: dict[tuple[str, int], float] = {}
        self._last: dict[tuple[str, int], float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="machine", daemon=True)

    def start(self) -> None:
        """Begin to measure."""
        self._began, self._busy = time.monotonic(), busy_seconds()
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """Measure no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def usage(self) -> Usage:
        """From the start until now."""
        self._look()
        processors = os.cpu_count() or 1
        lasted = max(time.monotonic() - self._began, 0.001)
        all_of_it = lasted * processors
        used = dict.fromkeys(self._groups, 0.0)
        for (group, pid), seconds in list(self._last.items()):
            used[group] += seconds - self._first[group, pid]
        return Usage(
            processors,
            used["sipp"] / all_of_it,
            used["python"] / all_of_it,
            used["hotline"] / all_of_it,
            (busy_seconds() - self._busy) / all_of_it,
            "; ".join(filter(None, (of.limited for of in self._people))) or None,
            lasted,
        )

    def _measure(self) -> None:
        while not self._over.wait(STEP):
            self._look()

    def _look(self) -> None:
        began = not self._first
        for group, pids in self._groups.items():
            for pid in pids():
                if seconds := cpu_seconds(pid):
                    # What was there at the start has worked before; what came later has not.
                    self._first.setdefault((group, pid), seconds if began else 0.0)
                    self._last[group, pid] = seconds
