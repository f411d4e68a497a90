"""An agent's own call to ivrd: who it is, and what is asked for; a machine as menu.py is.

Theory of operation
-------------------
The agent's phone has dialled a code, which is a `Request`.  `NUMBER`: several agents have the seat,
so the number is keyed in, the digits of the agent's id.  `PIN`: keyed in.  Both end with #, or with
a silence; * begins them anew.  `CHECKING`: whoever carries out the commands looks at the PIN.
`TAKEN`: somebody else is signed in at the seat, whom 1 signs out.  `DOING`: it is done, and what
came of it is said.  Then the call is over.  Who is to stay on the line is told what comes, first in
a `DRILL`, which the keys that end a talk end, then in a `WELCOME`, which any key ends, and let in.

Who is signed in at the phone is known to it: signing out, a pause and what ends it are theirs, and
need no PIN.  A wrong number is told from a wrong PIN by nobody: it is asked for a PIN as well.

Whom ivrd has called, because a shift on the line begins, is asked for the PIN alone, and then is as
who has called the line.

The call is no caller's: it is in no queue and in no figure.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from ivrd.core import line_briefing
from ivrd.core.commands import Await, GoodBye, Say
from ivrd.core.inputs import Key, NoInput, PromptsPlayed
from ivrd.core.line_briefing import END_TALK_KEYS, Briefing

PIN_DIGITS_AT_MOST = 12
NUMBER_DIGITS_AT_MOST = 16
TRIES = 3  # in one call, of numbers and PINs
SILENCES = 3
END_KEY, AGAIN_KEY, YES_KEY = "#", "*", "1"

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
NUMBER_PROMPT, PIN_PROMPT, WRONG_PROMPT = "agent-number", "agent-pin", "agent-wrong"
LOCKED_PROMPT, BYE_PROMPT, TAKEN_PROMPT = "agent-locked", "agent-bye", "agent-seat-taken"
NO_AGENT_PROMPT, NOBODY_PROMPT = "agent-no-agent", "agent-nobody"
LINE_TAKEN_PROMPT, SHIFT_PROMPT = "line-taken", "agent-shift"
OTHER_SEAT_PROMPT, NOT_STORED_PROMPT = "agent-other-seat", "agent-not-stored"


class Request(StrEnum):
    """What is asked for; as the extension of the dialplan has it."""

    IN = "in"
    OUT = "out"
    PAUSE = "pause"
    RESUME = "resume"
    EXTEND = "extend"  # a longer wrap-up
    LINE = "line"  # to be at work on this very line


BY_PIN = (Request.IN, Request.LINE)


class Outcome(StrEnum):
    """What came of it."""

    DONE = "done"
    INVALID = "invalid"  # such as a wrap-up that is over
    TAKEN = "taken"  # somebody else is signed in at the seat
    PAUSED = "paused"  # who signs in is signed in already, and paused
    TOO_MANY = "too_many"  # so many are paused that nobody else may be
    NOT_NOW = "not_now"  # it is not known what was before


DONE_PROMPTS = {
    Request.IN: "agent-signed-in",
    Request.OUT: "agent-signed-out",
    Request.PAUSE: "agent-paused",
    Request.RESUME: "agent-ready",
    Request.EXTEND: "agent-extended",
}
INVALID_PROMPTS = {
    Request.IN: "agent-already-in",
    Request.OUT: NOBODY_PROMPT,
    Request.PAUSE: NOBODY_PROMPT,
    Request.RESUME: "agent-already-ready",
    Request.EXTEND: "agent-no-wrap-up",
    Request.LINE: "agent-already-in",
}
OUTCOME_PROMPTS = {
    Outcome.PAUSED: "agent-is-paused",
    Outcome.TOO_MANY: "agent-too-many-paused",
    Outcome.NOT_NOW: "agent-not-now",
}


class PinResult(StrEnum):
    """What a PIN turned out to be."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"  # it was not looked at: there were too many wrong ones


class At(StrEnum):
    """Where in the call the agent is."""

    NUMBER = "number"
    PIN = "pin"
    CHECKING = "checking"
    DOING = "doing"
    TAKEN = "taken"
    DRILL = "drill"
    WELCOME = "welcome"
    OVER = "over"


@dataclass(frozen=True)
class Person:
    """Who may be calling.  `here`: the phone is that agent's; `number`: what the agent keys in."""

    id: str
    here: bool

    @property
    def number(self) -> str:
        """The digits of the id."""
        return number_of(self.id)


