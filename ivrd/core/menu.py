"""The menu as a pure machine: a key, a silence or a prompt's end comes in, commands go out.

Theory of operation
-------------------
A `Visit` is where one caller stands in the `Tree`.  `enter` begins it; `step` takes one `Input`
at a time and returns the next visit with the commands for the one who speaks (ivrd/asterisk).
A key always acts at once on the menu or message where the caller is, whether a prompt is playing
or not: so a caller who types ahead loses no key, and there is no buffer that could lose one.

Two keys mean the same everywhere: 0 goes to a person, * goes back.  Whoever says nothing or
presses wrong keys too often goes to a person as well; nobody is cut off, except after a closed
message that was said again and again.  Only a phone from which nothing has come at all is taken to
nobody: a person could not hear it.  It is spoken to until its line is given up (`NoInput.unheard`).

A menu or message without prompts is one whose words are out of date (validity.py): whoever comes
there goes to a person.

While there are too many calls (challenge.py) a visit begins with a challenge: any key leads on, and
so does the end of the flood.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from ivrd.core.book_result import BookResult
from ivrd.core.cases import AtCase, CaseAnswer, CaseTable, LookUp
from ivrd.core.intake import BeginIntake, Form, IntakeCommand, TicketAnswer
from ivrd.core.menu_mode import MenuMode
from ivrd.core.skills import SkillRouting

MOST_INTERRUPTIONS = 2  # of ours, at one menu or message, until a person takes over
PERSON_KEY = "0"
BACK_KEY = "*"
AGAIN_KEY = "1"
# A prompt id; its texts are in config/default_prompts.yaml of the package.
CHALLENGE = "challenge"


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
        choices = (to for menu in self.menus.values() for to in menu.keys.values())
        return frozenset(to.topic for to in choices if isinstance(to, ToIntake))


@dataclass(frozen=True)
class Visit:
    """Where a caller stands: in a menu, at a message, or at a closed queue's message."""

    menu: str  # the menu the caller is in, or came from
    language: str
    trail: tuple[str, ...] = ()  # the menus above, the first one first
    info: str = ""  # the message the caller listens to
    closed: str = ""  # the closed queue whose message the caller listens to
    misses: int = 0
    over: bool = False
    topic: str = ""  # chosen: the caller is on the way to a person who knows it
    interruptions: int = 0  # how often we fell silent since the last key
    challenged: bool = False  # asked for a key before anything else
    link: bool = False  # a link can be had now
    intake: bool = False  # the caller can register by keys now


@dataclass(frozen=True)
class Key:
    """The caller pressed a key."""

    digit: str


@dataclass(frozen=True)
class PromptsPlayed:
    """All that was to be said has been said."""


@dataclass(frozen=True)
class NoInput:
    """The caller pressed nothing in the time given.

    `unheard`: nor has anything else come from the phone in this call, not even silence.
    """

    unheard: bool = False


@dataclass(frozen=True)
class BookAnswer:
    """What came of `Book`."""

    result: BookResult


@dataclass(frozen=True)
class LinkAnswer:
    """What came of `SendLink`: whether the message was accepted."""

    sent: bool


Input = Key | PromptsPlayed | NoInput | BookAnswer | LinkAnswer | TicketAnswer | CaseAnswer


@dataclass(frozen=True)
class Say:
    """Say these (language, prompt id) pairs, in place of anything that is being said."""

    prompts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Await:
    """Wait this many seconds for a key, then report `NoInput`."""

    seconds: float


@dataclass(frozen=True)
class Speak:
    """From now on speak this language, in the queue as well."""

    language: str


@dataclass(frozen=True)
class AtInfo:
    """The caller reached a message: hanging up here is self-served."""

    info: str


@dataclass(frozen=True)
class AtClosed:
    """The caller hears that this queue is closed."""

    queue: str


@dataclass(frozen=True)
class AtMenu:
    """The caller is back in a menu."""

    menu: str


@dataclass(frozen=True)
class ToPerson:
    """Send the caller to the queue (its name in Asterisk), once all has been said."""

    queue: str
    topic: str


@dataclass(frozen=True)
class GoodBye:
    """Hang up, once what is being said has been said."""


