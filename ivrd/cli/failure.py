"""How a command says that it failed."""

from collections.abc import Iterator
from contextlib import contextmanager

FAILED, WRONG = 1, 2


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
