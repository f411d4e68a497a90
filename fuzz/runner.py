"""Runs targets: every input once, none may raise, hang, or leave anything behind."""

import hashlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from types import FrameType

from fuzz.mutate import inputs

HANG_SECONDS = 10.0  # of CPU, for one input
MOST_FAULTS = 5  # a target is left after so many different ones
GROWTH_LIMIT = 16 << 20  # bytes that a process may grow by after its first tenth
PAGE = os.sysconf("SC_PAGE_SIZE")

One = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    """One way in.  `open` gives the function that takes one input and raises what is wrong."""

    name: str
    open: Callable[[], AbstractContextManager[One]]
    seeds: Callable[[], Sequence[bytes]]
    short: int  # inputs of the short run
    long: int  # and of the long one
    words: Sequence[bytes] = ()


@dataclass
class Outcome:
    """What a run of one target showed.  faults: for each, its trace and the input."""

    name: str
    count: int = 0
    seconds: float = 0.0
    grown: int = 0  # bytes
    faults: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing raised, nothing hung, and the memory stayed."""
        return not self.faults and self.grown < GROWTH_LIMIT

    def __str__(self) -> str:
        rate = self.count / self.seconds if self.seconds else 0.0
        grown = f"{self.grown / 1024:+,.0f} KiB"
        said = "ok" if self.ok else f"{len(self.faults)} faults" if self.faults else "GROWS"
        return f"{self.name:<10} {self.count:>9,} inputs  {rate:>8,.0f}/s  {grown:>12}  {said}"


class Hang(BaseException):
    """An input took too long; not an Exception, so that nothing on the way swallows it."""


def run(target: Target, count: int, seed: int) -> Outcome:
    """Give a target so many inputs."""
    outcome = Outcome(target.name)
    seen: set[str] = set()
    made = inputs(target.seeds(), target.words, Random(f"{target.name} {seed}"))
    began = time.perf_counter()
    before = 0
    with target.open() as one, _watchdog():
        for data in islice(made, count):
            signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
            try:
                one(data)
            except (Exception, Hang) as error:
                signal.setitimer(signal.ITIMER_PROF, 0)
                _note(outcome, seen, error, data)
                if len(outcome.faults) >= MOST_FAULTS:
                    break
            outcome.count += 1
            if outcome.count == count // 10:
                before = _memory()
        signal.setitimer(signal.ITIMER_PROF, 0)
        outcome.grown = _memory() - before if before else 0
    outcome.seconds = time.perf_counter() - began
    return outcome


def _note(outcome: Outcome, seen: set[str], error: BaseException, data: bytes) -> None:
    """Keep a fault, unless one from the same line is known."""
    where = "".join(traceback.format_tb(error.__traceback__)[-1:]) + type(error).__name__
    if where not in seen:
        seen.add(where)
        trace = "".join(traceback.format_exception(error))
        outcome.faults.append((trace, data))


@contextmanager
def _watchdog() -> Iterator[None]:
    """While inside, a timer of CPU time that runs out raises `Hang`.

    CPU time, so that a busy machine hangs nothing; and not SIGALRM, which pytest-timeout uses.
    """

    def barks(_number: int, _frame: FrameType | None) -> None:
        raise Hang(f"more than {HANG_SECONDS:g} s of CPU")

    earlier = signal.signal(signal.SIGPROF, barks)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, earlier)


def _memory() -> int:
    """Bytes of this process that are in memory (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def keep(outcome: Outcome, folder: Path) -> None:
    """Write the inputs of faults into files, to be tried again."""
    for trace, data in outcome.faults:
        name = f"{outcome.name}-{hashlib.sha256(data).hexdigest()[:12]}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        print(f"{trace}input: {folder / name}\n{data[:500]!r}\n", file=sys.stderr)
