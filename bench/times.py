"""How long callers wait for ivrd, for its successor, and for the next partner.

    python -m bench.times

Each time stands beside what it is measured against in the same run: the lease that promises it, the
start of a Python process that does nothing, the second in which Asterisk's own queue tries again.
Printed and written to bench/RESULTS.md, with how far behind this machine was meanwhile.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from bench import results
from ivrd.ha.election import LEASE_SECONDS
from lab.agents import answers, in_turn, refuses
from lab.ami_events import AmiEvents, Event
from lab.asterisk import AsteriskError
from lab.callers import Caller, Callers, Keys, Ledger, SippError
from lab.hotline import Change, Lab, Plan
from lab.ivrd import PROJECT
from lab.lag import STEP, WINDOW, Lag
from lab.pair import Pair
from lab.partners import PartnerSite, takes
from lab.parts import PartsError
from lab.recorder import ActionRecorder
from lab.running import LabError

ROUNDS = 5
IN_MENU = 20  # callers
WAIT_SECONDS = 120.0
CALLERS_LEASE = "the callers' lease"
RETRY, RETRY_SECONDS = "`retry` of the queue", 1.0  # queues.conf


@dataclass(frozen=True)
class Time:
    """Something that took so many seconds, each time, beside what it is measured against."""

    what: str
    took: list[float]
    beside: str
    seconds: float

    @property
    def row(self) -> str:
        """A line of the table."""
        middle, longest = median(self.took), max(self.took)
        return (
            f"| {self.what} | {len(self.took)} | {middle:.2f} | {longest:.2f} | {self.beside}: "
            f"{self.seconds:.2f} | {middle / self.seconds:.2f} |\n"
        )


def silent(count: int) -> list[Caller]:
    """Callers who listen and press nothing."""
    return [Caller(n, "listens") for n in range(1, count + 1)]


def persons(count: int) -> list[Caller]:
    """Callers who want a person at once."""
    return [Caller(n, "key 0", (Keys("0"),)) for n in range(1, count + 1)]


def calling(lab: Lab, people: list[Caller], rate: float) -> Callers:
    """Callers who dial now."""
    made = Callers(lab.sip, people, folder=lab.folder / "callers", rate=rate)
    made.start()
    return made


def until(what: str, true: Callable[[], object]) -> None:
    """Return when it holds. Raises LabError when it never does."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise LabError(f"not within {WAIT_SECONDS:g} s: {what}")
        time.sleep(0.02)


def in_menus(lab: Lab) -> bool:
    """Whether all who are to be there listen to a menu."""
    return bool(lab.ivrd.status()["calls"]["menu"] == IN_MENU)


def lease() -> float:
    """Seconds that a caller may be without ivrd, as it is shipped."""
    settings = yaml.safe_load((PROJECT / "config" / "ivrd.yaml").read_text("utf-8"))
    return float(settings["lease_seconds"])


def silence(ledger: Ledger) -> float:
    """The longest that any caller heard nothing."""
    longest = ledger.longest_silence()
    return longest.silence if longest else 0.0


# --- one ivrd ------------------------------------------------------------------------------------


def killed(folder: Path) -> Iterator[Time]:
    """kill -9: how long are callers in silence when nobody comes back, and when it is started."""
    quiet: dict[bool, list[float]] = {False: [], True: []}
    resumed = []
    for number in range(2 * ROUNDS):
        started_again = bool(number % 2)
        with Lab(Plan(folder / f"kill{number}", agents=IN_MENU, talk=1.0, ring=0.2)) as lab:
            callers = calling(lab, silent(IN_MENU), 20.0)
            until("all are in menus", lambda of=lab: in_menus(of))  # type: ignore[misc]
            time.sleep(1.5)  # the first prompts have begun
            events = AmiEvents(lab.ami_port, lab.ami_secret)
            lab.ivrd.kill()
            if started_again:
                began = time.time()
                lab.ivrd.start()
                until("all are resumed", lambda of=events: len(first(of)) == IN_MENU)  # type: ignore[misc]
                resumed.append(max(first(events).values()) - began)
            ledger = callers.stop() if started_again else callers.wait(WAIT_SECONDS)
            quiet[started_again].append(silence(ledger))
            events.close()
    yield Time("silence after kill -9, nobody comes back", quiet[False], CALLERS_LEASE, lease())
    yield Time("silence after kill -9 and a start at once", quiet[True], CALLERS_LEASE, lease())
    yield Time("from the start until all are resumed", resumed, "`ivrd --version`", bare_start())


def first(events: AmiEvents) -> dict[str, float]:
    """When Asterisk carried out the first of ivrd's commands to each caller."""
    done = [event for event in list(events.events) if event.get("event") == "AsyncAGIExec"]
    return {event["uniqueid"]: float(event["timestamp"]) for event in reversed(done)}


def bare_start() -> float:
    """Seconds that ivrd takes to start and to do nothing; the median."""
    took = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        command = [sys.executable, "-m", "ivrd.cli", "--version"]
        subprocess.run(command, cwd=PROJECT, stdout=subprocess.DEVNULL, check=True)
        took.append(time.monotonic() - began)
    return median(took)


# --- two of them ---------------------------------------------------------------------------------


