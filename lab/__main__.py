"""`python -m lab up`: a hotline to play with. `python -m lab demo`: a hotline at work."""

import argparse
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from lab import demo
from lab.asterisk import AsteriskError
from lab.callers import SippError
from lab.hotline import Lab, Plan
from lab.parts import PartsError
from lab.running import LabError

DEFAULTS = {"sip_port": 15060, "ami_port": 15038, "http_port": 19133}
RTP_PORTS = 6000  # for as many calls as somebody may wish to place
WATCH_SECONDS = 0.5


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="A hotline on one machine.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    up = verbs.add_parser("up", help="start it and print one line of JSON when it is ready")
    up.add_argument("--agents", type=int, default=5, help="how many agents (default 5)")
    up.add_argument("--talk", type=float, default=20.0, help="seconds an agent talks (default 20)")
    up.add_argument("--ring", type=float, default=2.0, help="seconds it rings first (default 2)")
    for name, port in DEFAULTS.items():
        option = f"--{name.replace('_', '-')}"
        up.add_argument(option, type=int, default=port, help=f"default {port}; 0: a free one")
    up.add_argument("--dir", type=Path, help="where it lives (default: a new temporary folder)")
    show = verbs.add_parser("demo", help="60 callers in a minute and a half, and the sums")
    show.add_argument("--callers", type=int, default=60)
    show.add_argument("--seconds", type=float, default=45.0, help="from the first to the last call")
    return parser


def _up(given: argparse.Namespace) -> int:
    if not 1 <= given.agents <= 500:
        raise LabError(f"--agents: expected 1 to 500, got {given.agents}")
    folder = given.dir or Path(tempfile.mkdtemp(prefix="ivrd-lab-"))
    plan = Plan(
        folder,
        given.agents,
        given.talk,
        given.ring,
        given.sip_port,
        given.ami_port,
        given.http_port,
        rtp_ports=RTP_PORTS,
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Lab(plan) as lab:
        print(lab.ready_line(), flush=True)
        while not stop.wait(WATCH_SECONDS):
            if ended := lab.watch():
                print(f"lab: {ended} ended by itself; see {lab.folder}", file=sys.stderr)
                return 1
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status."""
    given = _parser().parse_args(arguments)
    try:
        return _up(given) if given.verb == "up" else demo.run(given.callers, given.seconds)
    except (LabError, AsteriskError, SippError, PartsError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
