"""`ivrd render`, `ivrd reload`: the whole configuration, and Asterisk's files."""

import argparse
import json
import sys
from pathlib import Path

from ivrd.asterisk import console, render
from ivrd.cli.check import texts
from ivrd.cli.client import Client
from ivrd.cli.failure import WRONG, reported
from ivrd.cli.options import command
from ivrd.config.load import load


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
        written = render.write(folder, texts(settings), force=given.force)
    print(f"{len(written)} files written to {folder}." if written else f"{folder} is up to date.")
    return 0


def _reload(given: argparse.Namespace) -> int:
    """Asterisk's files first, then ivrd: a seat that ivrd adds must be one that Asterisk knows."""
    settings = load(given.config)
    client = Client(settings.control_socket)
    client.get("status")  # an ivrd that is not there is no reason to touch Asterisk
    asterisk = settings.asterisk
    with reported(render.RenderError, console.ConsoleError):
        changed = render.write(asterisk.config_dir, texts(settings))
        for name in console.reload(asterisk.console, changed):
            print(f"note: {name} takes effect when Asterisk is restarted", file=sys.stderr)
    answer = client.post("reload")
    if given.json:
        print(json.dumps(answer))
    elif answer["ok"]:
        print("The new configuration is in use.")
        for key in answer["restart"]:
            print(f"note: {key} takes effect when ivrd is restarted", file=sys.stderr)
        for key in answer["asterisk_restart"]:
            print(f"note: {key} takes effect when Asterisk is restarted", file=sys.stderr)
    else:
        print("\n".join(answer["problems"]), file=sys.stderr)
        print("ivrd: the configuration was not taken; the old one is still in use", file=sys.stderr)
    return 0 if answer["ok"] else WRONG
