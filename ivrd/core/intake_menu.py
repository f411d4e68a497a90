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
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import assert_never

from ivrd.core import digits, intake_questions, menu
from ivrd.core.cases import CaseAnswer
from ivrd.core.digits import ANEW_KEY, RIGHT, RIGHT_KEY, Keyed, Question, said_digits
from ivrd.core.intake import (
    AddNote,
    Answers,
    AtFiled,
    AtIntake,
    FileTicket,
    FindTicket,
    Form,
    LeftIntake,
    RedFlags,
    RiskFlags,
    TicketAnswer,
    day_in,
    latest_day,
    notes,
)
from ivrd.core.menu import (
    AGAIN_KEY,
    BACK_KEY,
    MOST_INTERRUPTIONS,
    PERSON_KEY,
    AtMenu,
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
    Tree,
    Visit,
)
from ivrd.core.queue_menu import QueueVisit

YES_KEY, NO_KEY = "1", "2"

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
CONSENT = "intake-consent"
YOU_SAID, NOTHING_SAID = "intake-you-said", "intake-nothing-said"
FILING, FILED, BY_TEXT = "intake-filing", "intake-filed", "intake-by-text"
AFTER, NOT_FILED = "intake-after", "intake-not-filed"
URGENT = "intake-urgent"
ASKED_ANEW = "intake-asked-anew"


class At(StrEnum):
    """Which question the caller is asked, or what is being done."""

    CONSENT = "consent"
    FLAG = "flag"
    FLAGS = "flags"
    NUMBER = "number"
    DAY = "day"
    YEAR = "year"
    FILING = "filing"
    ANEW = "anew"
    FINDING = "finding"
    FILED = "filed"
    LEFT = "waits_on"  # the caller goes back to the queue


# The steps as metrics and the log have them.
STEP_OF = {
    At.CONSENT: "consent",
    At.FLAG: "questions",
    At.FLAGS: "questions",
    At.ANEW: "questions",
    At.NUMBER: "citizen_number",
    At.DAY: "tested_on",
    At.YEAR: "tested_on",
    At.FILING: "ticket",
    At.FINDING: "ticket",
    At.FILED: "ticket",
    At.LEFT: "ticket",
}
NUMBERS = (At.NUMBER, At.DAY, At.YEAR)
STEPS = tuple(dict.fromkeys(STEP_OF.values()))


@dataclass(frozen=True)
class IntakeVisit:
    """Where a caller stands.

    back: the visit in which it was asked for; None of one who waits.  flag: which of the questions
    is asked; yes: the names of those that were answered so, and are not said back yet; keyed: the
    number that is being keyed in; day: DDMM, of which the year is asked.  code, by_text: as in
    `TicketAnswer`.  The rest as `menu.Visit` has it.
    """

    at: At
    topic: str
    language: str
    back: Visit | None
    flag: int = 0
    yes: tuple[str, ...] = field(default=(), repr=False)
    keyed: Keyed = field(default_factory=Keyed)
    day: str = field(default="", repr=False)
    answers: Answers = field(default_factory=Answers)
    code: str = ""
    by_text: bool = False
    misses: int = 0
    over: bool = False
    interruptions: int = 0

    @property
    def waits(self) -> bool:
        """Whether it was asked for in the queue."""
        return self.back is None

    @property
    def is_asking(self) -> bool:
        """Whether the caller still keys in answers: all is filed, or over, else."""
        return self.at not in (At.FILED, At.LEFT)

    @property
    def step(self) -> str:
        """For metrics and the log."""
        return STEP_OF[self.at]


Result = tuple[IntakeVisit | Visit, tuple[Command, ...]]


def enter(topic: str, before: Visit | QueueVisit) -> Result:
    """Begin: the caller wants to register."""
    back = before if isinstance(before, Visit) else None
    return _ask_consent(IntakeVisit(At.CONSENT, topic, before.language, back))


def without_answers(visit: IntakeVisit) -> IntakeVisit:
    """What may be stored of a visit: not what was keyed in."""
    begun = IntakeVisit(visit.at, visit.topic, visit.language, visit.back)
    if visit.at is At.FILED:
        begun = replace(begun, code=visit.code, by_text=visit.by_text)
    elif visit.at is At.FILING:
        begun = replace(begun, at=At.FINDING)
    elif visit.at in (At.FLAGS, *NUMBERS) or visit.flag > 0:
        begun = replace(begun, at=At.ANEW)
    return replace(begun, over=visit.over, interruptions=visit.interruptions)


