"""`ivrd callback`: people who are to be called back."""

import argparse
import sys
import time
from typing import Any

from ivrd.cli.call_text import URGENCY
from ivrd.cli.cells import length
from ivrd.cli.client import client_of
from ivrd.cli.options import show, subcommand
from ivrd.cli.partner_tables import table_lines

STATES = {
    "waiting": "waits",
    "dialling": "is being dialled",
    "announcement": "hears the announcement",
    "in_queue": "has pressed the key, and is in the queue",
    "reached": "reached",
    "given_up": "given up: tried as often as it may be",
    "cancelled": "cancelled",
}
ORIGINS = {"asked": "has asked for it", "lost": "gave up, and did not ask for it"}
RESULTS = {
    "reached": "reached",
    "busy": "busy",
    "no_answer": "no answer",
    "no_key": "answered, no key",
    "hung_up": "hung up in the announcement",
    "left": "hung up in the queue",
    "declined": "does not want to be called",
    "unreachable": "the number cannot be reached",
    "trunk": "the carrier did not take the call",
    "fault": "the call was not made, or was lost",
}


def add_callback(parser: argparse.ArgumentParser) -> None:
    """`ivrd callback`: a group of commands."""
    group = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    listed = subcommand(
        group, "list", _list, "who is to be called back, in the order of their turn"
    )
    listed.add_argument("--all", action="store_true", help="those whose booking has ended, too")
    details = subcommand(group, "show", _show, "one booking and its attempts")
    cancel = subcommand(group, "cancel", _change, "do not call this person back")
    cancel.set_defaults(command="callback-cancel")
    text = "call as soon as the turn comes, however often it was tried"
    retry = subcommand(group, "retry", _change, text)
    retry.set_defaults(command="callback-retry")
    for one in (details, cancel, retry):
        one.add_argument("id", metavar="ID", help="the booking's, or its beginning")


def _list(given: argparse.Namespace) -> int:
    query = {"all": "yes"} if given.all else {}
    rows = client_of(given.config).get("callbacks", **query)["callbacks"]
    show(given, rows, bookings_text)
    return 0


def _show(given: argparse.Namespace) -> int:
    (row,) = client_of(given.config).get("callbacks", id=given.id)["callbacks"]
    show(given, row, booking_text)
    return 0


def _change(given: argparse.Namespace) -> int:
    answer = client_of(given.config).post(given.command, id=given.id)
    show(given, answer, lambda found: booking_text(found["callbacks"][0]))
    if answer["note"]:
        print(f"ivrd: {answer['note']}", file=sys.stderr)
    return 0


def bookings_text(rows: list[dict[str, Any]]) -> str:
    """Bookings as a table."""
    if not rows:
        return "Nobody is to be called back."
    head = [
        "Booking",
        "origin",
        "queue",
        "state",
        "last attempt",
        "next",
        "since arrival",
        "attempts",
    ]
    cells = [
        (
            row["id"],
            row["origin"],
            row["queue"],
            row["state"],
            RESULTS.get(row["attempts"][-1]["result"], "") if row["attempts"] else "",
            _next(row),
            length(row["waited_seconds"]),
            str(len(row["attempts"])),
        )
        for row in rows
    ]
    return "\n".join(table_lines(head, cells, left=6, cut=[4]))


def _next(row: dict[str, Any]) -> str:
    if row["state"] != "waiting":
        return ""
    if row["due_in_seconds"]:
        # Before the first attempt only the caller's own choice has it wait.
        chosen = "" if row["attempts"] else ", as chosen"
        return f"in {length(row['due_in_seconds'])}{chosen}"
    return "at its turn" if row["origin"] == "asked" else "when load is low"


def booking_text(row: dict[str, Any]) -> str:
    """One booking in full."""
    lines = [
        f"{row['id']}: {STATES.get(row['state'], row['state'])}",
        f"{ORIGINS.get(row['origin'], row['origin'])}; person {row['person']}",
        f"queue {row['queue']}, topic {row['topic'] or '-'}, language {row['language'] or '-'}",
        f"booked {_moment(row['booked_at'])}; {length(row['waited_seconds'])} since the arrival",
    ]
    if urgency := row.get("urgency"):
        lines.append(f"{URGENCY.get(urgency, urgency)}: served before those who are not urgent")
    if nxt := _next(row):
        lines.append(f"to be called {nxt}")
    for attempt in row["attempts"]:
        what = RESULTS.get(attempt["result"], attempt["result"])
        took = length(attempt["seconds"])
        lines.append(f"  {_moment(attempt['began_at'])}: {what}, after {took}")
    return "\n".join(lines)


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
