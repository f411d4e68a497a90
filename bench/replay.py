"""What a call costs in ivrd alone: the same recorded calls through all of it, in one process.

    python -m bench.replay [--calls 40] [--rounds 5] [--recording FILE] [--profile FILE]

A real Asterisk is recorded first, or once and for all into FILE.  Then a stand-in sends the same
bytes, and the ivrd of this process does what it does: it follows the calls, speaks to callers,
logs and stores.  Beside it, in turns: stock panoramisk, which only parses the same bytes.
"""

import argparse
import asyncio
import cProfile
import gc
import multiprocessing
import sys
import tempfile
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import yaml

from bench import decode, recording, results
from bench.recording import Recording
from bench.stand_in import StandIn
from ivrd import log
from ivrd.config.load import load
from ivrd.daemon.service import Daemon, spare_collections
from lab.journal import Journal
from lab.ports import HOST, free_port

RATE = 5.0  # calls a second, when recorded


def _stand_in(of: Recording, parent: Connection) -> None:
    """The other process."""
    stand_in = StandIn(of)
    parent.send(stand_in.port)
    stand_in.serve(parent)


def _configured(of: Recording, folder: Path, ami_port: int) -> Path:
    """The recorded ivrd's configuration, for an ivrd in `folder` that has nothing stored."""
    config = folder / "config"
    config.mkdir()
    for path in of.config.glob("*.yaml"):
        (config / path.name).write_bytes(path.read_bytes())
    path = config / "ivrd.yaml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    settings["state_dir"] = str(folder / "state")
    settings["web"]["listen"] = f"{HOST}:{free_port()}"
    settings["control"]["socket"] = str(folder / "control.sock")
    settings["asterisk"]["ami"]["port"] = ami_port
    settings["asterisk"]["queue_log"] = str(folder / "queue_log")
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
    (folder / "queue_log").touch()
    return config


class Replay:
    """One replay. `cpu_seconds`: of all that this process did for the calls."""

    def __init__(self, of: Recording, profile: cProfile.Profile | None) -> None:
        self.cpu_seconds = 0.0
        self.missing = self.further = self.ended = 0
        self.broken = False
        self._of = of
        self._profile = profile
        self._over = asyncio.Event()

    async def run(self, near: Connection, folder: Path) -> None:
        """Until all is said."""
        settings = load(_configured(self._of, folder, near.recv()))
        with (folder / "ivrd.log").open("wb") as file:
            journal = Journal(file)
            with journal.end.makefile("w") as stream:
                log.setup(settings.log_format, settings.log_level, stream, zone=settings.zone)
            daemon = Daemon(settings)
            spare_collections()
            asyncio.get_running_loop().add_reader(near.fileno(), self._heard, near)
            running = asyncio.create_task(daemon.run())
            await self._over.wait()
            self.ended = sum(daemon.wiring.ledger.outcomes.values())
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            log.setup(settings.log_format, "error", sys.stderr)
            journal.wait()
            gc.unfreeze()  # the next one is another process's, but for this

    def _heard(self, near: Connection) -> None:
        try:
            word = near.recv()
        except EOFError:  # the link broke: this machine is too busy to measure anything
            self.broken = True
            self._over.set()
            return
        if word == "began":
            gc.collect()
            self.cpu_seconds = -time.process_time()
            if self._profile:
                self._profile.enable()
            return
        if self._profile:
            self._profile.disable()
        self.cpu_seconds += time.process_time()
        asyncio.get_running_loop().remove_reader(near.fileno())
        _, self.missing, self.further = word
        self._over.set()


def replay(of: Recording, profile: cProfile.Profile | None = None) -> Replay:
    """One replay in a new ivrd."""
    near, far = multiprocessing.Pipe()
    other = multiprocessing.Process(target=_stand_in, args=(of, far), daemon=True)
    other.start()
    far.close()
    one = Replay(of, profile)
    with tempfile.TemporaryDirectory(prefix="ivrd-replay-") as folder:
        asyncio.run(one.run(near, Path(folder)))
    near.close()
    other.terminate()
    other.join()
    return one


def recorded(given: argparse.Namespace) -> Recording:
    """The recording to replay."""
    if given.recording and given.recording.exists():
        return recording.read(given.recording)
    of = recording.record(Path(tempfile.mkdtemp(prefix="ivrd-bench-")), given.calls, RATE)
    if given.recording:
        of.write(given.recording)
    return of


def table(of: Recording, whole: list[float], by_stock: list[float], by_us: list[float]) -> str:
    """CPU milliseconds a call, each beside stock panoramisk's decoding."""
    events = sum(piece.count(b"\r\n\r\n") for piece in of.from_asterisk)
    stock = median(by_stock)
    rows = [
        ("stock panoramisk decodes", by_stock, f"{events / stock:,.0f}"),
        ("ivrd decodes", by_us, f"{events / median(by_us):,.0f}"),
        ("all that ivrd does for the calls", whole, ""),
    ]
    lines = [
        "| what | CPU ms a call | events a CPU second | times stock's decoding |",
        "|---|---:|---:|---:|",
    ]
    for what, seconds, rate in rows:
        low, middle, high = (
            1000 * at / of.calls for at in (min(seconds), median(seconds), max(seconds))
        )
        cost = f"{middle:.2f} ({low:.2f} to {high:.2f})"
        lines.append(f"| {what} | {cost} | {rate} | {median(seconds) / stock:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--recording", type=Path, help="read it, or write it if it is not there")
    parser.add_argument("--profile", type=Path, help="write there what cProfile finds")
    given = parser.parse_args()
    of = recorded(given)
    profile = cProfile.Profile() if given.profile else None
    whole, by_stock, by_us = [], [], []
    for _ in range(given.rounds):
        one = replay(of, profile)
        if one.broken or (one.ended, one.missing, one.further) != (of.calls, 0, 0):
            print(
                f"not like the recording: {one.ended} of {of.calls} calls ended, {one.missing} "
                f"actions were not sent in time, {one.further} others were",
                file=sys.stderr,
            )
            if one.broken:
                return 1
        (stock_took, found), (we_took, found_by_us) = (
            decode.stock(of.from_asterisk),
            decode.ours(of.from_asterisk),
        )
        assert found == found_by_us, "both must find the same messages"
        whole.append(one.cpu_seconds)
        by_stock.append(stock_took)
        by_us.append(we_took)
    if profile:
        profile.dump_stats(given.profile)
        return 0
    text = table(of, whole, by_stock, by_us)
    print(text)
    results.write(
        "python -m bench.replay",
        f"What a call costs in ivrd alone: {of.calls} recorded calls, through menu and queue to an "
        "agent, replayed through all of ivrd as fast as it answers (the events of its start are "
        f"among those that are decoded). {given.rounds} rounds in turns, medians and ranges.\n\n"
        f"{text}",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
