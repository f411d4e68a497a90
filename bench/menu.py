"""How long a menu step takes: six commands to a caller's channel, by ivrd and by a FastAGI twin.

    python -m bench.menu [--calls 20]

One Asterisk, callers who send sound. In turns a caller is given to AsyncAGI, as ivrd does it (all
six sent together) and one after the other, and to a FastAGI server on asyncio that sends the same.
The floor is one command of AsyncAGI: Asterisk looks for commands when a packet of sound comes, each
20 ms. Printed and written to bench/RESULTS.md.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from statistics import median

from panoramisk.message import Message

from bench import results
from bench.figures import percentile
from bench.peers.fastagi import FastAgi
from ivrd.asterisk import call_facts, translate
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import AmiAddress
from ivrd.asterisk.async_agi import Session, Sessions
from ivrd.asterisk.leader_guard import LeaderGuard
from lab.callers import Caller, Callers, Hear, Patience
from lab.hotline import Lab, Plan
from lab.ports import HOST

TICK_SECONDS = 0.02  # between two packets of sound
ASYNC, TWIN = "7001", "7002"
SCRIPT = (
    'SET VARIABLE CHANNEL(language) "th"',
    'SET VARIABLE IVRD_STAGE "ivr"',
    'SET VARIABLE TIMEOUT(absolute) "30.0"',
    "GET VARIABLE CHANNEL(rtcp,rxcount)",
    'SET VARIABLE IVRD_TOPIC "other"',
    'SET VARIABLE TIMEOUT(absolute) "20.0"',
)
SETTLED_SECONDS = 0.5  # of sound before the first command
CALL_SECONDS = 30.0
BETWEEN = 0.5  # calls a second

Way = Callable[[Session], Awaitable[object]]


class WithoutIvrd(Lab):
    """The hotline's Asterisk alone."""

    def _begin(self) -> None:
        """No ivrd is started."""


async def together(session: Session) -> None:
    """As ivrd sends what belongs together."""
    await asyncio.gather(*(session.send(command) for command in SCRIPT))


async def in_turn(session: Session) -> None:
    """Each when the one before is done."""
    for command in SCRIPT:
        await session.send(command)


async def one(session: Session) -> None:
    """The floor."""
    await session.send(SCRIPT[0])


class Speaker:
    """Has AsyncAGI's callers, and times each way with each of them."""

    def __init__(self, sessions: Sessions, ways: Mapping[str, Way]) -> None:
        self.took: dict[str, list[float]] = {name: [] for name in ways}
        self.here = asyncio.Event()  # the link is up
        self._sessions = sessions
        self._ways = ways
        self._tasks: set[asyncio.Task[None]] = set()

    def event(self, message: Message) -> None:
        """What Asterisk reports."""
        match translate.fact(message):
            case call_facts.ControlOffered(channel=channel):
                task = asyncio.create_task(self._speak(self._sessions.begin(channel)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case call_facts.Result(command_id, text):
                self._sessions.result(command_id, text)

    async def up(self) -> None:
        """Nothing is to be rebuilt."""
        self.here.set()

    def down(self) -> None:
        """The run is over."""

    async def _speak(self, session: Session) -> None:
        await session.send("ANSWER")
        await asyncio.sleep(SETTLED_SECONDS)
        for name, way in self._ways.items():
            began = time.perf_counter()
            await way(session)
            self.took[name].append(time.perf_counter() - began)
            await asyncio.sleep(7 * TICK_SECONDS / 3)  # anywhere within a tick
        session.send("HANGUP")


def _dial(lab: Lab, number: str, calls: int) -> None:
    """Let so many people call this number, one after the other."""
    script = (Hear(), Patience(CALL_SECONDS))
    people = [Caller(n, "listens", script) for n in range(1, calls + 1)]
    folder = lab.folder / f"callers-{number}"
    calling = Callers(lab.sip, people, folder=folder, rate=BETWEEN, dialled=number)
    calling.start()
    calling.wait(CALL_SECONDS + 2 * calls / BETWEEN)


async def measure(lab: Lab, calls: int) -> dict[str, list[float]]:
    """Seconds that the script took, by who carried it out."""
    twin = FastAgi(SCRIPT)
    port = await twin.start()
    for number, how in ((ASYNC, "agi:async"), (TWIN, f"agi://{HOST}:{port}")):
        for n, what in enumerate(("Answer", f"Wait,{SETTLED_SECONDS}", f"AGI,{how}"), 1):
            app, _, data = what.partition(",")
            lab.asterisk.cli(
                f"dialplan add extension {number},{n},{app},{data} into hotline-numbers"
            )
    address = AmiAddress(HOST, lab.ami_port, "ivrd", lambda: lab.ami_secret)
    link = AmiClient(address, LeaderGuard(), lambda *_: None, wanted=translate.EVENTS)
    sessions = Sessions(link, lambda _seconds: None, lambda _seconds: None)
    names = {"one command (the floor)": one, "ivrd, together": together, "one by one": in_turn}
    speaker = Speaker(sessions, names)
    running = asyncio.create_task(link.run(speaker))
    await speaker.here.wait()
    for number in (ASYNC, TWIN):
        await asyncio.to_thread(_dial, lab, number, calls)
    running.cancel()
    await twin.stop()
    return {**speaker.took, "FastAGI twin": twin.took}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.menu", description=__doc__)
    parser.add_argument("--calls", type=int, default=20)
    given = parser.parse_args()
    with WithoutIvrd(Plan(Path(tempfile.mkdtemp(prefix="ivrd-bench-")))) as lab:
        took = asyncio.run(measure(lab, given.calls))
    floor = median(next(iter(took.values())))
    lines = [
        "| six commands | calls | median, ms | 95th percentile, ms | above the floor, ticks |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, seconds in took.items():
        high = percentile(sorted(seconds), 0.95)
        above = (median(seconds) - floor) / TICK_SECONDS
        figures = f"{1000 * median(seconds):.1f} | {1000 * high:.1f} | {above:+.2f}"
        lines.append(f"| {name} | {len(seconds)} | {figures} |")
    text = "\n".join(lines) + "\n"
    print(text)
    results.write(
        "python -m bench.menu",
        "How long a menu step takes: six commands to a caller's channel, on one Asterisk, in one "
        f"run; a tick is {1000 * TICK_SECONDS:g} ms, from one packet of sound to the next.\n\n"
        f"{text}",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
