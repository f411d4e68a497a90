"""What is looked at every few seconds of a run: memory, processors, event lag, partners' seats."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab.comparison import Scrape
from lab.machine import busy_seconds, cpu_seconds
from lab.running import Running

STEP = 5.0  # seconds between two looks
LAG = "ivrd_event_lag_seconds"
IN_TIME = "0.1"  # second; a bound of a bucket
STAGES = ("ivr", "queue", "talk")
SEATS = ("wanted", "open", "ringing", "busy")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Sample:
    """One look, `at` seconds into the run.

    `memory`: megabytes in use by each process.  `cpu`: seconds that each has used so far; `busy`:
    that all processors have worked.  `lag`: within so many seconds 99 % of the events since the
    look before reached ivrd; `late`: how many of these took over a tenth of a second, of `events`.
    """

    at: float
    memory: Mapping[str, float]
    cpu: Mapping[str, float]
    busy: float
    lag: float = 0.0
    events: int = 0
    late: int = 0
    calls: Mapping[str, int] = field(default_factory=dict)
    seats: Mapping[str, int] = field(default_factory=dict)


def memory(pid: int) -> float:
    """Megabytes of a process that are in memory (proc(5), statm); 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * PAGE / 1e6


class Sampler(Running):
    """Looks from `start` to `stop`.

    `pids`: those of each process that is looked at, by its name; `scrape`: ivrd's metrics.
    """

    def __init__(
        self, pids: Mapping[str, Callable[[], Sequence[int]]], scrape: Callable[[], Scrape]
    ) -> None:
        self.samples: list[Sample] = []
        self._pids, self._scrape = pids, scrape
        self._before = Scrape("")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="samples", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._began = time.monotonic()
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """A last look."""
        self._over.set()
        self._thread.join()
        self._look()

    def _run(self) -> None:
        while not self._over.wait(STEP):
            self._look()

    def _look(self) -> None:
        scrape, at = self._scrape(), time.monotonic() - self._began
        if not scrape.labels("ivrd_calls_received_total"):
            return  # ivrd did not answer
        pids = {name: of() for name, of in self._pids.items()}
        events = self._new(scrape, f"{LAG}_count")
        in_time = self._new(scrape, f"{LAG}_bucket", le=IN_TIME)
        self.samples.append(
            Sample(
                at,
                {name: sum(map(memory, of)) for name, of in pids.items()},
                {name: sum(map(cpu_seconds, of)) for name, of in pids.items()},
                busy_seconds(),
                scrape.slowest(self._before, LAG),
                events,
                events - in_time,
                {s: scrape.total("ivrd_calls_in_progress", stage=s) for s in STAGES},
                {s: scrape.total("ivrd_partner_seats", state=s) for s in SEATS},
            )
        )
        self._before = scrape

    def _new(self, scrape: Scrape, series: str, **labels: str) -> int:
        """What has been added to a counter since the look before."""
        return scrape.total(series, **labels) - self._before.total(series, **labels)
