"""What the benchmark needs of a system, and what a system is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from lab.agents import Agents


class System(Protocol):
    """A hotline that runs while it is in a `with` statement."""

    sip: str
    agents: Agents

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def pids(self) -> list[int]:
        """The processes that have to be in time."""

    def seats_open(self) -> int:
        """Partners' seats that may get a caller at this moment, or have one."""


@dataclass(frozen=True)
class Setting:
    """Where a system lives, and by which address (host:port) it reaches each partner."""

    folder: Path
    trunks: Mapping[str, str]


Make = Callable[[Setting], System]
