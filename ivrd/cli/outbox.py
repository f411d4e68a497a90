"""`ivrd outbox`: messages on their way to other systems, and those that were not delivered."""

import argparse
import sys
import time
from typing import Any

from ivrd.cli.cells import length
from ivrd.cli.client import client_of
from ivrd.cli.options import show, subcommand
from ivrd.cli.partner_tables import table_lines

STATES = {"waiting": "waits", "delivered": "delivered", "dead": "dead: not tried any more"}


def add_outbox(parser: argparse.ArgumentParser) -> None:
    """`ivrd outbox`: a group of commands."""
    group = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    listed = subcommand(group, "list", _list, "messages that wait or were not delivered")
    listed.add_argument("--state", choices=[*STATES], help="those in this state only")
    listed.add_argument("--channel", help="those of this channel only")
    details = subcommand(group, "show", _show, "one message: never what it says, nor to whom")
    details.add_argument("id", metavar="ID", help="the message's, or its beginning")
    retry = subcommand(group, "retry", _change, "send as soon as possible, also dead letters")
    retry.set_defaults(command="outbox-retry")
    drop = subcommand(group, "drop", _change, "do not send any more")
    drop.set_defaults(command="outbox-drop")
    for one in (retry, drop):
        which = one.add_mutually_exclusive_group(required=True)
        which.add_argument("id", metavar="ID", nargs="?", help="the message's, or its beginning")
        which.add_argument("--dead", metavar="CHANNEL", help="all dead letters of a channel")


def _list(given: argparse.Namespace) -> int:
    query = {"state": given.state, "channel": given.channel}
    answer = client_of(given.config).get("outbox", **{k: v for k, v in query.items() if v})
    show(given, answer["entries"], entries_text)
    if answer["left_out"]:
        print(f"ivrd: {answer['left_out']} more are not shown", file=sys.stderr)
    return 0


def _show(given: argparse.Namespace) -> int:
    (row,) = client_of(given.config).get("outbox", id=given.id)["entries"]
    show(given, row, entry_text)
    return 0


def _change(given: argparse.Namespace) -> int:
    query = {"id": given.id} if given.id else {"dead": given.dead}
    answer = client_of(given.config).post(given.command, **query)
    what = "to be sent" if given.command == "outbox-retry" else "dropped"
    show(given, answer, lambda found: f"{found['count']} {what}.")
    if answer["note"]:
        print(f"ivrd: {answer['note']}", file=sys.stderr)
    return 0


def entries_text(rows: list[dict[str, Any]]) -> str:
    """Messages as a table."""
    if not rows:
        return "No message waits, and none was not delivered."
    head = ["Message", "about", "channel", "state", "next", "last failure", "age", "attempts"]
    cells = [
        (
            row["id"],
            row["use"],
            row["channel"],
            "reached" if row["reached_at"] is not None else row["state"],
            _next(row),
            row["why"],
            length(row["age_seconds"]),
            str(row["attempts"]),
        )
        for row in rows
    ]
    return "\n".join(table_lines(head, cells, left=6, cut=[5]))


def _next(row: dict[str, Any]) -> str:
    if row["state"] != "waiting":
        return ""
    if row["sent_now"]:
        return "now"
    return f"in {length(row['due_in_seconds'])}" if row["due_in_seconds"] else "at its turn"


def entry_text(row: dict[str, Any]) -> str:
    """One message in full."""
    lines = [
        f"{row['id']}: {STATES.get(row['state'], row['state'])}",
        f"{row['use']} through {row['channel']}, to recipient {row['recipient']}",
        f"put in {_moment(row['created_at'])}, {length(row['age_seconds'])} ago; "
        f"{row['attempts']} attempts",
    ]
    if row["why"]:
        lines.append(f"the last one failed: {row['why']}")
    if nxt := _next(row):
        lines.append(f"next attempt {nxt}; given up in {length(row['gives_up_in_seconds'])}")
    if row["ended_at"] is not None:
        lines.append(f"since {_moment(row['ended_at'])}")
    if row["reached_at"] is not None:
        lines.append(f"its recipient has it: told at {_moment(row['reached_at'])}")
    return "\n".join(lines)


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