@dataclass(frozen=True)
class AtOffer:
    """A call back is offered to the caller, who has chosen this topic."""

    topic: str


@dataclass(frozen=True)
class Book:
    """Have the caller called back; then report `BookAnswer`.

    number: as it was keyed in; empty: the one that the call comes from.  not_before: when the time
    slot begins that was chosen; 0: as soon as the turn comes.
    """

    number: str = field(default="", repr=False)  # it belongs in no log
    not_before: float = 0.0


@dataclass(frozen=True)
class AtBooked:
    """A call back is written down, and the caller is about to hear so."""


@dataclass(frozen=True)
class SendLink:
    """Send the caller, who has chosen this topic, a link; then report `LinkAnswer`."""

    topic: str


@dataclass(frozen=True)
class AtDeflected:
    """The message with the link was accepted, and the caller is about to hear so."""


@dataclass(frozen=True)
class BackToQueue:
    """Send a caller who waits back to the queue, once what is being said has been said."""


Command = (
    Say
    | Await
    | Speak
    | AtInfo
    | AtClosed
    | AtMenu
    | ToPerson
    | GoodBye
    | AtOffer
    | Book
    | AtBooked
    | SendLink
    | AtDeflected
    | AtCase
    | LookUp
    | BackToQueue
    | IntakeCommand
)
Result = tuple[Visit, tuple[Command, ...]]


def enter(
    tree: Tree,
    number: str = "",
    closed: frozenset[str] = frozenset(),
    *,
    challenged: bool = False,
    link: bool = False,
    intake: bool = False,
) -> Result:
    """Begin a visit as callers of this number do; at the first menu if it is not known.

    link, intake: whether a link can be had, and whether the caller can register by keys.
    """
    start = tree.starts.get(number, ToMenu(tree.start))
    language = start.language or tree.languages[0]
    visit = Visit(
        menu=start.menu, language=language, challenged=challenged, link=link, intake=intake
    )
    spoken = (Speak(start.language),) if start.language else ()
    return _or_person(tree, visit, (visit, (*spoken, _greeting(tree, visit))), closed)


def _greeting(tree: Tree, visit: Visit) -> Say:
    """What is said first where the visit begins: before the menu the message of a plan, if any."""
    message = () if visit.challenged else tree.message
    before = [(language, prompt) for language in _spoken_in(tree, visit) for prompt in message]
    return Say((*before, *_words(tree, visit)))


def again(tree: Tree, visit: Visit, closed: frozenset[str] = frozenset()) -> Result:
    """Go on with a visit that was interrupted: to the person, or repeat the prompts.

    Whoever was interrupted there too often goes to a person as well: an ivrd that fails again and
    again would repeat the same words to the same caller for ever.
    """
    if visit.topic:
        return visit, (_to_person(tree, visit, visit.topic),)
    after = replace(visit, over=False, interruptions=visit.interruptions + 1)
    if after.interruptions > MOST_INTERRUPTIONS and not visit.closed:
        return _to_operator(tree, after, closed)
    return _or_person(tree, visit, (after, (_say_prompts(tree, after),)), closed)


def back_in(tree: Tree, visit: Visit, closed: frozenset[str]) -> Result:
    """Back in a menu from which a caller had gone on to something else."""
    here = replace(visit, misses=0)
    return _or_person(tree, visit, (here, (_say_prompts(tree, here),)), closed)


def knows(tree: Tree, visit: Visit) -> bool:
    """Whether the tree still has every menu, message and topic of the visit."""
    menus = {visit.menu, *visit.trail} <= tree.menus.keys()
    message = not visit.info or visit.info in tree.infos
    topic = not visit.topic or visit.topic in tree.queue_of
    return menus and message and topic and (not visit.closed or visit.closed in tree.closed_prompt)


def step(
    tree: Tree,
    visit: Visit,
    received: Input,
    closed: frozenset[str] = frozenset(),
    flooded: Callable[[], bool] = lambda: False,
) -> Result:
    """One step.  After the end nothing happens.

    closed: the queues that are closed now; flooded: asked whether there are still too many calls.
    """
    if visit.over:
        return visit, ()
    if visit.challenged:
        result = _challenge(tree, visit, received, closed, flooded)
    else:
        result = _step(tree, visit, received, closed)
    return _or_person(tree, visit, result, closed)


