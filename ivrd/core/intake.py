"""Home Isolation intake: what callers are asked by keys, and what comes of it.

The questions of a `Form` are asked by intake_steps.py.  `FileTicket` has the answers; what is done
with them is for ivrd/intake.  No answer is in the repr of anything here: none belongs in a log.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from ivrd.core.dates import BUDDHIST_YEARS

OLDEST_YEARS = 8  # 29 February comes again within so many years


@dataclass(frozen=True)
class Flag:
    """A question about the caller's health, answered yes or no.

    ask: the prompt that asks it; said: the one that says it back; note: what an agent's phone
    shows, in ASCII.  red: who says yes goes to a person at once.
    """

    name: str
    ask: str
    said: str
    note: str
    red: bool


@dataclass(frozen=True)
class Form:
    """What is asked for.

    year_after_days: of a test longer ago the year is asked for.  `is_citizen_number(digits)`:
    whether 13 digits are one.
    """

    flags: tuple[Flag, ...]
    year_after_days: int
    is_citizen_number: Callable[[str], bool]


@dataclass(frozen=True)
class Answers:
    """What a caller has said to be right.

    flags: the names of those that were answered with yes.  Empty, or None, where nothing was given.
    """

    flags: tuple[str, ...] = field(default=(), repr=False)
    citizen_number: str = field(default="", repr=False)
    tested_on: date | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.flags or self.citizen_number or self.tested_on)


# --- commands: what the machine has done, or wants done; the rest is in commands.py -------------


@dataclass(frozen=True)
class BeginIntake:
    """The caller, who has chosen this topic, wants to key it in."""

    topic: str


@dataclass(frozen=True)
class AtIntake:
    """The caller is at this step of the intake."""

    step: str


@dataclass(frozen=True)
class FileTicket:
    """Have a ticket filed, once for each call.

    whole: all is there; then report `TicketAnswer`.  Else it is what was given until now, and
    nobody waits for it.
    """

    topic: str
    answers: Answers
    whole: bool


@dataclass(frozen=True)
class FindTicket:
    """Report as `TicketAnswer` whether this call's whole ticket is filed.

    The ivrd that was filing it has ended, and nobody else has the answers.
    """


@dataclass(frozen=True)
class AtFiled:
    """The ticket is filed, and the caller is about to hear so."""


@dataclass(frozen=True)
class LeftIntake:
    """The caller has left the intake from this step.

    why: `person`, `back`, `turn`, `not_filed` or `unsure` (whether it is filed).
    """

    step: str
    why: str


@dataclass(frozen=True)
class RedFlags:
    """The caller has said yes to these, which make it urgent."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class RiskFlags:
    """The caller, who goes to a person, has said yes to these others."""

    names: tuple[str, ...]


IntakeCommand = (
    BeginIntake | AtIntake | FileTicket | FindTicket | AtFiled | LeftIntake | RedFlags | RiskFlags
)


# --- days ---------------------------------------------------------------------------------------


def is_day(digits: str) -> bool:
    """Whether there is such a day and month (DDMM) in any year."""
    return _date(2000, digits) is not None


def latest_day(digits: str, today: date) -> date:
    """The last one of this day and month (DDMM) that has begun; 29 February may be years ago."""
    years = range(today.year, today.year - OLDEST_YEARS - 1, -1)
    found = (_date(year, digits) for year in years)
    return next(day for day in found if day is not None and day <= today)


def day_in(digits: str, year: str, today: date) -> date | None:
    """This day and month in a year of either era; None unless it was in the last years."""
    common = int(year)
    if common > today.year:
        common -= BUDDHIST_YEARS
    found = _date(common, digits) if today.year - OLDEST_YEARS <= common else None
    return found if found is not None and found <= today else None


def _date(year: int, digits: str) -> date | None:
    try:
        return date(year, int(digits[2:]), int(digits[:2]))
    except ValueError:
        return None


# What an agent's phone shows of the ticket.
KEYED_IN, PERHAPS_FILED = "registration keyed in", "registration perhaps filed"
BEGUN = "registration begun"


def notes(form: Form, answers: Answers, ticket: str) -> Iterable[str]:
    """What an agent's phone shows of a caller who has been asked; ticket: of that, if there is."""
    for red, mark in ((True, "red flag: "), (False, "")):
        said = [of.note for of in form.flags if of.red is red and of.name in answers.flags]
        if said:
            yield mark + ", ".join(said)
    if ticket or answers.citizen_number:
        yield ticket or BEGUN
