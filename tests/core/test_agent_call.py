"""An agent's own call: who may do what, whatever is keyed in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import agent_call as c
from ivrd.core.agent_call import (
    Act,
    AgentCall,
    Answered,
    CheckPin,
    LetIn,
    Outcome,
    Person,
    PinChecked,
    PinResult,
    Request,
)
from ivrd.core.commands import Await, GoodBye, Say
from ivrd.core.inputs import Key, NoInput, PromptsPlayed
from ivrd.core.line_briefing import Briefing

ONE = (Person("a-101", here=True), Person("b-201", here=False))
TWO = (Person("a-101", here=True), Person("a-102", here=True), Person("b-201", here=False))
RIGHT, WRONG, LOCKED = (PinChecked(result) for result in PinResult)
DONE = Answered(Outcome.DONE)


class Talk:
    """One call.  `said`: the prompts of the last answer; `last`: its other commands."""

    def __init__(
        self, request: Request, people: tuple[Person, ...] = TWO, signed_in: str = ""
    ) -> None:
        self.take(c.enter(request, "en", people, signed_in))

    def take(self, result: c.Result) -> None:
        self.call: AgentCall
        self.call, commands = result
        self.said = [name for one in commands if isinstance(one, Say) for _en, name in one.prompts]
        self.last = [one for one in commands if not isinstance(one, Say)]

    def gets(self, *received: c.Input) -> "Talk":
        for one in received:
            self.take(c.step(self.call, one, 4.0))
        return self

    def keys(self, digits: str) -> "Talk":
        return self.gets(*map(Key, digits))


def test_one_of_several_signs_in_by_number_and_pin() -> None:
    talk = Talk(Request.IN)
    assert talk.said == [c.NUMBER_PROMPT]
    assert talk.keys("102#").said == [c.PIN_PROMPT]
    assert talk.keys("2718#").last == [CheckPin("a-102", "2718")]
    assert talk.gets(RIGHT).last == [Act("a-102", Request.IN)]
    talk.gets(DONE)
    assert (talk.said, talk.last) == (["agent-signed-in"], [GoodBye()])


def test_a_pin_is_in_no_repr() -> None:
    talk = Talk(Request.IN, ONE).keys("2718")
    assert "2718" not in repr(talk.call)
    assert "2718" not in repr(talk.keys("#").last)


def test_who_alone_has_the_seat_is_asked_for_the_pin_alone() -> None:
    talk = Talk(Request.IN, ONE)
    assert talk.said == [c.PIN_PROMPT]
    assert talk.keys("2718#").last == [CheckPin("a-101", "2718")]


def test_all_of_it_can_be_keyed_in_before_anything_is_said() -> None:
    assert Talk(Request.IN).keys("102#2718#").last == [CheckPin("a-102", "2718")]


def test_the_first_key_interrupts_and_a_silence_ends_what_is_keyed_in() -> None:
    talk = Talk(Request.IN, ONE).keys("2")
    assert talk.said == []
    assert talk.gets(PromptsPlayed()).last == [Await(4.0)]
    assert talk.keys("718").gets(NoInput()).last == [CheckPin("a-101", "2718")]


def test_a_star_begins_the_number_or_the_pin_anew() -> None:
    assert Talk(Request.IN).keys("99*102#1*2718#").last == [CheckPin("a-102", "2718")]


@pytest.mark.parametrize("request_", [Request.OUT, Request.PAUSE, Request.RESUME, Request.EXTEND])
def test_who_is_signed_in_needs_no_pin_for_the_rest(request_: Request) -> None:
    talk = Talk(request_, TWO, signed_in="a-102")
    assert talk.last == [Act("a-102", request_)]
    assert talk.gets(DONE).said == [c.DONE_PROMPTS[request_]]
    nobody = Talk(request_, TWO)
    assert (nobody.said, nobody.last) == ([c.NOBODY_PROMPT], [GoodBye()])


@pytest.mark.parametrize("request_", list(Request))
def test_a_phone_that_no_agent_has_is_told_so(request_: Request) -> None:
    talk = Talk(request_, (Person("b-201", here=False),))
    assert (talk.said, talk.last) == ([c.NO_AGENT_PROMPT], [GoodBye()])


def test_an_agent_of_another_seat_is_told_so_after_the_pin() -> None:
    talk = Talk(Request.IN).keys("201#2718#")
    assert talk.last == [CheckPin("b-201", "2718")]
    talk.gets(RIGHT)
    assert (talk.said, talk.last) == ([c.OTHER_SEAT_PROMPT], [GoodBye()])


def test_an_unknown_number_is_asked_for_a_pin_as_well_and_is_wrong() -> None:
    talk = Talk(Request.IN).keys("999#")
    assert talk.said == [c.PIN_PROMPT]
    assert talk.keys("2718#").said == [c.WRONG_PROMPT, c.NUMBER_PROMPT]


def test_three_wrong_ones_end_the_call_and_a_locked_pin_at_once() -> None:
    talk = Talk(Request.IN, ONE)
    for _ in range(2):
        assert talk.keys("1111#").gets(WRONG).said == [c.WRONG_PROMPT, c.PIN_PROMPT]
    assert talk.keys("1111#").gets(WRONG).last == [GoodBye()]
    locked = Talk(Request.IN, ONE).keys("1111#").gets(LOCKED)
    assert (locked.said, locked.last) == ([c.LOCKED_PROMPT], [GoodBye()])


def test_a_pin_that_is_too_long_is_not_cut_to_a_right_one() -> None:
    (check,) = Talk(Request.IN, ONE).keys("1" * 40 + "#").last
    assert isinstance(check, CheckPin)
    assert len(check.pin) > c.PIN_DIGITS_AT_MOST


def test_who_takes_over_a_seat_signs_the_other_one_out_by_a_key() -> None:
    talk = Talk(Request.IN, ONE).keys("2718#").gets(RIGHT, Answered(Outcome.TAKEN))
    assert talk.said == [c.TAKEN_PROMPT]
    assert talk.keys("1").last == [Act("a-101", Request.IN, relieve=True)]
    other = Talk(Request.IN, ONE).keys("2718#").gets(RIGHT, Answered(Outcome.TAKEN)).keys("2")
    assert other.last == [GoodBye()]


def test_who_says_nothing_is_asked_again_and_then_let_go() -> None:
    talk = Talk(Request.IN, ONE)
    assert talk.gets(NoInput(), NoInput()).said == [c.PIN_PROMPT]
    assert talk.gets(NoInput()).last == [GoodBye()]


def test_a_line_is_let_in() -> None:
    talk = Talk(Request.LINE, (Person("7001", here=True),))
    assert talk.said == [c.NUMBER_PROMPT]
    briefing = Briefing("home.01", 0, "", trained=True)
    talk.keys("7001#2718#").gets(RIGHT, Answered(Outcome.DONE, briefing=briefing))
    assert talk.keys("1").last == [LetIn("7001", "home.01", "en")]


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("request_", list(Request))
def test_whatever_comes_of_it_is_said(request_: Request, outcome: Outcome) -> None:
    call = AgentCall(request_, "en", c.At.DOING, agent="a-101")
    _after, commands = c.step(call, Answered(outcome), 4.0)
    assert any(isinstance(one, LetIn) or (isinstance(one, Say) and one.prompts) for one in commands)


def test_what_could_not_be_written_is_said() -> None:
    talk = Talk(Request.PAUSE, ONE, "a-101").gets(Answered(Outcome.DONE, stored=False))
    assert talk.said == ["agent-paused", c.NOT_STORED_PROMPT]


INPUTS = st.one_of(
    st.sampled_from([*map(Key, "0123456789*#A"), NoInput(), PromptsPlayed(), WRONG, LOCKED]),
    st.builds(Answered, st.sampled_from(Outcome), st.booleans()),
)


@given(st.sampled_from([Request.IN, Request.LINE]), st.lists(INPUTS, max_size=60))
def test_nothing_but_a_right_pin_lets_anybody_in(request: Request, inputs: list[c.Input]) -> None:
    call, commands = c.enter(request, "en", TWO, "a-101")
    for one in inputs:
        call, commands = c.step(call, one, 4.0)
        assert not any(isinstance(command, Act | LetIn) for command in commands)


@given(st.lists(st.one_of(INPUTS, st.just(RIGHT)), max_size=60))
def test_a_call_always_waits_for_a_key_or_an_answer_or_is_over(inputs: list[c.Input]) -> None:
    """Nobody is left in silence: each step speaks, waits, works, or changes nothing."""
    call, _commands = c.enter(Request.IN, "en", TWO, "")
    for one in inputs:
        before = call
        call, commands = c.step(call, one, 4.0)
        assert commands or call == before
        if any(isinstance(command, GoodBye) for command in commands):
            assert call.over