def _challenge(
    tree: Tree,
    visit: Visit,
    received: Input,
    closed: frozenset[str],
    flooded: Callable[[], bool],
) -> Result:
    """Until a key comes, or there are not too many calls any more."""
    on = replace(visit, challenged=False, interruptions=0)
    match received:
        case Key(digit) if digit == PERSON_KEY:
            return _press(tree, on, digit, closed)
        case Key():
            return on, (_greeting(tree, on),)
        case NoInput():
            after = visit if flooded() else on
            return after, (_greeting(tree, after),)
        case PromptsPlayed() | BookAnswer() | LinkAnswer() | TicketAnswer() | CaseAnswer():
            return _step(tree, visit, received, closed)
        case _:
            assert_never(received)


def _step(tree: Tree, visit: Visit, received: Input, closed: frozenset[str]) -> Result:
    match received:
        case PromptsPlayed():
            return visit, (Await(tree.wait_seconds),)
        case NoInput(unheard):
            return _miss(tree, visit, tree.no_input, closed, unheard)
        case Key(digit):
            return _press(tree, replace(visit, interruptions=0), digit, closed)
        case BookAnswer() | LinkAnswer() | TicketAnswer() | CaseAnswer():
            return visit, ()  # no key here asks for it
        case _:
            assert_never(received)


def hand_over(tree: Tree, visit: Visit) -> Result:
    """End the visit with a person, whatever the caller was doing (ivrd is stopping)."""
    topic = tree.operator
    if visit.over:
        return visit, ()
    connect = Say(((visit.language, tree.connect),))
    after = replace(visit, over=True, topic=topic, challenged=False)
    return after, (connect, _to_person(tree, visit, topic))


def _to_person(tree: Tree, visit: Visit, topic: str) -> ToPerson:
    """Where people wait who know the topic, and the caller's language."""
    return ToPerson(tree.routing.queue_for(topic, visit.language), topic)


def _press(tree: Tree, visit: Visit, digit: str, closed: frozenset[str]) -> Result:
    if digit == PERSON_KEY:
        return _choose(tree, visit, ToTopic(tree.operator), closed)
    if digit == BACK_KEY:
        return _back(tree, visit)
    if visit.info or visit.closed:
        if digit == AGAIN_KEY:
            after = replace(visit, misses=0)
            return after, (_say_prompts(tree, after),)
        return _miss(tree, visit, tree.no_match, closed)
    choice = tree.menus[visit.menu].keys.get(digit)
    if choice is None:
        return _miss(tree, visit, tree.no_match, closed)
    return _choose(tree, visit, choice, closed)


def _choose(tree: Tree, visit: Visit, choice: Choice, closed: frozenset[str]) -> Result:
    match choice:
        case ToTopic(topic):
            return to_topic(tree, visit, topic, closed)
        case ToInfo(info):
            after = replace(visit, info=info, closed="", misses=0)
            return after, (AtInfo(info), _say_prompts(tree, after))
        case ToMenu():
            return _to_menu(tree, visit, choice)
        case ToLink(topic):
            return replace(visit, misses=0), (SendLink(topic),)
        case ToIntake(topic) if visit.intake:
            return replace(visit, misses=0), (BeginIntake(topic),)
        case ToIntake(topic):
            return to_topic(tree, visit, topic, closed)
        case ToCase(topic):
            return replace(visit, misses=0), (AtCase(topic),)
        case _:
            assert_never(choice)


def _to_menu(tree: Tree, visit: Visit, choice: ToMenu) -> Result:
    language = choice.language or visit.language
    after = replace(
        visit,
        menu=choice.menu,
        language=language,
        trail=(*visit.trail, visit.menu),
        misses=0,
    )
    spoken = (Speak(language),) if choice.language else ()
    return after, (*spoken, _say_prompts(tree, after))


