"""What is wrong with a configuration, in words for the person who wrote it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

LISTED = 24  # more names than this are not listed in a message


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where.

    `line` counts from 1; 0 when the problem belongs to no line.  `key` is the path to the value,
    such as `menus.main.keys.2`; empty when the problem belongs to no key.
    """

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, self.message) if part)


class ConfigError(Exception):
    """A configuration that cannot be used.  `problems` has all that was found, never nothing."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def unknown(what: str, name: str, known: Collection[str]) -> str:
    """Say that `name` is no `what`, and which name was probably meant."""
    return f"unknown {what} {quoted(name)}{meant(name, known)}"


def meant(name: str, known: Collection[str]) -> str:
    """The end of a message about an unknown name: the closest known one, or a short list."""
    close = get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    if known and len(known) <= LISTED:
        return f"; expected {one_of(known)}"
    return ""


def one_of(names: Collection[str]) -> str:
    """`a`, or `one of a, b, c`."""
    return ("one of " if len(names) > 1 else "") + ", ".join(names)


def quoted(text: str, limit: int = 60) -> str:
    """`text` in quotes, for one line of a message."""
    return f'"{visible(text, limit)}"'


def visible(text: str, limit: int = 60) -> str:
    """`text` shortened, and with escapes in place of line ends and other control characters."""
    short = text if len(text) <= limit else text[:limit] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
