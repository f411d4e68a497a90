"""What is started and stopped: usable in a `with` statement, which stops it whatever happens."""

from __future__ import annotations

import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

# setpriv is of util-linux, which every Debian has. We may be gone before it has done its work, and
# then nobody would kill what was started: the shell looks whether its parent is still us.
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--", "sh", "-c")
STILL_OURS = 'test "$PPID" = "$0" && exec "$@"'


class LabError(Exception):
    """A part of the lab cannot start, or refuses what it is asked; one line for a person."""


def dying_with_us(argv: Sequence[str]) -> list[str]:
    """The command line of a program that the kernel kills when this process ends, however it ends.

    To be started in the main thread: it is killed when the thread ends that started it.
    """
    return [*DIES_WITH_US, STILL_OURS, str(os.getpid()), *argv]


def spawn(argv: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
    """Start a program that does not outlive this process; `more` goes to Popen."""
    return subprocess.Popen(dying_with_us(argv), **more)


class Running(ABC):
    """A part of the lab that runs from `start` to `stop`."""

    @abstractmethod
    def start(self) -> None:
        """Return when it works."""

    @abstractmethod
    def stop(self) -> object:
        """End it, if it still runs."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
