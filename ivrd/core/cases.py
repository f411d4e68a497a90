"""What callers may ask about a case: which numbers they key in, what is said of each state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ivrd.core.dates import BUDDHIST_YEARS

BORN = range(1900, 2100)  # years that are taken for Western ones
SHOWN_DIGITS = 3  # of a citizen number, on a line that is not encrypted


class CaseResult(StrEnum):
    """What comes of looking a case up.  The values are those of a series."""

    FOUND = "found"
    UNKNOWN = "unknown"  # there is no such case
    NOT_IN_TABLE = "not_in_table"  # a state of which nothing can be said
    SLOW = "slow"  # no whole answer in time
    UNREACHABLE = "unreachable"
    BROKEN = "broken"  # an answer that is none
    PAUSED = "paused"  # it is not asked now, for it failed again and again


@dataclass(frozen=True)
class CaseQuestion:
    """What was keyed in: a case code, or a citizen number and a birth year (Western).

    No field of it is ever shown in a log.
    """

    code: str = field(default="", repr=False)
    citizen_number: str = field(default="", repr=False)
    birth_year: int = field(default=0, repr=False)

    @property
    def note(self) -> str:
        """For the phone of the agent who goes on."""
        if self.code:
            return f"case {self.code}"
        return f"citizen {self.citizen_number}{self._born}" if self.citizen_number else ""

    @property
    def note_in_clear(self) -> str:
        """The same where others could read it on the way: a citizen number by its end alone."""
        if not self.citizen_number:
            return self.note
        shown = self.citizen_number[-SHOWN_DIGITS:]
        return f"citizen ending {shown}{self._born} (masked: this line is not encrypted)"

    @property
    def _born(self) -> str:
        return f", born {self.birth_year}" if self.birth_year else ""


@dataclass(frozen=True)
class AtCase:
    """The caller, who has chosen this topic, asks for the state of a case."""

    topic: str


@dataclass(frozen=True)
class LookUp:
    """Look a case up; then report `CaseAnswer`."""

    question: CaseQuestion


@dataclass(frozen=True)
class CaseTable:
    """What can be asked for, and what is said.

    code_digits: of a case code; 0: a case cannot be asked for by that.  by_person: by a citizen
    number and a birth year.  states: what is said of each state, as prompt ids; none where their
    words have ended.  `is_citizen_number(digits)`: whether 13 digits are one.
    """

    code_digits: int
    by_person: bool
    states: Mapping[str, tuple[str, ...]]
    is_citizen_number: Callable[[str], bool]


def western_year(keyed: str) -> int:
    """The Western year of one that is keyed in, Western or Buddhist; 0 for one of long ago."""
    year = int(keyed) if len(keyed) == 4 and keyed.isascii() and keyed.isdecimal() else 0
    return next((found for found in (year, year - BUDDHIST_YEARS) if found in BORN), 0)
