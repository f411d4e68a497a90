"""How a caller leaves who was registering by keys, and what goes along."""

from dataclasses import replace

from ivrd.core import menu
from ivrd.core.commands import AddNote, AtMenu, BackToQueue, Command, say
from ivrd.core.intake import (
    KEYED_IN,
    PERHAPS_FILED,
    Answers,
    FileTicket,
    Form,
    LeftIntake,
    RedFlags,
    RiskFlags,
    notes,
)
from ivrd.core.intake_visit import At, IntakeVisit, Result, form_of
from ivrd.core.menu_tree import Tree

UNSURE = "unsure"  # why a caller leaves of whose ticket it is not known whether it is filed


def answers_given(form: Form, visit: IntakeVisit, ticket: str = "") -> tuple[Command, ...]:
    """What whoever takes the call is to know, and have, of the answers; ticket: as in `notes`."""
    answers = visit.answers
    red = red_flags(form, answers)
    risk = tuple(name for name in answers.flags if name not in red)
    found: tuple[Command, ...] = (RedFlags(red),) if red else ()
    found += (RiskFlags(risk),) if risk else ()
    found += tuple(AddNote(note) for note in notes(form, answers, ticket))
    if answers and visit.at not in (At.FILING, At.FILED):
        found += (FileTicket(visit.topic, answers, whole=False),)
    return found


def red_flags(form: Form, answers: Answers) -> tuple[str, ...]:
    """The red flags that the caller has said yes to."""
    return tuple(of.name for of in form.flags if of.red and of.name in answers.flags)


def to_person(
    tree: Tree, visit: IntakeVisit, closed: frozenset[str], why: str, *said: str
) -> Result:
    """On to a person, or to go on waiting.  why: as `LeftIntake` has it; said: before it."""
    filed = visit.at is At.FILED or (visit.at is At.FILING and why == "person")
    left = () if filed else (LeftIntake(visit.step, why),)
    words = (say(visit.language, *said),) if said else ()
    unsure = why == UNSURE or visit.at is At.FINDING
    ticket = KEYED_IN if filed else PERHAPS_FILED if unsure else ""
    found = (*answers_given(form_of(tree), visit, ticket), *left)
    if visit.back is None:
        return replace(visit, at=At.LEFT, over=True), (*found, *words, BackToQueue())
    in_menu = (AtMenu(visit.back.menu),) if visit.at is At.FILED else ()
    topic = visit.topic
    if red_flags(form_of(tree), visit.answers) and tree.queue_of[topic] in closed:
        topic = tree.operator  # somebody, though they know less of it, and now
    after, commands = menu.to_topic(tree, visit.back, topic, closed)
    return after, (*found, *words, *in_menu, *commands)


def go_back(tree: Tree, visit: IntakeVisit, closed: frozenset[str]) -> Result:
    """To where the caller came from."""
    left: tuple[Command, ...] = () if visit.at is At.FILED else (LeftIntake(visit.step, "back"),)
    if visit.back is None:
        return replace(visit, at=At.LEFT, over=True), (*left, BackToQueue())
    back = replace(visit.back, intake=visit.at is not At.FILED)  # one ticket for each call
    after, commands = menu.back_in(tree, back, closed)
    in_menu = (AtMenu(visit.back.menu),) if visit.at is At.FILED else ()
    return after, (*left, *in_menu, *commands)
