"""The caller is sent a link, from a menu or while waiting: a machine as menu.py is.

Theory of operation
-------------------
`OFFER`: a crisis plan has everybody offered a link who asks for a person (menu_mode.py): 1 for it,
0 for the person.  Silence and too many wrong keys lead there as well, * back to the menu.
`SENDING`: the message is on its way, which takes seconds at most; the caller hears that.  `SENT`:
it was accepted, and the caller, who may hang up now, hears that.  Whoever says nothing more is let
go.  Where it was not accepted in time the caller goes on to a person who knows the topic, or goes
on waiting.  0 leads there from everywhere, as does the caller's turn while nothing was accepted.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from ivrd.core import menu
from ivrd.core.commands import AtDeflected, Await, BackToQueue, Command, GoodBye, SendLink, say
from ivrd.core.inputs import (
    BACK_KEY,
    PERSON_KEY,
    Answer,
    Input,
    Key,
    LinkAnswer,
    NoInput,
    PromptsPlayed,
)
from ivrd.core.menu import Visit
from ivrd.core.menu_tree import MOST_INTERRUPTIONS, Tree
from ivrd.core.queue_menu import QueueVisit

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
SENDING, SENT, NOT_SENT = "link-sending", "link-sent", "link-not-sent"
OFFER = "link-first"
LINK_KEY = "1"


class At(StrEnum):
    """How far the link is."""

    OFFER = "offer"
    SENDING = "sending"
    SENT = "sent"
    LEFT = "left"  # the caller goes back to the queue


@dataclass(frozen=True)
class LinkVisit:
    """Where a caller stands.

    back: the visit in which the link was asked for; None of one who waits.  The rest as
    `menu.Visit` has it.
    """

    at: At
    topic: str
    language: str
    back: Visit | None
    over: bool = False
    interruptions: int = 0
    misses: int = 0

    @property
    def waits(self) -> bool:
        """Whether the link was asked for in the queue."""
        return self.back is None


Result = tuple[LinkVisit | Visit, tuple[Command, ...]]


def enter(topic: str, before: Visit | QueueVisit) -> Result:
    """Begin: the caller has asked for a link."""
    back = before if isinstance(before, Visit) else None
    return _send(LinkVisit(At.SENDING, topic, before.language, back))


def offer(topic: str, before: Visit) -> Result:
    """Begin: whoever asks for a person, who knows this topic, is offered a link."""
    back = replace(before, over=False, topic="")
    visit = LinkVisit(At.OFFER, topic, before.language, back)
    return visit, (say(visit.language, OFFER),)


def again(tree: Tree, visit: LinkVisit, closed: frozenset[str]) -> Result:
    """Go on with a visit that was interrupted; what was being sent is sent once (links/)."""
    after = replace(visit, interruptions=visit.interruptions + 1)
    if visit.at is At.SENT and not visit.over:
        return _sent(visit)
    if visit.over or after.interruptions > MOST_INTERRUPTIONS:
        return _to_person(tree, visit, closed)
    return (after, (say(after.language, OFFER),)) if visit.at is At.OFFER else _send(after)


def step(tree: Tree, visit: LinkVisit, received: Input, closed: frozenset[str]) -> Result:
    """One step; after the end nothing happens.  `closed`: the queues that are closed now."""
    if visit.over:
        return visit, ()
    if visit.at is At.OFFER:
        return _offered(tree, visit, received, closed)
    match received:
        case Key(digit) if digit == PERSON_KEY or (visit.waits and digit == BACK_KEY):
            return _to_person(tree, visit, closed)
        case Key() if visit.at is At.SENT:
            return _sent(visit)
        case LinkAnswer(sent) if visit.at is At.SENDING:
            if sent:
                return _sent(replace(visit, at=At.SENT))
            return _to_person(tree, visit, closed, NOT_SENT)
        case PromptsPlayed() if visit.at is At.SENT:
            return visit, (Await(tree.wait_seconds),)
        case NoInput() if visit.at is At.SENT:
            bye = say(visit.language, tree.goodbye)
            return replace(visit, over=True), (bye, GoodBye())
        case _:
            return visit, ()  # what comes of the message decides; it may be said to the end


def hand_over(tree: Tree, visit: LinkVisit) -> Result:
    """The turn of one who waits has come, or ivrd is stopping: who has the link hears so."""
    if visit.over or visit.at in (At.SENT, At.LEFT):
        return visit, ()
    if visit.back is not None:
        return menu.hand_over(tree, visit.back)
    return _back_to_queue(visit)


def _offered(tree: Tree, visit: LinkVisit, received: Input, closed: frozenset[str]) -> Result:
    """One step of who is offered a link."""
    here = replace(visit, interruptions=0)
    match received:
        case Key(digit) if digit == LINK_KEY:
            return _send(replace(here, at=At.SENDING))
        case Key(digit) if digit == BACK_KEY and visit.back is not None:
            return menu.back_in(tree, visit.back, closed)
        case Key(digit) if digit != PERSON_KEY and visit.misses < tree.retries:
            wrong = say(visit.language, tree.no_match, OFFER)
            return replace(here, misses=visit.misses + 1), (wrong,)
        case Key() | NoInput():
            return _to_person(tree, visit, closed)
        case PromptsPlayed():
            return visit, (Await(tree.wait_seconds),)
        case Answer():
            return visit, ()  # no key here asks for it
        case _:
            assert_never(received)


def _send(visit: LinkVisit) -> Result:
    return visit, (say(visit.language, SENDING), SendLink(visit.topic))


def _sent(visit: LinkVisit) -> Result:
    return visit, (AtDeflected(), say(visit.language, SENT))


def _to_person(tree: Tree, visit: LinkVisit, closed: frozenset[str], *said: str) -> Result:
    if visit.back is None:
        return _back_to_queue(visit, *said)
    after, commands = menu.to_topic(tree, visit.back, visit.topic, closed)
    return after, (*_words(visit, said), *commands)


def _back_to_queue(visit: LinkVisit, *said: str) -> Result:
    after = replace(visit, at=At.LEFT, over=True)
    return after, (*_words(visit, said), BackToQueue())


def _words(visit: LinkVisit, said: tuple[str, ...]) -> tuple[Command, ...]:
    return (say(visit.language, *said),) if said else ()