def taken_over(folder: Path) -> Iterator[Time]:
    """kill -9 of the leader, again and again."""
    leads, speaks = [], []
    with Pair(Plan(folder / "pair", agents=40, talk=2.0, ring=0.2)) as pair:
        recorders = {ivrd.name: ActionRecorder(ivrd) for ivrd in pair.both}
        callers = calling(pair, silent(60 * ROUNDS), 5.0)
        for _ in range(ROUNDS):
            pair.wait_for_standby()
            time.sleep(3.0)  # some have come to their menus
            leader = pair.leader()
            other = pair.other(leader)
            at = time.time()
            leader.kill()
            leads.append(pair.leads_since(other, at) - at)
            recorder = recorders[other.name]
            until("a prompt", lambda t=recorder, a=at: t.after(a, prompts))  # type: ignore[misc]
            speaks.append(recorder.after(at, prompts)[0] - at)
            leader.start(ready=False)
        ledger = callers.stop()
    beside = "the leader's lease"
    yield Time("from kill -9 of the leader until the standby leads", leads, beside, LEASE_SECONDS)
    yield Time("… until it speaks to a caller", speaks, beside, LEASE_SECONDS)
    yield Time("longest silence meanwhile", [silence(ledger)], CALLERS_LEASE, lease())


def prompts(headers: dict[str, str]) -> bool:
    """Whether an action is a prompt for a caller."""
    return headers.get("Command", "").startswith("STREAM FILE")


# --- partners ------------------------------------------------------------------------------------


def with_partners(entries: dict[str, PartnerSite], **more: object) -> Change:
    """Plan.change that has these partners, and decides on short talks."""

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "partners.yaml":
            settings["partners"] = {key: entry(key, at, **more) for key, at in entries.items()}
        if name == "ivrd.yaml":
            settings["overflow"] = {"drain_seconds": 15, "hold_seconds": 8}
            settings["overflow"]["expected_talk_seconds"] = 8

    return change


def entry(name: str, site: PartnerSite, **more: object) -> dict[str, object]:
    """A partner in partners.yaml."""
    usual = {"pledged": 15, "cap": 20, "hours": "always", "topics": "all", "state": "active"}
    return {"name": {"th": name, "en": name}, "trunk": site.trunk, **usual, **more}


def opened(folder: Path) -> Iterator[Time]:
    """From the caller for whom there is no agent to the first seat at a partner."""
    took = []
    for number in range(ROUNDS):
        home = folder / f"need{number}"
        with ExitStack() as stack:
            site = stack.enter_context(PartnerSite(home / "site", takes(ring=0.2, talk=5.5)))
            change = with_partners({"good": site})
            lab = stack.enter_context(Lab(Plan(home / "lab", 2, 3.0, 0.2, change=change)))
            events = AmiEvents(lab.ami_port, lab.ami_secret)
            callers = calling(lab, persons(12), 6.0)
            need = events.named("QueueCallerJoin", 3)[2]  # one more than there are agents
            seat = events.wait("a seat", is_seat)[0]
            took.append(float(seat["timestamp"]) - float(need["timestamp"]))
            callers.stop()
            events.close()
    yield Time("from the need to the first partner's seat", took, RETRY, RETRY_SECONDS)


def is_seat(event: Event) -> bool:
    """Whether a partner's seat was added to a queue."""
    return event.get("event") == "QueueMemberAdded" and "@partner-good" in event["interface"]


def refused(folder: Path) -> Iterator[Time]:
    """From a partner's refusal to the next call for the same caller."""
    moody = in_turn(refuses(480), answers(0.0, 5.5, "partner"))
    with ExitStack() as stack:
        sites = {
            "moody": stack.enter_context(PartnerSite(folder / "moody", moody)),
            "good": stack.enter_context(PartnerSite(folder / "good", takes(0.3, 5.5))),
        }
        change = with_partners(sites, confirm=False)
        lab = stack.enter_context(Lab(Plan(folder / "refused", 1, ring=0.2, change=change)))
        lab.ivrd.once("seats", "close", "base", "--yes")
        for name in sites:
            lab.ivrd.once("partner", "override", "open", name)
        until("all seats are open", lambda: all(row["open"] == 15 for row in partners(lab)))
        calling(lab, persons(150), 3.0).wait(WAIT_SECONDS)
        came = defaultdict(list)
        for site in sites.values():
            for talk in site.ledger():
                came[talk.case].append((talk.rung_at, talk.ended == "refused"))
    took = [
        after - at
        for of in came.values()
        for (at, was_refused), (after, _) in pairwise(sorted(of))
        if was_refused
    ]
    what = "from a partner's refusal to the next INVITE"
    yield Time(what, took, RETRY, RETRY_SECONDS)


def partners(lab: Lab) -> list[dict[str, Any]]:
    """What ivrd says of each."""
    found: list[dict[str, Any]] = lab.ivrd.get("partners")["partners"]
    return found


def main() -> int:
    """Run it; the exit status."""
    argparse.ArgumentParser(prog="python -m bench.times", description=__doc__).parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ivrd-times-"))
    print(f"All of it lives in {folder}", flush=True)
    rows = []
    try:
        with Lag() as lag:
            for measure in (killed, taken_over, opened, refused):
                for found in measure(folder):
                    print(found.row, end="", flush=True)
                    rows.append(found.row)
    except (LabError, AsteriskError, SippError, PartsError, TimeoutError) as error:
        print(f"bench.times: {error}", file=sys.stderr)
        return 1
    head = (
        "| what | times | median, s | longest, s | beside, s | ratio |\n|---|--:|--:|--:|---|--:|\n"
    )
    late = (
        f"\nBy the kernel's count a thread waited for a processor for {lag.longest:.1f} s at most "
        f"within {WINDOW * STEP:g} s."
    )
    results.write("python -m bench.times", f"{head}{''.join(rows)}{late}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
