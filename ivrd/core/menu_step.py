"""One step of a caller's in the menu, for whoever follows one call in the log.

Of the keys only those are told that lead somewhere where the caller is: they are choices.  All
others may belong to a number that the caller types: that one was pressed is told, and not which.
"""

from dataclasses import dataclass
from enum import StrEnum

from ivrd.core.inputs import (
    AGAIN_KEY,
    BACK_KEY,
    PERSON_KEY,
    Answer,
    Input,
    Key,
    NoInput,
    PromptsPlayed,
)
from ivrd.core.menu import Visit
from ivrd.core.menu_tree import Tree


class StepKind(StrEnum):
    """What a step is, in the words of the log."""

    MENU = "call in a menu"
    MESSAGE = "call at a message"
    CLOSED = "call told that the topic is closed"
    PERSON = "call on the way to a person"
    CHALLENGED = "call asked for a key first"
    PASSED = "call pressed a key as it was asked"
    NO_KEY = "call pressed no key"
    WRONG_KEY = "call pressed a wrong key"
    GOODBYE = "call told goodbye"
    RESUMED = "call resumed in a menu"
    NO_MENU = "call sent to a queue without a menu"
    LINES_BUSY = "call told that all lines are busy"
    QUEUE_MENU = "call opened the menu while waiting"
    PLACE = "call heard its place"
    OFFER = "call offered a call back"
    UNSTAFFED = "call told that nobody is there who speaks its language"
    CALLBACK = "call asked for a call back"
    LINK_OFFER = "call offered a link"
    LINK = "call asked for a link"
    INTAKE = "call registers by keys"
    CASE = "call asked for the state of a case"
    WAITS_ON = "call goes on waiting"
    TURN = "call left the menu: its turn has come"


@dataclass(frozen=True)
class MenuStep:
    """A step.

    to: the menu, message, closed queue or topic, of one who waits the queue, of a call back, a link
    or a case what came of it, of one who registers by keys how far that is, of one who is asked for
    a key first the limit that is exceeded; language: the caller's; key: the one that led there,
    empty if none did.
    """

    kind: StepKind
    to: str = ""
    language: str = ""
    key: str = ""


NO_STEPS = PromptsPlayed | Answer


def menu_step(tree: Tree, before: Visit, received: Input, after: Visit) -> MenuStep | None:
    """What a step of `core.menu` is; None when nothing has changed for the caller."""
    if isinstance(received, NO_STEPS) or before.over:
        return None
    if before.challenged and isinstance(received, Key):
        return MenuStep(StepKind.PASSED, after.topic or where(after), after.language)
    if after.challenged:
        return MenuStep(StepKind.NO_KEY, where(after))
    key = received.digit if isinstance(received, Key) and leads(tree, before, received) else ""
    if after.topic:
        return MenuStep(StepKind.PERSON, after.topic, after.language, key)
    if after.closed and (key or after.closed != before.closed):
        return MenuStep(StepKind.CLOSED, after.closed, after.language, key)
    if after.info and (key or after.info != before.info):
        return MenuStep(StepKind.MESSAGE, after.info, after.language, key)
    if after.over:
        return MenuStep(StepKind.GOODBYE)
    if after.misses > before.misses:
        missed = StepKind.NO_KEY if isinstance(received, NoInput) else StepKind.WRONG_KEY
        return MenuStep(missed, where(after))
    return MenuStep(StepKind.MENU, after.menu, after.language, key)


def leads(tree: Tree, visit: Visit, key: Key) -> bool:
    """Whether the key is a choice where the caller is."""
    if key.digit in (PERSON_KEY, BACK_KEY):
        return True
    if visit.info or visit.closed:
        return key.digit == AGAIN_KEY
    return key.digit in tree.menus[visit.menu].keys


def where(visit: Visit) -> str:
    """The closed queue, the message, or else the menu where the caller is."""
    return visit.closed or visit.info or visit.menu