def to_topic(tree: Tree, visit: Visit, topic: str, closed: frozenset[str]) -> Result:
    """On to a person who knows the topic, or to be told that it is closed."""
    queue = tree.queue_of[topic]
    if queue in closed:
        after = replace(visit, closed=queue, info="", misses=0, challenged=False)
        return after, (*_leave_message(visit), AtClosed(queue), _say_prompts(tree, after))
    after = replace(visit, info="", closed="", over=True, topic=topic, challenged=False)
    return after, (*_leave_message(visit), _to_person(tree, visit, topic))


def _back(tree: Tree, visit: Visit) -> Result:
    if visit.info or visit.closed:
        after = replace(visit, info="", closed="", misses=0)
    elif visit.trail:
        after = replace(visit, menu=visit.trail[-1], trail=visit.trail[:-1], misses=0)
    else:
        after = replace(visit, misses=0)
    return after, (*_leave_message(visit), _say_prompts(tree, after))


def _miss(
    tree: Tree, visit: Visit, prompt: str, closed: frozenset[str], unheard: bool = False
) -> Result:
    """Say what was wrong and repeat the prompts; too often, and a person takes over."""
    misses = visit.misses + 1
    if misses <= tree.retries or (unheard and not visit.closed):
        after = replace(visit, misses=min(misses, tree.retries))
        sorry = tuple((language, prompt) for language in _spoken_in(tree, after))
        return after, (Say((*sorry, *_words(tree, after))),)
    if visit.closed:
        bye = Say(((visit.language, tree.goodbye),))
        return replace(visit, over=True), (bye, GoodBye())
    return _to_operator(tree, visit, closed)


def _to_operator(tree: Tree, visit: Visit, closed: frozenset[str]) -> Result:
    """To a person who was not asked for, and who is announced."""
    after, commands = to_topic(tree, visit, tree.operator, closed)
    if after.over:
        commands = (Say(((visit.language, tree.connect),)), *commands)
    return after, commands


def _or_person(tree: Tree, before: Visit, result: Result, closed: frozenset[str]) -> Result:
    """A step's result; if it leads to where nothing may be said any more, a person instead."""
    visit, commands = result
    if visit.over or visit.closed or _prompts(tree, visit):
        return result
    here = replace(visit, info=before.info, closed=before.closed)  # what was heard until now
    after, more = _to_operator(tree, here, closed)
    return after, (*(command for command in commands if isinstance(command, Speak)), *more)


def _leave_message(visit: Visit) -> tuple[Command, ...]:
    return (AtMenu(visit.menu),) if visit.info or visit.closed else ()


def _say_prompts(tree: Tree, visit: Visit) -> Say:
    return Say(_words(tree, visit))


def _words(tree: Tree, visit: Visit) -> tuple[tuple[str, str], ...]:
    prompts = _prompts(tree, visit)
    if visit.closed or visit.info:
        prompts = (*prompts, tree.again)
    return tuple((lang, prompt) for lang in _spoken_in(tree, visit) for prompt in prompts)


def _prompts(tree: Tree, visit: Visit) -> tuple[str, ...]:
    """What is said where the caller is, without what every message has."""
    if visit.challenged:
        return (CHALLENGE,)
    if visit.closed:
        return (tree.closed_prompt[visit.closed],)
    if visit.info:
        return tree.infos[visit.info]
    prompts = tree.menus[visit.menu].prompts
    return (*prompts, *_offers(tree, visit)) if prompts else ()


def _offers(tree: Tree, visit: Visit) -> tuple[str, ...]:
    """What tells the keys for what cannot always be had: a link, to register by keys."""
    can_be_had = {ToLink: visit.link, ToIntake: visit.intake}
    choices = tree.menus[visit.menu].keys.values()
    offers = [of for of in choices if isinstance(of, ToLink | ToIntake)]
    return tuple(of.prompt for of in offers if of.prompt and can_be_had[type(of)])


def _spoken_in(tree: Tree, visit: Visit) -> tuple[str, ...]:
    """The languages spoken where the caller is: all of them where one is chosen."""
    in_message = visit.info or visit.closed
    everyone = not in_message and tree.menus[visit.menu].speak_all
    return tree.languages if everyone else (visit.language,)
