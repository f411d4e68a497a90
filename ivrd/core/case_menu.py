"""The caller asks for the state of a case, from a menu or while waiting: a machine as menu.py is.

Theory of operation
-------------------
`WHICH`: 1 for the code of a case, 2 for a citizen number; only where both can be.  The numbers are
keyed in and read back as digits.py has it: `CODE`, or `CITIZEN` and then `YEAR`.  `LOOKING`: the
case is being looked up, which takes seconds at most; the caller hears so, again and again until the
answer is there.  `TOLD`: the caller hears the state as any message of a menu: 1 again, 0 a person,
* back, and hanging up there is self-served.

Where the state cannot be told the caller hears that, and goes on to a person who knows the topic,
or goes on waiting.  0 leads there from everywhere, as does the turn of one who waits until the
state is told; and what has been keyed in until then goes along (`AddNote`), with whoever asks for a
case from the moment that it is looked up: no ivrd need be left.

Of a visit that was interrupted the digits may be lost, for they are in no store: whoever was keying
them in begins anew, and whose case was being looked up goes to a person.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from ivrd.core import digits, menu
from ivrd.core.cases import AtCase, CaseQuestion, CaseResult, CaseTable, LookUp, western_year
from ivrd.core.commands import AddNote, AtInfo, AtMenu, Await, BackToQueue, Command, say
from ivrd.core.digits import (
    CITIZEN_DIGITS,
    YEAR_DIGITS,
    Back,
    Given,
    Keyed,
    Person,
    Question,
    Saying,
    said_digits,
)
from ivrd.core.inputs import (
    AGAIN_KEY,
    BACK_KEY,
    PERSON_KEY,
    Answer,
    CaseAnswer,
    Input,
    Key,
    NoInput,
    PromptsPlayed,
)
from ivrd.core.menu import Visit
from ivrd.core.menu_tree import MOST_INTERRUPTIONS, Tree
from ivrd.core.queue_menu import QueueVisit

INFO = "case"  # the message that a state is, for who is told

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
WHICH, CODE, CITIZEN, YEAR = "case-which", "case-code", "case-citizen", "case-year"
WRONG, READ_BACK = "case-wrong-number", "case-read-back"
LOOKING = "case-looking"
UNKNOWN, NOT_TOLD = "case-unknown", "case-not-told"


class At(StrEnum):
    """How far the question is."""

    WHICH = "case_which"
    CODE = "case_code"
    CITIZEN = "case_citizen"
    YEAR = "case_year"
    LOOKING = "case_looking"
    TOLD = "case_told"
    LEFT = "case_left"  # the caller goes back to the queue


@dataclass(frozen=True)
class CaseVisit:
    """Where a caller stands.

    back: the visit in which the state was asked for; None of one who waits.  question: what was
    keyed in and said to be right; keyed: the number that is being keyed in.  state: that of the
    case, once it is known.  misses, over and interruptions as `menu.Visit` has it.
    """

    at: At
    topic: str
    language: str
    back: Visit | None
    question: CaseQuestion = field(default_factory=CaseQuestion)
    keyed: Keyed = field(default_factory=Keyed)
    state: str = field(default="", repr=False)
    misses: int = 0
    over: bool = False
    interruptions: int = 0

    @property
    def waits(self) -> bool:
        """Whether it was asked for in the queue."""
        return self.back is None

    @property
    def has_digits(self) -> bool:
        """Whether a number is being keyed in, or was."""
        return self.at not in (At.WHICH, At.TOLD, At.LEFT)


Result = tuple[CaseVisit | Visit, tuple[Command, ...]]


def has_heard(visit: object) -> bool:
    """Whether it is a visit in which the state of a case is told."""
    return isinstance(visit, CaseVisit) and visit.at is At.TOLD


def without_digits(visit: CaseVisit) -> CaseVisit:
    """As it may be stored."""
    return replace(visit, question=CaseQuestion(), keyed=Keyed())


def enter(tree: Tree, topic: str, before: Visit | QueueVisit, closed: frozenset[str]) -> Result:
    """Begin: the caller has asked for the state of a case."""
    back = before if isinstance(before, Visit) else None
    visit = CaseVisit(At.WHICH, topic, before.language, back)
    if tree.cases is None:
        return _to_person(tree, visit, closed)
    visit, commands = _at(tree, visit, _first(tree.cases))
    return visit, (AtCase(topic), *commands)


def again(tree: Tree, visit: CaseVisit, closed: frozenset[str]) -> Result:
    """Go on with a visit that was interrupted."""
    if tree.cases is None or visit.over or visit.interruptions >= MOST_INTERRUPTIONS:
        return _to_person(tree, visit, closed, *_connect(tree))
    after = replace(visit, interruptions=visit.interruptions + 1)
    match visit.at:
        case At.TOLD:
            return _told(tree, after, closed)
        case At.LOOKING if visit.question.note:
            return _look_up(after)
        case At.LOOKING:
            return _to_person(tree, visit, closed, NOT_TOLD)
        case At.YEAR if not visit.question.citizen_number:
            return _at(tree, after, At.CITIZEN)
        case _:
            return _at(tree, after, visit.at)


def step(tree: Tree, visit: CaseVisit, received: Input, closed: frozenset[str]) -> Result:
    """One step; after the end nothing happens.  `closed`: the queues that are closed now."""
    if visit.over:
        return visit, ()
    if tree.cases is None:
        return _to_person(tree, visit, closed, NOT_TOLD)
    match received:
        case CaseAnswer():
            return _answered(tree, visit, received, closed)
        case PromptsPlayed() if visit.at is At.LOOKING:
            return visit, (say(visit.language, LOOKING),)
        case PromptsPlayed():
            return visit, (Await(tree.wait_seconds),)
        case Key() | NoInput():
            here = visit if isinstance(received, NoInput) else replace(visit, interruptions=0)
            return _pressed(tree, here, received, closed)
        case Answer():
            return visit, ()  # no key here asks for it
        case _:
            assert_never(received)


def hand_over(tree: Tree, visit: CaseVisit) -> Result:
    """The turn of one who waits has come, or ivrd is stopping: who hears the state hears it."""
    if visit.back is not None:
        after, commands = menu.hand_over(tree, visit.back)
        return after, (*_note(visit), *commands)
    if visit.over or visit.at is At.TOLD:
        return visit, ()
    return _back_to_queue(visit)


def _pressed(
    tree: Tree, visit: CaseVisit, received: Key | NoInput, closed: frozenset[str]
) -> Result:
    """A key, or none for some time."""
    key = received.digit if isinstance(received, Key) else ""
    match visit.at:
        case At.CODE | At.CITIZEN | At.YEAR:
            return _keying(tree, visit, received, closed)
        case _ if key == PERSON_KEY:
            return _to_person(tree, visit, closed)
        case At.LOOKING:
            return visit, ()  # what comes of it decides
        case _ if key == BACK_KEY:
            return _back(tree, visit, closed)
        case At.WHICH if key in ("1", "2"):
            return _at(tree, visit, At.CODE if key == "1" else At.CITIZEN)
        case At.TOLD if key == AGAIN_KEY:
            return _tell(tree, replace(visit, misses=0), closed)
        case At.WHICH | At.TOLD | At.LEFT:
            return _miss(tree, visit, tree.no_match if key else tree.no_input, closed)
        case _:
            assert_never(visit.at)


def _keying(
    tree: Tree, visit: CaseVisit, received: Key | NoInput, closed: frozenset[str]
) -> Result:
    """A key of a number, or a silence in it."""
    assert tree.cases is not None
    question = _question(tree.cases, visit.at)
    said = (tree.retries, tree.no_input, tree.no_match)
    match digits.step(question, visit.keyed, received, *said):
        case Saying(keyed, prompts):
            words = () if prompts is None else (say(visit.language, *prompts),)
            return replace(visit, keyed=keyed), words
        case Given(given):
            return _given(tree, visit, given)
        case Back() if visit.at is At.YEAR:
            return _at(tree, visit, At.CITIZEN)
        case Back() if visit.at is not _first(tree.cases):
            return _at(tree, visit, At.WHICH)
        case Back():
            return _back(tree, visit, closed)
        case Person(asked):
            return _to_person(tree, visit, closed, *(() if asked else _connect(tree)))
        case other:
            assert_never(other)


def _given(tree: Tree, visit: CaseVisit, given: str) -> Result:
    """A number is whole, and right."""
    match visit.at:
        case At.CODE:
            return _look_up(replace(visit, question=CaseQuestion(code=given)))
        case At.CITIZEN:
            asked = CaseQuestion(citizen_number=given)
            return _at(tree, replace(visit, question=asked), At.YEAR)
        case _:
            asked = replace(visit.question, birth_year=western_year(given))
            return _look_up(replace(visit, question=asked))


def _question(cases: CaseTable, at: At) -> Question:
    """What is keyed in there."""
    match at:
        case At.CODE:
            of = cases.code_digits
            return Question((CODE,), WRONG, _read_back, of, of)
        case At.CITIZEN:
            of, valid = CITIZEN_DIGITS, cases.is_citizen_number
            return Question((CITIZEN,), WRONG, _read_back, of, of, valid, from_zero=False)
        case _:
            of = YEAR_DIGITS
            born = lambda keyed: western_year(keyed) > 0  # noqa: E731  one line for one thing
            return Question((YEAR,), WRONG, _read_back, of, of, born, from_zero=False)


def _read_back(keyed: str) -> tuple[str, ...]:
    return READ_BACK, *said_digits(keyed)


def _first(cases: CaseTable) -> At:
    """Where a question begins."""
    if cases.code_digits and cases.by_person:
        return At.WHICH
    return At.CODE if cases.code_digits else At.CITIZEN


def _at(tree: Tree, visit: CaseVisit, at: At) -> tuple[CaseVisit, tuple[Command, ...]]:
    """Ask for a number, or which one it is to be."""
    asked = visit.question if at is At.YEAR else CaseQuestion()
    after = replace(visit, at=at, question=asked, keyed=Keyed(), misses=0)
    if at is At.WHICH or tree.cases is None:
        return after, (say(after.language, WHICH),)
    begun = digits.asked(_question(tree.cases, at))
    return after, (say(after.language, *(begun.prompts or ())),)


def _look_up(visit: CaseVisit) -> Result:
    """The agent is to have it also when no ivrd is left to tell."""
    after = replace(visit, at=At.LOOKING, keyed=Keyed())
    return after, (*_note(after), say(after.language, LOOKING), LookUp(after.question))


def _answered(tree: Tree, visit: CaseVisit, answer: CaseAnswer, closed: frozenset[str]) -> Result:
    if visit.at is not At.LOOKING:
        return visit, ()  # of one that was interrupted, and has gone on
    if answer.result is not CaseResult.FOUND:
        said = UNKNOWN if answer.result is CaseResult.UNKNOWN else NOT_TOLD
        return _to_person(tree, visit, closed, said)
    return _told(tree, replace(visit, at=At.TOLD, state=answer.state), closed)


def _told(tree: Tree, visit: CaseVisit, closed: frozenset[str]) -> Result:
    """Say it for the first time, or the first time by this ivrd: the caller is at a message."""
    after, commands = _tell(tree, visit, closed)
    told = (AtInfo(INFO),) if has_heard(after) else ()
    return after, (*told, *commands)


def _tell(tree: Tree, visit: CaseVisit, closed: frozenset[str]) -> Result:
    """Say what there is to say of the state."""
    said = _words(tree, visit)
    return (
        (visit, (say(visit.language, *said),))
        if said
        else _to_person(tree, visit, closed, NOT_TOLD)
    )


def _words(tree: Tree, visit: CaseVisit) -> tuple[str, ...]:
    """The words of the state; none when it is none of the table, or they have ended."""
    said = tree.cases.states.get(visit.state, ()) if tree.cases else ()
    return (*said, tree.again) if said else ()


def _miss(tree: Tree, visit: CaseVisit, said: str, closed: frozenset[str]) -> Result:
    after = replace(visit, misses=visit.misses + 1)
    if after.misses > tree.retries:
        return _to_person(tree, visit, closed, *_connect(tree))
    words = (WHICH,) if visit.at is At.WHICH else _words(tree, visit)
    return after, (say(after.language, said, *words),)


def _back(tree: Tree, visit: CaseVisit, closed: frozenset[str]) -> Result:
    """Back to the menu, or to the queue."""
    if visit.back is None:
        return _back_to_queue(visit)
    after, commands = menu.back_in(tree, visit.back, closed)
    return after, (*_left(visit), *commands)


def _left(visit: CaseVisit) -> tuple[Command, ...]:
    """Whoever was told the state is at a message no more."""
    return (AtMenu(visit.back.menu),) if visit.back and visit.at is At.TOLD else ()


def _connect(tree: Tree) -> tuple[str, ...]:
    """What tells that a person comes who was not asked for."""
    return (tree.connect,)


def _back_to_queue(visit: CaseVisit, *said: str) -> Result:
    words = (say(visit.language, *said),) if said else ()
    after = replace(visit, at=At.LEFT, over=True, keyed=Keyed())
    return after, (*_note(visit), *words, BackToQueue())


def _to_person(tree: Tree, visit: CaseVisit, closed: frozenset[str], *said: str) -> Result:
    if visit.back is None:
        return _back_to_queue(visit, *said)
    after, commands = menu.to_topic(tree, visit.back, visit.topic, closed)
    words = (say(visit.language, *said),) if said else ()
    return after, (*_left(visit), *_note(visit), *words, *commands)


def _note(visit: CaseVisit) -> tuple[Command, ...]:
    """What was keyed in, also of a number that is not whole, for the agent."""
    match visit.at:
        case At.CODE:
            asked = CaseQuestion(code=visit.keyed.digits)
        case At.CITIZEN:
            asked = CaseQuestion(citizen_number=visit.keyed.digits)
        case _:
            asked = visit.question
    return (AddNote(asked.note, asked.note_in_clear),) if asked.note else ()
