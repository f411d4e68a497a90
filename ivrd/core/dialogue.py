"""Where a caller is who is spoken to, in one of the six machines: before the queue, before it and
offered a call back instead, waiting, being sent a link, registering by keys, or asking for the
state of a case.

Whoever carries out their commands (ivrd/asterisk/conversation.py) need not know which it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never

from ivrd.core import callback_menu, case_menu, intake_menu, link_menu, menu, queue_menu
from ivrd.core.callback_menu import OfferVisit
from ivrd.core.case_menu import CaseVisit
from ivrd.core.cases import AtCase
from ivrd.core.commands import Command, Say, SendLink, ToPerson
from ivrd.core.inputs import (
    BookAnswer,
    CaseAnswer,
    Input,
    Key,
    LinkAnswer,
    TicketAnswer,
)
from ivrd.core.intake import BeginIntake
from ivrd.core.intake_menu import IntakeVisit
from ivrd.core.link_menu import LinkVisit
from ivrd.core.menu import Visit
from ivrd.core.menu_mode import MenuMode
from ivrd.core.menu_step import MenuStep, StepKind, menu_step, where
from ivrd.core.menu_tree import Tree
from ivrd.core.queue_menu import QueueVisit, Waits
from ivrd.core.skills import queue_in_words
from ivrd.core.slots import Slot

AnyVisit = Visit | OfferVisit | QueueVisit | LinkVisit | IntakeVisit | CaseVisit
Result = tuple[AnyVisit, tuple[Command, ...]]


@dataclass(frozen=True)
class Situation:
    """What matters now beside keys: the queues that are closed, and the wait of one who waits.

    `offers(queue)`: whether a call back is offered instead of the wait there; `slots()`: the time
    slots for one; `flooded()`: whether there are too many calls.  `link`: whether a link can be
    sent to the caller; `intake`: whether the caller can register by keys.  `day()`: where the
    hotline is.  `staffed(queue)`: whether somebody is there for its callers.  `callback()`: whether
    the caller can be called back.
    """

    closed: frozenset[str]
    waits: Waits | None
    offers: Callable[[str], bool]
    slots: Callable[[], tuple[Slot, ...]]
    flooded: Callable[[], bool]
    link: bool
    intake: bool
    day: Callable[[], date]
    staffed: Callable[[str], bool]
    callback: Callable[[], bool]


def again(tree: Tree, visit: AnyVisit, now: Situation) -> Result:
    """Go on with a visit that was interrupted, or begin one of a caller who waits."""
    match visit:
        case Visit():
            return menu.again(tree, _offering(visit, now), now.closed)
        case OfferVisit():
            return callback_menu.again(visit)
        case QueueVisit():
            return queue_menu.again(visit, _waits(visit, now))
        case LinkVisit():
            return link_menu.again(tree, visit, now.closed)
        case IntakeVisit():
            return intake_menu.again(tree, visit, now.closed, now.day)
        case CaseVisit():
            return case_menu.again(tree, visit, now.closed)
        case _:
            assert_never(visit)


def step(tree: Tree, visit: AnyVisit, received: Input, now: Situation) -> Result:
    """One step."""
    match visit:
        case Visit():
            return _led_on(_in_menu(tree, _offering(visit, now), received, now))
        case OfferVisit():
            return callback_menu.step(tree, visit, received, now.slots)
        case QueueVisit():
            return _led_on(queue_menu.step(tree, visit, received, _waits(visit, now)))
        case LinkVisit():
            result: Result = link_menu.step(tree, visit, received, now.closed)
            held = visit.at is link_menu.At.OFFER or tree.mode is MenuMode.CALLBACK_ONLY
            return _offered(tree, result, received, now, link=False) if held else result
        case IntakeVisit():
            return intake_menu.step(tree, visit, received, now.closed, now.day)
        case CaseVisit():
            asked: Result = case_menu.step(tree, visit, received, now.closed)
            full = tree.mode is MenuMode.FULL
            return asked if full else _offered(tree, asked, received, now)
        case _:
            assert_never(visit)


def _offering(visit: Visit, now: Situation) -> Visit:
    """The visit, with what can be had now."""
    return replace(visit, link=now.link, intake=now.intake)


def _in_menu(tree: Tree, visit: Visit, received: Input, now: Situation) -> Result:
    result = menu.step(tree, visit, received, now.closed, now.flooded)
    after, commands = result
    if commands and isinstance(asks := commands[-1], AtCase):
        return case_menu.enter(tree, asks.topic, after, now.closed)
    return _offered(tree, result, received, now)


def _offered(
    tree: Tree, result: Result, received: Input, now: Situation, *, link: bool = True
) -> Result:
    """The step; of one who has asked for a person and is to wait long, the offer of a call back.

    And of one whom nobody understands who is there, that this is so, and what can be had instead.
    Before either the link, and instead of the wait the call back, where a crisis plan has it so.
    `link`: False of one who was offered it, or has asked for it.
    """
    visit, commands = result
    last = commands[-1] if commands else None
    if not isinstance(last, ToPerson) or not isinstance(visit, Visit):
        return result
    asks = isinstance(received, Key) and last.topic not in tree.red_flags
    if asks and link and tree.mode is MenuMode.LINKS_FIRST and now.link:
        first, words = link_menu.offer(last.topic, visit)
        return first, (*commands[:-1], *words)
    if not tree.routing.understood(last.topic, visit.language, now.staffed):
        return _unstaffed(tree, visit, commands, last, now)
    if asks and tree.mode is MenuMode.CALLBACK_ONLY and now.callback():
        offer, more = callback_menu.enter_only(last.queue, last.topic, visit.language)
        return offer, (*commands[:-1], *more)
    if asks and now.offers(last.queue):
        offer, more = callback_menu.enter(last.queue, last.topic, visit.language)
        return offer, (*commands[:-1], *more)
    return result


def _unstaffed(
    tree: Tree, visit: Visit, commands: tuple[Command, ...], to: ToPerson, now: Situation
) -> Result:
    """On the way to people of whom none is there, or none speaks the caller's language ever."""
    routing = tree.routing
    other = routing.fallback if now.staffed(routing.queue_for(to.topic, routing.fallback)) else ""
    comes = routing.group(to.topic, visit.language).language == visit.language
    only = tree.mode is MenuMode.CALLBACK_ONLY and now.callback()
    callback = comes and to.topic not in tree.red_flags and (only or now.offers(to.queue))
    if not (other or callback):
        told = Say(((visit.language, callback_menu.NOBODY),))
        return visit, (*commands[:-1], told, to)
    offer, more = callback_menu.enter_unstaffed(
        to.queue, to.topic, visit.language, instead=other, comes=comes, callback=callback
    )
    return offer, (*commands[:-1], *more)