def again(
    tree: Tree, visit: IntakeVisit, closed: frozenset[str], today: Callable[[], date]
) -> Result:
    """Go on with a visit that was interrupted: the question is asked again."""
    form = _form(tree)
    if visit.at is At.FILED and not visit.over:
        return _filed(visit)
    after = replace(visit, interruptions=visit.interruptions + 1)
    if visit.over or after.interruptions > MOST_INTERRUPTIONS:
        return _to_person(tree, after, closed, "person")
    match visit.at:
        case At.CONSENT:
            return _ask_consent(after)
        case At.FLAG:
            return _ask_flag(form, after, after.flag)
        case At.FLAGS:
            return _say_flags(form, after)
        case At.NUMBER | At.DAY | At.YEAR:
            return _ask(form, after, after.at, today())
        case At.FILING:
            return _file(after)
        case At.ANEW | At.FINDING:
            return _say_anew(after) if visit.at is At.ANEW else _find(after)
        case At.FILED | At.LEFT:
            return _to_person(tree, after, closed, "person")
        case _:
            assert_never(visit.at)


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
        case BookAnswer() | LinkAnswer() | CaseAnswer():
            return visit, ()  # no key here asks for it
        case Key() | NoInput() | PromptsPlayed() if visit.at in (At.ANEW, At.FILING, At.FINDING):
            return _not_asked(tree, visit, received, closed)
        case PromptsPlayed():
            return visit, (Await(tree.wait_seconds),)
        case Key() | NoInput() if visit.at in NUMBERS:
            return _number(tree, visit, received, closed, today())
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
    left = (*_given(_form(tree), visit, whole=False), LeftIntake(visit.step, "turn"))
    if visit.back is not None:
        after, commands = menu.hand_over(tree, visit.back)
        return after, (*left, *commands)
    return replace(visit, at=At.LEFT, over=True), (*left, BackToQueue())


# --- one key, or a silence ----------------------------------------------------------------------


def _press(tree: Tree, visit: IntakeVisit, digit: str, closed: frozenset[str]) -> Result:
    if digit == PERSON_KEY:
        return _to_person(tree, visit, closed, "person")
    match visit.at:
        case At.CONSENT:
            return _consent(tree, visit, digit, closed)
        case At.FLAG:
            return _answer_flag(tree, visit, digit, closed)
        case At.FLAGS:
            return _check_flags(tree, visit, digit, closed)
        case _:
            return _after_filing(tree, visit, digit, closed)


def _not_asked(
    tree: Tree, visit: IntakeVisit, received: Key | NoInput | PromptsPlayed, closed: frozenset[str]
) -> Result:
    """While a ticket is filed or looked for, what comes of that decides; `ANEW` is said whole."""
    if visit.at is At.FILING and received == Key(PERSON_KEY):
        return _to_person(tree, visit, closed, "person")
    if visit.at is At.ANEW and not isinstance(received, Key):
        return _ask_flag(_form(tree), visit, 0)
    return visit, ()


def _consent(tree: Tree, visit: IntakeVisit, digit: str, closed: frozenset[str]) -> Result:
    if digit == YES_KEY:
        return _ask_flag(_form(tree), visit, 0)
    if digit == NO_KEY:
        return _to_person(tree, visit, closed, "person")
    if digit == BACK_KEY:
        return _back(tree, visit, closed)
    return _miss(tree, visit, closed, tree.no_match)


def _answer_flag(tree: Tree, visit: IntakeVisit, digit: str, closed: frozenset[str]) -> Result:
    form = _form(tree)
    flag = form.flags[visit.flag]
    others = tuple(name for name in visit.yes if name != flag.name)
    if digit == YES_KEY:
        after = replace(visit, yes=(*others, flag.name))
        return _say_flags(form, after) if flag.red else _ask_flag(form, after, visit.flag + 1)
    if digit == NO_KEY:
        return _ask_flag(form, replace(visit, yes=others), visit.flag + 1)
    if digit == BACK_KEY and visit.flag:
        return _ask_flag(form, visit, visit.flag - 1)
    if digit == BACK_KEY:
        return _ask_consent(visit)
    return _miss(tree, visit, closed, tree.no_match)


def _check_flags(tree: Tree, visit: IntakeVisit, digit: str, closed: frozenset[str]) -> Result:
    form = _form(tree)
    if digit == RIGHT_KEY:
        after = replace(visit, answers=replace(visit.answers, flags=visit.yes))
        if any(of.red for of in form.flags if of.name in visit.yes):
            return _to_person(tree, after, closed, "person", URGENT)
        return _ask(form, after, At.NUMBER, None)
    if digit in (ANEW_KEY, BACK_KEY):
        answers = replace(visit.answers, flags=())
        return _ask_flag(form, replace(visit, yes=(), answers=answers), 0)
    return _miss(tree, visit, closed, tree.no_match)


