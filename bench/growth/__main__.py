"""How ivrd's own cost grows with callers, seats and partners, beside a made Asterisk.

    python -m bench.growth [--only AXIS] [--keep FILE]

No call is placed: a made Asterisk answers what ivrd asks and sends recorded events as fast as they
are taken.  Each figure is ivrd's CPU (where it says time: seconds that pass), and beside it the
exponent with which it grows: 1 is as fast as the callers, 0 not at all.
"""

import argparse
import json
import sys
import time
from dataclasses import astuple
from pathlib import Path

from bench import results
from bench.growth.measures import Figures
from bench.growth.run import measured
from bench.growth.size import AXES, BASE, CORNER, Size
from bench.growth.table import tables


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--only", choices=AXES, help="one axis; nothing is written")
    parser.add_argument("--keep", type=Path, help="sizes that stand there are not measured again")
    given = parser.parse_args()
    only = given.only
    sizes = dict.fromkeys(
        size for name, axis in AXES.items() if only in (None, name) for size in axis
    )
    if only is None:
        sizes[CORNER] = None
    found = _kept(given.keep)
    for size in sizes:
        if size not in found:
            began = time.monotonic()
            found[size] = measured(size)
            print(f"{size}: {time.monotonic() - began:.0f} s", file=sys.stderr)
            if given.keep:
                with given.keep.open("a") as file:
                    file.write(f"{json.dumps([astuple(size), found[size]])}\n")
    text = tables(found, only)
    print(text)
    if only is None:
        about = (
            f"ivrd's own cost beside a made Asterisk, without a call: {BASE}, of which one varies; "
            "besides them a tenth as many callers in menus, and nine of ten seats and five seats "
            "of each partner in a talk. Milliseconds of CPU, or of time where it says so; 'the "
            "loop stood': CPU of its longest step. The exponent is fitted over all sizes: with 1 a "
            "cost grows as fast as what varies."
        )
        results.write("python -m bench.growth", f"{about}\n\n{text}")
    return 0


def _kept(file: Path | None) -> dict[Size, Figures]:
    """What an earlier run has measured, a size a line."""
    lines = file.read_text().splitlines() if file and file.exists() else []
    return {Size(*size): figures for size, figures in map(json.loads, lines)}


if __name__ == "__main__":
    sys.exit(main())
