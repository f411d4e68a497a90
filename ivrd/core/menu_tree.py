"""The menus as they are configured: what each says, where its keys lead, and what all share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivrd.core.cases import CaseTable
from ivrd.core.intake import Form
from ivrd.core.menu_mode import MenuMode
from ivrd.core.skills import SkillRouting

MOST_INTERRUPTIONS = 2  # of ours, at one menu or message, until a person takes over


@dataclass(frozen=True)
class ToMenu:
    """Go on to another menu, changing the language if one is given."""

    menu: str
    language: str = ""


@dataclass(frozen=True)
class ToInfo:
    """Play a message."""

    info: str


@dataclass(frozen=True)
class ToTopic:
    """Go to a person who knows this topic."""

    topic: str


@dataclass(frozen=True)
class ToLink:
    """Send the caller a link; to a person who knows `topic` where that cannot be.

    prompt: says so, while a link can be had; empty: nothing does.
    """

    topic: str
    prompt: str


@dataclass(frozen=True)
class ToIntake:
    """Let the caller register by keys; to a person who knows `topic` where that cannot be.

    prompt: says so, while it can be.
    """

    topic: str
    prompt: str


@dataclass(frozen=True)
class ToCase:
    """Ask for the state of a case; to a person who knows `topic` where that cannot be told."""

    topic: str


Choice = ToMenu | ToInfo | ToTopic | ToLink | ToIntake | ToCase


@dataclass(frozen=True)
class Menu:
    """One menu: what it says (prompt ids) and where each key leads."""

    name: str
    prompts: tuple[str, ...]
    keys: Mapping[str, Choice]
    speak_all: bool = False  # in every language, for the menu in which a language is chosen


@dataclass(frozen=True)
class Tree:
    """All menus and messages, and what every menu shares.

    `starts`: where callers of each number of the hotline begin; others at `start`.
    `routing`: where callers wait.  `closed_prompt` maps a queue to what its callers hear when it is
    closed.  `retries`: how often a caller may miss before a person takes over.
    `queue_menu_key`: opens the menu that there is while waiting (queue_menu.py); empty: none does.
    `message`: prompts that are said once, before the first menu.  `intake`: what those are asked
    who register by keys.  `cases`: what callers can ask about a case; None: nothing.
    `red_flags`: topics whose callers go to a person, and are offered nothing else before.
    `mode`: what all others are offered first who ask for one.
    """

    start: str
    starts: Mapping[str, ToMenu]
    operator: str
    menus: Mapping[str, Menu]
    infos: Mapping[str, tuple[str, ...]]
    routing: SkillRouting
    closed_prompt: Mapping[str, str]
    languages: tuple[str, ...]
    wait_seconds: float
    retries: int
    no_input: str
    no_match: str
    connect: str
    again: str
    goodbye: str
    queue_menu_key: str = ""
    message: tuple[str, ...] = ()
    intake: Form | None = None
    cases: CaseTable | None = None
    red_flags: frozenset[str] = frozenset()
    mode: MenuMode = MenuMode.FULL

    @property
    def queue_of(self) -> Mapping[str, str]:
        """Maps a topic to its queue."""
        return self.routing.queue_of

    @property
    def intake_topics(self) -> frozenset[str]:
        """The topics for which callers may register by keys."""
        return frozenset(to.topic for to in self._choices() if isinstance(to, ToIntake))

    @property
    def case_topics(self) -> frozenset[str]:
        """The topics for which callers may ask for the state of a case."""
        return frozenset(to.topic for to in self._choices() if isinstance(to, ToCase))

    def _choices(self) -> Iterator[Choice]:
        return (to for menu in self.menus.values() for to in menu.keys.values())