def _after_filing(tree: Tree, visit: IntakeVisit, digit: str, closed: frozenset[str]) -> Result:
    if digit == BACK_KEY:
        return _back(tree, visit, closed)
    if digit == AGAIN_KEY:
        return _filed(replace(visit, misses=0))
    return _filed(visit, tree.no_match)


def _silence(tree: Tree, visit: IntakeVisit, closed: frozenset[str]) -> Result:
    if visit.at is not At.FILED:
        return _miss(tree, visit, closed, tree.no_input)
    if not visit.misses:
        return _filed(replace(visit, misses=1))  # who was looking for a pen
    if visit.waits:
        return replace(visit, at=At.LEFT, over=True), (BackToQueue(),)
    bye = Say(((visit.language, tree.goodbye),))
    return replace(visit, over=True), (bye, GoodBye())


def _miss(tree: Tree, visit: IntakeVisit, closed: frozenset[str], sorry: str) -> Result:
    after = replace(visit, misses=visit.misses + 1)
    if after.misses > tree.retries:
        return _to_person(tree, visit, closed, "person")
    return after, (_say(after, sorry, *_words(_form(tree), after)),)


def _number(
    tree: Tree, visit: IntakeVisit, received: Key | NoInput, closed: frozenset[str], today: date
) -> Result:
    """A key or a silence while a number is keyed in or read back."""
    form = _form(tree)
    question = _question(form, visit, today)
    result = digits.step(
        question, visit.keyed, received, tree.retries, tree.no_input, tree.no_match
    )
    match result:
        case digits.Saying(keyed, prompts):
            after = replace(visit, keyed=keyed)
            return after, () if prompts is None else (_say(after, *prompts),)
        case digits.Person():
            return _to_person(tree, visit, closed, "person")
        case digits.Back():
            return _before(form, visit, today)
        case digits.Given(number):
            return _given_number(form, visit, number, today)
        case _:
            assert_never(result)


def _given_number(form: Form, visit: IntakeVisit, number: str, today: date) -> Result:
    match visit.at:
        case At.NUMBER:
            answers = replace(visit.answers, citizen_number=number)
            return _ask(form, replace(visit, answers=answers), At.DAY, today)
        case At.DAY:
            latest = latest_day(number, today)
            if (today - latest).days > form.year_after_days:
                return _ask(form, replace(visit, day=number), At.YEAR, today)
            return _file(_tested(visit, latest))
        case _:
            return _file(_tested(visit, day_in(visit.day, number, today)))


def _tested(visit: IntakeVisit, on: date | None) -> IntakeVisit:
    return replace(visit, answers=replace(visit.answers, tested_on=on))


def _before(form: Form, visit: IntakeVisit, today: date) -> Result:
    """* before the first digit: the question before."""
    match visit.at:
        case At.NUMBER:
            return _say_flags(form, visit) if form.flags else _ask_consent(visit)
        case At.DAY:
            answers = replace(visit.answers, citizen_number="")
            return _ask(form, replace(visit, answers=answers), At.NUMBER, today)
        case _:
            return _ask(form, visit, At.DAY, today)


# --- what is asked ------------------------------------------------------------------------------


def _ask_consent(visit: IntakeVisit) -> Result:
    """Without it nothing is given, also not what was given with one before."""
    return _at(replace(visit, yes=(), answers=Answers()), At.CONSENT, CONSENT)


def _ask_flag(form: Form, visit: IntakeVisit, flag: int) -> Result:
    """The question, or what comes after the last one."""
    if flag < len(form.flags):
        return _at(replace(visit, flag=flag), At.FLAG, form.flags[flag].ask)
    return _say_flags(form, visit) if form.flags else _ask(form, visit, At.NUMBER, None)


def _say_anew(visit: IntakeVisit) -> Result:
    """Why the first question after the consent is about to be asked again."""
    return _at(visit, At.ANEW, ASKED_ANEW)


def _say_flags(form: Form, visit: IntakeVisit) -> Result:
    return _at(visit, At.FLAGS, *_flag_words(form, visit))


def _flag_words(form: Form, visit: IntakeVisit) -> tuple[str, ...]:
    said = tuple(of.said for of in form.flags if of.name in visit.yes)
    return (*((YOU_SAID, *said) if said else (NOTHING_SAID,)), RIGHT)


def _ask(form: Form, visit: IntakeVisit, at: At, today: date | None) -> Result:
    """A number, from its first digit."""
    after = replace(visit, at=at)
    asked = digits.asked(_question(form, after, today or date.min))
    return _at(replace(after, keyed=asked.keyed), at, *(asked.prompts or ()))


