"""Options that several commands share, and what the answers to them look like."""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ivrd.cli.failure import Run, asking


def command(parser: argparse.ArgumentParser, run: Run, *, as_json: bool = True) -> None:
    """Make `parser` that of a command that `run` carries out: with --config, and with --json."""
    parser.add_argument(
        "--config",
        metavar="DIR",
        type=Path,
        default=Path(os.environ.get("IVRD_CONFIG") or "config"),
        help="the folder with the YAML files (default: $IVRD_CONFIG, else config)",
    )
    if as_json:
        parser.add_argument("--json", action="store_true", help="print JSON for a program")
    parser.set_defaults(run=run)


def subcommand(
    group: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Run,
    text: str,
    *,
    alias: str = "",
) -> argparse.ArgumentParser:
    """Add a command to a group such as `ivrd partner`, which asks a running ivrd.

    With --config and --json.
    """
    aliases = (alias,) if alias else ()
    parser = group.add_parser(name, help=text, description=text, aliases=aliases)
    command(parser, asking(run))
    return parser


def show(given: argparse.Namespace, answer: Any, text: Callable[[Any], str]) -> None:
    """Print the answer: as JSON if that was asked for, otherwise as `text` puts it."""
    print(json.dumps(answer) if given.json else text(answer))
