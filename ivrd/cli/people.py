"""`ivrd people`: what is kept of one person, for who asks for it, or wants it erased.

The number is asked for, or read from a file: as an argument it would stand in the shell's history
and in the list of processes.
"""

import argparse
import getpass
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ivrd.cli.callbacks import ORIGINS, STATES
from ivrd.cli.cells import length
from ivrd.cli.client import client_of
from ivrd.cli.failure import WRONG, CommandFailed, asking
from ivrd.cli.options import command, show, subcommand
from ivrd.cli.outbox import STATES as MESSAGES

NUMBER_AT_MOST = 100  # characters of a file's first line


class NoNumber(CommandFailed):
    """No number was given; the message says how to."""

    status = WRONG


def add_people(parser: argparse.ArgumentParser) -> None:
    """`ivrd people`: a group of commands."""
    acts = parser.add_subparsers(title="acts", required=True, metavar="ACT")
    _with_number(subcommand(acts, "show", _show, "what is kept of the person with this number"))
    text = "all that is kept of the person, as JSON, to hand over"
    export = acts.add_parser("export", help=text, description=text)
    command(export, asking(_export), as_json=False)
    _with_number(export)
    text = "forget the person: the calls stay in the counts, as those of a withheld number"
    _with_number(subcommand(acts, "erase", _erase, text))
    text = "never call this person back, or do so again (--undo)"
    refuse = subcommand(acts, "no-callback", _no_callback, text)
    refuse.add_argument("--undo", action="store_true", help="the person may be called back again")
    _with_number(refuse)


def _with_number(parser: argparse.ArgumentParser) -> None:
    text = "a file that begins with the number, - for standard input (default: asks for it)"
    parser.add_argument("--file", metavar="FILE", help=text)


def _number(given: argparse.Namespace) -> str:
    """The number, from the terminal or a file.  Raises `NoNumber`."""
    if given.file is None:
        if not sys.stdin.isatty():
            raise NoNumber("the number is asked for on a terminal; here, name a file: --file FILE")
        try:
            number = getpass.getpass("Telephone number (not shown): ")
        except EOFError:
            number = ""
    elif given.file == "-":
        number = sys.stdin.readline(NUMBER_AT_MOST)
    else:
        with Path(given.file).open(encoding="utf-8", errors="replace") as file:
            number = file.readline(NUMBER_AT_MOST)
    if not number.strip():
        raise NoNumber("expected a telephone number, got nothing")
    return number.strip()


def _show(given: argparse.Namespace) -> int:
    show(given, client_of(given.config).post("person", number=_number(given)), person_text)
    return 0


def _export(given: argparse.Namespace) -> int:
    answer = client_of(given.config).post("person", number=_number(given), export="yes")
    person_text(answer)  # whatever else answers is no export
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    return 0


def _erase(given: argparse.Namespace) -> int:
    show(given, client_of(given.config).post("erase-person", number=_number(given)), erased_text)
    return 0


def _no_callback(given: argparse.Namespace) -> int:
    query = {"number": _number(given), "undo": "yes" if given.undo else "no"}
    show(given, client_of(given.config).post("no-callback", **query), _no_callback_text)
    return 0


def person_text(answer: Mapping[str, Any]) -> str:
    """What is kept, in words."""
    person, calls = answer["person"], answer["calls"]
    lines = [f"Hash {answer['hash']}: {len(calls):,} calls are kept"]
    lines += [f"  {_moment(call['received_at'])}  {call['outcome']}" for call in calls]
    lines += [_booking_line(one) for one in answer["callbacks"]]
    lines += [_message_line(one) for one in answer["messages"]]
    if person is None:
        return "\n".join([*lines, "Nothing is remembered of the person besides."])
    if person["answered_at"]:
        lines.append(f"Last answered {_moment(person['answered_at'])}")
    for wait in person["waits"]:
        waited = length(wait["seconds"])
        lines.append(f"Waited {waited} from {_moment(wait['joined_at'])} and was not answered")
    if person["shared_at"]:
        lines.append(f"Many people use the number, as seen {_moment(person['shared_at'])}")
    if person["number_kept"]:
        lines.append("The number is kept, sealed, to call back")
    if person["no_callback"]:
        lines.append("Is not to be called back")
    lines.append(f"Remembered until {_moment(person['kept_until'])}")
    return "\n".join(lines)


def _booking_line(one: Mapping[str, Any]) -> str:
    why = ORIGINS.get(one["origin"], one["origin"])
    state = STATES.get(one["state"], one["state"])
    return f"Call back of {_moment(one['booked_at'])}: {why}; {state}"


def _message_line(one: Mapping[str, Any]) -> str:
    """A message, and what is in it by name: what it says is for `export`."""
    names = ", ".join(name for name, value in one["data"].items() if value)
    line = f"Message of {_moment(one['created_at'])}: {one['use']}; {MESSAGES[one['state']]}"
    return f"{line}; with {names}" if names else line


def erased_text(answer: Mapping[str, Any]) -> str:
    """What was erased, in words."""
    if not any(answer[kept] for kept in ("person", "entries", "callbacks", "messages")):
        return "Nothing was kept of this person."
    said = f"Erased. {answer['entries']:,} entries of the store name the person no more."
    if answer["callbacks"]:
        said += f" {answer['callbacks']:,} calls back are cancelled or forgotten."
    if answer["messages"]:
        said += f" {answer['messages']:,} messages are forgotten."
    return said


def _no_callback_text(answer: Mapping[str, Any]) -> str:
    return (
        "The person is not called back."
        if answer["no_callback"]
        else "The person may be called back."
    )


def _moment(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S}"
