"""A caller and the menu, over a channel on which everything is late, lost or in the wrong order."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.asterisk import names
from ivrd.asterisk.conversation import OVERDUE_SECONDS, Conversation, Script
from ivrd.core import menu
from ivrd.core.menu import Command, Key, Menu, Silence, ToInfo, ToMenu, ToPerson, ToTopic, Tree
from tests.asterisk.fake_channel import PATH, FakeChannel, Played, Stop, Troubles, whole
from tests.asterisk.virtual import run

TREE = Tree(
    start="language",
    operator="other",
    menus={
        "language": Menu(
            "language",
            ("welcome",),
            {"1": ToMenu("main", "th"), "2": ToMenu("main", "en")},
            speak_all=True,
        ),
        "main": Menu(
            "main",
            ("main-menu",),
            {
                "1": ToMenu("home"),
                "2": ToTopic("vaccine"),
                "3": ToInfo("rights"),
                "4": ToTopic("hospital"),
            },
        ),
        "home": Menu("home", ("home-menu",), {"1": ToTopic("register"), "2": ToInfo("care")}),
    },
    infos={"rights": ("rights-info",), "care": ("care-info", "care-more")},
    queue_of={
        "other": "q-other",
        "vaccine": "q-vaccine",
        "register": "q-home",
        "hospital": "q-benefits",
    },
    closed_prompt={"q-benefits": "closed-benefits"},
    languages=("th", "en"),
    wait_seconds=4.0,
    retries=2,
    no_input="no-input",
    no_match="no-match",
    connect="connect",
    again="info-again",
    goodbye="goodbye",
)
PROMPTS = (
    *("welcome", "main-menu", "home-menu", "rights-info", "care-info", "care-more"),
    *("closed-benefits", "no-input", "no-match", "connect", "info-again", "goodbye"),
)
PROMPT_SECONDS = 3.0
SECONDS = {(lang, prompt): PROMPT_SECONDS for lang in TREE.languages for prompt in PROMPTS}
LEASE = 5.0
SCRIPT = Script(
    tree=TREE,
    seconds=SECONDS,
    label={"other": "เรื่องอื่น", "vaccine": "วัคซีน", "register": "ลงทะเบียน", "hospital": "ย้าย"},
    lease_seconds=LEASE,
    closed=lambda: frozenset({"q-benefits"}),
)
# What the books hear; the rest is between the conversation and its caller.
TOLD = (menu.Speak, menu.AtInfo, menu.AtClosed, menu.AtMenu, menu.ToPerson, menu.GoodBye)


class Talk:
    """A conversation on a fake channel, and what it told the books."""

    def __init__(self, troubles: Troubles | None = None, script: Script = SCRIPT) -> None:
        self.channel = FakeChannel(SECONDS, troubles)
        self.told: list[Command] = []
        self.conversation = Conversation(script, self.channel.session, self.told.append)
        self.task = asyncio.ensure_future(asyncio.sleep(0))

    def begin(self, resume: menu.Visit | None = None) -> "Talk":
        self.task = asyncio.ensure_future(self.conversation.run(resume))
        return self

    def press(self, keys: Iterable[tuple[float, str]]) -> None:
        for at, digit in keys:
            asyncio.get_running_loop().call_at(at, self.conversation.hear, digit)

    @property
    def booked(self) -> list[Command]:
        return [command for command in self.told if isinstance(command, TOLD)]

    @property
    def heard(self) -> list[str]:
        return whole(self.channel.played)

    @property
    def left(self) -> list[str]:
        """What was sent last: the way out."""
        return self.channel.executed[-4:]


async def talk(keys: Sequence[tuple[float, str]], troubles: Troubles | None = None) -> Talk:
    """One caller from the first ring until the menu is left."""
    caller = Talk(troubles).begin()
    caller.press(keys)
    await caller.task
    return caller


def expected(digits: str) -> tuple[list[Command], list[str]]:
    """By core.menu: what the books hear of these keys and silence after them, and what is said
    from the last key on.
    """
    visit, commands = menu.enter(TREE)
    told: list[Command] = []
    spoken = _prompts(commands)
    all_heard: list[menu.Heard] = [*map(Key, digits), *[Silence()] * 9]
    for heard in all_heard:
        if visit.over:
            break
        visit, commands = menu.step(TREE, visit, heard, SCRIPT.closed())
        told += [command for command in commands if isinstance(command, TOLD)]
        spoken = [*spoken, *_prompts(commands)] if heard == Silence() else _prompts(commands)
    return told, spoken


def _prompts(commands: Iterable[Command]) -> list[str]:
    return [
        PATH.format(*prompt) for c in commands if isinstance(c, menu.Say) for prompt in c.prompts
    ]


def way_out(queue: str, topic: str) -> list[str]:
    return [
        f'SET VARIABLE {names.QUEUE} "{queue}"',
        f'SET VARIABLE {names.TOPIC} "{topic}"',
        f'SET VARIABLE CALLERID(name) "{SCRIPT.label[topic]}"',
        "ASYNCAGI BREAK",
    ]


# --- keys, prompts and stops in every order ------------------------------------------------

STOPS = st.lists(
    st.builds(
        Stop,
        delay=st.sampled_from([0.0, 0.01, 0.05, 0.15, 0.3, 0.5]),
        lost=st.booleans(),
        lingers=st.booleans(),
    ),
    max_size=12,
)
LATE = st.lists(st.sampled_from([0.0, 0.01, 0.1, 0.3]), max_size=40)
DIGITS = st.lists(st.sampled_from("1111222340*#9"), max_size=6).map("".join)


@given(digits=DIGITS, gaps=st.lists(st.floats(0.001, 3.5), min_size=6, max_size=6), stops=STOPS,
       late=LATE)  # fmt: skip
def test_every_key_counts_once_whenever_it_is_pressed_and_whatever_plays(
    digits: str, gaps: list[float], stops: list[Stop], late: list[float]
) -> None:
    """Where keys lead does not hang on prompts, results and stops; the last place is said whole."""

    async def body() -> None:
        times = [sum(gaps[: n + 1]) for n in range(len(digits))]
        troubles = Troubles(stops=stops, results=late)
        caller = await talk(list(zip(times, digits, strict=True)), troubles)
        told, spoken = expected(digits)
        assert caller.booked == told
        assert [p for p in caller.heard if p in spoken][-len(spoken) :] == spoken
        last = told[-1]
        if isinstance(last, ToPerson):
            assert caller.left == way_out(last.queue, last.topic)
        else:
            assert caller.channel.executed[-1] == "HANGUP"
        assert caller.channel.told_after_end == []
        assert caller.channel.expired_at is None
        assert {played.timeout for played in caller.channel.played} <= {PROMPT_SECONDS + LEASE}

    run(body())


def test_three_keys_80_ms_apart_as_soon_as_the_call_is_there() -> None:
    async def body() -> None:
        caller = await talk([(0.00, "1"), (0.08, "1"), (0.16, "1")])
        assert caller.booked == [menu.Speak("th"), ToPerson("q-home", "register")]
        assert caller.left == way_out("q-home", "register")
        assert caller.channel.ended_at is not None
        assert caller.channel.ended_at < 1.0

    run(body())


@pytest.mark.parametrize("digits", ["0", "20", "210", "130"])
def test_key_0_brings_to_a_person_from_anywhere(digits: str) -> None:
    async def body() -> None:
        caller = await talk([(0.5 * n, digit) for n, digit in enumerate(digits, 1)])
        assert caller.left == way_out("q-other", "other")
        assert caller.channel.ended_at == pytest.approx(0.5 * len(digits), abs=0.2)

    run(body())


def test_key_star_goes_back_while_a_message_is_said() -> None:
    async def body() -> None:
        caller = await talk([(1.0, "2"), (2.0, "3"), (3.0, "*"), (4.0, "2")])
        assert caller.booked == [
            menu.Speak("en"),
            menu.AtInfo("rights"),
            menu.AtMenu("main"),
            ToPerson("q-vaccine", "vaccine"),
        ]
        stages = [c for c in caller.channel.executed if names.STAGE in c]
        assert stages == [f'SET VARIABLE {names.STAGE} "{stage}"' for stage in ("info", "ivr")]

    run(body())


def test_whoever_says_nothing_hears_everything_and_is_brought_to_a_person() -> None:
    async def body() -> None:
        caller = await talk([])
        welcome = [PATH.format(lang, "welcome") for lang in ("th", "en")]
        sorry = [PATH.format(lang, "no-input") for lang in ("th", "en")]
        assert caller.heard == [*welcome, *sorry, *welcome, *sorry, *welcome, "th/ivrd/connect"]
        assert caller.left == way_out("q-other", "other")
        prompts, waits = 11 * PROMPT_SECONDS, 3 * TREE.wait_seconds
        assert caller.channel.ended_at == pytest.approx(prompts + waits, abs=1.0)

    run(body())


# --- silence does not come from the past ---------------------------------------------------


def test_a_key_that_comes_with_the_end_of_the_speech_gets_its_answer_said_whole() -> None:
    """The end of the old speech must not start the clock for an answer to the new one."""

    async def body() -> None:
        caller = Talk(script=replace(SCRIPT, tree=replace(TREE, wait_seconds=1.0)))
        deliver = caller.channel.session.result

        def deliver_with_key(command_id: str, result: str) -> None:
            deliver(command_id, result)
            if "endpos=" in result and len(caller.channel.played) == 2:
                asyncio.get_running_loop().call_soon(caller.conversation.hear, "1")

        caller.channel.session.result = deliver_with_key  # type: ignore[method-assign]
        caller.begin()
        await asyncio.sleep(9.5)
        assert caller.heard == ["th/ivrd/welcome", "en/ivrd/welcome", "th/ivrd/main-menu"]
        caller.channel.hang_up()
        await caller.task

    run(body())


def test_a_key_that_comes_with_the_end_of_the_wait_is_not_answered_with_no_input() -> None:
    async def body() -> None:
        caller = Talk().begin()
        await asyncio.sleep(7.0)  # both languages' welcome, and now it listens
        clock = caller.conversation._clock
        assert clock is not None
        # within the clock's resolution: both happen in one turn of the loop, the key first
        asyncio.get_running_loop().call_at(clock.when() - 1e-10, caller.conversation.hear, "1")
        await asyncio.sleep(clock.when() - asyncio.get_running_loop().time() + 3.5)
        assert caller.heard == ["th/ivrd/welcome", "en/ivrd/welcome", "th/ivrd/main-menu"]
        caller.channel.hang_up()
        await caller.task

    run(body())


# --- stops ---------------------------------------------------------------------------------


def test_a_lost_stop_is_repeated_until_the_prompt_has_ended() -> None:
    async def body() -> None:
        troubles = Troubles(stops=[Stop(lost=True)] * 4)
        caller = await talk([(1.0, "0")], troubles)
        assert [played.whole for played in caller.channel.played] == [False]
        assert caller.channel.ended_at == pytest.approx(1.0 + 4 * 0.2, abs=0.1)

    run(body())


def test_two_keys_do_not_send_two_streams_of_stops() -> None:
    async def body() -> None:
        caller = Talk(Troubles(stops=[Stop(lost=True)] * 99))
        stops: list[float] = []
        caller.channel.session.stop_playing = (  # type: ignore[method-assign]
            lambda: stops.append(asyncio.get_running_loop().time())
        )
        caller.begin().press([(1.0, "1"), (1.01, "3"), (1.02, "*")])
        await asyncio.sleep(2.0)
        assert stops == pytest.approx([1.0, 1.2, 1.4, 1.6, 1.8, 2.0], abs=0.01)
        caller.channel.hang_up()
        await caller.task

    run(body())


def test_a_prompt_cut_short_by_a_stop_meant_for_another_is_said_again() -> None:
    async def body() -> None:
        # the first prompt's result is late: a second stop goes out and meets the next prompt
        troubles = Troubles(stops=[Stop(), Stop(delay=0.2)], results=[0.0, 0.0, 0.3])
        caller = Talk(troubles).begin()
        caller.press([(1.0, "1")])
        await asyncio.sleep(8.0)
        assert caller.channel.played[1:3] == [
            Played("th/ivrd/main-menu", False, PROMPT_SECONDS + LEASE),
            Played("th/ivrd/main-menu", True, PROMPT_SECONDS + LEASE),
        ]
        caller.channel.hang_up()
        await caller.task

    run(body())


def test_a_file_shorter_than_told_is_not_said_again_for_ever() -> None:
    async def body() -> None:
        short = Troubles(shorter={"th/ivrd/main-menu": 0.4})
        caller = Talk(short).begin()
        caller.press([(1.0, "1")])
        await asyncio.sleep(4.0)
        assert [p.path for p in caller.channel.played].count("th/ivrd/main-menu") == 1
        caller.channel.hang_up()
        await caller.task

    run(body())


# --- the end -------------------------------------------------------------------------------


@given(at=st.floats(0, 40), keys=st.sampled_from(["", "1", "13", "111", "2*0"]), late=LATE)
def test_a_hang_up_at_any_moment_ends_the_task_and_nothing_is_sent_after_it(
    at: float, keys: str, late: list[float]
) -> None:
    async def body() -> None:
        caller = Talk(Troubles(results=late)).begin()
        caller.press([(0.7 * n, digit) for n, digit in enumerate(keys, 1)])
        asyncio.get_running_loop().call_at(at, caller.channel.hang_up)
        await caller.task
        ended = caller.channel.ended_at
        assert ended is not None
        assert asyncio.get_running_loop().time() == pytest.approx(ended)
        before = list(caller.booked)
        await asyncio.sleep(60)
        assert caller.channel.told_after_end == []
        assert caller.booked == before

    run(body())


def test_a_key_that_comes_with_the_hang_up_is_not_booked() -> None:
    async def body() -> None:
        caller = Talk().begin()
        await asyncio.sleep(1.0)
        caller.conversation.hear("1")
        caller.channel.hang_up()
        await caller.task
        assert caller.booked == []

    run(body())


@pytest.mark.parametrize("mute_from", range(1, 14))
def test_results_that_stop_coming_end_the_task_and_the_lease_has_freed_the_caller(
    mute_from: int,
) -> None:
    """Neither results nor the end of the session are reported any more, from anywhere on."""

    async def body() -> None:
        caller = Talk(Troubles(mute_from=mute_from)).begin()
        caller.press([(1.0, "1"), (5.0, "3")])
        await caller.task
        ended = asyncio.get_running_loop().time()
        await asyncio.sleep(60)
        expired = caller.channel.expired_at
        assert expired is not None
        assert ended <= expired + OVERDUE_SECONDS + PROMPT_SECONDS
        assert caller.channel.told_after_end == []

    run(body())


def test_a_file_that_asterisk_does_not_have_gives_the_call_to_the_dialplan() -> None:
    async def body() -> None:
        caller = Talk(Troubles(missing=frozenset({"th/ivrd/main-menu"})))
        caller.begin().press([(1.0, "1")])
        await caller.task
        assert caller.channel.executed[-1] == 'STREAM FILE "th/ivrd/main-menu" ""'
        assert caller.channel.told_after_end == []

    run(body())


def test_a_label_of_four_kilobytes_is_cut_and_the_caller_goes_on() -> None:
    async def body() -> None:
        long = replace(SCRIPT, label={**SCRIPT.label, "other": "ล" * 1400 + '\r\n"'})
        caller = Talk(script=long)
        caller.begin().press([(1.0, "0")])
        await caller.task
        label = caller.left[2].removeprefix("SET VARIABLE CALLERID(name) ")
        assert set(label) == {'"', "ล"}
        assert len(label.encode()) < 1000
        assert caller.left[3] == "ASYNCAGI BREAK"

    run(body())


# --- stopping and coming back --------------------------------------------------------------


@given(at=st.floats(0.1, 30), digits=st.sampled_from(["", "1", "13", "14", "120"]), stops=STOPS)
def test_handing_over_at_any_moment_says_so_and_brings_to_a_person(
    at: float, digits: str, stops: list[Stop]
) -> None:
    async def body() -> None:
        caller = Talk(Troubles(stops=stops)).begin()
        caller.press([(0.7 * n, digit) for n, digit in enumerate(digits, 1)])
        asyncio.get_running_loop().call_at(at, caller.conversation.hand_over)
        await caller.task
        persons = [c for c in caller.booked if isinstance(c, ToPerson)]
        assert len(persons) == 1
        assert caller.left == way_out(persons[0].queue, persons[0].topic)
        assert caller.channel.told_after_end == []

    run(body())


def test_a_caller_who_is_handed_over_is_told_so() -> None:
    async def body() -> None:
        caller = Talk().begin()
        caller.press([(1.0, "2")])
        await asyncio.sleep(2.0)
        caller.conversation.hand_over()
        caller.conversation.hear("2")  # too late
        await caller.task
        assert caller.heard == ["en/ivrd/connect"]
        assert caller.left == way_out("q-other", "other")

    run(body())


@pytest.mark.parametrize("old_prompt_at", [0.0, 1.0])
def test_a_resumed_visit_says_its_place_again_in_its_language(old_prompt_at: float) -> None:
    """What the session before began is still playing, or has just ended."""

    async def body() -> None:
        visit = menu.Visit(menu="home", language="en", trail=("language", "main"), info="care")
        caller = Talk(Troubles(stops=[Stop(delay=0.05, lingers=True)]))
        caller.channel.play("en/ivrd/care-more")
        await asyncio.sleep(old_prompt_at)
        caller.begin(visit).press([(20.0, "0")])
        await caller.task
        assert not caller.channel.played[0].whole
        assert caller.heard[:3] == ["en/ivrd/care-info", "en/ivrd/care-more", "en/ivrd/info-again"]
        assert "ANSWER" not in caller.channel.executed

    run(body())
