"""The command `ivrd`: finds the command that is asked for, and runs it.

Most commands only ask a running ivrd, and must be quick to start on a machine that is busy with
calls.  So a command's module is imported when the command is chosen, and not before.
"""

import argparse
import gc
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pkgutil import resolve_name
from typing import NamedTuple

from ivrd import __version__
from ivrd.cli.failure import FAILED, WRONG, CommandFailed, Run
from ivrd.config.problem import ConfigError

INTERRUPTED = 130  # 128 and SIGINT's number, as shells have it
STATUSES = (
    "Exit status: 0; 1 it could not be done, as when no ivrd answers, ivrd is not connected to "
    "Asterisk, or is the standby; 2 wrong words, a name or day that there is not, or a wrong "
    "configuration; 130 Ctrl-C."
)


class Command(NamedTuple):
    """A command: the function that adds its arguments to a parser, and one line about it."""

    add: str
    text: str


COMMANDS = {
    "run": Command("run:add_run", "run the daemon in the foreground"),
    "check": Command(
        "check:add_check", "check the configuration, the prompts and Asterisk's files"
    ),
    "render": Command("configuration:add_render", "write Asterisk's files from the configuration"),
    "status": Command("status:add_status", "show what is going on now"),
    "top": Command("top:add_top", "show what is going on, live"),
    "reload": Command(
        "configuration:add_reload",
        "take the changed configuration: all of it or, with a fault, none",
    ),
    "seats": Command("seats:add_seats", "the hotline's own seats: open, close, list, resume"),
    "agent": Command(
        "agents:add_agent", "the people at the seats: list, show, in, out, pause, resume, pin"
    ),
    "handover": Command("handover:add_handover", "make the standby the leader; this ivrd ends"),
    "partner": Command(
        "partners:add_partner", "partner call centres: list, show, override, drain, drill"
    ),
    "callback": Command(
        "callbacks:add_callback", "people to be called back: list, show, cancel, retry"
    ),
    "outbox": Command("outbox:add_outbox", "messages to other systems: list, show, retry, drop"),
    "plan": Command("plans:add_plan", "crisis plans: list, preview, start, end, report"),
    "explain": Command(
        "explanations:add_explain",
        "why partners' seats are as they are now, or with `call ID` why one caller waits",
    ),
    "people": Command(
        "people:add_people", "what is kept of one person: show, export, erase, no-callback"
    ),
    "recover": Command("recover:add_recover", "those who gave up and were not answered since"),
    "report": Command("reports:add_report", "what was done in a period"),
    "audit": Command("reports:add_audit", "what operators did, and when"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0, 1 (it failed), 2 (wrong usage or configuration)."""
    words = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):  # a terminal that has no Thai gets `?` for it
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        try:
            given = _parser(words).parse_args(words)
            run: Run = given.run
            return run(given)
        finally:
            _flush()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return WRONG
    except CommandFailed as error:
        print(f"ivrd: {error}", file=sys.stderr)
        return error.status
    except BrokenPipeError:  # as by `| head -1`
        _discard()
        return FAILED
    except OSError as error:
        _discard()
        print(f"ivrd: {error.strerror or error}{_of(error)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _flush() -> None:
    """Write what is printed now: at the interpreter's end a failure would be a traceback."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _discard() -> None:
    """Let what cannot be written any more go nowhere."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _of(error: OSError) -> str:
    return f": {error.filename}" if error.filename else ""


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """A parser that knows all commands by name, and the arguments of the one in `words`."""
    parser = argparse.ArgumentParser(
        prog="ivrd",
        description="The daemon that runs the health hotline on Asterisk.",
        epilog=STATUSES,
    )
    parser.add_argument("--version", action="version", version=f"ivrd {__version__}")
    group = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    chosen = next((word for word in words if not word.startswith("-")), None)
    for name, (add, text) in COMMANDS.items():
        its_own = group.add_parser(name, help=text, description=text)
        if name == chosen:
            _imported(f"ivrd.cli.{add}")(its_own)
    return parser


def _imported(name: str) -> Callable[[argparse.ArgumentParser], None]:
    """What has this name.

    Imports make some 100,000 objects, and all of them stay: to look for garbage among them again
    and again is a seventh of the time until the daemon runs.
    """
    gc.disable()
    try:
        found: Callable[[argparse.ArgumentParser], None] = resolve_name(name)
    finally:
        gc.freeze()
        gc.enable()
    return found
