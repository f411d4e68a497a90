"""Who calls 1330: a mixture of eight behaviours, made from the hotline's own menus.

The same seed gives the same callers. What each of them should come to is in `Caller.expected`;
only the one who loses patience in the queue may be luckier than expected, when a seat is free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml

from lab.callers.caller import Caller, Expected
from lab.callers.script import HangUp, Hear, Keys, Meet, Patience, Step, Wait

SHIPPED = Path(__file__).parents[2] / "config"
FAST = {"tone": 0.04, "gap": 0.04}  # one key each 80 ms


@dataclass(frozen=True)
class Path1330:
    """The keys that lead to one leaf: a topic (a person) or an info (a message)."""

    keys: str
    kind: str  # "topic" or "info"
    leaf: str


def read_paths(config: Path) -> tuple[tuple[Path1330, ...], str]:
    """All ways through the menus whose leaf is open at any hour, and the topic behind key 0.

    `config` is the folder with menus.yaml, queues.yaml and ivrd.yaml.  A key for a language that is
    off leads nowhere.
    """
    menus = yaml.safe_load((config / "menus.yaml").read_text(encoding="utf-8"))
    queues = yaml.safe_load((config / "queues.yaml").read_text(encoding="utf-8"))["queues"]
    closing = {t for q in queues.values() if q["hours"] != "always" for t in q["topics"]}
    languages = yaml.safe_load((config / "ivrd.yaml").read_text(encoding="utf-8"))["languages"]
    ways = _walk(menus, menus["start"], "", languages)
    paths = (path for path in ways if path.leaf not in closing)
    return tuple(paths), menus["operator"]


def _walk(
    menus: dict[str, Any], menu: str, keys: str, languages: Sequence[str]
) -> Iterator[Path1330]:
    for key, option in menus["menus"][menu]["keys"].items():
        if option.get("language", languages[0]) not in languages:
            continue
        for kind in ("topic", "info"):
            if kind in option:
                yield Path1330(keys + key, kind, option[kind])
        if "menu" in option:
            yield from _walk(menus, option["menu"], keys + key, languages)


@dataclass(frozen=True)
class _Hotline:
    """What a behaviour is made from. `pace` scales how long people listen before they act."""

    random: Random
    paths: tuple[Path1330, ...]
    operator: str
    tries: int  # wrong or missing keys until a person is called
    pace: float

    def wait(self, least: float, most: float) -> Wait:
        return Wait(round(self.random.uniform(least, most) * self.pace, 2))

    def path(self, kind: str = "topic") -> Path1330:
        return self.random.choice([path for path in self.paths if path.kind == kind])

    def listen_and_press(self, keys: str) -> list[Step]:
        """Presses each key some seconds into the prompt."""
        steps: list[Step] = []
        for key in keys:
            steps += [Hear(), self.wait(1, 4), Keys(key)]
        return steps


Plan = tuple[list[Step], Expected]


def _answered(line: _Hotline) -> Plan:
    path = line.path()
    steps = line.listen_and_press(path.keys)
    if line.random.random() < 1 / 3:  # the caller ends the talk, not the agent
        steps += [Meet(), line.wait(1, 3), HangUp()]
    return steps, Expected("answered", leaf=path.leaf)


def _abandons_in_menu(line: _Hotline) -> Plan:
    keys = line.random.choice(["", line.path().keys[0]])
    steps = [*line.listen_and_press(keys), Hear(), line.wait(1, 5), HangUp()]
    return steps, Expected("abandoned", "ivr")


def _abandons_in_queue(line: _Hotline) -> Plan:
    path = line.path()
    steps = [*line.listen_and_press(path.keys), Patience(line.random.uniform(6, 12))]
    return steps, Expected("abandoned", "queue", path.leaf)


def _self_served(line: _Hotline) -> Plan:
    path = line.path("info")
    steps = [*line.listen_and_press(path.keys), Wait(1), Hear(), line.wait(1, 6), HangUp()]
    return steps, Expected("self_served", "ivr", path.leaf)


def _typed_ahead(line: _Hotline) -> Plan:
    path = line.path()
    return [Keys(path.keys, **FAST)], Expected("answered", leaf=path.leaf)


def _wrong_keys(line: _Hotline) -> Plan:
    steps = line.listen_and_press("9" * line.tries)
    return steps, Expected("answered", leaf=line.operator)


def _silence(line: _Hotline) -> Plan:
    return [], Expected("answered", leaf=line.operator)


def _key_zero(line: _Hotline) -> Plan:
    return [Keys("0")], Expected("answered", leaf=line.operator)


BEHAVIOURS: dict[str, Callable[[_Hotline], Plan]] = {
    "answered": _answered,
    "abandons in menu": _abandons_in_menu,
    "abandons in queue": _abandons_in_queue,
    "self-served": _self_served,
    "typed ahead": _typed_ahead,
    "wrong keys": _wrong_keys,
    "silence": _silence,
    "key 0": _key_zero,
}


def mix(
    count: int,
    seed: int,
    *,
    config: Path = SHIPPED,
    behaviours: Sequence[str] = tuple(BEHAVIOURS),
    pace: float = 1.0,
    first_id: int = 1,
) -> list[Caller]:
    """So many callers, as many of each behaviour as can be, in an order of chance."""
    random = Random(seed)
    paths, operator = read_paths(config)
    menus = yaml.safe_load((config / "menus.yaml").read_text(encoding="utf-8"))
    line = _Hotline(random, paths, operator, menus["retries"] + 1, pace)
    names = [behaviours[n % len(behaviours)] for n in range(count)]
    random.shuffle(names)
    callers = []
    for number, name in enumerate(names, first_id):
        steps, expected = BEHAVIOURS[name](line)
        callers.append(Caller(number, name, tuple(steps), expected=expected))
    return callers
