"""The caller registers by keys, from a menu or while waiting: a machine as menu.py is.

Theory of operation
-------------------
First comes the consent (`CONSENT`), without which nothing is asked.  Then short questions about the
caller's health, one key each (`FLAG`), which are said back together (`FLAGS`): who has said yes to
a red one is asked no more, but, when that was right, goes to a person at once.  Then the citizen
number (`NUMBER`) and the day of the test (`DAY`), and its year where that is not clear (`YEAR`);
each is read back (digits.py).  Then the ticket is filed (`FILING`), and the caller hears the case
code (`FILED`).

* goes back one question, and from the first to where the caller came from; 0 goes to a person from
everywhere, as do silence, too many wrong keys, and the turn of one who waits: with what was given
so far.  Only what the caller has said to be right is given.  Who hangs up before the end has given
nothing.

What was keyed in is in memory alone (`without_answers`).  Whoever is interrupted by the end of
ivrd hears that the answers are lost (`ANEW`; keys that are still being pressed then are for another
question, and count for nothing), and is asked anew, after the consent.  Whose ticket was being
filed (`FINDING`) hears the case code instead, if it was stored by then.

Of a ticket that is put in and not known to be stored in time nobody knows whether it will be
delivered: the caller hears that it may be, and goes to a person, whose phone shows it.

Here is where the conversation begins, goes on and ends; the questions are in intake_steps.py, how a
caller leaves in intake_exit.py, and where one stands in intake_visit.py.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import assert_never

from ivrd.core import intake_steps, menu
from ivrd.core.commands import Await, BackToQueue, GoodBye, say
from ivrd.core.digits import said_digits
from ivrd.core.inputs import (
    AGAIN_KEY,
    BACK_KEY,
    PERSON_KEY,
    Answer,
    Input,
    Key,
    NoInput,
    PromptsPlayed,
    TicketAnswer,
)
from ivrd.core.intake import (
    AtFiled,
    LeftIntake,
)
from ivrd.core.intake_exit import UNSURE, answers_given, go_back, to_person
from ivrd.core.intake_visit import NUMBERS, At, IntakeVisit, Result, form_of
from ivrd.core.menu import Visit
from ivrd.core.menu_tree import MOST_INTERRUPTIONS, Tree
from ivrd.core.queue_menu import QueueVisit

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
FILED, BY_TEXT = "intake-filed", "intake-by-text"
AFTER, NOT_FILED = "intake-after", "intake-not-filed"
PERHAPS_FILED = "intake-perhaps-filed"


def enter(topic: str, before: Visit | QueueVisit) -> Result:
    """Begin: the caller wants to register."""
    back = before if isinstance(before, Visit) else None
    return intake_steps.ask_consent(IntakeVisit(At.CONSENT, topic, before.language, back))


def again(
    tree: Tree, visit: IntakeVisit, closed: frozenset[str], today: Callable[[], date]
) -> Result:
    """Go on with a visit that was interrupted: the question is asked again."""
    if visit.at is At.FILED and not visit.over:
        return _filed(visit)
    after = replace(visit, interruptions=visit.interruptions + 1)
    if visit.over or after.interruptions > MOST_INTERRUPTIONS:
        return to_person(tree, after, closed, "person")
    match visit.at:
        case At.FILING:
            return intake_steps.file(after)
        case At.FINDING:
            return intake_steps.find(after)
        case At.FILED | At.LEFT:
            return to_person(tree, after, closed, "person")
        case _:
            return intake_steps.ask_again(form_of(tree), after, today())


def step(
    tree: Tree,
    visit: IntakeVisit,
    received: Input,
    closed: frozenset[str],
    today: Callable[[], date],
) -> Result:
    """One step; after the end nothing happens.

    closed: the queues that are closed now; today(): the day where the hotline is.
    """
    if visit.over:
        return visit, ()
    visit = replace(visit, interruptions=0) if isinstance(received, Key) else visit
    match received:
        case TicketAnswer():
            return _answered(tree, visit, received, closed)
        case Answer():
            return visit, ()  # no key here asks for it
        case Key() | NoInput() | PromptsPlayed() if visit.at in (At.ANEW, At.FILING, At.FINDING):
            return _not_asked(tree, visit, received, closed)
        case PromptsPlayed():
            return visit, (Await(tree.wait_seconds),)
        case Key() | NoInput() if visit.at in NUMBERS:
            return intake_steps.answer_number(tree, visit, received, closed, today())
        case Key(digit):
            return _press(tree, visit, digit, closed)
        case NoInput():
            return _silence(tree, visit, closed)
        case _:
            assert_never(received)


def hand_over(tree: Tree, visit: IntakeVisit) -> Result:
    """The turn of one who waits has come, or ivrd is stopping; not while a ticket is filed."""
    if visit.over or visit.at in (At.FILING, At.FINDING, At.FILED):
        return visit, ()
    left = (*answers_given(form_of(tree), visit), LeftIntake(visit.step, "turn"))
    if visit.back is not None:
        after, commands = menu.hand_over(tree, visit.back)
        return after, (*left, *commands)
    return replace(visit, at=At.LEFT, over=True), (*left, BackToQueue())


# --- one key, or a silence ----------------------------------------------------------------------


def _press(tree: Tree, visit: IntakeVisit, digit: str, closed: frozenset[str]) -> Result:
    if digit == PERSON_KEY:
        return to_person(tree, visit, closed, "person")
    match visit.at:
        case At.CONSENT:
            return intake_steps.answer_consent(tree, visit, digit, closed)
        case At.FLAG:
            return intake_steps.answer_flag(tree, visit, digit, closed)
        case At.FLAGS:
            return intake_steps.check_flags(tree, visit, digit, closed)
        case _:
            return _after_filing(tree, visit, digit, closed)


def _not_asked(
    tree: Tree, visit: IntakeVisit, received: Key | NoInput | PromptsPlayed, closed: frozenset[str]
) -> Result:
    """While a ticket is filed or looked for, what comes of that decides; `ANEW` is said whole."""
    if visit.at is At.FILING and received == Key(PERSON_KEY):
        return to_person(tree, visit, closed, "person")
    if visit.at is At.ANEW and not isinstance(received, Key):
        return intake_steps.ask_flag(form_of(tree), visit, 0)
    return visit, ()


def _after_filing(tree: Tree, visit: IntakeVisit, digit: str, closed: frozenset[str]) -> Result:
    if digit == BACK_KEY:
        return go_back(tree, visit, closed)
    if digit == AGAIN_KEY:
        return _filed(replace(visit, misses=0))
    return _filed(visit, tree.no_match)


def _silence(tree: Tree, visit: IntakeVisit, closed: frozenset[str]) -> Result:
    if visit.at is not At.FILED:
        return intake_steps.miss(tree, visit, closed, tree.no_input)
    if not visit.misses:
        return _filed(replace(visit, misses=1))  # who was looking for a pen
    if visit.waits:
        return replace(visit, at=At.LEFT, over=True), (BackToQueue(),)
    bye = say(visit.language, tree.goodbye)
    return replace(visit, over=True), (bye, GoodBye())


# --- the ticket ---------------------------------------------------------------------------------


def _answered(
    tree: Tree, visit: IntakeVisit, answer: TicketAnswer, closed: frozenset[str]
) -> Result:
    if visit.at not in (At.FILING, At.FINDING):
        return visit, ()  # that of one with what was given until then
    if answer.unsure:
        return to_person(tree, visit, closed, UNSURE, PERHAPS_FILED)
    if not answer.code and visit.at is At.FINDING:
        return intake_steps.say_anew(visit)
    if not answer.code:
        return to_person(tree, visit, closed, "not_filed", NOT_FILED)
    after = replace(visit, at=At.FILED, code=answer.code, by_text=answer.by_text, misses=0)
    return _filed(after)


def _filed(visit: IntakeVisit, *said: str) -> Result:
    text = (BY_TEXT,) if visit.by_text else ()
    words = (*said, FILED, *said_digits(visit.code), *text, AFTER)
    return visit, (AtFiled(), say(visit.language, *words))
