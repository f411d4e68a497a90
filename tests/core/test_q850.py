"""Causes in words, and the numbers that others have of them."""

import re
from pathlib import Path

import pytest

from ivrd.core.q850 import Q850, WORDS, words

DIALPLANS = Path(__file__).parents[2] / "dialplans"


@pytest.mark.parametrize(
    ("cause", "said"),
    [(17, "busy (17)"), (19, "nobody available (19)"), (34, "no circuit free (34)"),
     (0, "no cause told (0)"), (Q850.CALL_REJECTED, "declined (21)"), (99, "unknown cause (99)")],
)  # fmt: skip
def test_a_cause_in_words_with_its_number(cause: int, said: str) -> None:
    assert words(cause) == said


def test_each_cause_has_words_of_its_own() -> None:
    assert set(WORDS) == set(Q850)
    assert len(set(WORDS.values())) == len(Q850)


def test_the_causes_that_the_dialplan_gives_are_known() -> None:
    """It hangs up with a number, or tells one of a call that it did not place."""
    text = "\n".join(path.read_text() for path in DIALPLANS.glob("*.conf"))
    numbers = {int(number) for number in re.findall(r"(?:Hangup\(|Cause: )(\d+)", text)}
    assert numbers <= set(Q850)
    assert f"Status: CHANUNAVAIL,Cause: {Q850.SUBSCRIBER_ABSENT:d}," in text
