"""A number that a caller keys in, as a pure machine: read back digit by digit, and corrected.

Theory of operation
-------------------
A `Question` is what is asked for, `Keyed` how far its caller is, and `step` takes one key or one
silence.  Whoever asks (intake.py) says what is to be said, waits for the next key when all has been
said, and goes on with how it ended.

While digits are keyed in, * begins the number anew, and with no digit yet goes back; # or a silence
ends a number that may have several lengths.  Where no number begins with 0 that key leads to a
person at once, and else 0 alone does: 0 and then # or silence.  A silence in the midst of a number
costs no digit: the caller may be looking for a card.  The whole number is read back: 1 it is right,
2 or * once more, 0 a person.  A # then does nothing: many end each number with it.

Silences, and numbers or keys that cannot be right, are borne `retries` times each; then a person
takes over.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from ivrd.core.inputs import BACK_KEY, PERSON_KEY, Key, NoInput

DIGITS = frozenset("0123456789")
END_KEY = "#"
CITIZEN_DIGITS, YEAR_DIGITS = 13, 4  # of numbers that more than one asks for
RIGHT_KEY, ANEW_KEY = "1", "2"

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
RIGHT = "digits-right"  # after what is read back: which key says that it is right
GO_ON = "digits-go-on"  # in a silence in the midst of a number


def said_digits(digits: str) -> tuple[str, ...]:
    """The prompt ids that say a number digit by digit."""
    return tuple(f"number-{digit}" for digit in digits)


@dataclass(frozen=True)
class Question:
    """A number of `at_least` to `at_most` digits.

    ask: the prompt ids that ask for it.  wrong: what is said of a number that is none.
    `read_back(digits)`: the prompt ids that say what was keyed in.  `valid(digits)`: whether it can
    be such a number; asked only of as many digits as there may be.  from_zero: whether such a
    number may begin with 0.
    """

    ask: tuple[str, ...]
    wrong: str
    read_back: Callable[[str], tuple[str, ...]]
    at_least: int
    at_most: int
    valid: Callable[[str], bool] = lambda _digits: True
    from_zero: bool = True


@dataclass(frozen=True)
class Keyed:
    """How far a caller is.

    digits: so far.  whole: they are read back.  silences: since the last key; errors: numbers and
    keys that could not be right.
    """

    digits: str = ""
    whole: bool = False
    silences: int = 0
    errors: int = 0

    def __repr__(self) -> str:
        """Without the digits: they belong in no log."""
        return f"Keyed({len(self.digits)} digits)"


@dataclass(frozen=True)
class Saying:
    """The caller goes on: say these prompt ids, instead of what is being said.

    Empty: fall silent, as the caller is typing; None: leave it as it is.
    """

    keyed: Keyed
    prompts: tuple[str, ...] | None


@dataclass(frozen=True)
class Given:
    """The caller has said that this number is right."""

    digits: str

    def __repr__(self) -> str:
        """Without the digits: they belong in no log."""
        return f"Given({len(self.digits)} digits)"


@dataclass(frozen=True)
class Back:
    """The caller wants to go back to what was before this question."""


@dataclass(frozen=True)
class Person:
    """The caller wants a person, or has one after too many silences or errors."""

    asked: bool


Result = Saying | Given | Back | Person


def asked(question: Question) -> Saying:
    """Begin, or begin anew after an interruption: no digit is there yet."""
    return Saying(Keyed(), question.ask)


def step(
    question: Question,
    keyed: Keyed,
    received: Key | NoInput,
    retries: int,
    no_input: str,
    no_match: str,
) -> Result:
    """One step.  no_input, no_match: what every menu says of a silence, and of a wrong key."""
    match received:
        case NoInput():
            return _silence(question, keyed, retries, no_input)
        case Key(digit):
            now = replace(keyed, silences=0)
            if keyed.whole:
                return _answer(question, now, digit, retries, no_match)
            return _key(question, now, digit, retries)
        case _:
            assert_never(received)


def _key(question: Question, keyed: Keyed, digit: str, retries: int) -> Result:
    """A key while the number is keyed in."""
    if digit == BACK_KEY:
        return Saying(replace(keyed, digits=""), question.ask) if keyed.digits else Back()
    if digit == END_KEY:
        return _ended(question, keyed, retries)
    if digit == PERSON_KEY and not keyed.digits and not question.from_zero:
        return Person(asked=True)
    if digit not in DIGITS:  # A to D, which few telephones have
        return Saying(keyed, None)
    more = replace(keyed, digits=keyed.digits + digit)
    if len(more.digits) >= question.at_most:
        return _ended(question, more, retries)
    return Saying(more, ())


def _ended(question: Question, keyed: Keyed, retries: int) -> Result:
    """All digits are there, or are said to be."""
    if keyed.digits == PERSON_KEY and question.at_most > 1:
        return Person(asked=True)
    if len(keyed.digits) < question.at_least or not question.valid(keyed.digits):
        return _wrong(question, keyed, retries)
    return _read_back(question, replace(keyed, whole=True))


def _wrong(question: Question, keyed: Keyed, retries: int) -> Result:
    """What was keyed in is no such number: once more."""
    after = Keyed(errors=keyed.errors + 1)
    if after.errors > retries:
        return Person(asked=False)
    return Saying(after, (question.wrong, *question.ask))


def _read_back(question: Question, keyed: Keyed, *said: str) -> Saying:
    return Saying(keyed, (*said, *question.read_back(keyed.digits), RIGHT))


def _answer(question: Question, keyed: Keyed, digit: str, retries: int, no_match: str) -> Result:
    """A key while the number is read back."""
    if digit == RIGHT_KEY:
        return Given(keyed.digits)
    if digit == PERSON_KEY:
        return Person(asked=True)
    if digit in (ANEW_KEY, BACK_KEY):
        return Saying(replace(keyed, digits="", whole=False), question.ask)
    if digit == END_KEY:
        return Saying(keyed, None)
    after = replace(keyed, errors=keyed.errors + 1)
    if after.errors > retries:
        return Person(asked=False)
    return _read_back(question, after, no_match)


def _silence(question: Question, keyed: Keyed, retries: int, no_input: str) -> Result:
    after = replace(keyed, silences=keyed.silences + 1)
    if not keyed.whole and keyed.digits:
        several = question.at_least < question.at_most and len(keyed.digits) >= question.at_least
        if several or keyed.digits == PERSON_KEY:
            return _ended(question, keyed, retries)
    if after.silences > retries:
        return Person(asked=False)
    if keyed.whole:
        return _read_back(question, after, no_input)
    if keyed.digits:
        return Saying(after, (GO_ON,))
    return Saying(after, (no_input, *question.ask))