def _led_on(result: Result) -> Result:
    """The step; of one who has asked for a link, the sending of it; or to register, the intake."""
    visit, commands = result
    last = commands[-1] if commands else None
    if isinstance(last, SendLink) and isinstance(visit, Visit | QueueVisit):
        return link_menu.enter(last.topic, visit)
    if isinstance(last, BeginIntake) and isinstance(visit, Visit | QueueVisit):
        return intake_menu.enter(last.topic, visit)
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
        case IntakeVisit():
            return intake_menu.hand_over(tree, visit)
        case CaseVisit():
            return case_menu.hand_over(tree, visit)
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
        case IntakeVisit() if tree.intake is None:
            return False
        case IntakeVisit(back=Visit() as back):
            return menu.knows(tree, back) and visit.topic in tree.queue_of
        case IntakeVisit():
            return visit.language in tree.languages
        case CaseVisit(back=back):
            asks = tree.cases is not None and visit.topic in tree.queue_of
            return asks and menu.knows(tree, back)
        case _:
            assert_never(visit)


def begun_step(visit: AnyVisit) -> MenuStep:
    """For the log: a visit goes on, or a waiting caller has opened the menu."""
    match visit:
        case Visit():
            return MenuStep(StepKind.RESUMED, where(visit), visit.language)
        case OfferVisit() | LinkVisit() | IntakeVisit() | CaseVisit():
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
        case Visit() | OfferVisit() | LinkVisit() | IntakeVisit() | CaseVisit():
            return MenuStep(StepKind.PERSON, visit.topic, visit.language)
        case QueueVisit():
            return MenuStep(StepKind.TURN, queue_in_words(visit.queue), visit.language)
        case _:
            assert_never(visit)


