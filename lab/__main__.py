"""`python -m lab up`: a hotline to play with. `python -m lab demo`: a hotline at work."""

import argparse
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from lab import demo, partners
from lab.asterisk import AsteriskError
from lab.callers import SippError
from lab.hotline import Lab, Plan
from lab.parts import PartsError
from lab.running import LabError

KINDS = "\n".join(f"  {name:<8} {kind.what}" for name, kind in partners.KINDS.items())
DEFAULTS = {"sip_port": 15060, "ami_port": 15038, "http_port": 19133}
RTP_PORTS = 3000  # four for each talk, two for each caller who waits
WATCH_SECONDS = 0.5
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="A hotline on one machine.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    up = verbs.add_parser(
        "up",
        help="start it and print one line of JSON when it is ready",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"kinds of partners:\n{KINDS}",
    )
    up.add_argument("--agents", type=int, default=5, help="how many agents (default 5)")
    up.add_argument("--talk", type=float, default=20.0, help="seconds an agent talks (default 20)")
    up.add_argument("--ring", type=float, default=2.0, help="seconds it rings first (default 2)")
    for name, port in DEFAULTS.items():
        option = f"--{name.replace('_', '-')}"
        up.add_argument(option, type=int, default=port, help=f"default {port}; 0: a free one")
    up.add_argument(
        "--partners",
        metavar="KIND,...",
        default="",
        help="partners that lend seats, such as good,refuses,silent (default: none); with them the "
        "times of the overflow policy are as short as talks in a lab",
    )
    up.add_argument("--dir", type=Path, help="where it lives (default: a new temporary folder)")
    show = verbs.add_parser("demo", help="a wave of callers, live, and at the end the sums")
    show.add_argument("--callers", type=int, default=demo.Show.callers, help="default %(default)s")
    show.add_argument(
        "--seconds",
        type=float,
        default=demo.Show.seconds,
        help="from the first call to the last (default %(default)g)",
    )
    show.add_argument(
        "--seats", type=int, default=5, help="agents of the hotline's own (default 5)"
    )
    return parser


def _within(option: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise LabError(f"{option}: expected {least:g} to {most:g}, got {value:g}")


def _up(given: argparse.Namespace) -> int:
    _within("--agents", given.agents, 1, 500)
    kinds = partners.kinds_of(given.partners)
    folder = given.dir or Path(tempfile.mkdtemp(prefix="ivrd-lab-"))
    sites = partners.PartnerSites(folder / "partners", kinds, given.ring, given.talk)
    plan = Plan(
        folder,
        given.agents,
        given.talk,
        given.ring,
        given.sip_port,
        given.ami_port,
        given.http_port,
        change=sites.change if kinds else None,
        rtp_ports=RTP_PORTS,
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with sites, Lab(plan) as lab:
        print(lab.ready_line(partners=sites.facts()), flush=True)
        while not stop.wait(WATCH_SECONDS):
            if ended := lab.watch():
                print(f"lab: {ended} ended by itself; see {lab.folder}", file=sys.stderr)
                return 1
    return 0


def _demo(given: argparse.Namespace) -> int:
    _within("--callers", given.callers, 1, 5000)
    _within("--seconds", given.seconds, 1, 3600)
    _within("--seats", given.seats, 1, 500)

    def stop(_number: int, _frame: object) -> NoReturn:
        for number in ENDS:  # the second one must not keep what was started from being ended
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in ENDS:
        signal.signal(number, stop)
    return demo.run(demo.Show(given.callers, given.seconds, given.seats))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status."""
    given = _parser().parse_args(arguments)
    try:
        return _up(given) if given.verb == "up" else _demo(given)
    except (LabError, AsteriskError, SippError, PartsError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: stopped; all that was started has ended", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
