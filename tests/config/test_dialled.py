"""One number, however networks spell it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.config.dialled import canonical, spellings

THAI = "TH"
NUMBERS = st.from_regex(r"\+?[1-9][0-9]{3,10}", fullmatch=True)


@pytest.mark.parametrize(
    ("number", "also"),
    [
        ("1330", {"+661330", "661330", "00661330", "+6601330"}),
        ("+661330", {"1330", "661330", "00661330"}),
        ("020001330", {"+6620001330", "6620001330", "006620001330", "+66020001330"}),
        ("+6620001330", {"020001330", "6620001330", "006620001330"}),
        ("+4912345678", {"4912345678", "004912345678"}),
    ],
)
def test_the_spellings_of_a_number(number: str, also: set[str]) -> None:
    assert also <= set(spellings(number, THAI))
    assert spellings(number, THAI)[0] == number


@given(NUMBERS)
def test_a_number_spelt_internationally_has_the_same_spellings(number: str) -> None:
    whole = next(s for s in spellings(number, THAI) if s.startswith("+"))
    assert set(spellings(whole, THAI)) <= set(spellings(number, THAI))


@pytest.mark.parametrize("text", ["+66 2 000-1330", "(+66) 2.000.1330", "+6620001330"])
def test_separators_are_no_part_of_a_number(text: str) -> None:
    assert canonical(text) == "+6620001330"


@pytest.mark.parametrize("text", ["", "+", "1", "1330x", "66+1330", "*1330", "1" * 16, "๑๓๓๐"])
def test_what_is_no_number(text: str) -> None:
    assert canonical(text) is None