@dataclass(frozen=True)
class AgentCall:
    """Where the call stands.

    `people`: who may key in a number, empty where only one can be meant, who is `agent`.
    `digits`: keyed in so far; `agent`: the id of the one who calls, as far as that is known.
    """

    request: Request
    language: str
    at: At
    people: tuple[Person, ...] = ()
    agent: str = ""
    digits: str = field(default="", repr=False)  # of a PIN, too: they belong in no log
    tries: int = 0
    silences: int = 0
    briefing: Briefing | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is to be done."""
        return self.at is At.OVER


@dataclass(frozen=True)
class PinChecked:
    """What came of `CheckPin`."""

    result: PinResult


@dataclass(frozen=True)
class Answered:
    """What came of `Act`; `stored`: it outlives ivrd; `briefing`: of who is let in to the line."""

    outcome: Outcome
    stored: bool = True
    briefing: Briefing | None = None


Input = Key | PromptsPlayed | NoInput | PinChecked | Answered


@dataclass(frozen=True)
class CheckPin:
    """Look at a PIN; then report `PinChecked`."""

    agent: str
    pin: str = field(repr=False)


@dataclass(frozen=True)
class Act:
    """Do what is asked for; then report `Answered`.  `relieve`: sign out who is at the seat."""

    agent: str
    request: Request
    relieve: bool = False


@dataclass(frozen=True)
class LetIn:
    """The dialplan goes on with this agent, at this seat, and in this language."""

    agent: str
    seat: str
    language: str


Command = Say | Await | GoodBye | CheckPin | Act | LetIn
Result = tuple[AgentCall, tuple[Command, ...]]


def number_of(agent_id: str) -> str:
    """What an agent keys in: the digits of the id."""
    return "".join(c for c in agent_id if c in "0123456789")


def enter(
    request: Request,
    language: str,
    people: Iterable[Person],
    signed_in: str = "",
    called: str = "",
) -> Result:
    """Begin.

    `people`: all agents; `signed_in`: the one at this phone, empty for nobody.  `called`: whom ivrd
    has called, whose shift begins: whoever has answered keys in that one's PIN.
    """
    people = tuple(people)
    if called:
        known = called if any(person.id == called for person in people) else ""
        return _ask(AgentCall(request, language, At.NUMBER, agent=known), At.PIN, SHIFT_PROMPT)
    here = tuple(person for person in people if person.here)
    call = AgentCall(request, language, At.NUMBER)
    if not here:
        return _end(call, NO_AGENT_PROMPT)
    if request not in BY_PIN:
        return _act(replace(call, agent=signed_in)) if signed_in else _end(call, NOBODY_PROMPT)
    if len(here) == 1 and request is not Request.LINE:
        return _ask(replace(call, agent=here[0].id), At.PIN)
    return _ask(replace(call, people=people), At.NUMBER)


def step(call: AgentCall, received: Input, wait_seconds: float) -> Result:
    """One step; after the end nothing happens.  `wait_seconds`: for how long a key is awaited."""
    match received:
        case PinChecked(result) if call.at is At.CHECKING:
            return _checked(call, result)
        case Answered(Outcome.NOT_NOW) if call.at is At.CHECKING:
            return _answered(call, received)
        case Answered() if call.at is At.DOING:
            return _answered(call, received)
        case PinChecked() | Answered():
            return call, ()
        case _ if call.at in (At.CHECKING, At.DOING, At.OVER):
            return call, ()
        case PromptsPlayed() if call.at is At.WELCOME:
            return _let_in(call)
        case PromptsPlayed():
            return call, (Await(wait_seconds),)
        case NoInput():
            return _silence(call)
        case Key(digit):
            return _press(replace(call, silences=0), digit)
        case _:
            assert_never(received)


def _ask(call: AgentCall, at: At, *before: str) -> Result:
    """Ask for the number or the PIN."""
    prompt = PIN_PROMPT if at is At.PIN else NUMBER_PROMPT
    return replace(call, at=at, digits=""), (_say(call, *before, prompt),)


def _press(call: AgentCall, digit: str) -> Result:
    if call.at is At.WELCOME:
        return _let_in(call)
    if call.at is At.DRILL:
        after = replace(call, digits=(call.digits + digit)[-len(END_TALK_KEYS) :])
        return _welcome(after) if after.digits == END_TALK_KEYS else (after, (_say(after),))
    if call.at is At.TAKEN:
        return _act(call, relieve=True) if digit == YES_KEY else _end(call, BYE_PROMPT)
    if digit == END_KEY:
        return _keyed(call) if call.digits else (call, (_say(call),))
    if digit == AGAIN_KEY:
        return _ask(call, call.at)
    if not digit.isdecimal():
        return call, (_say(call),)
    most = PIN_DIGITS_AT_MOST if call.at is At.PIN else NUMBER_DIGITS_AT_MOST
    after = replace(call, digits=(call.digits + digit)[: most + 1])  # one too many is wrong
    return after, (_say(call),)


def _silence(call: AgentCall) -> Result:
    if call.at in (At.NUMBER, At.PIN) and call.digits:
        return _keyed(call)
    after = replace(call, silences=call.silences + 1)
    if call.at is At.TAKEN or after.silences >= SILENCES:
        return _end(after, BYE_PROMPT)
    if call.at is At.DRILL:
        return _drill(after)
    return _ask(after, after.at)


def _keyed(call: AgentCall) -> Result:
    """A number, or a PIN, is keyed in."""
    if call.at is At.NUMBER:
        person = _person(call.people, call.digits)
        return _ask(replace(call, agent=person.id if person else ""), At.PIN)
    if not call.agent:
        return _wrong(call)
    after = replace(call, at=At.CHECKING, digits="")
    return after, (_say(call), CheckPin(call.agent, call.digits))


def _person(people: Iterable[Person], number: str) -> Person | None:
    """Whose number it is: of one who is here, else of the only one elsewhere who has it."""
    found = sorted((p for p in people if p.number == number), key=lambda p: not p.here)
    if found and (found[0].here or len(found) == 1):
        return found[0]
    return None


def _checked(call: AgentCall, result: PinResult) -> Result:
    match result:
        case PinResult.RIGHT if any(p.id == call.agent and not p.here for p in call.people):
            return _end(call, OTHER_SEAT_PROMPT)
        case PinResult.RIGHT:
            return _act(call)
        case PinResult.WRONG:
            return _wrong(call)
        case PinResult.LOCKED:
            return _end(call, LOCKED_PROMPT)
        case _:
            assert_never(result)


def _wrong(call: AgentCall) -> Result:
    after = replace(call, tries=call.tries + 1)
    if after.tries >= TRIES:
        return _end(after, WRONG_PROMPT, BYE_PROMPT)
    return _ask(after, At.NUMBER if call.people else At.PIN, WRONG_PROMPT)


def _act(call: AgentCall, relieve: bool = False) -> Result:
    return replace(call, at=At.DOING), (Act(call.agent, call.request, relieve),)


def _answered(call: AgentCall, answer: Answered) -> Result:
    match answer.outcome:
        case Outcome.DONE if call.request is Request.LINE:
            if answer.briefing is None:
                return _end(call, OUTCOME_PROMPTS[Outcome.NOT_NOW])
            language = answer.briefing.language or call.language
            here = replace(call, briefing=answer.briefing, language=language)
            return _welcome(here) if answer.briefing.trained else _drill(here)
        case Outcome.DONE:
            after = () if answer.stored else (NOT_STORED_PROMPT,)
            return _end(call, DONE_PROMPTS[call.request], *after)
        case Outcome.INVALID:
            return _end(call, INVALID_PROMPTS[call.request])
        case Outcome.TAKEN if call.request is Request.LINE:
            return _end(call, LINE_TAKEN_PROMPT)
        case Outcome.TAKEN:
            return replace(call, at=At.TAKEN), (_say(call, TAKEN_PROMPT),)
        case Outcome.PAUSED | Outcome.TOO_MANY | Outcome.NOT_NOW:
            return _end(call, OUTCOME_PROMPTS[answer.outcome])
        case _:
            assert_never(answer.outcome)


def _drill(call: AgentCall) -> Result:
    assert call.briefing is not None
    after = replace(call, at=At.DRILL, digits="")
    return after, (_say(call, *line_briefing.drill(call.briefing)),)


def _welcome(call: AgentCall) -> Result:
    assert call.briefing is not None
    prompts = line_briefing.welcome(call.briefing, call.language)
    return replace(call, at=At.WELCOME), (_say(call, *prompts),)


def _let_in(call: AgentCall) -> Result:
    assert call.briefing is not None
    return replace(call, at=At.OVER), (
        _say(call),
        LetIn(call.agent, call.briefing.seat, call.language),
    )


def _end(call: AgentCall, *prompts: str) -> Result:
    return replace(call, at=At.OVER, digits=""), (_say(call, *prompts), GoodBye())


def _say(call: AgentCall, *prompts: str) -> Say:
    """These, or silence: what is being said is interrupted."""
    return Say(tuple((call.language, prompt) for prompt in prompts))
