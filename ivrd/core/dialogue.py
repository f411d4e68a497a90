"""Where a caller is who is spoken to, in one of the four machines: before the queue, before it
and offered a call back instead, waiting, or being sent a link.

Whoever carries out their commands (ivrd/asterisk/conversation.py) need not know which it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from ivrd.core import callback_menu, link_menu, menu, queue_menu
from ivrd.core.callback_menu import OfferVisit
from ivrd.core.link_menu import LinkVisit
from ivrd.core.menu import (
    BookAnswer,
    Command,
    Input,
    Key,
    LinkAnswer,
    SendLink,
    ToPerson,
    Tree,
    Visit,
)
from ivrd.core.menu_step import MenuStep, StepKind, menu_step, where
from ivrd.core.queue_menu import QueueVisit, Waits
from ivrd.core.skills import queue_in_words
from ivrd.core.slots import Slot

AnyVisit = Visit | OfferVisit | QueueVisit | LinkVisit
Result = tuple[AnyVisit, tuple[Command, ...]]


@dataclass(frozen=True)
class Situation:
    """What matters now beside keys: the queues that are closed, and the wait of one who waits.

    `offers(queue)`: whether a call back is offered instead of the wait there; `slots()`: the time
    slots for one; `flooded()`: whether there are too many calls.  `link`: whether a link can be
    sent to the caller.
    """

    closed: frozenset[str]
    waits: Waits | None
    offers: Callable[[str], bool]
    slots: Callable[[], tuple[Slot, ...]]
    flooded: Callable[[], bool]
    link: bool


def again(tree: Tree, visit: AnyVisit, now: Situation) -> Result:
    """Go on with a visit that was interrupted, or begin one of a caller who waits."""
    match visit:
        case Visit():
            return menu.again(tree, replace(visit, link=now.link), now.closed)
        case OfferVisit():
            return callback_menu.again(visit)
        case QueueVisit():
            return queue_menu.again(visit, _waits(visit, now))
        case LinkVisit():
            return link_menu.again(tree, visit, now.closed)
        case _:
            assert_never(visit)


def step(tree: Tree, visit: AnyVisit, received: Input, now: Situation) -> Result:
    """One step."""
    match visit:
        case Visit():
            return _linked(_in_menu(tree, replace(visit, link=now.link), received, now))
        case OfferVisit():
            return callback_menu.step(tree, visit, received, now.slots)
        case QueueVisit():
            return _linked(queue_menu.step(tree, visit, received, _waits(visit, now)))
        case LinkVisit():
            return link_menu.step(tree, visit, received, now.closed)
        case _:
            assert_never(visit)


def _in_menu(tree: Tree, visit: Visit, received: Input, now: Situation) -> Result:
    result = menu.step(tree, visit, received, now.closed, now.flooded)
    return _offered(tree, result, received, now)


def _offered(tree: Tree, result: menu.Result, received: Input, now: Situation) -> Result:
    """The step; of one who has asked for a person and is to wait long, the offer of a call back."""
    visit, commands = result
    last = commands[-1] if commands else None
    if not isinstance(received, Key) or not isinstance(last, ToPerson):
        return result
    if last.topic not in tree.red_flags and now.offers(last.queue):
        offer, more = callback_menu.enter(last.queue, last.topic, visit.language)
        return offer, (*commands[:-1], *more)
    return result


def _linked(result: Result) -> Result:
    """The step; of one who has asked for a link, the sending of it."""
    visit, commands = result
    last = commands[-1] if commands else None
    if isinstance(last, SendLink) and isinstance(visit, Visit | QueueVisit):
        return link_menu.enter(last.topic, visit)
    return result


def hand_over(tree: Tree, visit: AnyVisit) -> Result:
    """End the visit with a person, whatever the caller was doing."""
    match visit:
        case Visit():
            return menu.hand_over(tree, visit)
        case OfferVisit():
            return callback_menu.hand_over(visit)
        case QueueVisit():
            return queue_menu.give_way(visit)
        case LinkVisit():
            return link_menu.hand_over(tree, visit)
        case _:
            assert_never(visit)


def knows(tree: Tree, visit: AnyVisit) -> bool:
    """Whether a visit can go on in this tree."""
    match visit:
        case Visit():
            return menu.knows(tree, visit)
        case OfferVisit():
            return visit.language in tree.languages and visit.topic in tree.queue_of
        case QueueVisit():
            return visit.language in tree.languages
        case LinkVisit(back=Visit() as back):
            return menu.knows(tree, back) and visit.topic in tree.queue_of
        case LinkVisit():
            return visit.language in tree.languages
        case _:
            assert_never(visit)


def begun_step(visit: AnyVisit) -> MenuStep:
    """For the log: a visit goes on, or a waiting caller has opened the menu."""
    match visit:
        case Visit():
            return MenuStep(StepKind.RESUMED, where(visit), visit.language)
        case OfferVisit() | LinkVisit():
            return MenuStep(StepKind.RESUMED, visit.topic, visit.language)
        case QueueVisit(told=False):
            return MenuStep(StepKind.QUEUE_MENU, queue_in_words(visit.queue), visit.language)
        case QueueVisit():
            return MenuStep(StepKind.RESUMED, queue_in_words(visit.queue), visit.language)
        case _:
            assert_never(visit)


def left_step(visit: AnyVisit) -> MenuStep:
    """For the log: a visit has been ended with a person (`hand_over`)."""
    match visit:
        case Visit() | OfferVisit() | LinkVisit():
            return MenuStep(StepKind.PERSON, visit.topic, visit.language)
        case QueueVisit():
            return MenuStep(StepKind.TURN, queue_in_words(visit.queue), visit.language)
        case _:
            assert_never(visit)


def step_taken(tree: Tree, before: AnyVisit, received: Input, after: AnyVisit) -> MenuStep | None:
    """For the log: what a step is; None when nothing has changed for the caller."""
    if isinstance(before, LinkVisit) or isinstance(after, LinkVisit):
        return _link_step(before, received, after)
    if isinstance(before, Visit) and isinstance(after, Visit):
        return menu_step(tree, before, received, after)
    if isinstance(before, QueueVisit) and isinstance(after, QueueVisit):
        return _queue_step(before, received, after)
    if isinstance(after, OfferVisit):
        return _offer_step(before, received, after)
    return None


def _link_step(before: AnyVisit, received: Input, after: AnyVisit) -> MenuStep | None:
    """Who asks for it, what came of it, and who wants a person as well."""
    if before.over:
        return None
    match received, after:
        case Key(digit), LinkVisit() if not isinstance(before, LinkVisit):
            return MenuStep(StepKind.LINK, after.topic, after.language, digit)
        case LinkAnswer(sent), _:
            return MenuStep(StepKind.LINK, "sent" if sent else "not_sent", after.language)
        case Key(menu.PERSON_KEY), LinkVisit(over=True) | Visit(over=True):
            return MenuStep(StepKind.PERSON, after.topic, after.language, menu.PERSON_KEY)
        case _:
            return None


def _offer_step(before: AnyVisit, received: Input, after: OfferVisit) -> MenuStep | None:
    """The keys of a number are told to nobody."""
    if isinstance(before, Visit):
        key = received.digit if isinstance(received, Key) else ""
        return MenuStep(StepKind.OFFER, after.topic, after.language, key)
    match received:
        case _ if before.over:
            return None
        case BookAnswer(result) if isinstance(before, OfferVisit):
            return MenuStep(StepKind.CALLBACK, result, after.language)
        case _ if after.over:
            return MenuStep(StepKind.PERSON, after.topic, after.language)
        case _:
            return None


def _queue_step(before: QueueVisit, received: Input, after: QueueVisit) -> MenuStep | None:
    queue = queue_in_words(after.queue)
    match received:
        case _ if before.over:
            return None
        case BookAnswer(result) if before.booking:
            return MenuStep(StepKind.CALLBACK, result, after.language)
        case Key(queue_menu.PLACE_KEY) if not before.booking and not before.slots:
            return MenuStep(StepKind.PLACE, queue, after.language, queue_menu.PLACE_KEY)
        case _ if after.over:
            return MenuStep(StepKind.WAITS_ON, queue, after.language)
        case _ if after.misses > before.misses:
            return MenuStep(StepKind.WRONG_KEY, queue)
        case _:
            return None


def _waits(visit: QueueVisit, now: Situation) -> Waits:
    """The wait; of a call that does not wait any more what is left to say needs none."""
    nothing = Waits(visit.queue, visit.topic, visit.language, 1, callback=False)
    return now.waits or nothing
