"""Strikes a hotline while callers call, and judges what came of it.

    python -m chaos [--short | --long] [--control] [--seed N] [NAME ...]

Each fault gets a hotline of its own (a private Asterisk, ivrd, agents) and callers who dial at a
steady rate; it strikes at moments of chance, which the seed repeats. When every caller has hung up,
one check is made, the same for all. The table is printed and put into docs/reliability.md.
Exit status 1 when a fault cost a caller, or a count; with --control when the harm did not show.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from chaos import table
from chaos.check import GRACE, NO_RECOVERY, Seen, Verdict, compared, complaints, judge
from chaos.counts import Counts
from chaos.fault import Fault, Setup
from chaos.faults import FAULTS
from chaos.load import RATE
from chaos.outcome import TWO_ACT, Order, Outcome
from chaos.scene import NoRecovery, Scene
from lab.asterisk import AsteriskError
from lab.callers import Caller, Callers, Ledger, SippError
from lab.comparison import Tally
from lab.connected import SOON
from lab.detour import Detour
from lab.hotline import Lab, Plan
from lab.lag import Lag
from lab.pair import Pair
from lab.parts import PartsError
from lab.recorder import ActionRecorder, overlaps
from lab.running import LabError

ENDS_IN = 90.0  # seconds after the last has dialled; then everybody who is left hangs up
SETTLE_SECONDS = 60.0  # for ivrd's ledger after the last hang-up
# For a call that nobody saw end: it is not in progress, and not recorded before queue_log is read.
UNSEEN_SECONDS = 6.0
LEASE_SECONDS = 5.0  # as config/ivrd.yaml has it
SIGN_OF_LIFE = 1.0  # seconds from one of ivrd's to the next (ami_client.py)
ROOM = 1.2  # for each strike in the long form, as a ratio to what it has in the short one
TROUBLE = (LabError, AsteriskError, SippError, PartsError, TimeoutError)


def carry_out(order: Order, folder: Path) -> Outcome:
    """Start a hotline, let callers dial, strike, wait for the end, judge."""
    random = Random(f"{order.fault.name} {order.seed}")
    folder.mkdir(parents=True)
    people = order.setup.crowd(random, round(RATE * order.seconds))
    with ExitStack() as stack:
        scene = Scene(folder, random, Detour(), stack)
        stack.callback(scene.detour.close)
        scene.lab = stack.enter_context(_lab(order.setup, scene))
        scene.lag = stack.enter_context(Lag(scene.lab.pids))
        if order.setup.pair:
            scene.recorders = tuple(ActionRecorder(ivrd) for ivrd in scene.pair.both)
        scene.counts = Counts(scene.lab)
        scene.calling = Callers(scene.lab.sip, people, folder=folder / "callers", rate=RATE)
        recoveries = _strike(scene, order)
        ledger = _ended(scene.calling, order.seconds + ENDS_IN)
        verdict = _judge(scene, order, people, ledger)
    scene.found += _complaints(scene)
    return Outcome(
        order,
        verdict,
        len(recoveries),
        max(recoveries, default=0.0),
        (*scene.times(), *scene.notes),
        tuple(scene.found),
    )


def _lab(setup: Setup, scene: Scene) -> Lab:
    entries = setup.sites(scene)

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "partners.yaml":
            settings["partners"] = entries
        setup.change(name, settings)

    plan = Plan(
        scene.folder / "lab",
        agents=setup.agents,
        talk=setup.talk,
        ring=setup.ring,
        change=change,
        ami_detour=0 if setup.pair else scene.detour.port,
        environment=setup.environment(scene),
        of_asterisk=setup.of_asterisk(scene),
        program=setup.program,
    )
    if setup.pair:
        return Pair(plan, setup.sentinel)
    lab = Lab(plan)
    scene.detour.target = lab.ami_port
    return lab


def _strike(scene: Scene, order: Order) -> list[float]:
    """Strike again and again while callers dial; seconds to recover, each time."""
    until = time.monotonic() + order.seconds
    recoveries: list[float] = []
    scene.calling.start()
    while len(recoveries) < order.strikes:
        pause = scene.random.uniform(*order.fault.gap)
        if time.monotonic() + pause > until:
            break
        time.sleep(pause)
        try:
            recoveries.append(order.strike(scene))
        except NoRecovery as error:
            scene.found.append(f"{NO_RECOVERY}: {error}")
            break
        scene.struck += 1
    return recoveries


def _ended(calling: Callers, seconds: float) -> Ledger:
    """The callers' ledger when all have hung up, or after so many seconds."""
    try:
        return calling.wait(seconds)
    except TimeoutError:
        return calling.stop()


