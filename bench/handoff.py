"""How long it takes from the last key until a person speaks, where a seat is free all the time.

    python -m bench.handoff [--calls 50]

One hotline with a queue for each way: phones of our own, and three partners whose people pick up
and press the key alike.  The same callers call all of them, in turns.  One partner's people hear
all of the whisper before they are asked for the key, as it once was; one hears it in two seconds;
and of one two are rung for the same caller when the first does not answer.  Printed and written to
bench/RESULTS.md.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

from bench import results, second_calls
from bench.figures import percentile
from bench.quantiles import Buckets, quantile
from ivrd.core.second_call import LEAST
from lab.agents import Manner
from lab.asterisk import AsteriskError
from lab.callers import Caller, Callers, Entry, Hear, Keys, Quiet, SippError
from lab.hotline import Lab, Plan
from lab.ivrd import PROJECT
from lab.machine import Machine, People
from lab.partners import PartnerSite
from lab.running import LabError

NAME = "python -m bench.handoff"
RATE = 1.0  # calls a second, of all ways together
FIRST = LEAST + 4  # calls of each way that are not counted: ivrd learns how long it rings
TALK = 6.0  # a partner's talk that ends within five seconds is none
SEATS = 12
REACTION = 0.4  # seconds, from the end of what is said until the key
WAIT_SECONDS = 240.0
SERIES = "ivrd_handoff_seconds_bucket"


@dataclass(frozen=True)
class Way:
    """A way to a person: the queue, the keys and topics that lead there; a partner's settings."""

    name: str
    queue: str
    keys: str
    topics: tuple[str, ...]
    partner: dict[str, object] | None = None

    @property
    def id(self) -> str:
        """The partner's."""
        return f"at-{self.queue.replace('_', '-')}"


PHONE = Way("a phone of our own", "other", "14", ("other",))
LONG = Way(
    "a partner: all of the whisper, then the key",
    "home_isolation",
    "111",
    ("hi-register", "hi-symptoms"),
    {"languages": ["en", "th"], "second_call": False},
)
SHORT = Way(
    "a partner: a whisper of two seconds",
    "vaccination",
    "123",
    ("vaccine-register", "vaccine-trouble", "lab-results"),
    {"languages": ["th", "en"], "second_call": False},
)
SECOND = Way(
    "the same, and a second call",
    "benefits",
    "132",
    ("change-hospital", "benefits-other"),
    {"languages": ["th", "en"], "second_call": True},
)
WAYS = (PHONE, LONG, SHORT, SECOND)


class Rings:
    """How long a phone rings until somebody is there."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def __call__(self) -> float:
        return second_calls.ring(self._random)


def shipped(folder: Path) -> Path:
    """The configuration and recordings as shipped, but for those who hear all of the whisper."""
    for name in ("config", "sounds"):
        shutil.copytree(PROJECT / name, folder / name)
    thai = folder / "sounds" / "th"
    parts = [thai / f"{part}.wav" for part in ("partner-whisper", "topic-hi-register")]
    joined(folder / "sounds" / "en" / "partner-whisper.wav", [*parts, thai / "partner-press.wav"])
    return folder / "config"


def joined(path: Path, parts: Sequence[Path]) -> None:
    """One recording of several."""
    with wave.open(str(path), "wb") as made:
        for number, part in enumerate(parts):
            with wave.open(str(part), "rb") as read:
                if not number:
                    made.setparams(read.getparams())
                made.writeframes(read.readframes(read.getnframes()))


def change(sites: dict[str, PartnerSite]) -> Any:
    """Plan.change: a queue for each way."""

    def made(name: str, settings: dict[str, Any]) -> None:
        if name == "queues.yaml":
            rest = [way.queue for way in WAYS if way.partner]
            settings["pools"] = {
                "base": {"seats": SEATS, "open": True, "queues": [PHONE.queue]},
                "closed": {"seats": 1, "open": False, "queues": rest},
            }
            for queue in settings["queues"].values():
                queue["hours"] = "always"
                queue.pop("closed_prompt", None)
        if name == "partners.yaml":
            settings["partners"] = {w.id: entry(w, sites[w.id]) for w in WAYS if w.partner}

    return made


def entry(way: Way, site: PartnerSite) -> dict[str, object]:
    """A partner in partners.yaml."""
    name = {"th": way.id, "en": way.id}
    seats = {"pledged": SEATS, "cap": SEATS, "hours": "always", "state": "active"}
    of = {"name": name, "trunk": site.trunk, "topics": list(way.topics)}
    return {**of, **seats, **(way.partner or {})}


def callers(calls: int) -> list[Caller]:
    """The ways in turns."""
    turns = [way for _ in range(FIRST + calls) for way in WAYS]
    return [Caller(n, way.name, (Keys(way.keys),)) for n, way in enumerate(turns, 1)]


def handoffs(entries: Sequence[Entry], way: Way) -> list[float]:
    """Seconds from the last key until a person spoke, sorted."""
    of_way = [entry for entry in entries if entry.behaviour == way.name][FIRST:]
    return sorted(
        entry.waited - entry.typed_at
        for entry in of_way
        if entry.waited is not None and entry.typed_at is not None
    )


def buckets(lab: Lab, kind: str) -> Buckets:
    """ivrd's own histogram."""
    scrape = lab.ivrd.scrape()
    bounds = sorted({each["le"] for each in scrape.labels(SERIES)}, key=float)
    return [(float(le), scrape.total(SERIES, le=le, kind=kind)) for le in bounds]


