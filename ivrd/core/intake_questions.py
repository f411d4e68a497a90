"""The numbers that those key in who register: what is asked, and how each is said back.

Days are keyed in as day and month, DDMM; their year, where it is asked for, in either era.
"""

from collections.abc import Callable
from datetime import date

from ivrd.core import numbers
from ivrd.core.dates import BUDDHIST_YEARS
from ivrd.core.digits import CITIZEN_DIGITS, YEAR_DIGITS, Question, said_digits
from ivrd.core.intake import day_in, is_day

DAY_DIGITS = 4
COUNTS_BUDDHIST_YEARS = ("th",)  # languages

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
CITIZEN, CITIZEN_WRONG = "intake-citizen-number", "intake-citizen-wrong"
CITIZEN_READ_BACK = "intake-citizen-read-back"
DAY, DAY_WRONG, DAY_READ_BACK = "intake-day", "intake-day-wrong", "intake-day-read-back"
YEAR, YEAR_WRONG = "intake-year", "intake-year-wrong"
MONTH = "month-"


def citizen_number(is_one: Callable[[str], bool]) -> Question:
    """Its first digit is never 0: that key leads to a person."""
    return Question(
        (CITIZEN,),
        CITIZEN_WRONG,
        lambda number: (CITIZEN_READ_BACK, *said_digits(number)),
        CITIZEN_DIGITS,
        CITIZEN_DIGITS,
        is_one,
        from_zero=False,
    )


def day(language: str) -> Question:
    """A day and month that there are in some year."""
    return Question(
        (DAY,),
        DAY_WRONG,
        lambda keyed: (DAY_READ_BACK, *_day(keyed, language)),
        DAY_DIGITS,
        DAY_DIGITS,
        is_day,
    )


def year(of: str, language: str, today: date) -> Question:
    """The year of a day (DDMM) that has been by `today`; read back as the language counts it."""

    def read_back(keyed: str) -> tuple[str, ...]:
        found = day_in(of, keyed, today)
        assert found is not None, "asked of valid years only"
        counted = found.year + BUDDHIST_YEARS * (language in COUNTS_BUDDHIST_YEARS)
        return DAY_READ_BACK, *_day(of, language), *said_digits(str(counted))

    return Question(
        (YEAR,),
        YEAR_WRONG,
        read_back,
        YEAR_DIGITS,
        YEAR_DIGITS,
        lambda keyed: day_in(of, keyed, today) is not None,
        from_zero=False,
    )


def _day(keyed: str, language: str) -> tuple[str, ...]:
    return *numbers.spoken(int(keyed[:2]), language), f"{MONTH}{int(keyed[2:])}"
