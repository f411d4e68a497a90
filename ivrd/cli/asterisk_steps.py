"""What Asterisk has to be given: its files, and what it reads of them."""

from collections.abc import Iterator
from pathlib import Path

from ivrd.asterisk import additions, console, loaded, render
from ivrd.cli.failure import reported
from ivrd.cli.secret_steps import trunk_secret
from ivrd.cli.step import RESTART, Step
from ivrd.config.secret import AMI_SECRET, SEATS_SECRET, read_secret
from ivrd.config.settings import Settings
from ivrd.config.trunk_modules import needed

LOCKS_UP = "22.9"  # docs/decisions/0019-media-time-out.md


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


def out_of_date(settings: Settings, folder: Path) -> Iterator[Step]:
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
