"""What a step of a caller's is in the log, in whichever machine it was."""

from typing import assert_never

from ivrd.core import callback_menu, link_menu, queue_menu
from ivrd.core.callback_menu import OfferVisit
from ivrd.core.case_menu import CaseVisit
from ivrd.core.inputs import (
    BookAnswer,
    CaseAnswer,
    Input,
    Key,
    LinkAnswer,
    TicketAnswer,
)
from ivrd.core.intake_visit import IntakeVisit
from ivrd.core.link_menu import LinkVisit
from ivrd.core.menu import Visit
from ivrd.core.menu_step import MenuStep, StepKind, menu_step, where
from ivrd.core.menu_tree import Tree
from ivrd.core.queue_menu import QueueVisit
from ivrd.core.situation import AnyVisit
from ivrd.core.skills import queue_in_words


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
        case QueueVisit() | OfferVisit(waits=True):
            return MenuStep(StepKind.TURN, queue_in_words(visit.queue), visit.language)
        case Visit() | OfferVisit() | LinkVisit() | IntakeVisit() | CaseVisit():
            return MenuStep(StepKind.PERSON, visit.topic, visit.language)
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
        case _, CaseVisit(over=True) if not before.over:
            return MenuStep(StepKind.WAITS_ON, after.topic, after.language)
        case _:
            return _on_step(after)


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
        case _ if after.over and after.waits:
            return MenuStep(StepKind.WAITS_ON, queue_in_words(after.queue), after.language)
        case _ if after.over:
            return MenuStep(StepKind.PERSON, after.topic, after.language)
        case _:
            return None


def _queue_step(before: QueueVisit, received: Input, after: QueueVisit) -> MenuStep | None:
    queue = queue_in_words(after.queue)
    match received:
        case _ if before.over:
            return None
        case Key(queue_menu.PLACE_KEY):
            return MenuStep(StepKind.PLACE, queue, after.language, queue_menu.PLACE_KEY)
        case _ if after.over:
            return MenuStep(StepKind.WAITS_ON, queue, after.language)
        case _ if after.misses > before.misses:
            return MenuStep(StepKind.WRONG_KEY, queue)
        case _:
            return None
