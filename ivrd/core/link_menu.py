"""The caller is sent a link, from a menu or while waiting: a machine as menu.py is.

Theory of operation
-------------------
`SENDING`: the message is on its way, which takes seconds at most; the caller hears that.  `SENT`:
it was accepted, and the caller, who may hang up now, hears that.  Whoever says nothing more is let
go.  Where it was not accepted in time the caller goes on to a person who knows the topic, or goes
on waiting.  0 leads there from everywhere, as does the caller's turn while nothing was accepted.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from ivrd.core import menu
from ivrd.core.cases import CaseAnswer
from ivrd.core.intake import TicketAnswer
from ivrd.core.menu import (
    BACK_KEY,
    MOST_INTERRUPTIONS,
    PERSON_KEY,
    AtDeflected,
    Await,
    BackToQueue,
    BookAnswer,
    Command,
    GoodBye,
    Input,
    Key,
    LinkAnswer,
    NoInput,
    PromptsPlayed,
    Say,
    SendLink,
    Tree,
    Visit,
)
from ivrd.core.queue_menu import QueueVisit

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
SENDING, SENT, NOT_SENT = "link-sending", "link-sent", "link-not-sent"


class At(StrEnum):
    """How far the link is."""

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

    @property
    def waits(self) -> bool:
        """Whether the link was asked for in the queue."""
        return self.back is None


Result = tuple[LinkVisit | Visit, tuple[Command, ...]]


def enter(topic: str, before: Visit | QueueVisit) -> Result:
    """Begin: the caller has asked for a link."""
    back = before if isinstance(before, Visit) else None
    return _send(LinkVisit(At.SENDING, topic, before.language, back))


def again(tree: Tree, visit: LinkVisit, closed: frozenset[str]) -> Result:
    """Go on with a visit that was interrupted; what was being sent is sent once (links/)."""
    after = replace(visit, interruptions=visit.interruptions + 1)
    if visit.at is At.SENT and not visit.over:
        return _sent(visit)
    if visit.over or after.interruptions > MOST_INTERRUPTIONS:
        return _to_person(tree, visit, closed)
    return _send(after)


def step(tree: Tree, visit: LinkVisit, received: Input, closed: frozenset[str]) -> Result:
    """One step; after the end nothing happens.  `closed`: the queues that are closed now."""
    if visit.over:
        return visit, ()
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
            bye = Say(((visit.language, tree.goodbye),))
            return replace(visit, over=True), (bye, GoodBye())
        case Key() | PromptsPlayed() | NoInput():
            return visit, ()  # what comes of the message decides; it may be said to the end
        case LinkAnswer() | BookAnswer() | TicketAnswer() | CaseAnswer():
            return visit, ()  # what comes of the message decides; it may be said to the end
        case _:
            assert_never(received)


def hand_over(tree: Tree, visit: LinkVisit) -> Result:
    """The turn of one who waits has come, or ivrd is stopping: who has the link hears so."""
    if visit.over or visit.at is not At.SENDING:
        return visit, ()
    if visit.back is not None:
        return menu.hand_over(tree, visit.back)
    return _back_to_queue(visit)


def _send(visit: LinkVisit) -> Result:
    return visit, (Say(((visit.language, SENDING),)), SendLink(visit.topic))


def _sent(visit: LinkVisit) -> Result:
    return visit, (AtDeflected(), Say(((visit.language, SENT),)))


def _to_person(tree: Tree, visit: LinkVisit, closed: frozenset[str], *said: str) -> Result:
    if visit.back is None:
        return _back_to_queue(visit, *said)
    after, commands = menu.to_topic(tree, visit.back, visit.topic, closed)
    return after, (*_words(visit, said), *commands)


def _back_to_queue(visit: LinkVisit, *said: str) -> Result:
    after = replace(visit, at=At.LEFT, over=True)
    return after, (*_words(visit, said), BackToQueue())


def _words(visit: LinkVisit, said: tuple[str, ...]) -> tuple[Command, ...]:
    return (Say(tuple((visit.language, prompt) for prompt in said)),) if said else ()
