"""Who calls while a fault strikes.

Times are seconds.  Callers who mean to hang up do so only where nobody can be answering them at
that moment: who hangs up in the very moment in which an agent answers knows nothing of it, and
Asterisk's record has to decide (lab/connected.py).  And they know where they are then: in the menu,
before any way out of it can be over; in the queue, having pressed their keys until somebody must
have heard them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

from chaos.check import OPERATOR
from lab import changes
from lab.callers import Caller, Expected, HangUp, Hear, Keys, Patience, Step, Vanish, Wait
from lab.callers.mix import SHIPPED, Path1330, read_paths

RATE = 10.0  # calls a second
AT_MOST = 60.0  # then a caller hangs up, whatever has become of the call
SOON, RINGS = 26.0, 8.0  # the same; the longest way to a person takes 22, a new start 3
UNSERVED = ("vaccine-register", "vaccine-trouble", "lab-results")  # topics of a queue of their own
# As a thumb can, and no quicker; and nobody presses a key in the tenth of a second in which the
# call is answered, when Asterisk may report it twice.
QUICK = {"tone": 0.08, "gap": 0.06}
TO_THE_START = "***"  # from anywhere in the menus; in the queue nobody hears it

Crowd = Callable[[Random, int], list[Caller]]  # (chance, how many) to callers
Made = tuple[tuple[Step, ...], Expected]  # what one does, and what it comes to


def shortened(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: one silence is enough for a person: a key pressed while ivrd is away is lost.

    All who wait have music: on a busy machine more than a hundred do at a time, and above that the
    hotline is meant to be silent between its words, for longer than a lease lasts.
    """
    if name == "menus.yaml":
        settings["retries"] = 0
    if name == "ivrd.yaml":
        settings["limits"]["music"] = settings["limits"]["callers"]


