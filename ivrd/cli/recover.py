"""`ivrd recover`: those who gave up and have not been answered since."""

import argparse
import csv
import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ivrd.cli.cells import length
from ivrd.cli.client import client_of
from ivrd.cli.options import show, subcommand
from ivrd.cli.partner_tables import table_lines

COLUMNS = ("number", "effective_at", "waited_seconds", "calls", "last_at")


def add_recover(parser: argparse.ArgumentParser) -> None:
    """`ivrd recover`: a group of commands."""
    acts = parser.add_subparsers(title="acts", required=True, metavar="ACT")
    text = "who gave up and was not answered since, who waits longest first; shows their numbers"
    listed = subcommand(acts, "list", _list, text)
    listed.add_argument("--csv", action="store_true", help="print CSV, for who calls them back")


def _list(given: argparse.Namespace) -> int:
    answer = client_of(given.config).post("recover")
    if given.csv and not given.json:
        print(lost_csv(answer), end="")
    else:
        show(given, answer, lost_text)
    return 0


def lost_text(answer: Mapping[str, Any]) -> str:
    """The list as a table."""
    rows = answer["people"]
    after = length(answer["after_seconds"])
    if not rows:
        return f"Nobody who waited {after} or longer and gave up is still to be answered."
    head = ["Since", "waited", "calls", "last call", "number"]
    cells = [
        (
            _moment(row["effective_at"]),
            length(row["waited_seconds"]),
            str(row["calls"]),
            _moment(row["last_at"]),
            row["number"] or "not kept",
        )
        for row in rows
    ]
    lines = [f"{len(rows):,} people waited {after} or longer, gave up, and were not answered:"]
    return "\n".join([*lines, *table_lines(head, cells, left=5, cut=[4])])


def lost_csv(answer: Mapping[str, Any]) -> str:
    """The list as CSV."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for row in answer["people"]:
        writer.writerow(row)
    return out.getvalue()


def _moment(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S}"