def _settled(counts: Counts, calls: int, unseen: float) -> Tally:
    """The counts when nothing is in progress and all `calls` are counted, or as they stay.

    On a busy machine the store may answer too late for ivrd to add them up; it is asked again.
    `unseen`: seconds in which a call may be neither in progress nor recorded.
    """
    began = time.monotonic()
    while True:
        waited = time.monotonic() - began
        over = waited >= SETTLE_SECONDS
        try:
            now = counts.now()
            ended = not now.in_progress and (now.received == calls or waited >= unseen)
            if ended or over:
                return now
        except LabError:
            if over:
                raise
        time.sleep(0.2)  # nothing tells when the last hang-up has been recorded


def _judge(scene: Scene, order: Order, people: Sequence[Caller], ledger: Ledger) -> Verdict:
    unseen = min(scene.lag.stretched(UNSEEN_SECONDS), SETTLE_SECONDS)
    day = _settled(scene.counts, len(ledger.entries), unseen)
    agents = scene.lab.agents.ledger()
    partners = [
        talk if talk.heard_caller else replace(talk, talked=None)
        for site in scene.sites.values()
        for talk in site.talks()
    ]
    # On a machine that is so far behind the dialplan may have taken callers from ivrd's menus.
    late = scene.lag.stretched(SIGN_OF_LIFE) >= LEASE_SECONDS
    lost = order.fault.keys_lost or late
    seen = Seen(
        people,
        ledger.entries,
        agents,
        partners,
        scene.excused,
        lost,
        scene.cut,
        scene.lab.asterisk.connected(),
        scene.lag.stretched(SOON),
    )
    wrong = [*compared(seen, day), *scene.counts.metrics(day)]
    return judge(seen, wrong, scene.lag.stretched(LEASE_SECONDS + GRACE))


def _complaints(scene: Scene) -> list[str]:
    """What no run may have: an ivrd that complains, two that lead at once."""
    logs = {ivrd.name: ivrd.log_text() for ivrd in scene.lab.ivrds}
    found = [f"{name}: {what}" for name, log in logs.items() for what in complaints(log)]
    if scene.recorders:  # of two, one that stops leaves its callers to the other
        found = [what for what in found if NO_RECOVERY not in what]
    twice = overlaps(sent for recorder in scene.recorders for sent in recorder.sent)
    if twice:
        before, now = twice[0]
        what = now.headers.get("Command") or now.headers["Action"]
        found.append(
            f"{TWO_ACT}, {len(twice)} actions: {what}, {now.at - before.at:.2f} s "
            "after the other's last"
        )
    return found


def short(fault: Fault, seed: int) -> Order:
    """A few strikes: what `make chaos` and the tests run."""
    return Order(fault, fault.setup, fault.strike, fault.strikes[0], fault.seconds, seed)


def long(fault: Fault, seed: int) -> Order:
    """Many strikes, and callers for as long as they take."""
    few, strikes = fault.strikes
    seconds = max(fault.seconds, ROOM * fault.seconds / few * strikes)
    return Order(fault, fault.setup, fault.strike, strikes, seconds, seed)


def control(fault: Fault, seed: int) -> Order | None:
    """The harm without the defence, if it can be shown."""
    if fault.control is None:
        return None
    return Order(fault, fault.control.setup, fault.control.strike, 1, fault.seconds, seed)


def orders(given: argparse.Namespace) -> list[Order]:
    """What the command line asks for. Raises LabError for a fault that there is not."""
    known = {fault.name: fault for fault in FAULTS}
    if unknown := [name for name in given.names if name not in known]:
        raise LabError(f"no fault {unknown[0]!r}; there are: {', '.join(known)}")
    form = control if given.control else long if given.long else short
    made = [form(known[name], given.seed) for name in given.names or known]
    return [order for order in made if order is not None]


def tell_of_no_control(names: Collection[str]) -> None:
    """The faults that have none, and why."""
    for fault in FAULTS:
        if fault.no_control and (fault.name in names or not names):
            print(f"     {fault.name}: no control: {fault.no_control}", flush=True)
            table.write_none(fault)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit status."""
    given = _parser().parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="ivrd-chaos-"))
    print(f"seed {given.seed}; all of it lives in {folder}", flush=True)
    good = True
    try:
        for number, order in enumerate(orders(given)):
            began = time.monotonic()
            came = carry_out(order, folder / f"{number:02}-{order.fault.name}")
            print(table.terminal_row(came, given.control), flush=True)
            print(f"     in {time.monotonic() - began:.0f} s", flush=True)
            table.write(came, given.long, given.control)
            good = good and (came.harmed if given.control else came.good)
        if given.control:
            tell_of_no_control(given.names)
    except TROUBLE as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 1
    return 0 if good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="faults; all if none is named")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--short", action="store_true", help="few strikes each (the default)")
    form.add_argument("--long", action="store_true", help="many strikes each; takes hours")
    parser.add_argument("--control", action="store_true", help="with the defence taken away")
    parser.add_argument("--seed", type=int, default=1330, help="repeats a run (default 1330)")
    return parser