def nobody_for_vaccination(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: who chooses that queue waits until he gives up."""
    shortened(name, settings)
    changes.nobody_for_vaccination(name, settings)


def brief(name: str, settings: dict[str, Any]) -> None:
    """Plan.change: whoever says nothing is soon at the end of the prompts, and waited for."""
    nobody_for_vaccination(name, settings)
    if name == "menus.yaml":
        settings["menus"][settings["start"]]["prompts"] = ["choose-language"]


@cache
def _paths(kind: str) -> tuple[Path1330, ...]:
    """The ways to a person, or to a message, through the menus as they are shipped."""
    paths, _operator = read_paths(SHIPPED)
    return tuple(path for path in paths if path.kind == kind)


def _path(random: Random, served: bool = True) -> Path1330:
    return random.choice([p for p in _paths("topic") if (p.leaf not in UNSERVED) == served])


def _person(topic: str = OPERATOR) -> Expected:
    return Expected("answered", leaf=topic)


def _to_the_queue(_random: Random) -> Made:
    return (Keys("0"),), _person()


def _through_menus(random: Random) -> Made:
    path = _path(random)
    steps: list[Step] = []
    for key in path.keys:
        steps += [Hear(), Wait(round(random.uniform(0.3, 1.5), 2)), Keys(key)]
    return tuple(steps), _person(path.leaf)


def _typed_ahead(random: Random) -> Made:
    path = _path(random)
    return (Hear(), Keys(path.keys, **QUICK)), _person(path.leaf)


def _silent(_random: Random) -> Made:
    """Listens until long after the lease would have run out."""
    return (Wait(9), Keys("0")), _person()


def _says_nothing(_random: Random) -> Made:
    return (), _person()


def _gives_up_in_menu(random: Random) -> Made:
    """Goes before the shortest way without ivrd, the dialplan's own welcome (4.7 s), is over."""
    return (Patience(random.uniform(1, 4)),), Expected("abandoned", "ivr")


def _listens_to_a_message(random: Random) -> Made:
    """Goes when the message has begun, also if another ivrd has to take over before that."""
    path = random.choice(_paths("info"))
    steps = (Hear(), Keys(path.keys, **QUICK), Patience(random.uniform(4, 6.5)))
    return steps, Expected("self_served", "ivr", path.leaf)


def _gives_up_in_queue(random: Random, again: int = 3) -> Made:
    """Presses the keys again and again: to whoever is in the queue they do nothing."""
    path = _path(random, served=False)
    steps: list[Step] = [Hear(), Keys(path.keys, **QUICK)]
    for _ in range(again):
        steps += [Wait(2), Keys(TO_THE_START + path.keys, **QUICK)]
    steps += [Wait(0.5), Patience(random.uniform(0.5, 4))]
    return tuple(steps), Expected("abandoned", "queue", path.leaf)


def _gives_up_later(random: Random) -> Made:
    """The same for an ivrd that is away for longer."""
    return _gives_up_in_queue(random, again=7)


def _vanishes_in_menu(random: Random) -> Made:
    return (Hear(), Wait(random.uniform(0, 2)), Vanish()), Expected("abandoned", "ivr")


def _vanishes_in_queue(random: Random) -> Made:
    path = _path(random, served=False)
    keys = Keys(path.keys, **QUICK)
    steps = (Hear(), keys, Wait(random.uniform(2, 4)), Vanish())
    return steps, Expected("abandoned", "queue", path.leaf)


KINDS: dict[str, tuple[int, Callable[[Random], Made]]] = {  # how many beside the others
    "straight to the queue": (4, _to_the_queue),
    "through the menus": (4, _through_menus),
    "typed ahead": (4, _typed_ahead),
    "silent": (2, _silent),
    "gives up in the menu": (2, _gives_up_in_menu),
    "listens to a message": (2, _listens_to_a_message),
    "gives up in the queue": (2, _gives_up_in_queue),
    "gives up later": (2, _gives_up_later),
    "says nothing": (20, _says_nothing),
    "vanishes in the menu": (4, _vanishes_in_menu),
    "vanishes in the queue": (10, _vanishes_in_queue),
}
PATIENT = ("straight to the queue", "through the menus", "typed ahead", "silent")
BEFORE_QUEUE = ("gives up in the menu", "listens to a message")
VANISH = ("vanishes in the menu", "vanishes in the queue")
USUAL = (*PATIENT, *BEFORE_QUEUE, "gives up in the queue")


def crowd(random: Random, count: int, kinds: Sequence[str] = USUAL) -> list[Caller]:
    """So many callers of these kinds, in an order of chance."""
    names = [name for name in kinds for _ in range(KINDS[name][0])]
    drawn = [names[n % len(names)] for n in range(count)]
    random.shuffle(drawn)
    return [_caller(n, name, KINDS[name][1](random)) for n, name in enumerate(drawn, 1)]


def patient(random: Random, count: int) -> list[Caller]:
    """Callers who all want a person."""
    return crowd(random, count, PATIENT)


def quiet(random: Random, count: int) -> list[Caller]:
    """Callers half of whom say nothing: what becomes of them ivrd has to do by itself."""
    return crowd(random, count, (*USUAL, "says nothing"))


def half_vanish(random: Random, count: int) -> list[Caller]:
    """Callers who all want a person; half of them are gone without a word before one is there."""
    return crowd(random, count, (*PATIENT, *VANISH))


def stubborn(random: Random, count: int) -> list[Caller]:
    """Callers of whom those in the queue do not give up soon."""
    return crowd(random, count, (*PATIENT, *BEFORE_QUEUE, "gives up later"))


def soon_gone(random: Random, count: int) -> list[Caller]:
    """The usual callers; whom nobody hears any more notices that after a while."""
    people = crowd(random, count)
    return [replace(caller, hangs_up_after=SOON, rings_at_most=RINGS) for caller in people]


def _caller(number: int, name: str, made: Made) -> Caller:
    steps, expected = made
    return Caller(number, name, steps, hangs_up_after=AT_MOST, expected=expected)


def _leaves_while_ringing(random: Random) -> dict[str, Any]:
    """It rings for a tenth of a second; the latest go in the moment after it."""
    return {"rings_at_most": random.uniform(0, 0.12), "hangs_up_after": 0.02}


def _leaves_the_welcome(random: Random) -> dict[str, Any]:
    return {"hangs_up_after": random.uniform(0, 10)}


def _leaves_between_keys(random: Random) -> dict[str, Any]:
    keys = Keys("12", **QUICK)  # to the menu of the queue that nobody serves
    wait = Wait(random.uniform(0, 3))
    return {"script": (Wait(random.uniform(0, 2)), keys, wait, HangUp())}


def _leaves_on_the_way(random: Random) -> dict[str, Any]:
    """In the moments in which the menu gives the caller to the queue."""
    keys = Keys(_path(random, served=False).keys, **QUICK)
    return {"script": (keys, Wait(random.uniform(0, 0.8)), HangUp())}


LEAVERS = (_leaves_while_ringing, _leaves_the_welcome, _leaves_between_keys, _leaves_on_the_way)


def leavers(random: Random, count: int) -> list[Caller]:
    """Callers who all hang up before a person can answer, each in a moment of chance."""
    made = [LEAVERS[n % len(LEAVERS)] for n in range(count)]
    random.shuffle(made)
    return [
        Caller(n, leaves.__name__.strip("_"), expected=Expected("abandoned"), **leaves(random))
        for n, leaves in enumerate(made, 1)
    ]
