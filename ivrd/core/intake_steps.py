"""The questions to those who register by keys, and what each key and silence does there."""

from dataclasses import replace
from datetime import date
from typing import assert_never

from ivrd.core import digits, intake_questions
from ivrd.core.commands import say
from ivrd.core.digits import ANEW_KEY, RIGHT, RIGHT_KEY, Question
from ivrd.core.inputs import BACK_KEY, Key, NoInput
from ivrd.core.intake import Answers, FileTicket, FindTicket, Form, day_in, latest_day
from ivrd.core.intake_exit import go_back, to_person
from ivrd.core.intake_visit import At, IntakeVisit, Result, form_of, go_to
from ivrd.core.menu_tree import Tree

YES_KEY, NO_KEY = "1", "2"

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
CONSENT = "intake-consent"
YOU_SAID, NOTHING_SAID = "intake-you-said", "intake-nothing-said"
FILING = "intake-filing"
URGENT = "intake-urgent"
ASKED_ANEW = "intake-asked-anew"


def ask_again(form: Form, visit: IntakeVisit, today: date) -> Result:
    """The question at which the caller was interrupted."""
    match visit.at:
        case At.ANEW:
            return say_anew(visit)
        case At.FLAG:
            return ask_flag(form, visit, visit.flag)
        case At.FLAGS:
            return say_flags(form, visit)
        case At.NUMBER | At.DAY | At.YEAR:
            return ask(form, visit, visit.at, today)
        case _:
            return ask_consent(visit)


def ask_consent(visit: IntakeVisit) -> Result:
    """Without it nothing is given, also not what was given with one before."""
    return go_to(replace(visit, yes=(), answers=Answers()), At.CONSENT, CONSENT)


def answer_consent(tree: Tree, visit: IntakeVisit, digit: str, closed: frozenset[str]) -> Result:
    """A key of one who is asked for it."""
    if digit == YES_KEY:
        return ask_flag(form_of(tree), visit, 0)
    if digit == NO_KEY:
        return to_person(tree, visit, closed, "person")
    if digit == BACK_KEY:
        return go_back(tree, visit, closed)
    return miss(tree, visit, closed, tree.no_match)


def ask_flag(form: Form, visit: IntakeVisit, flag: int) -> Result:
    """The question, or what comes after the last one."""
    if flag < len(form.flags):
        return go_to(replace(visit, flag=flag), At.FLAG, form.flags[flag].ask)
    return say_flags(form, visit) if form.flags else ask(form, visit, At.NUMBER, None)


def say_anew(visit: IntakeVisit) -> Result:
    """Why the first question after the consent is about to be asked again."""
    return go_to(visit, At.ANEW, ASKED_ANEW)


def answer_flag(tree: Tree, visit: IntakeVisit, digit: str, closed: frozenset[str]) -> Result:
    """A key at a question about the caller's health."""
    form = form_of(tree)
    flag = form.flags[visit.flag]
    others = tuple(name for name in visit.yes if name != flag.name)
    if digit == YES_KEY:
        after = replace(visit, yes=(*others, flag.name))
        return say_flags(form, after) if flag.red else ask_flag(form, after, visit.flag + 1)
    if digit == NO_KEY:
        return ask_flag(form, replace(visit, yes=others), visit.flag + 1)
    if digit == BACK_KEY and visit.flag:
        return ask_flag(form, visit, visit.flag - 1)
    if digit == BACK_KEY:
        return ask_consent(visit)
    return miss(tree, visit, closed, tree.no_match)


def say_flags(form: Form, visit: IntakeVisit) -> Result:
    """Say back what was answered with yes."""
    return go_to(visit, At.FLAGS, *_flag_words(form, visit))


def _flag_words(form: Form, visit: IntakeVisit) -> tuple[str, ...]:
    said = tuple(of.said for of in form.flags if of.name in visit.yes)
    return (*((YOU_SAID, *said) if said else (NOTHING_SAID,)), RIGHT)


