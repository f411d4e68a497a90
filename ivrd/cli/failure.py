"""How a command says that it failed."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ivrd import __version__

FAILED, WRONG = 1, 2

# Does the work of a command whose arguments are given, and returns the exit status.
Run = Callable[[argparse.Namespace], int]


class CommandFailed(Exception):
    """A command could not do its work; the message says why.  `status` is its exit status."""

    status = FAILED


@contextmanager
def reported(*errors: type[Exception]) -> Iterator[None]:
    """Turn these errors, whose messages are for people, into `CommandFailed`."""
    try:
        yield
    except errors as error:
        raise CommandFailed(str(error)) from error


class NotUnderstood(CommandFailed):
    """ivrd's answer has another shape, as that of an ivrd of another version may have."""


@contextmanager
def understood() -> Iterator[None]:
    """While an answer is shown.  Raises `NotUnderstood`."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise NotUnderstood(
            f"ivrd's answer is not understood ({type(error).__name__}: {error}): "
            f"is it of another version than this command, {__version__}?"
        ) from error


def asking(run: Run) -> Run:
    """A command that does nothing but ask ivrd and show the answer."""

    def ask(given: argparse.Namespace) -> int:
        with understood():
            return run(given)

    return ask
