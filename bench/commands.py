"""What a command costs: its CPU beside that of starting Python with asyncio.

    python -m bench.commands [--rounds 15]

Each round runs every program once, one after the other, so that whatever else the machine does is
borne by all of them alike.  An ivrd without Asterisk answers.  Printed and written to
bench/RESULTS.md: medians of user and system CPU, and their ratio to Python with asyncio.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import yaml

from bench import results
from ivrd.cli.client import NotRunning, client_of

PROJECT = Path(__file__).parent.parent
READY_SECONDS = 300.0  # only a machine that is stuck takes so long
BASE = "python -c 'import asyncio'"
COMMANDS = (
    ("--help",),
    ("status",),
    ("partner", "list"),
    ("explain",),
    ("report", "day"),
    ("check",),
)


def programs(config: Path) -> dict[str, Sequence[str]]:
    """What is measured, by the name it has in the table."""
    ivrd = [sys.executable, "-m", "ivrd.cli"]
    found: dict[str, Sequence[str]] = {
        "python -c pass": [sys.executable, "-c", "pass"],
        BASE: [sys.executable, "-c", "import asyncio"],
    }
    for words in COMMANDS:
        where = () if words == ("--help",) else ("--config", str(config))
        found[" ".join(("ivrd", *words))] = [*ivrd, *words, *where]
    return found


def cpu_seconds(argv: Sequence[str]) -> float:
    """User and system CPU of one run.  Raises RuntimeError, with what it said, when it fails."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=errors, cwd=PROJECT)
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace")
            raise RuntimeError(f"{' '.join(argv)} ended with {process.returncode}:\n{said}")
    return used.ru_utime + used.ru_stime


@contextmanager
def answering(folder: Path) -> Iterator[Path]:
    """An ivrd that has no Asterisk; the folder of its configuration."""
    config = folder / "config"
    shutil.copytree(PROJECT / "config", config)
    settings = yaml.safe_load((config / "ivrd.yaml").read_text("utf-8"))
    settings["sounds"] = str(PROJECT / "sounds")
    settings["state_dir"] = str(folder / "state")
    settings["caller_key_file"] = str(folder / "caller.key")
    settings["control"]["socket"] = str(folder / "s")
    settings["asterisk"]["config_dir"] = str(folder / "etc")
    settings["asterisk"]["ami"] |= {"port": 1, "secret_file": str(folder / "ami.secret")}
    # The shipped ones are for documentation, and `ivrd check` says so.
    for carrier in settings["asterisk"]["carriers"].values():
        carrier["addresses"] = ["127.0.0.9"]
    settings["asterisk"]["seats"] = {"contact": "sip:{seat}@127.0.0.1:9"}
    settings["web"]["listen"] = f"127.0.0.1:{_free_port()}"
    (config / "ivrd.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
    (folder / "ami.secret").touch(0o600)
    (folder / "ami.secret").write_text("not-a-secret")
    argv = [sys.executable, "-m", "ivrd.cli", "run", "--config", str(config)]
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(argv, stdout=log, stderr=log, cwd=PROJECT)
    try:
        _wait_until_it_answers(config, daemon)
        yield config
    finally:
        daemon.terminate()
        daemon.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(config: Path, daemon: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            client_of(config).get("status")
        except NotRunning:
            if time.monotonic() > deadline or daemon.poll() is not None:
                raise
            time.sleep(0.1)
        else:
            return


def measured(config: Path, rounds: int) -> dict[str, float]:
    """The median CPU seconds of each program."""
    found = programs(config)
    runs: dict[str, list[float]] = {name: [] for name in found}
    for _round in range(rounds):
        for name, argv in found.items():
            runs[name].append(cpu_seconds(argv))
    return {name: median(used) for name, used in runs.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.commands", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="ivrd-bench-") as folder,
        answering(Path(folder)) as config,
    ):
        found = measured(config, given.rounds)
    lines = ["| program | CPU s | more than asyncio alone, s | ratio |", "|---|---:|---:|---:|"]
    for name, seconds in found.items():
        more, ratio = seconds - found[BASE], seconds / found[BASE]
        lines.append(f"| `{name}` | {seconds:.3f} | {more:+.3f} | {ratio:.1f} |")
    text = "\n".join(lines)
    print(text)
    about = (
        "What a command costs: user and system CPU, with an ivrd that answers. "
        f"Medians of {given.rounds} rounds, in each of which every program runs once."
    )
    results.write("python -m bench.commands", f"{about}\n\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
