"""The menu that a caller who waits can open, as a pure machine like that of menu.py.

Theory of operation
-------------------
Whoever opens it is out of Asterisk's line and waits all the same: `Waits` is what that wait is at
each moment.  1 says the place again, 2 asks for a call back while one is offered
(callback_menu.py), 3 goes on waiting, 4 asks for a link while one can be had (link_menu.py), 5
leads to the intake while the caller can register by keys (intake_menu.py), 6 asks for the state of
a case while one can be looked up (case_menu.py).
The keys that lead to a person and back everywhere, silence, and too many wrong keys go on waiting,
too: all ways out of it lead to the queue, which says the place as soon as it is joined.  The key
that opened the menu only repeats its words.  When the caller's turn comes the menu is left at once
(`give_way`), whatever is being said.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from ivrd.core import numbers
from ivrd.core.cases import AtCase
from ivrd.core.commands import (
    AtOffer,
    Await,
    BackToQueue,
    Command,
    Say,
    SendLink,
    say,
)
from ivrd.core.inputs import (
    BACK_KEY,
    PERSON_KEY,
    Answer,
    Input,
    Key,
    NoInput,
    PromptsPlayed,
)
from ivrd.core.intake import BeginIntake
from ivrd.core.menu_tree import MOST_INTERRUPTIONS, Tree

PLACE_KEY, CALLBACK_KEY, WAIT_KEY, LINK_KEY, INTAKE_KEY, CASE_KEY = "1", "2", "3", "4", "5", "6"
TO_QUEUE = (WAIT_KEY, PERSON_KEY, BACK_KEY)

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
OPEN_KEY = "queue-menu-key"  # said while waiting: which key opens the menu
OFFER_PLACE = "queue-menu-place"
OFFER_CALLBACK = "queue-menu-callback"
OFFER_WAIT = "queue-menu-wait"
OFFER_LINK = "queue-menu-link"
OFFER_INTAKE = "queue-menu-intake"
OFFER_CASE = "queue-menu-case"
NEXT, BEFORE, BEYOND, AFTER = "queue-next", "queue-before", "queue-beyond", "queue-after"


@dataclass(frozen=True)
class Waits:
    """A caller's wait at this moment.

    queue: for whose people; place: among all who wait for them, whether in Asterisk's line or in a
    menu, from 1; callback: whether a call back can be had; link: whether a link can be; intake:
    whether the caller can register by keys; case: whether the state of a case can be asked for.
    """

    queue: str
    topic: str
    language: str
    place: int
    callback: bool
    link: bool = False
    intake: bool = False
    case: bool = False


@dataclass(frozen=True)
class QueueVisit:
    """Where a caller stands in this menu.

    told: its words have been begun.  misses, interruptions and over as in `menu.Visit`.
    """

    queue: str
    topic: str
    language: str
    told: bool = False
    misses: int = 0
    over: bool = False
    interruptions: int = 0


Result = tuple[QueueVisit, tuple[Command, ...]]


def opened(waits: Waits) -> QueueVisit:
    """The visit of a caller who has just opened the menu."""
    return QueueVisit(waits.queue, waits.topic, waits.language)


def again(visit: QueueVisit, waits: Waits) -> Result:
    """Begin a visit, or go on with one that was interrupted."""
    if visit.over:
        return _to_queue(visit)
    after = replace(visit, told=True, interruptions=visit.interruptions + visit.told)
    if after.interruptions > MOST_INTERRUPTIONS:
        return _to_queue(after)
    return after, (_menu(after, waits),)


def step(tree: Tree, visit: QueueVisit, received: Input, waits: Waits) -> Result:
    """One step; after the end nothing happens.  `tree`: what all menus share."""
    if visit.over:
        return visit, ()
    match received:
        case Answer():
            return visit, ()  # of one that the caller did not wait for
        case PromptsPlayed():
            return visit, (Await(tree.wait_seconds),)
        case NoInput():
            return _to_queue(visit)
        case Key(digit):
            return _press(tree, replace(visit, interruptions=0), digit, waits)
        case _:
            assert_never(received)


def give_way(visit: QueueVisit) -> Result:
    """The caller's turn has come, or ivrd is stopping: to the queue without another word."""
    if visit.over:
        return visit, ()
    return replace(visit, over=True), (BackToQueue(),)


def place_prompts(place: int, language: str) -> tuple[str, ...]:
    """The prompt ids that tell a place, as app_queue does."""
    if place <= 1:
        return (NEXT,)
    if place > numbers.LARGEST:
        return BEYOND, *numbers.spoken(numbers.LARGEST, language), AFTER
    return BEFORE, *numbers.spoken(place, language), AFTER


def _press(tree: Tree, visit: QueueVisit, digit: str, waits: Waits) -> Result:
    if digit in TO_QUEUE:
        return _to_queue(visit)
    if digit == PLACE_KEY:
        after = replace(visit, misses=0)
        place = place_prompts(waits.place, visit.language)
        return after, (say(after.language, *place), _menu(after, waits))
    if digit == CALLBACK_KEY and waits.callback:
        return replace(visit, misses=0), (AtOffer(visit.topic),)
    if digit == LINK_KEY and waits.link:
        return replace(visit, misses=0), (SendLink(visit.topic),)
    if digit == INTAKE_KEY and waits.intake:
        return replace(visit, misses=0), (BeginIntake(visit.topic),)
    if digit == CASE_KEY and waits.case:
        return replace(visit, misses=0), (AtCase(visit.topic),)
    if digit == tree.queue_menu_key:
        return visit, (_menu(visit, waits),)
    return _miss(tree, visit, waits)


def _miss(tree: Tree, visit: QueueVisit, waits: Waits) -> Result:
    after = replace(visit, misses=visit.misses + 1)
    if after.misses > tree.retries:
        return _to_queue(after)
    return after, (say(after.language, tree.no_match), _menu(after, waits))


def _to_queue(visit: QueueVisit) -> Result:
    return replace(visit, over=True), (BackToQueue(),)


def _menu(visit: QueueVisit, waits: Waits) -> Say:
    offers = {
        OFFER_PLACE: True,
        OFFER_CALLBACK: waits.callback,
        OFFER_LINK: waits.link,
        OFFER_INTAKE: waits.intake,
        OFFER_CASE: waits.case,
        OFFER_WAIT: True,
    }
    return say(visit.language, *(offer for offer, can_be_had in offers.items() if can_be_had))
