"""Where a caller is who is spoken to, in one of the six machines: before the queue, before it and
offered a call back instead, waiting, being sent a link, registering by keys, or asking for the
state of a case.

Whoever carries out their commands (ivrd/asterisk/conversation.py) need not know which it is.
"""

from dataclasses import replace
from typing import assert_never

from ivrd.core import (
    callback_menu,
    case_menu,
    intake_menu,
    intake_visit,
    link_menu,
    menu,
    queue_menu,
)
from ivrd.core.callback_menu import OfferVisit
from ivrd.core.case_menu import CaseVisit
from ivrd.core.cases import AtCase
from ivrd.core.commands import AtOffer, SendLink
from ivrd.core.inputs import Input
from ivrd.core.intake import BeginIntake
from ivrd.core.intake_visit import IntakeVisit
from ivrd.core.link_menu import LinkVisit
from ivrd.core.menu import Visit
from ivrd.core.menu_tree import Tree
from ivrd.core.queue_menu import QueueVisit, Waits
from ivrd.core.situation import AnyVisit, Result, Situation
from ivrd.core.way_to_person import lead


def again(tree: Tree, visit: AnyVisit, now: Situation) -> Result:
    """Go on with a visit that was interrupted, or begin one of a caller who waits."""
    match visit:
        case Visit(topic=topic):
            result = menu.again(tree, _offering(visit, now), now.closed)
            return result if topic else lead(tree, result, None, now, link=True)
        case OfferVisit():
            return callback_menu.again(visit)
        case QueueVisit():
            return queue_menu.again(visit, _waits(visit, now))
        case LinkVisit():
            on: Result = link_menu.again(tree, visit, now.closed)
        case IntakeVisit():
            on = intake_menu.again(tree, visit, now.closed, now.day)
        case CaseVisit():
            on = case_menu.again(tree, visit, now.closed)
        case _:
            assert_never(visit)
    return lead(tree, on, None, now, link=not isinstance(visit, LinkVisit))


def step(tree: Tree, visit: AnyVisit, received: Input, now: Situation) -> Result:
    """One step."""
    result = _led_on(tree, _machine_step(tree, visit, received, now), now)
    return lead(tree, result, received, now, link=not isinstance(visit, LinkVisit))


def _machine_step(tree: Tree, visit: AnyVisit, received: Input, now: Situation) -> Result:
    """One step in the machine where the caller is."""
    match visit:
        case Visit():
            return menu.step(tree, _offering(visit, now), received, now.closed, now.flooded)
        case OfferVisit():
            return callback_menu.step(tree, visit, received, now.slots)
        case QueueVisit():
            return queue_menu.step(tree, visit, received, _waits(visit, now))
        case LinkVisit():
            return link_menu.step(tree, visit, received, now.closed)
        case IntakeVisit():
            return intake_menu.step(tree, visit, received, now.closed, now.day)
        case CaseVisit():
            return case_menu.step(tree, visit, received, now.closed)
        case _:
            assert_never(visit)


def _offering(visit: Visit, now: Situation) -> Visit:
    """The visit, with what can be had now."""
    return replace(visit, link=now.link, intake=now.intake)


def _led_on(tree: Tree, result: Result, now: Situation) -> Result:
    """The step; of one who has asked for a link, the sending of it; to register, the intake; for
    the state of a case, the question which one; and of one who waits, for a call back, the choice
    of number and time."""
    visit, commands = result
    if not commands or not isinstance(visit, Visit | QueueVisit):
        return result
    match commands[-1]:
        case SendLink(topic):
            return link_menu.enter(topic, visit)
        case BeginIntake(topic):
            return intake_menu.enter(topic, visit)
        case AtCase(topic):
            return case_menu.enter(tree, topic, visit, now.closed)
        case AtOffer(topic) if isinstance(visit, QueueVisit):
            return callback_menu.enter_waiting(visit.queue, topic, visit.language)
        case _:
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
            spoken = {visit.language, visit.instead or visit.language} <= {*tree.languages}
            return spoken and (visit.waits or visit.topic in tree.queue_of)
        case QueueVisit():
            return visit.language in tree.languages
        case LinkVisit() | IntakeVisit() | CaseVisit() if not _can_be_had(tree, visit):
            return False
        case LinkVisit() | IntakeVisit() | CaseVisit() if visit.back is None:
            return visit.language in tree.languages
        case LinkVisit(back=back) | IntakeVisit(back=back) | CaseVisit(back=back):
            assert back is not None
            return menu.knows(tree, back) and visit.topic in tree.queue_of
        case _:
            assert_never(visit)


def _can_be_had(tree: Tree, visit: LinkVisit | IntakeVisit | CaseVisit) -> bool:
    """Whether this tree still has what is asked there."""
    if isinstance(visit, IntakeVisit):
        return tree.intake is not None
    return isinstance(visit, LinkVisit) or tree.cases is not None


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
            return intake_visit.without_answers(visit)
        case CaseVisit():
            return case_menu.without_digits(visit)
        case OfferVisit():
            return callback_menu.without_number(visit)
        case _:
            return visit


def _waits(visit: QueueVisit, now: Situation) -> Waits:
    """The wait; of a call that does not wait any more what is left to say needs none."""
    nothing = Waits(visit.queue, visit.topic, visit.language, 1, callback=False)
    return now.waits or nothing
