"""A caller on a fake channel, a small menu tree, and what is to be expected of the two."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from hypothesis import strategies as st

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.conversation import Conversation
from ivrd.asterisk.conversation_settings import ConversationSettings
from ivrd.core import menu
from ivrd.core.commands import AtClosed, AtInfo, AtMenu, Command, GoodBye, Say, Speak, ToPerson
from ivrd.core.inputs import Input, Key, NoInput
from ivrd.core.menu_step import MenuStep
from ivrd.core.menu_tree import Menu, ToInfo, ToMenu, ToTopic, Tree
from ivrd.core.queue_menu import Waits
from ivrd.core.situation import AnyVisit
from ivrd.core.skills import SkillRouting
from ivrd.core.slots import Slot
from tests.asterisk.fake_channel import PATH, FakeChannel, Stop, Troubles, whole

TREE = Tree(
    start="language",
    starts={},
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
    routing=SkillRouting(
        {
            "other": "q-other",
            "vaccine": "q-vaccine",
            "register": "q-home",
            "hospital": "q-benefits",
        },
        "q-other",
    ),
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
    *("challenge", "welcome", "main-menu", "home-menu", "rights-info", "care-info", "care-more"),
    *("closed-benefits", "no-input", "no-match", "connect", "info-again", "goodbye"),
    *("queue-menu-place", "queue-menu-callback", "queue-menu-wait"),
    *("queue-before", "queue-after", "queue-next", *(f"number-{n}" for n in range(10))),
    *("callback-booking", "callback-booked", "callback-not-now", "callback-which"),
    *("callback-number", "callback-read-back", "callback-right", "digits-right"),
    *("case-citizen", "case-read-back", "case-year", "case-looking"),
    *("intake-citizen-number", "intake-citizen-read-back", "intake-day", "intake-day-read-back"),
)
PROMPT_SECONDS = 3.0
SECONDS = {(lang, prompt): PROMPT_SECONDS for lang in TREE.languages for prompt in PROMPTS}
LEASE = 5.0
SILENT = 30.0
SCRIPT = ConversationSettings(
    tree=TREE,
    today=lambda: TREE,
    length=SECONDS.get,
    label={"other": "เรื่องอื่น", "vaccine": "วัคซีน", "register": "ลงทะเบียน", "hospital": "ย้าย"},
    lease_seconds=LEASE,
    silent_seconds=SILENT,
    closed=lambda: frozenset({"q-benefits"}),
    day=lambda: date(2022, 3, 5),
)
# What is for the ledger; the rest is between the conversation and its caller.
TOLD = (Speak, AtInfo, AtClosed, AtMenu, ToPerson, GoodBye)


class Talk:
    """A conversation on a fake channel, and what it told."""

    def __init__(
        self,
        troubles: Troubles | None = None,
        script: ConversationSettings = SCRIPT,
        queue_language: Callable[[str, str], str] = lambda _queue, language: language,
    ) -> None:
        self.channel = FakeChannel(SECONDS, troubles)
        self.told: list[Command] = []
        self.steps: list[MenuStep] = []
        self.script = script  # a reload puts another one here
        self.place: dict[str, str] = {}  # of who has waited before
        self.waits: Waits | None = None
        self.offers = False
        self.flooded = False
        self.unstaffed: set[str] = set()
        self.slots: tuple[Slot, ...] = ()
        self.link = self.intake = False
        self.conversation = Conversation(
            lambda: self.script,
            self.channel.session,
            self.told.append,
            self.steps.append,
            lambda: self.place,
            lambda: self.waits,
            lambda _queue: self.offers,
            lambda: self.slots,
            lambda: self.link,
            lambda: self.intake,
            queue_language,
            lambda: self.flooded,
            lambda queue: queue not in self.unstaffed,
            lambda: self.offers,
        )
        self.task = asyncio.ensure_future(asyncio.sleep(0))

    def begin(self, resume: AnyVisit | None = None, *, challenged: bool = False) -> "Talk":
        self.flooded = challenged
        runs = self.conversation.run(resume, challenged=challenged)
        self.task = asyncio.ensure_future(runs)
        return self

    def press(self, keys: Iterable[tuple[float, str]]) -> None:
        for at, digit in keys:
            asyncio.get_running_loop().call_at(at, self.conversation.press, digit)

    @property
    def for_ledger(self) -> list[Command]:
        """What of it is for the ledger."""
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
    """By core.menu: what the ledger gets of these keys and silence after them, and what is said
    from the last key on.
    """
    visit, commands = menu.enter(TREE)
    told: list[Command] = []
    spoken = _prompts(commands)
    all_heard: list[Input] = [*map(Key, digits), *[NoInput()] * 9]
    for heard in all_heard:
        if visit.over:
            break
        visit, commands = menu.step(TREE, visit, heard, SCRIPT.closed())
        told += [command for command in commands if isinstance(command, TOLD)]
        spoken = [*spoken, *_prompts(commands)] if heard == NoInput() else _prompts(commands)
    return told, spoken


def _prompts(commands: Iterable[Command]) -> list[str]:
    return [PATH.format(*prompt) for c in commands if isinstance(c, Say) for prompt in c.prompts]


def way_out(queue: str, topic: str) -> list[str]:
    return [
        f'SET VARIABLE {dialplan_names.QUEUE} "{queue}"',
        f'SET VARIABLE {dialplan_names.TOPIC} "{topic}"',
        f'SET VARIABLE CALLERID(name) "{SCRIPT.label[topic]}"',
        "ASYNCAGI BREAK",
    ]


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
