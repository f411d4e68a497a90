"""`ivrd check`: whether all is in order, and with --next what is still to be done, in order."""

import argparse
import ipaddress
import json
import shutil
import socket
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ivrd.asterisk.capacity import shortage
from ivrd.asterisk.process import open_files_limit
from ivrd.cli import asterisk_steps, capacity, live, manager_port, secret_steps
from ivrd.cli.failure import WRONG, CommandFailed
from ivrd.cli.options import command
from ivrd.cli.step import RESTART, Step
from ivrd.config import certificates, languages, trunk_media, yamlfile
from ivrd.config.load import load
from ivrd.config.partners import not_spoken
from ivrd.config.problem import ConfigError
from ivrd.config.prompt_validity import ending
from ivrd.config.prompts import unused_prompts
from ivrd.config.settings import Settings
from ivrd.config.skills import without_language
from ivrd.config.sounds import (
    long_whispers,
    missing_defaults,
    missing_music,
    prompt_files,
    spare_files,
)
from ivrd.config.unlikely import unlikely

# Addresses that stand for others in documentation: RFC 5737, 3849 and 9637.
DOCUMENTATION = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
        *("2001:db8::/32", "3fff::/20"),
    )
)
CONNECT_SECONDS = 1.0


def add_check(parser: argparse.ArgumentParser) -> None:
    """`ivrd check`."""
    command(parser, _check)
    parser.add_argument("--to", metavar="DIR", type=Path, help="Asterisk's folder, if another one")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--next", action="store_true", help="print what is still to be done until calls can come"
    )
    instead.add_argument(
        "--live",
        action="store_true",
        help="have the running ivrd try each trunk, and say why one does not work",
    )
    instead.add_argument(
        "--capacity",
        action="store_true",
        help="measure for half a minute how many waiting callers this machine carries",
    )
    parser.add_argument(
        "--force", action="store_true", help="with --capacity: also while calls are on"
    )
    parser.add_argument(
        "--call",
        metavar="PARTNER",
        action="append",
        default=[],
        help="with --live: also a test call to a partner, which a person there confirms by key",
    )


def _check(given: argparse.Namespace) -> int:
    if given.force and not given.capacity:
        raise CommandFailed("--force goes with --capacity")
    if given.call and not given.live:
        raise CommandFailed("--call goes with --live")
    if given.next:
        return _next(given.config)
    settings = load(given.config)
    if given.live:
        return live.check(settings, given)
    if given.capacity:
        return capacity.check(settings, given)
    steps = _configured(settings, given.to or settings.asterisk.config_dir, bool(given.to))
    problems = [problem for step in steps for problem in step.problems]
    warnings = _warnings(settings)
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


def _warnings(settings: Settings) -> list[str]:
    """What is valid and may not be meant, or is soon to be wrong."""
    today = datetime.now(settings.zone).date()
    notes = [
        *unlikely(settings, today),
        *missing_defaults(settings),
        *languages.off(settings),
        *languages.not_reviewed(settings),
        *languages.untranslated(settings),
        *missing_music(settings),
        *ending(settings, today),
        *unused_prompts(settings),
        *spare_files(settings),
        *not_spoken(settings),
        *without_language(settings),
        *trunk_media.notes(settings),
    ]
    warnings = [str(problem) for problem in notes]
    place, now = yamlfile.places(settings.folder / "ivrd.yaml"), datetime.now(settings.zone)
    soon = certificates.soon(settings.asterisk.tls, now)
    warnings += [str(place.problem(key, say)) for key, say in soon]
    warnings += manager_port.notes(settings.asterisk.ami_host, settings.asterisk.ami_port)
    return warnings


def _next(folder: Path) -> int:
    """Print the steps that are left, each with why; status 0 however many there are."""
    try:
        settings = load(folder)
    except ConfigError as error:
        print(f"Still to be done:\n 1. mend {folder}, then `ivrd check --next` again:\n{error}")
        return 0
    configured = _configured(settings, settings.asterisk.config_dir, True)
    steps = [_program(settings), *configured, *_started(settings)]
    left: dict[str, list[str]] = {}
    for step in steps:
        if step.problems:  # what mends several things is done once, after all that comes before
            left[step.remedy] = left.pop(step.remedy, []) + step.problems
    print("Still to be done (docs/install.md has the details):" if left else "All is done.")
    for number, (remedy, problems) in enumerate(left.items(), 1):
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        print(f"{number:>2}. {remedy}\n      {problems[0]}{more}")
    return 0


def _configured(settings: Settings, folder: Path, there: bool) -> list[Step]:
    """What has to be right before anything is started, in the order in which it is done.

    there: Asterisk's folder has to be there; else it is looked at only if it is.
    """
    steps = [
        Step(list(_placeholders(settings)), f"edit {settings.folder}/ivrd.yaml"),
        Step([str(problem) for problem in prompt_files(settings)], "put the recordings there"),
        Step(
            [str(problem) for problem in long_whispers(settings)],
            f"edit {settings.folder}/partners.yaml",
        ),
        *secret_steps.secrets(settings),
    ]
    secrets_missing = any(step.problems for step in steps[3:])
    if secrets_missing and there:
        render_them = f"ivrd render --config {settings.folder} --force"
        steps.append(Step(["Asterisk's files are not written without the secrets"], render_them))
    elif there or folder.is_dir():
        steps += asterisk_steps.out_of_date(settings, folder)
    steps += [*secret_steps.outbox_secrets(settings), secret_steps.tls(settings)]
    refused = secret_steps.permissions(settings)
    steps.append(Step(refused, "systemd-sysusers; systemd-tmpfiles --create"))
    files = open_files_limit(settings.asterisk.ami_port)
    short = shortage(files, settings.callers_at_most, settings.line_seats) if files else ""
    return [*steps, Step([short] if short else [], RESTART)]


def _placeholders(settings: Settings) -> Iterator[str]:
    """Carriers of which nobody has said yet where they are."""
    for name, addresses in settings.asterisk.carrier_addresses.items():
        for address in addresses:
            network = ipaddress.ip_network(address, strict=False)
            if any(network.version == d.version and network.overlaps(d) for d in DOCUMENTATION):
                yield (
                    f"{settings.folder}/ivrd.yaml: asterisk.carriers.{name}.addresses: {address} "
                    "is for documentation; expected those from which the carrier sends calls"
                )


def _program(settings: Settings) -> Step:
    """Asterisk, before its files are written: its package comes with files of its own."""
    program = settings.asterisk.console[0]
    missing = shutil.which(program) is None
    return Step([f"{program} is not installed"] if missing else [], "install Asterisk")


def _started(settings: Settings) -> Iterator[Step]:
    """What has to run."""
    asterisk = settings.asterisk
    at = (asterisk.ami_host, asterisk.ami_port)
    problem = _unreachable(socket.AF_INET, at, f"Asterisk's manager port {at[0]}:{at[1]}")
    yield Step(problem, RESTART)
    socket_path = str(settings.control_socket)
    problem = _unreachable(socket.AF_UNIX, socket_path, f"an ivrd at {socket_path}")
    yield Step(problem, "systemctl enable --now ivrd")


def _unreachable(family: int, address: str | tuple[str, int], what: str) -> list[str]:
    if family == socket.AF_INET and ":" in address[0]:
        family = socket.AF_INET6
    with socket.socket(family) as probe:
        probe.settimeout(CONNECT_SECONDS)
        try:
            probe.connect(address)
        except OSError as error:
            return [f"{what} does not answer: {error.strerror or error}"]
    return []
