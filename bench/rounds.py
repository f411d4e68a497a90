"""Rounds of the overflow benchmark, kept as lines of JSON, so that more can be added later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import Figures, Trunk


@dataclass(frozen=True)
class Round:
    """One run: each system's figures, by its name.

    `formula`: the ratio lost by Erlang-A.  `differences`: where ivrd's ledger is not the callers'.
    `lag`: the longest that a thread waited for a processor within ten seconds, in seconds.
    `limited`: why the simulated people were late, if they were.  `by_load`: ivrd's open seats on
    average, by the load as a multiple of what the agents can take.
    """

    scenario: str
    seed: int
    made: Mapping[str, Figures]
    formula: float
    differences: tuple[str, ...] = ()
    lag: float = 0.0
    limited: tuple[str, ...] = ()
    by_load: Mapping[str, float] = field(default_factory=dict)


def line(of: Round) -> str:
    """The round as one line."""
    return json.dumps(asdict(of), default=sorted) + "\n"


def read(text: str) -> Round:
    """The round that `line` wrote."""
    of: dict[str, Any] = json.loads(text)
    made = {name: _figures(figures) for name, figures in of.pop("made").items()}
    lists = {name: tuple(of[name]) for name in ("differences", "limited")}
    return Round(**of | lists | {"made": made})


def _figures(of: dict[str, Any]) -> Figures:
    trunks = {name: Trunk(**trunk) for name, trunk in of["trunks"].items()}
    more = {"trunks": trunks, "lost": frozenset(of["lost"]), "waits": tuple(of["waits"])}
    return Figures(**of | more)


def keep(path: Path, of: Round) -> None:
    """Add a round to the file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(line(of))


def kept(path: Path) -> list[Round]:
    """The rounds in the file; none when there is no file."""
    return [read(text) for text in path.read_text("utf-8").splitlines()] if path.exists() else []