def _question(form: Form, visit: IntakeVisit, today: date) -> Question:
    match visit.at:
        case At.NUMBER:
            return intake_questions.citizen_number(form.is_citizen_number)
        case At.DAY:
            return intake_questions.day(visit.language)
        case _:
            return intake_questions.year(visit.day, visit.language, today)


def _words(form: Form, visit: IntakeVisit) -> tuple[str, ...]:
    """What is said where the caller is, but for numbers."""
    match visit.at:
        case At.FLAG:
            return (form.flags[visit.flag].ask,)
        case At.FLAGS:
            return _flag_words(form, visit)
        case _:
            return (CONSENT,)


def _find(visit: IntakeVisit) -> Result:
    """Whether the ivrd that has ended had filed it."""
    after, commands = _at(visit, At.FINDING, FILING)
    return after, (*commands, FindTicket())


# --- the ticket ---------------------------------------------------------------------------------


def _file(visit: IntakeVisit) -> Result:
    after, commands = _at(visit, At.FILING, FILING)
    return after, (*commands, FileTicket(visit.topic, visit.answers, whole=True))


def _answered(
    tree: Tree, visit: IntakeVisit, answer: TicketAnswer, closed: frozenset[str]
) -> Result:
    if visit.at not in (At.FILING, At.FINDING):
        return visit, ()  # that of one with what was given until then
    if not answer.code and visit.at is At.FINDING:
        return _say_anew(visit)
    if not answer.code:
        return _to_person(tree, visit, closed, "not_filed", NOT_FILED)
    after = replace(visit, at=At.FILED, code=answer.code, by_text=answer.by_text, misses=0)
    return _filed(after)


def _filed(visit: IntakeVisit, *said: str) -> Result:
    text = (BY_TEXT,) if visit.by_text else ()
    words = (*said, FILED, *said_digits(visit.code), *text, AFTER)
    return visit, (AtFiled(), _say(visit, *words))


# --- leaving ------------------------------------------------------------------------------------


def _given(form: Form, visit: IntakeVisit, *, whole: bool) -> tuple[Command, ...]:
    """What whoever takes the call is to know, and have, of the answers; whole: it is filed."""
    answers = visit.answers
    red = _red(form, answers)
    risk = tuple(name for name in answers.flags if name not in red)
    found: tuple[Command, ...] = (RedFlags(red),) if red else ()
    found += (RiskFlags(risk),) if risk else ()
    found += tuple(AddNote(note) for note in notes(form, answers, whole))
    if answers and visit.at not in (At.FILING, At.FILED):
        found += (FileTicket(visit.topic, answers, whole=False),)
    return found


def _red(form: Form, answers: Answers) -> tuple[str, ...]:
    """The red flags that the caller has said yes to."""
    return tuple(of.name for of in form.flags if of.red and of.name in answers.flags)


def _to_person(
    tree: Tree, visit: IntakeVisit, closed: frozenset[str], why: str, *said: str
) -> Result:
    filed = visit.at is At.FILED or (visit.at is At.FILING and why == "person")
    left = () if filed else (LeftIntake(visit.step, why),)
    words = (_say(visit, *said),) if said else ()
    found = (*_given(_form(tree), visit, whole=filed), *left)
    if visit.back is None:
        return replace(visit, at=At.LEFT, over=True), (*found, *words, BackToQueue())
    in_menu = (AtMenu(visit.back.menu),) if visit.at is At.FILED else ()
    topic = visit.topic
    if _red(_form(tree), visit.answers) and tree.queue_of[topic] in closed:
        topic = tree.operator  # somebody, though they know less of it, and now
    after, commands = menu.to_topic(tree, visit.back, topic, closed)
    return after, (*found, *words, *in_menu, *commands)


def _back(tree: Tree, visit: IntakeVisit, closed: frozenset[str]) -> Result:
    """To where the caller came from."""
    left: tuple[Command, ...] = () if visit.at is At.FILED else (LeftIntake(visit.step, "back"),)
    if visit.back is None:
        return replace(visit, at=At.LEFT, over=True), (*left, BackToQueue())
    back = replace(visit.back, intake=visit.at is not At.FILED)  # one ticket for each call
    after, commands = menu.back_in(tree, back, closed)
    in_menu = (AtMenu(visit.back.menu),) if visit.at is At.FILED else ()
    return after, (*left, *in_menu, *commands)


def _at(visit: IntakeVisit, at: At, *prompts: str) -> Result:
    """On to a step, and what is said there."""
    after = replace(visit, at=at, misses=0)
    return after, (AtIntake(after.step), _say(after, *prompts))


def _form(tree: Tree) -> Form:
    assert tree.intake is not None, "menus.yaml is checked"
    return tree.intake


def _say(visit: IntakeVisit, *prompts: str) -> Say:
    return Say(tuple((visit.language, prompt) for prompt in prompts))
