"""Who calls while a fault strikes.

Times are seconds.  Callers who mean to hang up do so only where nobody can be answering them at
that moment: who hangs up in the very moment in which an agent answers knows nothing of it, and
the two counts would differ by nobody's fault.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from lab import changes
from lab.callers import Caller, HangUp, Hear, Keys, Patience, Step, Wait
from lab.callers.callers import Expected
from lab.callers.mix import FAST, SHIPPED, Path1330, read_paths

RATE = 10.0  # calls a second
AT_MOST = 60.0  # then a caller hangs up, whatever has become of the call
UNSERVED = ("vaccine-register", "vaccine-trouble", "lab-results")  # topics of a queue of their own

Crowd = Callable[[Random, int], list[Caller]]  # (chance, how many) to callers
Made = tuple[tuple[Step, ...], str]  # what one does; the stage in which he gives up, "" if never


def shortened(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: one silence is enough for a person: a key pressed while ivrd is away is lost."""
    if name == "menus.yaml":
        settings["retries"] = 0


def nobody_for_vaccination(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: who chooses that queue waits until he gives up."""
    shortened(name, settings)
    changes.nobody_for_vaccination(name, settings)


@cache
def _topics() -> tuple[Path1330, ...]:
    """The ways to a person through the menus as they are shipped."""
    paths, _operator = read_paths(SHIPPED)
    return tuple(path for path in paths if path.kind == "topic")


def _keys(random: Random, served: bool = True) -> str:
    return random.choice([p.keys for p in _topics() if (p.leaf not in UNSERVED) == served])


def _to_the_queue(_random: Random) -> Made:
    return (Keys("0"),), ""


def _through_menus(random: Random) -> Made:
    steps: list[Step] = []
    for key in _keys(random):
        steps += [Hear(), Wait(round(random.uniform(0.3, 1.5), 2)), Keys(key)]
    return tuple(steps), ""


def _typed_ahead(random: Random) -> Made:
    return (Keys(_keys(random), **FAST),), ""


def _silent(_random: Random) -> Made:
    """Listens until long after the lease would have run out."""
    return (Wait(9), Keys("0")), ""


def _gives_up_in_menu(random: Random) -> Made:
    return (Patience(random.uniform(1, 6)),), "ivr"


def _gives_up_in_queue(random: Random) -> Made:
    keys = Keys(_keys(random, served=False), **FAST)
    return (keys, Wait(6), Patience(random.uniform(1, 5))), "queue"


KINDS: dict[str, tuple[int, Callable[[Random], Made]]] = {  # of 20 callers so many
    "straight to the queue": (5, _to_the_queue),
    "through the menus": (4, _through_menus),
    "typed ahead": (4, _typed_ahead),
    "silent": (3, _silent),
    "gives up in the menu": (2, _gives_up_in_menu),
    "gives up in the queue": (2, _gives_up_in_queue),
}


def crowd(random: Random, count: int, kinds: tuple[str, ...] = tuple(KINDS)) -> list[Caller]:
    """So many callers of these kinds, in an order of chance."""
    names = [name for name in kinds for _ in range(KINDS[name][0])]
    drawn = [names[n % len(names)] for n in range(count)]
    random.shuffle(drawn)
    return [_caller(n, name, KINDS[name][1](random)) for n, name in enumerate(drawn, 1)]


def patient(random: Random, count: int) -> list[Caller]:
    """Callers who all want a person."""
    kinds = ("straight to the queue", "through the menus", "typed ahead", "silent")
    return crowd(random, count, kinds)


def _caller(number: int, name: str, made: Made) -> Caller:
    steps, stage = made
    expected = Expected("abandoned", stage) if stage else Expected("answered")
    return Caller(number, name, steps, hangs_up_after=AT_MOST, expected=expected)


def _leaves_while_ringing(random: Random) -> dict[str, Any]:
    return {"rings_at_most": random.uniform(0, 0.3)}


def _leaves_the_welcome(random: Random) -> dict[str, Any]:
    return {"hangs_up_after": random.uniform(0, 10)}


def _leaves_between_keys(random: Random) -> dict[str, Any]:
    keys = Keys("12", **FAST)  # to the menu of the queue that nobody serves
    wait = Wait(random.uniform(0, 3))
    return {"script": (Wait(random.uniform(0, 2)), keys, wait, HangUp())}


def _leaves_on_the_way(random: Random) -> dict[str, Any]:
    """In the moments in which the menu gives the caller to the queue."""
    keys = Keys(_keys(random, served=False), **FAST)
    return {"script": (keys, Wait(random.uniform(4.5, 7.5)), HangUp())}


LEAVERS = (_leaves_while_ringing, _leaves_the_welcome, _leaves_between_keys, _leaves_on_the_way)


def leavers(random: Random, count: int) -> list[Caller]:
    """Callers who all hang up before a person can answer, each in a moment of chance."""
    made = [LEAVERS[n % len(LEAVERS)] for n in range(count)]
    random.shuffle(made)
    return [
        Caller(n, leaves.__name__.strip("_"), expected=Expected("abandoned"), **leaves(random))
        for n, leaves in enumerate(made, 1)
    ]