def rows(entries: Sequence[Entry], sites: dict[str, PartnerSite]) -> Iterator[str]:
    """A line of the table for each way."""
    for way in WAYS:
        took = handoffs(entries, way)
        calls = f"{len(sites[way.id].ledger())}" if way.partner else "–"
        if not took:
            raise LabError(f"nobody was answered: {way.name}")
        yield (
            f"| {way.name} | {len(took)} | {mean(took):.1f} | {percentile(took, 0.5):.1f} | "
            f"{percentile(took, 0.95):.1f} | {took[-1]:.1f} | {calls} |\n"
        )


def all_open(lab: Lab) -> None:
    """Open all partners' seats, and wait until they are."""
    for way in WAYS:
        if way.partner:
            lab.ivrd.once("partner", "override", "open", way.id)
    deadline = time.monotonic() + WAIT_SECONDS
    while any(row["open"] < SEATS for row in lab.ivrd.get("partners")["partners"]):
        if time.monotonic() > deadline:
            raise LabError("the partners' seats do not open")
        time.sleep(0.2)


def measure(folder: Path, calls: int) -> str:
    """Run it; the section."""
    takes = (Hear(), Quiet(REACTION), Keys("1"))
    with ExitStack() as stack:
        sites = {
            way.id: stack.enter_context(
                PartnerSite(
                    folder / way.id,
                    Manner(Rings(1), TALK, "partner", first=takes),
                    sound=False,
                )
            )
            for way in WAYS
            if way.partner
        }
        plan = Plan(
            folder / "lab",
            talk=TALK,
            ring=Rings(1),
            config=shipped(folder / "shipped"),
            change=change(sites),
            sound=False,
        )
        lab = stack.enter_context(Lab(plan))
        all_open(lab)
        people = Callers(lab.sip, callers(calls), folder=folder / "callers", rate=RATE, sound=False)
        crowds: list[People] = [people, lab.agents, *sites.values()]
        with people, Machine(crowds, lab.pids) as machine:
            entries = people.wait(WAIT_SECONDS + (FIRST + calls) * len(WAYS) / RATE).entries
            limited = machine.usage().lab_was_the_limit
        none = [(bound, 0.0) for bound, _count in buckets(lab, "phone")]
        own = {
            kind: [quantile(share, none, buckets(lab, kind)) for share in (0.5, 0.95)]
            for kind in ("phone", "partner")
        }
        table = "".join(rows(entries, sites))
    return f"{section(table, own, bool(limited))}\n\n{second_calls.table()}"


def section(table: str, own: dict[str, list[float]], limited: bool) -> str:
    """What is written."""
    told = "; ".join(
        f'`{{kind="{kind}"}}` {half:.1f} and {late:.1f} s' for kind, (half, late) in own.items()
    )
    return (
        "From the last key until a person speaks, by the callers' own ledger; a seat is always "
        f"free. Phones ring for a log-normal time, median {second_calls.RING_MEDIAN:g} s, three of "
        f"four at most 3.7 s; a partner's person presses the key {REACTION:g} s after the last "
        "word.\n\n"
        "| the call goes to | calls | mean, s | median | 95th percentile | longest "
        "| calls placed there |\n|---|--:|--:|--:|--:|--:|--:|\n"
        f"{table}\n"
        f"`ivrd_handoff_seconds` of the same run, median and 95th percentile: {told}."
        + ("\n\n**The simulated people were late: the figures are too high.**" if limited else "")
    )


def run(name: str, measured: Callable[[Path], str]) -> int:
    """Measure in a folder of its own, print and write the section; the exit status.

    `name`: the command, by which the section is found.
    """
    module = name.rpartition(" ")[2]
    folder = Path(tempfile.mkdtemp(prefix=f"ivrd-{module.removeprefix('bench.')}-"))
    print(f"All of it lives in {folder}", flush=True)
    try:
        said = measured(folder)
    except (LabError, AsteriskError, SippError, TimeoutError) as error:
        print(f"{module}: {error}", file=sys.stderr)
        return 1
    print(said)
    results.write(name, said)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(prog=NAME, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=50, help="of each way (50)")
    calls = parser.parse_args(arguments).calls
    return run(NAME, lambda folder: measure(folder, calls))


if __name__ == "__main__":
    sys.exit(main())
