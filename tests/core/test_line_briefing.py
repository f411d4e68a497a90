"""Who calls the line: the right PIN, a drill before the first caller, and let in."""

from ivrd.core import agent_call as ac
from ivrd.core.agent_call import (
    Act,
    Answered,
    At,
    CheckPin,
    LetIn,
    Outcome,
    Person,
    PinChecked,
    PinResult,
    Request,
)
from ivrd.core.commands import GoodBye, Say
from ivrd.core.inputs import Key, NoInput, PromptsPlayed
from ivrd.core.line_briefing import Briefing

PEOPLE = (Person("1001", here=True), Person("a-7", here=False))
FIRST = Briefing("home.01", 21, "topic-other", trained=False, language="en")
AGAIN = Briefing("home.01", 0, "topic-other", trained=True)


class Talk:
    """One call; `said`: the prompts of the last step, `done`: its other commands."""

    def __init__(self) -> None:
        self._take(ac.enter(Request.LINE, "th", PEOPLE, ""))

    def _take(self, result: ac.Result) -> None:
        self.call, commands = result
        self.said = [p for c in commands if isinstance(c, Say) for p in c.prompts]
        self.done = [c for c in commands if not isinstance(c, Say)]

    def hears(self, received: ac.Input) -> None:
        self._take(ac.step(self.call, received, 4.0))

    def keys(self, keys: str) -> None:
        for key in keys:
            self.hears(Key(key))

    def identified(self, number: str = "1001", result: PinResult = PinResult.RIGHT) -> None:
        self.keys(f"{number}#271828#")
        assert self.done == [CheckPin(PEOPLE[number != "1001"].id, "271828")]
        self.hears(PinChecked(result))


def test_before_the_first_caller_a_call_is_tried_and_then_the_person_is_let_in() -> None:
    talk = Talk()
    talk.identified()
    assert talk.done == [Act("1001", Request.LINE)]
    talk.hears(Answered(Outcome.DONE, briefing=FIRST))
    tried = [("en", p) for p in ("line-drill", "line-tone", "topic-other", "line-drill-press")]
    assert talk.said == tried
    talk.hears(NoInput())
    assert talk.said == tried  # once more
    talk.keys("1*2*")
    assert talk.call.at is At.DRILL  # two stars in a row
    talk.keys("*")
    assert [name for _language, name in talk.said] == [
        *("line-waiting", "number-20", "number-1", "line-waiting-after", "line-ready")
    ]
    talk.hears(PromptsPlayed())
    assert talk.done == [LetIn("1001", "home.01", "en")]
    talk.hears(Key("1"))
    assert talk.done == []


def test_who_knows_all_that_is_let_in_at_the_first_key() -> None:
    talk = Talk()
    talk.identified()
    talk.hears(Answered(Outcome.DONE, briefing=AGAIN))
    assert talk.said[:2] == [("th", "line-waiting"), ("th", "number-0")]
    talk.keys("1")
    assert talk.done == [LetIn("1001", "home.01", "th")]


def test_who_presses_nothing_in_the_drill_is_not_there() -> None:
    talk = Talk()
    talk.identified()
    talk.hears(Answered(Outcome.DONE, briefing=FIRST))
    for _ in range(ac.SILENCES):
        talk.hears(NoInput())
    assert talk.done == [GoodBye()]


def test_a_seat_that_somebody_else_has_is_nobodys_to_take() -> None:
    talk = Talk()
    talk.identified()
    talk.hears(Answered(Outcome.TAKEN))
    assert (talk.said, talk.done) == ([("th", "line-taken")], [GoodBye()])


def test_an_agent_of_a_phone_is_not_let_in_and_hears_why_only_with_the_right_pin() -> None:
    talk = Talk()
    talk.identified("7", PinResult.WRONG)
    assert talk.said[0] == ("th", "agent-wrong")
    talk = Talk()
    talk.identified("7")
    assert (talk.said, talk.done) == ([("th", "agent-other-seat")], [GoodBye()])
