"""What a fault is: what is done, what stands against it, and what happens without that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos.load import Crowd, crowd, nobody_for_vaccination
from chaos.scene import Scene
from lab.hotline import Change

Strike = Callable[[Scene], float]  # does it, once; seconds from then until all worked as before


@dataclass(frozen=True)
class Setup:
    """The hotline that is struck, and who calls it. `talk`, `ring`: seconds of each agent.

    `sites`: starts partners' call centres; their entries for partners.yaml.
    `environment`: more variables for ivrd, made when they are needed; `of_asterisk`: for Asterisk.
    `program`: the module that is run as ivrd; a control may run one that lacks a defence.
    `pair`: two ivrd on one Redis; `sentinel`: on a Redis that has a replica and a sentinel.
    """

    agents: int = 60
    talk: float = 2.0
    ring: float = 0.2
    change: Change = nobody_for_vaccination
    crowd: Crowd = crowd
    environment: Callable[[Scene], Mapping[str, str]] = lambda _scene: {}
    of_asterisk: Callable[[Scene], Mapping[str, str]] = lambda _scene: {}
    sites: Callable[[Scene], dict[str, Any]] = lambda _scene: {}
    program: str = "ivrd.cli"
    pair: bool = False
    sentinel: bool = False


@dataclass(frozen=True)
class Control:
    """The same with the defence taken away: callers, or the counts, must come to harm."""

    done: str
    strike: Strike
    setup: Setup = field(default_factory=Setup)


@dataclass(frozen=True)
class Fault:
    """One way in which things break.

    strikes: how many in the short form and in the long one.  seconds: how long callers dial in
    the short form; a strike whose time has not come by then does not happen.  keys_lost: ivrd is
    away for a while, and then hears no key: whoever pressed one may come to the operator's topic.
    """

    name: str
    done: str
    defence: str
    strike: Strike
    setup: Setup = field(default_factory=Setup)
    strikes: tuple[int, int] = (1, 20)
    seconds: float = 11.0
    gap: tuple[float, float] = (0.5, 3.0)  # from the dialling, or the last strike, to the next one
    keys_lost: bool = False
    control: Control | None = None
    no_control: str = ""  # why there is none

    def __post_init__(self) -> None:
        if (self.control is None) == (not self.no_control):
            raise ValueError(f"{self.name}: expected a control, or why there is none")
