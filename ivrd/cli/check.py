"""`ivrd check`: whether all is in order, and with --next what is still to be done, in order."""

import argparse
import ipaddress
import json
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ivrd.asterisk import additions, console, loaded, render
from ivrd.asterisk.capacity import shortage
from ivrd.asterisk.process import open_files_limit
from ivrd.cli import capacity, live, manager_port
from ivrd.cli.failure import WRONG, CommandFailed, reported
from ivrd.cli.options import command
from ivrd.cli.service_user import Need, refused, unit_user
from ivrd.config import certificates, languages, trunk_media, yamlfile
from ivrd.config.files import FILES, OPTIONAL_FILES
from ivrd.config.load import load
from ivrd.config.outbox_settings import FileSettings, HttpSettings, LineSettings
from ivrd.config.partners import not_spoken
from ivrd.config.problem import ConfigError
from ivrd.config.prompt_validity import ending
from ivrd.config.prompts import unused_prompts
from ivrd.config.secret import AMI_SECRET, SEATS_SECRET, read_secret
from ivrd.config.settings import Settings
from ivrd.config.skills import without_language
from ivrd.config.sounds import (
    long_whispers,
    missing_defaults,
    missing_music,
    prompt_files,
    spare_files,
)
from ivrd.config.trunk_modules import needed
from ivrd.config.trunk_settings import TLS, TrunkSettings, uses
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
LOCKS_UP = "22.9"  # docs/decisions/0019-media-time-out.md
RESTART = "systemctl daemon-reload && systemctl restart asterisk"


class Step(NamedTuple):
    """Something that has to be done: what is wrong without it, and how it is done."""

    problems: list[str]
    remedy: str


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
        *_secrets(settings),
    ]
    secrets_missing = any(step.problems for step in steps[3:])
    if secrets_missing and there:
        render_them = f"ivrd render --config {settings.folder} --force"
        steps.append(Step(["Asterisk's files are not written without the secrets"], render_them))
    elif there or folder.is_dir():
        steps += _rendered(settings, folder)
    steps += [*_outbox_secrets(settings), _certificates(settings)]
    steps.append(Step(list(_permissions(settings)), "systemd-sysusers; systemd-tmpfiles --create"))
    files = open_files_limit(settings.asterisk.ami_port)
    short = shortage(files, settings.callers_at_most, settings.line_seats) if files else ""
    return [*steps, Step([short] if short else [], RESTART)]


def _placeholders(settings: Settings) -> Iterator[str]:
    """Carriers of which nobody has said yet where they are."""
    for name, addresses in settings.asterisk.carriers:
        for address in addresses:
            network = ipaddress.ip_network(address, strict=False)
            if any(network.version == d.version and network.overlaps(d) for d in DOCUMENTATION):
                yield (
                    f"{settings.folder}/ivrd.yaml: asterisk.carriers.{name}.addresses: {address} "
                    "is for documentation; expected those from which the carrier sends calls"
                )


def _secrets(settings: Settings) -> Iterator[Step]:
    asterisk = settings.asterisk
    for path, variable in (
        (asterisk.ami_secret_file, AMI_SECRET),
        (asterisk.seats_secret_file, SEATS_SECRET),
    ):
        if path is None:
            continue
        try:
            read_secret(path, variable)
        except ConfigError as error:
            yield Step([str(error)], f"(umask 077; openssl rand -hex 16 > {path})")
    for trunk in settings.trunks.values():
        try:
            trunk_secret(trunk)
        except ConfigError as error:
            remedy = "put what the other side has given you into"
            yield Step([str(error)], f"{remedy} {trunk.secret_file}")


def _certificates(settings: Settings) -> Step:
    """What TLS needs, when a trunk is spoken to by it."""
    problems: list[str] = []
    if uses([*settings.trunks.values()], TLS):
        place = yamlfile.places(settings.folder / "ivrd.yaml")
        for key, say in certificates.wrong(settings.asterisk.tls, datetime.now(settings.zone)):
            problems.append(str(place.problem(key, say)))
    return Step(problems, "put the certificates there")


def _asked(settings: Settings) -> Iterator[HttpSettings]:
    """The other systems that ivrd asks or tells something."""
    for channel in settings.outbox.channels.values():
        if not isinstance(channel, FileSettings):
            yield channel.http
    if settings.crm is not None:
        yield settings.crm.http


def _outbox_secrets(settings: Settings) -> Iterator[Step]:
    """What other systems have given out, or sign with; calls go on without."""
    for http in _asked(settings):
        if http.secret_file:
            try:
                read_secret(http.secret_file, http.secret_variable, token=True)
            except ConfigError as error:
                remedy = "put what the other system has given you into"
                yield Step([str(error)], f"{remedy} {http.secret_file}")
    for channel in settings.outbox.channels.values():
        if isinstance(channel, LineSettings) and (path := channel.channel_secret_file):
            try:
                read_secret(path, channel.channel_secret_variable, token=True)
            except ConfigError as error:
                yield Step([str(error)], f"put the LINE channel's secret into {path}")
    for contact in settings.call_outs.contacts.values():
        if contact.secret_file:
            try:
                read_secret(contact.secret_file, contact.secret_variable, token=True)
            except ConfigError as error:
                remedy = "put the secret by which the partner signs its answers into"
                yield Step([str(error)], f"{remedy} {contact.secret_file}")