def step_taken(tree: Tree, before: AnyVisit, received: Input, after: AnyVisit) -> MenuStep | None:
    """For the log: what a step is; None when nothing has changed for the caller."""
    if isinstance(before, IntakeVisit) or isinstance(after, IntakeVisit):
        return _intake_step(before, received, after)
    if isinstance(before, LinkVisit) or isinstance(after, LinkVisit):
        return _link_step(before, received, after)
    if isinstance(before, CaseVisit) or isinstance(after, CaseVisit):
        return _case_step(before, received, after)
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
    if isinstance(before, LinkVisit) and before.at is link_menu.At.OFFER:
        return _link_offer_step(received, after)
    match received, after:
        case Key(digit), LinkVisit(at=link_menu.At.OFFER):
            return MenuStep(StepKind.LINK_OFFER, after.topic, after.language, digit)
        case Key(digit), OfferVisit():
            return MenuStep(StepKind.OFFER, after.topic, after.language, digit)
        case Key(digit), LinkVisit() if not isinstance(before, LinkVisit):
            return MenuStep(StepKind.LINK, after.topic, after.language, digit)
        case LinkAnswer(sent), _:
            return MenuStep(StepKind.LINK, "sent" if sent else "not_sent", after.language)
        case Key(PERSON_KEY), LinkVisit(over=True) | Visit(over=True):
            return MenuStep(StepKind.PERSON, after.topic, after.language, PERSON_KEY)
        case _:
            return None


def _link_offer_step(received: Input, after: AnyVisit) -> MenuStep | None:
    """What one does who was offered a link on the way to a person."""
    digit = received.digit if isinstance(received, Key) else ""
    match after:
        case LinkVisit(at=link_menu.At.SENDING):
            return MenuStep(StepKind.LINK, after.topic, after.language, digit)
        case LinkVisit():
            return MenuStep(StepKind.WRONG_KEY, after.topic) if digit else None
        case _:
            return _on_step(after, digit)


def _on_step(after: AnyVisit, digit: str = "") -> MenuStep | None:
    """Where one goes on who leaves another machine: to a person, an offer, or the menu."""
    match after:
        case OfferVisit():
            return MenuStep(StepKind.OFFER, after.topic, after.language, digit)
        case Visit(over=True):
            return MenuStep(StepKind.PERSON, after.topic, after.language, digit)
        case Visit():
            return MenuStep(StepKind.MENU, where(after), after.language, digit)
        case _:
            return None


def _intake_step(before: AnyVisit, received: Input, after: AnyVisit) -> MenuStep | None:
    """How far it is.  The keys are told to nobody."""
    match before, after:
        case _ if before.over:
            return None
        case IntakeVisit(), IntakeVisit() if isinstance(received, TicketAnswer) and after.code:
            return MenuStep(StepKind.INTAKE, "filed", after.language)
        case IntakeVisit(), IntakeVisit(over=False) if before.step == after.step:
            return None
        case _, IntakeVisit(over=False):
            return MenuStep(StepKind.INTAKE, after.step, after.language)
        case _, IntakeVisit():
            return MenuStep(StepKind.WAITS_ON, after.topic, after.language)
        case _:
            return _on_step(after)


def _case_step(before: AnyVisit, received: Input, after: AnyVisit) -> MenuStep | None:
    """Who asks, and what came of it.  The keys of a number are told to nobody."""
    match received, after:
        case Key(digit), CaseVisit() if not isinstance(before, CaseVisit):
            return MenuStep(StepKind.CASE, after.topic, after.language, digit)
        case CaseAnswer(result), _:  # and not the state, which is about somebody's health
            return MenuStep(StepKind.CASE, result, after.language)
        case _:
            return _on_step(after)


def is_asked_anew(visit: AnyVisit) -> bool:
    """Whether a caller who goes on is asked again, so that keys pressed before mean nothing."""
    match visit:
        case IntakeVisit():
            return visit.is_asking
        case CaseVisit():
            return visit.has_digits
        case OfferVisit():
            return visit.is_keying
        case _:
            return False


def stored(visit: AnyVisit) -> AnyVisit:
    """What may be stored of a visit."""
    match visit:
        case IntakeVisit():
            return intake_menu.without_answers(visit)
        case CaseVisit():
            return case_menu.without_digits(visit)
        case OfferVisit():
            return callback_menu.without_number(visit)
        case _:
            return visit


def _offer_step(before: AnyVisit, received: Input, after: OfferVisit) -> MenuStep | None:
    """The keys of a number are told to nobody."""
    if isinstance(before, Visit):
        key = received.digit if isinstance(received, Key) else ""
        if after.at is callback_menu.At.LANGUAGE:
            return MenuStep(StepKind.UNSTAFFED, after.topic, after.language, key)
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
