"""`python -m bench.day`: replay it, print the report, keep it in bench/RESULTS.md."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

import bench.day
from bench import results
from bench.day import report
from bench.day.people import Population
from bench.day.profile import DAY_CALLS, PROFILES
from bench.day.result import Options, Result
from bench.day.run import run
from lab.asterisk import AsteriskError
from lab.callers import SippError
from lab.parts import PartsError
from lab.running import LabError

# Of the whole day: with start and end it takes less than half an hour.  At the peak 45 calls a
# second come, as many as two processors bear; so a worse day takes longer.
MINUTES = 29.0
LEAST_MINUTES = 3.0


def parser() -> argparse.ArgumentParser:
    """What can be asked."""
    made = argparse.ArgumentParser(
        prog="python -m bench.day",
        description=bench.day.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--calls", type=_calls, default=DAY_CALLS, help="49005, as on the day")
    made.add_argument("--minutes", type=_minutes, help="from the first call to the last one")
    made.add_argument("--profile", choices=tuple(PROFILES), default="day", help="when they call")
    made.add_argument("--seed", type=int, default=1330)
    made.add_argument(
        "--redial", type=_share, default=Population.redial, help="of those who gave up, 0 to 1"
    )
    made.add_argument(
        "--out", type=Path, default=results.RESULTS.parent, help="gets RESULTS.md and plots/"
    )
    return made


def _calls(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"expected 1 to 1000000 calls, got {text!r}")
    return int(text)


def _minutes(text: str) -> float:
    return _number(text, 0.5, 1440, "minutes")


def _share(text: str) -> float:
    return _number(text, 0, 1, "as a share")


def _number(text: str, least: float, most: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"expected {least:g} to {most:g} {what}, got {text!r}")
    return value


def options(given: argparse.Namespace) -> Options:
    """What is replayed.  A sample of the day takes its share of the time, but a few minutes."""
    share = given.calls / DAY_CALLS
    minutes = given.minutes or max(LEAST_MINUTES, MINUTES * share)
    of = replace(Population(), redial=given.redial)
    return Options(given.calls, minutes, given.profile, given.seed, of)


def name(of: Options) -> str:
    """The section's name: the command, without what is as usual."""
    said = ["python -m bench.day"]
    if of.profile != "day":
        said.append(f"--profile {of.profile}")
    if of.calls != DAY_CALLS:
        said.append(f"--calls {of.calls}")
    if of.of.redial != Population.redial:
        said.append(f"--redial {of.of.redial:g}")
    return " ".join(said)


def keep(result: Result, out: Path) -> str:
    """Write plots and section; the report."""
    from bench.day import plots  # needs the extra `bench`

    words = name(result.options).split()[3:]  # "--profile", "opening", ...
    prefix = "-".join(["day", *(word.strip("-") for word in words)])
    made = plots.write(
        out / "plots", prefix, result.calls, result.samples, result.clock, result.profile
    )
    text = report.markdown(result, [str(path.relative_to(out)) for path in made])
    results.write(name(result.options), text, out / "RESULTS.md")
    return text


def main() -> int:
    """Run it; the exit status."""
    given = parser().parse_args()
    if find_spec("matplotlib") is None:  # not after half an hour
        say = "bench.day: the plots need matplotlib, which is missing: lab/bootstrap.sh dev bench"
        print(say, file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="ivrd-day-"))
    console = Console(highlight=False)
    console.print(f"All of it lives in {folder}")
    try:
        result = run(options(given), folder, console)
    except (LabError, AsteriskError, SippError, PartsError, TimeoutError) as error:
        print(f"bench.day: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    (folder / "samples.json").write_text(json.dumps([asdict(sample) for sample in result.samples]))
    print(keep(result, given.out))
    return 1 if report.faults(result) else 0


if __name__ == "__main__":
    sys.exit(main())
