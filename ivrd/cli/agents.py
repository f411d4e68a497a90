"""`ivrd agent`: the people at the seats: list, show, sign in and out, pause, resume, listen to."""

import argparse
import getpass
import sys
from typing import Any

from ivrd.cli.cells import length
from ivrd.cli.client import client_of
from ivrd.cli.failure import WRONG, CommandFailed
from ivrd.cli.options import show, subcommand
from ivrd.cli.partner_tables import table_lines
from ivrd.config import pin

STATES = {
    "signed_out": "signed out",
    "wrap_up": "wrap-up",
}
SUPERVISION = {
    "listen": "listen to an agent's talk",
    "whisper": "listen, and speak to the agent alone",
    "join": "listen, and speak to the agent and the caller",
}


class WrongPin(CommandFailed):
    """What was typed is no PIN, or not the same twice."""

    status = WRONG


def add_agent(parser: argparse.ArgumentParser) -> None:
    """`ivrd agent`: a group of commands."""
    group = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    subcommand(group, "list", _list, "each agent, and what they are doing")
    details = subcommand(group, "show", _show, "one agent")
    text = "sign an agent in, whose PIN is asked for: from now on the seat is rung"
    sign_in = subcommand(group, "in", _sign_in, text)
    text = "sign an agent out; a talk that is on goes on"
    sign_out = subcommand(group, "out", _change, text)
    sign_out.set_defaults(command="agent-out")
    pause = subcommand(group, "pause", _pause, "do not ring an agent until they resume")
    resume = subcommand(group, "resume", _change, "ring an agent again who is paused or in wrap-up")
    resume.set_defaults(command="agent-resume")
    text = "let wrap-up last for its whole length once more, from now on"
    extend = subcommand(group, "extend", _change, text)
    extend.set_defaults(command="agent-extend")
    for one in (details, sign_in, sign_out, pause, resume, extend):
        one.add_argument("id", metavar="ID", help="the agent's in agents.yaml")
    pause.add_argument("reason", metavar="REASON", nargs="?", default="paused", help="a word why")
    for mode, what in SUPERVISION.items():
        text = f"{what}; asks for the supervisor's PIN, and says what to dial on the phone"
        one = subcommand(group, mode, _supervise, text)
        one.set_defaults(command=f"agent-{mode}")
        one.add_argument("id", metavar="ID", help="the agent's in agents.yaml")
        text = "the supervisor's id: one of `supervision: supervisors` in agents.yaml"
        one.add_argument("--as", dest="supervisor", metavar="ID", required=True, help=text)
        text = "the seat whose phone is used (default: the supervisor's own)"
        one.add_argument("--seat", metavar="SEAT", default="", help=text)
    text = "print the hash of a PIN, which is asked for, for agents.yaml"
    made = group.add_parser("pin", help=text, description=text)
    made.set_defaults(run=_hash)


def supervision_text(answer: dict[str, Any]) -> str:
    """What is to be done now."""
    seat, code, seconds = answer["seat"], answer["dial"], answer["seconds"]
    return f"Dial {code} on the phone of {seat} within {seconds} seconds."


def agents_text(rows: list[dict[str, Any]]) -> str:
    """Agents as a table, and under it how those are rung again who did not answer."""
    if not rows:
        return "There are no agents: agents.yaml names none."
    head = ["Agent", "name", "pool", "seat", "state", "since", "reason"]
    cells = [
        (
            row["id"],
            row["name"],
            row["pool"],
            row["seat"],
            STATES.get(row["state"], row["state"]),
            "" if row["seconds"] is None else length(row["seconds"]),
            row["reason"],
        )
        for row in rows
    ]
    table = table_lines(head, cells, left=5, cut=[1, 6])
    notes = [f"{row['id']}: {_note(row)}" for row in rows if _note(row)]
    return "\n".join([*table, *notes])


def _note(row: dict[str, Any]) -> str:
    """How one is rung again who did not answer, and that ivrd has called."""
    called = f"{row['called']}." if row["called"] else ""
    return " ".join(filter(None, (row["back"], called)))


def agent_text(row: dict[str, Any]) -> str:
    """One agent in a line."""
    said = STATES.get(row["state"], row["state"])
    duty = STATES.get(row["duty"], row["duty"])
    after = "" if duty == said else f", then {duty}"
    why = f" ({row['reason']})" if row["reason"] else ""
    back = f" {_note(row)}" if _note(row) else ""
    skills = [
        f" {does} {' and '.join(row[what])}."
        for does, what in (("Speaks", "languages"), ("Knows", "topics"))
        if row[what]
    ]
    line = f"{row['id']}, {row['name']}, at {row['seat']} of {row['pool']}: {said}{after}{why}."
    return line + back + "".join(skills)


def _list(given: argparse.Namespace) -> int:
    show(given, client_of(given.config).get("agents")["agents"], agents_text)
    return 0


def _show(given: argparse.Namespace) -> int:
    (row,) = client_of(given.config).get("agents", id=given.id)["agents"]
    show(given, row, agent_text)
    return 0


def _sign_in(given: argparse.Namespace) -> int:
    return _post(given, "agent-in", pin=_asked(f"PIN of {given.id}: "))


def _pause(given: argparse.Namespace) -> int:
    return _post(given, "agent-pause", reason=given.reason)


def _change(given: argparse.Namespace) -> int:
    return _post(given, given.command)


def _supervise(given: argparse.Namespace) -> int:
    query = {"id": given.id, "as": given.supervisor, "seat": given.seat}
    query["pin"] = _asked(f"PIN of {given.supervisor}: ")
    show(given, client_of(given.config).post(given.command, **query), supervision_text)
    return 0


def _post(given: argparse.Namespace, command: str, **query: str) -> int:
    answer = client_of(given.config).post(command, id=given.id, **query)
    show(given, answer["agents"][0], agent_text)
    if answer["note"]:
        print(f"ivrd: {answer['note']}", file=sys.stderr)
    return 0


def _hash(_given: argparse.Namespace) -> int:
    typed = _asked("PIN: ")
    if sys.stdin.isatty() and _asked("Once more: ") != typed:
        raise WrongPin("those were two different PINs")
    print(pin.pin_hash(typed))
    return 0


def _asked(prompt: str) -> str:
    """A PIN from the terminal, where nobody can read it; without one the next line of the input.

    Raises `WrongPin`.
    """
    try:
        typed = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError:  # Ctrl-D
        typed = ""
    if not pin.is_pin(typed := typed.strip()):
        raise WrongPin(f"expected a PIN of {pin.EXPECTED}")
    return typed
