"""A number that is keyed in: no digit is lost, none is taken that was not said to be right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import digits
from ivrd.core.digits import (
    GO_ON,
    RIGHT,
    Back,
    Given,
    Keyed,
    Person,
    Question,
    Result,
    Saying,
    said_digits,
)
from ivrd.core.inputs import Key, NoInput

RETRIES = 2


def question(at_least: int, at_most: int, *, from_zero: bool = True, valid: str = "") -> Question:
    """One that takes any number, or those only that begin with `valid`."""
    return Question(
        ("ask",),
        "wrong",
        lambda number: ("you-keyed", *said_digits(number)),
        at_least,
        at_most,
        lambda number: number.startswith(valid),
        from_zero,
    )


CITIZEN = question(13, 13, from_zero=False, valid="1")
DAY = question(4, 4)
CODE = question(3, 6)


def walk(of: Question, *received: Key | NoInput) -> Result:
    result: Result = digits.asked(of)
    for one in received:
        assert isinstance(result, Saying)
        result = digits.step(of, result.keyed, one, RETRIES, "no-input", "no-match")
    return result


def keys(text: str) -> list[Key | NoInput]:
    """Keys; a blank is a silence."""
    return [NoInput() if key == " " else Key(key) for key in text]


def said(of: Question, text: str) -> tuple[str, ...] | None:
    result = walk(of, *keys(text))
    assert isinstance(result, Saying)
    return result.prompts


def test_it_is_read_back_digit_by_digit_and_taken_when_it_is_right() -> None:
    assert said(DAY, "") == ("ask",)
    assert said(DAY, "0") == ()  # the caller is typing: silence
    expected = ("you-keyed", "number-0", "number-5", "number-0", "number-3", RIGHT)
    assert said(DAY, "0503") == expected
    assert walk(DAY, *keys("05031")) == Given("0503")


@pytest.mark.parametrize(
    ("of", "typed", "number"),
    [
        (DAY, "0503#1", "0503"),  # # ends what had its length already
        (DAY, "05 031", "0503"),  # a silence costs no digit
        (DAY, "0503 1", "0503"),
        (DAY, "17*05031", "0503"),  # * begins anew
        (DAY, "170320503*05031", "0503"),
        (DAY, "0503205031", "0503"),
        (CODE, "123#1", "123"),
        (CODE, "123 1", "123"),
        (CODE, "1234561", "123456"),
        (CODE, "12A3#1", "123"),
        (CITIZEN, "2" * 13 + "1" * 14, "1" * 13),  # the first cannot be one
    ],
)
def test_what_comes_of_keys(of: Question, typed: str, number: str) -> None:
    assert walk(of, *keys(typed)) == Given(number)


@pytest.mark.parametrize(
    ("of", "typed"),
    [
        (CITIZEN, "0"),
        (DAY, "0#"),
        (DAY, "0 "),
        (CODE, "0#"),
        (DAY, "05*0#"),
        (DAY, "05030"),
        (CITIZEN, "1" * 13 + "0"),
    ],
)
def test_0_is_a_person_wherever_it_is_no_digit(of: Question, typed: str) -> None:
    assert walk(of, *keys(typed)) == Person(asked=True)


def test_star_goes_back_where_there_is_nothing_to_correct() -> None:
    assert walk(DAY, *keys("*")) == Back()
    assert walk(DAY, *keys("0503**")) == Back()


def test_silences_and_errors_are_borne_a_few_times() -> None:
    assert said(DAY, " ") == ("no-input", "ask")
    assert said(DAY, "05 ") == (GO_ON,)
    assert said(CODE, "12#") == ("wrong", "ask")
    assert (said(DAY, "05035") or ())[0] == "no-match"
    assert said(CITIZEN, "2" * 13) == ("wrong", "ask")
    for typed in ("   ", "05   ", "0503   ", "05035" + "55", "#" * 3):
        assert walk(DAY, *keys(typed)) == Person(asked=False)
    assert walk(CITIZEN, *keys("2" * 39)) == Person(asked=False)


def test_no_digit_is_in_what_a_log_would_have() -> None:
    assert "1" not in repr(Keyed("1111")) + repr(Given("1111"))


@given(
    st.sampled_from([CITIZEN, DAY, CODE]),
    st.lists(st.sampled_from("0123456789*#ABCD  "), max_size=60),
)
def test_given_is_only_what_was_read_back_last(of: Question, typed: list[str]) -> None:
    result: Result = digits.asked(of)
    heard: tuple[str, ...] = ()
    for one in keys("".join(typed)):
        assert isinstance(result, Saying)
        prompts = result.prompts
        if prompts is not None:
            heard = prompts
        result = digits.step(of, result.keyed, one, RETRIES, "no-input", "no-match")
        if not isinstance(result, Saying):
            break
        assert len(result.keyed.digits) <= of.at_most
    if isinstance(result, Given):
        assert of.at_least <= len(result.digits) <= of.at_most
        assert of.valid(result.digits)
        assert heard[-len(result.digits) - 1 :] == (*said_digits(result.digits), RIGHT)


@given(
    st.sampled_from([CITIZEN, DAY, CODE]),
    st.lists(st.sampled_from("0123456789#"), max_size=20),
)
def test_whoever_falls_silent_is_with_a_person_in_the_end(of: Question, typed: list[str]) -> None:
    result: Result = digits.asked(of)
    for one in [*keys("".join(typed)), *[NoInput()] * (2 * RETRIES + 3)]:
        if not isinstance(result, Saying):
            break
        result = digits.step(of, result.keyed, one, RETRIES, "no-input", "no-match")
    assert isinstance(result, Person | Given)
