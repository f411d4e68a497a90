"""The command `ivrd seats`: open or close a pool, list the seats, have one rung again."""

import argparse
import json
import time
from typing import Any

from ivrd.cli import client
from ivrd.cli.partner_tables import table_lines
from ivrd.config import load


def add(verbs: "argparse._SubParsersAction[Any]", readable: argparse.ArgumentParser) -> None:
    """Add the command to `verbs`; `readable` has the options --config and --json."""
    text = "the hotline's own seats: open, close, list, resume"
    seats = verbs.add_parser("seats", help=text, description=text)
    acts = seats.add_subparsers(title="acts", required=True, metavar="ACT")
    for act, what in (("open", "open a pool of seats"), ("close", "close a pool of seats")):
        made = acts.add_parser(act, help=what, description=what, parents=[readable])
        made.set_defaults(command=_move, act=act)
        made.add_argument("pool", metavar="POOL")
    what = "each seat, what it is doing, and why one is not rung in its turn"
    made = acts.add_parser("list", help=what, description=what, parents=[readable])
    made.set_defaults(command=_list)
    what = "ring a seat in its turn again that did not answer"
    made = acts.add_parser("resume", help=what, description=what, parents=[readable])
    made.set_defaults(command=_resume)
    made.add_argument("seat", metavar="SEAT")


def seats_text(rows: list[dict[str, Any]], now: float) -> str:
    """The seats as a table; `now` in seconds since the epoch."""
    head = ["Seat", "pool", "state", "since", "why"]
    cells = [
        (
            row["seat"],
            row["pool"],
            row["state"],
            f"{max(0.0, now - row['paused_at']):.0f} s" if row["paused_at"] else "",
            row["why"],
        )
        for row in rows
    ]
    return "\n".join(table_lines(head, cells, left=5, cut=[4]))


def _ask(given: argparse.Namespace) -> client.Client:
    return client.Client(load(given.config).control_socket)


def _move(given: argparse.Namespace) -> int:
    answer = _ask(given).post("seats", pool=given.pool, open=str(given.act == "open").lower())
    if given.json:
        print(json.dumps(answer))
    elif given.act == "open":
        print(f"Pool {answer['pool']}: {answer['seats']} seats are open.")
    else:
        print(f"Pool {answer['pool']}: closed; talks that are on go on.")
    return 0


def _list(given: argparse.Namespace) -> int:
    rows = _ask(given).get("seats")["seats"]
    print(json.dumps(rows) if given.json else seats_text(rows, time.time()))
    return 0


def _resume(given: argparse.Namespace) -> int:
    answer = _ask(given).post("resume", seat=given.seat)
    if given.json:
        print(json.dumps(answer))
    elif answer["resumed"]:
        print(f"Seat {answer['seat']} is rung in its turn again.")
    else:
        print(f"Seat {answer['seat']} had not failed: nothing was changed.")
    return 0
