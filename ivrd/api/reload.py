"""A changed configuration: read as a whole, and what of it the running ivrd cannot take."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from ivrd import log
from ivrd.api import server
from ivrd.calls.requeue import Route
from ivrd.config.effect import Effect, Files, changes
from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.settings import Settings
from ivrd.config.sounds import prompt_files
from ivrd.core.skills import group_of

logger = logging.getLogger("ivrd")

KEYS_TOLD = 20  # in one line of the audit log


@dataclass(frozen=True)
class Reload:
    """What became of a reload.

    `problems`: why nothing of it was taken.  `changed`: the settings that differ from those before
    it; `differences`: the same with both values, in words.  `restart`: those that wait for a
    restart of ivrd, from this reload or an earlier one; `asterisk_restart`: those that wait for one
    of Asterisk.  Settings are dotted keys of the YAML.  `moved`: what became of callers whose queue
    is gone, in words.
    """

    problems: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    asterisk_restart: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()

    def answer(self) -> server.Answer:
        """For `ivrd reload`."""
        return {"ok": not self.problems, **asdict(self)}

    def summary(self) -> str:
        """What has changed, and who was moved, for the audit log."""
        more = len(self.differences) - KEYS_TOLD
        told = ", ".join(self.differences[:KEYS_TOLD]) or "nothing differs"
        told += f" and {more} more" if more > 0 else ""
        return "; ".join((told, *self.moved))


def who_moved(routes: Mapping[Route, int], left: Mapping[str, int]) -> tuple[str, ...]:
    """What became of callers whose queue is gone; `left`: how many are still on the way."""
    told = [
        f"{callers(n)} moved from {group_of(of.queue)} to {group_of(of.to)}"
        for of, n in routes.items()
        if n
    ]
    still = [f"{callers(n)} still to be moved from {group_of(queue)}" for queue, n in left.items()]
    return (*told, *still)


def callers(count: int) -> str:
    """`1 caller`, `2 callers`."""
    return f"{count} caller{'' if count == 1 else 's'}"


def compared(begun: Files, before: Files, now: Files) -> Reload:
    """`begun`: the files that ivrd was started with; `before`: those that were in use until now."""
    changed = changes(before, now)
    return Reload(
        changed=tuple(change.key for change in changed),
        differences=tuple(map(str, changed)),
        restart=tuple(c.key for c in changes(begun, now) if c.effect is Effect.RESTART),
        asterisk_restart=tuple(c.key for c in changed if c.effect is Effect.ASTERISK_RESTART),
    )


def log_languages(settings: Settings) -> None:
    """Tell of languages that callers cannot choose yet."""
    for language, problems in settings.languages_off.items():
        what, first = "a language is off", str(problems[0])
        missing = len(problems)
        log.event(logger, logging.WARNING, what, language=language, missing=missing, problem=first)


def read(old: Settings) -> Settings:
    """The configuration as it stands in its folder now.  Raises `ConfigError`."""
    settings = load(old.folder)
    if problems := prompt_files(settings):
        raise ConfigError(problems)
    return settings
