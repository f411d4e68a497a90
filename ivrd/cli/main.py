"""The command `ivrd`: run it, check and render its configuration, look at it, move seats."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from ivrd import __version__
from ivrd.api.server import CannotListen
from ivrd.asterisk import console, render
from ivrd.asterisk.dialplan_names import interface
from ivrd.calls.caller_hash import CallerKeyError
from ivrd.cli import client, dashboard, day, partners, seats
from ivrd.config import (
    AMI_SECRET,
    SEATS_SECRET,
    ConfigError,
    Settings,
    load,
    prompt_files,
    read_secret,
    spare_files,
    unused_prompts,
)
from ivrd.daemon import service
from ivrd.store import Claimed

FAILED, WRONG = 1, 2
FAILURES = (
    client.NotRunning,
    console.ConsoleError,
    CannotListen,
    Claimed,
    CallerKeyError,
    render.RenderError,
)
TOP_SECONDS = 1.0
TOP_IN_LINES_SECONDS = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0, 1 (it failed), 2 (wrong usage or configuration)."""
    given = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = given.command
    try:
        return command(given)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return WRONG
    except client.RequestRefused as error:
        print(f"ivrd: {error}", file=sys.stderr)
        return WRONG
    except FAILURES as error:
        print(f"ivrd: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        return FAILED
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ivrd", description="The daemon that runs the health hotline on Asterisk."
    )
    parser.add_argument("--version", action="version", version=f"ivrd {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--config",
        metavar="DIR",
        type=Path,
        default=Path("config"),
        help="the folder with the YAML files (default: config)",
    )
    readable = argparse.ArgumentParser(add_help=False, parents=[common])
    readable.add_argument("--json", action="store_true", help="print JSON for a program")
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def verb(
        name: str, run: Callable[[argparse.Namespace], int], text: str, base: Any
    ) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text, parents=[base])
        sub.set_defaults(command=run)
        return sub

    verb("run", _run, "run the daemon in the foreground", common)
    check = verb(
        "check", _check, "check the configuration, the prompts and Asterisk's files", readable
    )
    check.add_argument("--to", metavar="DIR", type=Path, help="Asterisk's folder, if another one")
    write = verb("render", _render, "write Asterisk's files from the configuration", common)
    write.add_argument("--to", metavar="DIR", type=Path, help="write there instead")
    write.add_argument("--force", action="store_true", help="replace files that ivrd did not write")
    verb("status", _status, "show what is going on now", readable)
    verb("top", _top, "show what is going on, live", common)
    verb(
        "reload",
        _reload,
        "take the changed configuration: all of it or, with a fault, none",
        readable,
    )
    seats.add(verbs, readable)
    verb("handover", _handover, "let the ivrd that stands by act; this one ends", readable)
    reports = partners.add(verbs, readable, _place_test_call)
    day.add(reports, readable)
    return parser


def _place_test_call(settings: Settings, partner: str) -> None:
    """A call to a partner's first seat, whoever has it."""
    console.call(settings.asterisk.console, interface(f"{partner}/01"))


def _run(given: argparse.Namespace) -> int:
    asyncio.run(service.run(given.config))
    return 0


def _texts(settings: Settings) -> dict[str, str]:
    """Asterisk's files as they should be."""
    asterisk = settings.asterisk
    secret = asterisk.seats_secret_file
    return render.rendered(
        settings,
        read_secret(asterisk.ami_secret_file, AMI_SECRET),
        read_secret(secret, SEATS_SECRET) if secret else None,
    )


def _check(given: argparse.Namespace) -> int:
    settings = load(given.config)
    problems = [str(problem) for problem in prompt_files(settings)]
    spare = [*unused_prompts(settings), *spare_files(settings)]
    warnings = [str(problem) for problem in spare]
    folder: Path = given.to or settings.asterisk.config_dir
    if given.to or folder.is_dir():
        problems += [
            f"{folder / name}: differs from the configuration; `ivrd render` writes it anew"
            for name in render.differing(folder, _texts(settings))
        ]
    if given.json:
        print(json.dumps({"ok": not problems, "problems": problems, "warnings": warnings}))
    else:
        for line in problems:
            print(line, file=sys.stderr)
        for line in warnings:
            print(f"note: {line}", file=sys.stderr)
        if not problems:
            print("The configuration is in order.")
    return WRONG if problems else 0


def _render(given: argparse.Namespace) -> int:
    settings = load(given.config)
    folder: Path = given.to or settings.asterisk.config_dir
    written = render.write(folder, _texts(settings), force=given.force)
    print(f"{len(written)} files written to {folder}." if written else f"{folder} is up to date.")
    return 0


def _ask(given: argparse.Namespace) -> client.Client:
    return client.Client(load(given.config).control_socket)


def _status(given: argparse.Namespace) -> int:
    status = _ask(given).get("status")
    print(json.dumps(status) if given.json else dashboard.status_text(status))
    return 0


def _top(given: argparse.Namespace) -> int:
    asking = _ask(given)
    terminal = Console()
    if not terminal.is_terminal or terminal.is_dumb_terminal:
        return _top_in_lines(asking)
    with Live(dashboard.board(asking.get("status")), console=terminal, screen=True) as live:
        while True:
            time.sleep(TOP_SECONDS)
            live.update(dashboard.board(asking.get("status")), refresh=True)


def _top_in_lines(asking: client.Client) -> int:
    """Where nothing can be drawn over: the picture again and again, with an empty line between."""
    while True:
        print(dashboard.status_text(asking.get("status")), end="\n\n", flush=True)
        time.sleep(TOP_IN_LINES_SECONDS)


def _reload(given: argparse.Namespace) -> int:
    """Asterisk's files first, then ivrd: a seat that ivrd adds must be one that Asterisk knows."""
    settings = load(given.config)
    asking = client.Client(settings.control_socket)
    asking.get("status")  # an ivrd that is not there is no reason to touch Asterisk
    asterisk = settings.asterisk
    changed = render.write(asterisk.config_dir, _texts(settings))
    for name in console.reload(asterisk.console, changed):
        print(f"note: {name} takes effect when Asterisk is restarted", file=sys.stderr)
    answer = asking.post("reload")
    if given.json:
        print(json.dumps(answer))
    elif answer["ok"]:
        print("The new configuration is in use.")
    else:
        print("\n".join(answer["problems"]), file=sys.stderr)
        print("ivrd: the configuration was not taken; the old one is still in use", file=sys.stderr)
    return 0 if answer["ok"] else WRONG


def _handover(given: argparse.Namespace) -> int:
    answer = _ask(given).post("handover")
    print(
        json.dumps(answer)
        if given.json
        else f"{answer['leader']} is the leader now; this ivrd ends."
    )
    return 0
