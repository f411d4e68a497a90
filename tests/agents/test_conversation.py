"""An agent's call on a fake channel, in virtual time: what is heard, and never long silence."""

import asyncio
from collections.abc import Callable, Sequence

from ivrd.agents.conversation import AgentConversation, CallSettings
from ivrd.asterisk import dialplan_names
from ivrd.core import agent_call as c
from ivrd.core import line_briefing
from ivrd.core.agent_call import (
    Act,
    Answered,
    CheckPin,
    Outcome,
    Person,
    PinChecked,
    PinResult,
    Request,
)
from ivrd.core.line_briefing import Briefing
from tests.asterisk.fake_channel import FakeChannel, Troubles
from tests.asterisk.virtual import run

PROMPT_SECONDS = 3.0
BRIEFING = Briefing("home.01", 0, "", trained=True)
LEASE, WAIT = 5.0, 4.0
PEOPLE = (Person("a-101", here=True), Person("a-102", here=True))
PIN = "2718"


class PhoneCall:
    """One agent's call; `asked`: what ivrd was asked to do."""

    def __init__(
        self,
        request: Request,
        people: Sequence[Person] = PEOPLE,
        length: Callable[[tuple[str, str]], float | None] = lambda _prompt: PROMPT_SECONDS,
        troubles: Troubles | None = None,
    ) -> None:
        prompts = [value for name, value in vars(c).items() if name.endswith("_PROMPT")]
        prompts += [*c.DONE_PROMPTS.values(), *c.INVALID_PROMPTS.values()]
        prompts += line_briefing.welcome(BRIEFING, "en")
        seconds = {("en", prompt): PROMPT_SECONDS for prompt in prompts}
        self.channel = FakeChannel(seconds, troubles)
        self.asked: list[CheckPin | Act] = []
        settings = CallSettings(length, LEASE, WAIT)
        self.conversation = AgentConversation(settings, self.channel.session, self._work)
        self.task = asyncio.ensure_future(
            self.conversation.run(c.enter(request, "en", people, "a-101"))
        )

    async def _work(self, command: CheckPin | Act) -> PinChecked | Answered:
        self.asked.append(command)
        if isinstance(command, CheckPin):
            return PinChecked(PinResult.RIGHT if command.pin == PIN else PinResult.WRONG)
        line = command.request is Request.LINE
        return Answered(Outcome.DONE, briefing=BRIEFING if line else None)

    async def keys(self, digits: str, first: float = 0.5, gap: float = 0.3) -> None:
        """Pressed from `first` on; then the call is left to its end."""
        for n, digit in enumerate(digits):
            at = first + n * gap
            asyncio.get_running_loop().call_later(at, self.conversation.press, digit)
        await self.task

    @property
    def heard(self) -> list[str]:
        """The prompts that were heard to their end."""
        return [p.path.rpartition("/")[2] for p in self.channel.played if p.whole]


def test_who_keys_in_number_and_pin_is_signed_in_and_told_so() -> None:
    async def body() -> None:
        call = PhoneCall(Request.IN)
        await call.keys(f"102#{PIN}#")
        assert call.asked == [CheckPin("a-102", PIN), Act("a-102", Request.IN)]
        assert call.heard == ["agent-signed-in"]
        assert call.channel.executed[-1] == "HANGUP"
        assert call.channel.expired_at is None

    run(body())


def test_a_slow_person_is_not_cut_off_between_two_keys() -> None:
    async def body() -> None:
        call = PhoneCall(Request.IN)
        await call.keys(f"102#{PIN}#", first=PROMPT_SECONDS + 1, gap=WAIT - 0.5)
        assert call.asked[-1] == Act("a-102", Request.IN)
        assert call.channel.expired_at is None

    run(body())


def test_who_presses_nothing_is_asked_again_and_let_go_with_a_word() -> None:
    async def body() -> None:
        call = PhoneCall(Request.IN)
        await call.keys("")
        assert call.heard == [*[c.NUMBER_PROMPT] * c.SILENCES, c.BYE_PROMPT]
        assert call.channel.executed[-1] == "HANGUP"

    run(body())


def test_a_wrong_pin_is_told_at_once_and_can_be_keyed_in_again() -> None:
    async def body() -> None:
        call = PhoneCall(Request.IN, PEOPLE[:1])
        await call.keys(f"1111#{PIN}#", gap=0.7)
        assert call.asked == [
            CheckPin("a-101", "1111"),
            CheckPin("a-101", PIN),
            Act("a-101", Request.IN),
        ]

    run(body())


def test_a_line_goes_on_in_the_dialplan_with_the_agents_id() -> None:
    async def body() -> None:
        call = PhoneCall(Request.LINE)
        await call.keys(f"102#{PIN}#")
        assert call.channel.variables == {
            dialplan_names.AGENT: "a-102",
            dialplan_names.LINE_SEAT_NAME: "home.01",
            "CHANNEL(language)": "en",
        }
        assert call.channel.executed[-1] == "ASYNCAGI BREAK"

    run(body())


def test_without_recordings_the_dialplan_has_the_call_at_once() -> None:
    async def body() -> None:
        call = PhoneCall(Request.IN, length=lambda _prompt: None)
        await call.keys("")
        assert call.channel.executed[-1] == "ASYNCAGI BREAK"

    run(body())


def test_an_ivrd_that_is_gone_leaves_nobody_in_silence_for_longer_than_a_wait_and_a_lease() -> None:
    async def body() -> None:
        call = PhoneCall(Request.IN, troubles=Troubles(frozen_from=PROMPT_SECONDS + 1))
        await asyncio.sleep(PROMPT_SECONDS + 1 + WAIT + LEASE)
        assert call.channel.expired_at is not None
        call.task.cancel()

    run(body())


def test_who_hangs_up_in_the_midst_has_done_nothing() -> None:
    async def body() -> None:
        call = PhoneCall(Request.IN)
        asyncio.get_running_loop().call_later(2.0, call.channel.hang_up)
        await call.keys("102#27", gap=0.2)
        assert call.asked == []

    run(body())
