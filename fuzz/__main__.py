"""The command: `python -m fuzz [--long] [--seed N] [NAME ...]`."""

import argparse
import logging
import sys
from pathlib import Path

from fuzz.runner import keep, run
from fuzz.targets import TARGETS


def main() -> int:
    """Run targets; the exit status: 0, or 1 when one has a fault."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--long", action="store_true", help="a million inputs, some minutes")
    parser.add_argument("--seed", type=int, default=1, help="other inputs for another number")
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"), metavar="DIR")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TARGETS))
    given = parser.parse_args()
    if unknown := set(given.names) - set(TARGETS):
        parser.error(f"no target {', '.join(sorted(unknown))}; there are: {', '.join(TARGETS)}")
    logging.disable()
    count, ok = 0, True
    for target in (TARGETS[name] for name in given.names or TARGETS):
        outcome = run(target, target.long if given.long else target.short, given.seed)
        print(outcome, flush=True)
        keep(outcome, given.found)
        count, ok = count + outcome.count, ok and outcome.ok
    print(f"{count:,} inputs: {'no fault' if ok else 'FAULTS'}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
