"""What is started and stopped: usable in a `with` statement, which stops it whatever happens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class LabError(Exception):
    """A part of the lab cannot start, or refuses what it is asked; one line for a person."""


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
