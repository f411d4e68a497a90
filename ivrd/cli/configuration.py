"""`ivrd check`, `ivrd render`, `ivrd reload`: the whole configuration, and Asterisk's files."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ivrd.asterisk import console, loaded, render
from ivrd.cli.client import Client
from ivrd.cli.failure import WRONG, reported
from ivrd.cli.options import command
from ivrd.config.load import load
from ivrd.config.prompts import unused_prompts
from ivrd.config.secret import AMI_SECRET, SEATS_SECRET, read_secret
from ivrd.config.settings import AsteriskSettings, Settings
from ivrd.config.sounds import missing_defaults, prompt_files, spare_files


def add_check(parser: argparse.ArgumentParser) -> None:
    """`ivrd check`."""
    command(parser, _check)
    parser.add_argument("--to", metavar="DIR", type=Path, help="Asterisk's folder, if another one")


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


def _check(given: argparse.Namespace) -> int:
    settings = load(given.config)
    problems = [str(problem) for problem in prompt_files(settings)]
    notes = [*missing_defaults(settings), *unused_prompts(settings), *spare_files(settings)]
    warnings = [str(problem) for problem in notes]
    folder: Path = given.to or settings.asterisk.config_dir
    if given.to or folder.is_dir():
        with reported(render.RenderError):
            problems += _asterisk_problems(settings, folder)
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


def _asterisk_problems(settings: Settings, folder: Path) -> list[str]:
    """Asterisk's files that are not as they should be, and those that it has not read."""
    texts = _texts(settings)
    differing = render.differing(folder, texts)
    in_use = folder == settings.asterisk.config_dir
    started = console.started(settings.asterisk.console) if in_use else None
    if started is None:
        mend = "`ivrd render` writes it anew"
        return [f"{folder / name}: differs from the configuration; {mend}" for name in differing]
    mend = "`ivrd reload` writes it anew and has Asterisk read it"
    problems = [f"{folder / name}: differs from the configuration; {mend}" for name in differing]
    for name in loaded.stale(folder, [name for name in texts if name not in differing], started):
        mend = "`ivrd reload`" if name in console.RELOADS else "restart Asterisk"
        problems.append(f"{folder / name}: Asterisk has not read it as it is now; {mend}")
    return problems


def _render(given: argparse.Namespace) -> int:
    settings = load(given.config)
    folder: Path = given.to or settings.asterisk.config_dir
    with reported(render.RenderError):
        written = render.write(folder, _texts(settings), force=given.force)
    print(f"{len(written)} files written to {folder}." if written else f"{folder} is up to date.")
    return 0


def _reload(given: argparse.Namespace) -> int:
    """Asterisk's files first, then ivrd: a seat that ivrd adds must be one that Asterisk knows."""
    settings = load(given.config)
    client = Client(settings.control_socket)
    client.get("status")  # an ivrd that is not there is no reason to touch Asterisk
    asterisk = settings.asterisk
    with reported(render.RenderError, console.ConsoleError):
        texts = _texts(settings)
        written = render.write(asterisk.config_dir, texts)
        _tell_asterisk(asterisk, list(texts), written)
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


def _tell_asterisk(asterisk: AsteriskSettings, names: list[str], written: Sequence[str]) -> None:
    """Whatever was written since Asterisk has read its files, by this command or an earlier one.

    When Asterisk does not say since when it runs, that is what this command has `written`.
    """
    folder = asterisk.config_dir
    started = console.started(asterisk.console)
    stale = loaded.stale(folder, names, started) if started is not None else written
    console.reload(asterisk.console)
    loaded.remember(folder, [name for name in names if name in console.RELOADS])
    for name in stale:
        if name not in console.RELOADS:
            print(f"note: {name} takes effect when Asterisk is restarted", file=sys.stderr)


def _texts(settings: Settings) -> dict[str, str]:
    """Asterisk's files as they should be."""
    asterisk = settings.asterisk
    seats = asterisk.seats_secret_file
    return render.rendered(
        settings,
        read_secret(asterisk.ami_secret_file, AMI_SECRET),
        read_secret(seats, SEATS_SECRET) if seats else None,
    )