def check_flags(tree: Tree, visit: IntakeVisit, digit: str, closed: frozenset[str]) -> Result:
    """A key of one to whom that was said."""
    form = form_of(tree)
    if digit == RIGHT_KEY:
        after = replace(visit, answers=replace(visit.answers, flags=visit.yes))
        if any(of.red for of in form.flags if of.name in visit.yes):
            return to_person(tree, after, closed, "person", URGENT)
        return ask(form, after, At.NUMBER, None)
    if digit in (ANEW_KEY, BACK_KEY):
        answers = replace(visit.answers, flags=())
        return ask_flag(form, replace(visit, yes=(), answers=answers), 0)
    return miss(tree, visit, closed, tree.no_match)


def ask(form: Form, visit: IntakeVisit, at: At, today: date | None) -> Result:
    """A number, from its first digit."""
    after = replace(visit, at=at)
    asked = digits.asked(_question(form, after, today or date.min))
    return go_to(replace(after, keyed=asked.keyed), at, *(asked.prompts or ()))


def _question(form: Form, visit: IntakeVisit, today: date) -> Question:
    match visit.at:
        case At.NUMBER:
            return intake_questions.citizen_number(form.is_citizen_number)
        case At.DAY:
            return intake_questions.day(visit.language)
        case _:
            return intake_questions.year(visit.day, visit.language, today)


def answer_number(
    tree: Tree, visit: IntakeVisit, received: Key | NoInput, closed: frozenset[str], today: date
) -> Result:
    """A key or a silence while a number is keyed in or read back."""
    form = form_of(tree)
    question = _question(form, visit, today)
    result = digits.step(
        question, visit.keyed, received, tree.retries, tree.no_input, tree.no_match
    )
    match result:
        case digits.Saying(keyed, prompts):
            after = replace(visit, keyed=keyed)
            return after, () if prompts is None else (say(after.language, *prompts),)
        case digits.Person():
            return to_person(tree, visit, closed, "person")
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
            return ask(form, replace(visit, answers=answers), At.DAY, today)
        case At.DAY:
            latest = latest_day(number, today)
            if (today - latest).days > form.year_after_days:
                return ask(form, replace(visit, day=number), At.YEAR, today)
            return file(_tested(visit, latest))
        case _:
            return file(_tested(visit, day_in(visit.day, number, today)))


def _tested(visit: IntakeVisit, on: date | None) -> IntakeVisit:
    return replace(visit, answers=replace(visit.answers, tested_on=on))


def _before(form: Form, visit: IntakeVisit, today: date) -> Result:
    """* before the first digit: the question before."""
    match visit.at:
        case At.NUMBER:
            return say_flags(form, visit) if form.flags else ask_consent(visit)
        case At.DAY:
            answers = replace(visit.answers, citizen_number="")
            return ask(form, replace(visit, answers=answers), At.NUMBER, today)
        case _:
            return ask(form, visit, At.DAY, today)


def _words(form: Form, visit: IntakeVisit) -> tuple[str, ...]:
    """What is said where the caller is, but for numbers."""
    match visit.at:
        case At.FLAG:
            return (form.flags[visit.flag].ask,)
        case At.FLAGS:
            return _flag_words(form, visit)
        case _:
            return (CONSENT,)


def miss(tree: Tree, visit: IntakeVisit, closed: frozenset[str], sorry: str) -> Result:
    """A silence, or a key that stands for nothing: once more, or a person."""
    after = replace(visit, misses=visit.misses + 1)
    if after.misses > tree.retries:
        return to_person(tree, visit, closed, "person")
    return after, (say(after.language, sorry, *_words(form_of(tree), after)),)


def file(visit: IntakeVisit) -> Result:
    """All is there: the ticket."""
    after, commands = go_to(visit, At.FILING, FILING)
    return after, (*commands, FileTicket(visit.topic, visit.answers, whole=True))


def find(visit: IntakeVisit) -> Result:
    """Whether the ivrd that has ended had filed it."""
    after, commands = go_to(visit, At.FINDING, FILING)
    return after, (*commands, FindTicket())
