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

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from ivrd.core.cases import AtCase
from ivrd.core.commands import (
    AtClosed,
    AtInfo,
    AtMenu,
    Await,
    Command,
    GoodBye,
    Say,
    SendLink,
    Speak,
    ToPerson,
    say,
)
from ivrd.core.inputs import (
    AGAIN_KEY,
    BACK_KEY,
    PERSON_KEY,
    Answer,
    Input,
    Key,
    NoInput,
    PromptsPlayed,
)
from ivrd.core.intake import BeginIntake
from ivrd.core.menu_tree import (
    MOST_INTERRUPTIONS,
    Choice,
    ToCase,
    ToInfo,
    ToIntake,
    ToLink,
    ToMenu,
    ToTopic,
    Tree,
)

# A prompt id; its texts are in config/default_prompts.yaml of the package.
CHALLENGE = "challenge"


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
    """Whether the tree still has every menu, message and topic of the visit, and its language."""
    if visit.language not in tree.languages:
        return False
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
        case PromptsPlayed() | Answer():
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
        case Answer():
            return visit, ()  # no key here asks for it
        case _:
            assert_never(received)


def hand_over(tree: Tree, visit: Visit) -> Result:
    """End the visit with a person, whatever the caller was doing (ivrd is stopping)."""
    topic = tree.operator
    if visit.over:
        return visit, ()
    connect = say(visit.language, tree.connect)
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
        bye = say(visit.language, tree.goodbye)
        return replace(visit, over=True), (bye, GoodBye())
    return _to_operator(tree, visit, closed)


def _to_operator(tree: Tree, visit: Visit, closed: frozenset[str]) -> Result:
    """To a person who was not asked for, and who is announced."""
    after, commands = to_topic(tree, visit, tree.operator, closed)
    if after.over:
        commands = (say(visit.language, tree.connect), *commands)
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
