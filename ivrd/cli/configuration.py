"""`ivrd render`, `ivrd reload`: the whole configuration, and Asterisk's files."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ivrd.asterisk import console, loaded, render
from ivrd.cli.asterisk_steps import asterisk_files
from ivrd.cli.client import Client
from ivrd.cli.failure import WRONG, CommandFailed, reported, understood
from ivrd.cli.options import command
from ivrd.config.load import load
from ivrd.config.settings import AsteriskSettings
from ivrd.config.trunk_modules import needed


def add_render(parser: argparse.ArgumentParser) -> None:
    """`ivrd render`."""
    command(parser, _render, as_json=False)
    parser.add_argument("--to", metavar="DIR", type=Path, help="write there instead")
    parser.add_argument(
        "--force", action="store_true", help="replace files that ivrd did not write"
    )


def add_reload(parser: argparse.ArgumentParser) -> None:
    """`ivrd reload`."""
    command(parser, _reload)


def _render(given: argparse.Namespace) -> int:
    settings = load(given.config)
    folder: Path = given.to or settings.asterisk.config_dir
    with reported(render.RenderError):
        written = render.write(folder, asterisk_files(settings), force=given.force)
    print(f"{len(written)} files written to {folder}." if written else f"{folder} is up to date.")
    return 0


def _reload(given: argparse.Namespace) -> int:
    """Asterisk's files first, then ivrd: a seat that ivrd adds must be one that Asterisk knows."""
    settings = load(given.config)
    client = Client(settings.control_socket)
    client.get("status")  # an ivrd that is not there is no reason to touch Asterisk
    asterisk = settings.asterisk
    with reported(render.RenderError, console.ConsoleError):
        for module, why in needed(settings).items():
            _load(asterisk, module, why)
        texts = asterisk_files(settings)
        written = render.write(asterisk.config_dir, texts)
        _tell_asterisk(asterisk, list(texts), written)
    answer = client.post("reload")
    with understood():
        return _show_reload(given, answer)


def _show_reload(given: argparse.Namespace, answer: Any) -> int:
    if given.json:
        print(json.dumps(answer))
    elif answer["ok"]:
        print("The new configuration is in use.")
        for line in answer["moved"]:
            print(line[0].upper() + line[1:] + ".")
        for key in answer["restart"]:
            print(f"note: {key} takes effect when ivrd is restarted", file=sys.stderr)
        for key in answer["asterisk_restart"]:
            print(f"note: {key} takes effect when Asterisk is restarted", file=sys.stderr)
    else:
        print("\n".join(answer["problems"]), file=sys.stderr)
        print("ivrd: the configuration was not taken; the old one is still in use", file=sys.stderr)
    return 0 if answer["ok"] else WRONG


def _load(asterisk: AsteriskSettings, module: str, why: str) -> None:
    """Before a trunk needs it: who speaks Opus, and it is not there, would hear nothing."""
    if not console.load(asterisk.console, module):
        raise CommandFailed(
            f"{why}, and Asterisk cannot load {module}; the old configuration stays"
        )


def _tell_asterisk(asterisk: AsteriskSettings, names: list[str], written: Sequence[str]) -> None:
    """Whatever was written since Asterisk has read its files, by this command or an earlier one.

    When Asterisk does not say since when it runs, that is what this command has `written`.
    """
    folder = asterisk.config_dir
    started = console.started(asterisk.console)
    stale = loaded.stale(folder, names, started) if started is not None else written
    waits = console.reload(asterisk.console, folder)
    told = set(console.RELOADS).difference([console.LINE_FILE] if waits else ())
    loaded.remember(folder, [name for name in names if name in told])
    if waits:
        who = f"somebody is on the line of {', '.join(waits)}"
        print(f"note: {console.LINE_FILE} waits for the next reload: {who}", file=sys.stderr)
    for name in stale:
        if name not in console.RELOADS:
            print(f"note: {name} takes effect when Asterisk is restarted", file=sys.stderr)
