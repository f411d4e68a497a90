"""What every machine that speaks with callers receives: a key, a silence, the end of what was said,
and what came of something that takes time (`Answer`).
"""

from dataclasses import dataclass, field

from ivrd.core.book_result import BookResult
from ivrd.core.cases import CaseResult

# Keys that mean the same everywhere: to a person, back, and a message once more.
PERSON_KEY = "0"
BACK_KEY = "*"
AGAIN_KEY = "1"


@dataclass(frozen=True)
class Key:
    """The caller pressed a key."""

    digit: str


@dataclass(frozen=True)
class PromptsPlayed:
    """All that was to be said has been said."""


@dataclass(frozen=True)
class NoInput:
    """The caller pressed nothing in the time given.

    `unheard`: nor has anything else come from the phone in this call, not even silence.
    """

    unheard: bool = False


class Answer:
    """What came of a command that takes time."""


@dataclass(frozen=True)
class BookAnswer(Answer):
    """What came of `Book`."""

    result: BookResult


@dataclass(frozen=True)
class LinkAnswer(Answer):
    """What came of `SendLink`: whether the message was accepted."""

    sent: bool


@dataclass(frozen=True)
class TicketAnswer(Answer):
    """What came of `FileTicket`, or of `FindTicket`.

    code: the case code, digits only; empty: it is not filed.  by_text: it is sent by text as well.
    unsure: it may be filed all the same, which was not known in time; then there is no code.
    """

    code: str
    by_text: bool = False
    unsure: bool = False


@dataclass(frozen=True)
class CaseAnswer(Answer):
    """What came of `LookUp`; the state when it was found, and can be told."""

    result: CaseResult
    state: str = field(default="", repr=False)  # of somebody's health: it belongs in no log


Input = Key | PromptsPlayed | NoInput | Answer