def asterisk_files(settings: Settings) -> dict[str, str]:
    """Asterisk's files as they should be.  Raises `ConfigError` when a secret is missing."""
    asterisk = settings.asterisk
    seats = asterisk.seats_secret_file
    return render.rendered(
        settings,
        read_secret(asterisk.ami_secret_file, AMI_SECRET),
        read_secret(seats, SEATS_SECRET) if seats else None,
        {name: trunk_secret(of) for name, of in settings.trunks.items() if of.user},
    )


def trunk_secret(trunk: TrunkSettings) -> str:
    """A trunk's password; empty for one without.  Raises `ConfigError`."""
    if trunk.secret_file is None:
        return ""
    return read_secret(trunk.secret_file, trunk.secret_variable)


def _rendered(settings: Settings, folder: Path) -> Iterator[Step]:
    """Asterisk's files that are not as they should be, and those that it has not read."""
    with reported(render.RenderError):
        files = asterisk_files(settings)
        differing = render.differing(folder, files)
        yield Step(
            list(additions.contradictions(files, settings.asterisk.network.additions)),
            "edit the files of asterisk.additions",
        )
    in_use = folder == settings.asterisk.config_dir
    started = console.started(settings.asterisk.console) if in_use else None
    mend = "`ivrd render` writes it anew"
    if started is not None:
        mend = "`ivrd reload` writes it anew and has Asterisk read it"
    yield Step(
        [f"{folder / name}: differs from the configuration; {mend}" for name in differing],
        f"ivrd render --config {settings.folder} --force",
    )
    if started is None:
        return
    yield from _time_out(settings)
    yield from _modules(settings)
    unread = {True: list[str](), False: list[str]()}  # by whether a reload is enough
    for name in loaded.stale(folder, [name for name in files if name not in differing], started):
        reloads = name in console.RELOADS
        mend = "`ivrd reload`" if reloads else "restart Asterisk"
        text = f"{folder / name}: Asterisk has not read it as it is now; {mend}"
        unread[reloads].append(text)
    if unread[False]:
        yield Step(unread[True] + unread[False], RESTART)
    else:
        yield Step(unread[True], f"ivrd reload --config {settings.folder}")


def _time_out(settings: Settings) -> Iterator[Step]:
    """One release of Asterisk may lock up for good when it ends a call for lack of sound."""
    asterisk = settings.asterisk
    running = console.version(asterisk.console)
    locks_up = running == LOCKS_UP or running.startswith(f"{LOCKS_UP}.")
    if locks_up and (asterisk.silent_seconds or asterisk.held_seconds):
        say = (
            f"Asterisk {running} can lock up when it ends a call that fell silent: update it, or "
            "set asterisk.media.silent_seconds and held_seconds to 0"
        )
        yield Step([say], "update Asterisk")


def _modules(settings: Settings) -> Iterator[Step]:
    """Without its module Asterisk agrees on Opus all the same, and such callers hear nothing."""
    for module, why in needed(settings).items():
        with reported(console.ConsoleError):
            there = console.runs(settings.asterisk.console, module)
        say = f"{why}, and Asterisk has not loaded {module}"
        mend = f"ivrd reload --config {settings.folder}"
        yield Step([] if there else [f"{settings.folder}: {say}; `ivrd reload` loads it"], mend)


def _permissions(settings: Settings) -> list[str]:
    """What the daemon's user may not read or write."""
    user = unit_user()
    if user is None:
        return []
    try:
        return refused(_needs(settings), user)
    except KeyError:
        return [f"there is no user {user}, as whom ivrd.service runs ivrd"]


def _needs(settings: Settings) -> Iterator[Need]:
    optional = [name for name in OPTIONAL_FILES if (settings.folder / name).exists()]
    yield from (Need(settings.folder / name) for name in (*FILES, *optional))
    yield Need(settings.asterisk.ami_secret_file)
    if uses([*settings.trunks.values()], TLS):
        tls = settings.asterisk.tls
        yield from (Need(path) for path in (tls.cert_file, tls.ca_file) if path)
    if redis := settings.store.redis:
        secrets: Sequence[Path | None] = (redis.secret_file, redis.sentinel_secret_file)
        yield from (Need(path) for path in (*secrets, redis.ca_file) if path)
    for channel in settings.outbox.channels.values():
        if isinstance(channel, FileSettings):
            yield Need(channel.path.parent, writes=True)
        elif isinstance(channel, LineSettings) and channel.channel_secret_file:
            yield Need(channel.channel_secret_file)
    for http in _asked(settings):
        yield from (Need(path) for path in (http.secret_file, http.ca_file) if path)
    answers = (contact.secret_file for contact in settings.call_outs.contacts.values())
    yield from (Need(path) for path in answers if path)
    for language in settings.languages:
        for path in sorted((settings.sounds / language).glob("*.wav")):
            yield Need(path)
    yield Need(settings.asterisk.queue_log)
    yield Need(settings.caller_key_file)
    yield Need(settings.number_key_file)
    for folder in {settings.state_dir, settings.control_socket.parent}:
        yield Need(folder, writes=True)


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
