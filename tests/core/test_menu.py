"""The menu: callers who walk about at random, and callers who know the way."""

from dataclasses import replace
from itertools import pairwise
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from ivrd.core import call_events, call_table, menu
from ivrd.core.call import Call, CallState
from ivrd.core.commands import (
    AtClosed,
    AtInfo,
    AtMenu,
    Await,
    Command,
    GoodBye,
    Say,
    Speak,
    ToPerson,
)
from ivrd.core.inputs import Key, NoInput, PromptsPlayed
from ivrd.core.menu import Visit
from ivrd.core.menu_tree import MOST_INTERRUPTIONS, ToInfo, ToMenu, ToTopic, Tree
from tests.core.trees import CHANCE, Walk, heard, miss, places, some_closed, trees, walks

BOOKED: dict[type[Command], call_events.Event] = {
    AtInfo: call_events.PlayedMessage(),
    AtClosed: call_events.Rejected(),
    AtMenu: call_events.ReturnedToMenu(),
}


def said_at(tree: Tree, visit: Visit) -> tuple[tuple[str, str], ...]:
    """What a caller must hear who has just come here."""
    languages: tuple[str, ...] = (visit.language,)
    if visit.closed:
        prompts: tuple[str, ...] = (f"closed-{visit.closed}", "again")
    elif visit.info:
        prompts = (f"{visit.info}-says", f"{visit.info}-explains", "again")
    else:
        prompts = (f"{visit.menu}-says", f"{visit.menu}-asks")
        languages = tree.languages if tree.menus[visit.menu].speak_all else languages
    return tuple((language, prompt) for language in languages for prompt in prompts)


def place(visit: Visit) -> tuple[object, ...]:
    return visit.menu, visit.trail, visit.info, visit.closed


def farewell(leaf: Command) -> str:
    return "connect" if isinstance(leaf, ToPerson) else "goodbye"


def of(kind: type, commands: tuple[Command, ...]) -> list[Command]:
    return [command for command in commands if isinstance(command, kind)]


# Callers who walk about


@given(walks())
def test_a_caller_always_stands_at_a_place_that_is_there(walk: Walk) -> None:
    tree = walk.tree
    for now in (walk.start, *(step.after for step in walk.steps)):
        path = (*now.trail, now.menu)
        assert path[0] == tree.start
        for above, below in pairwise(path):
            led_to = [c.menu for c in tree.menus[above].keys.values() if isinstance(c, ToMenu)]
            assert below in led_to
        assert not now.info or ToInfo(now.info) in tree.menus[now.menu].keys.values()
        assert not (now.info and now.closed)
        assert now.language in tree.languages
        assert now.misses <= tree.retries


@given(walks())
def test_each_step_says_where_the_caller_is_now_or_lets_go(walk: Walk) -> None:
    tree = walk.tree
    for step in walk.steps:
        says = [c.prompts for c in step.commands if isinstance(c, Say)]
        leaves = of(ToPerson, step.commands) + of(GoodBye, step.commands)
        assert len(leaves) == step.after.over
        if isinstance(step.heard, PromptsPlayed):
            assert (step.after, step.commands) == (step.before, (Await(tree.wait_seconds),))
        elif step.after.over:
            assert step.commands[-1] == leaves[0]
            assert says in ([], [((step.before.language, farewell(leaves[0])),)])
            assert (step.after.menu, step.after.trail) == (step.before.menu, step.before.trail)
        else:
            here = said_at(tree, step.after)
            (words,) = says
            assert words[-len(here) :] == here
            missed = step.after.misses > 0
            sorry = "no-input" if isinstance(step.heard, NoInput) else "no-match"
            languages = {language: None for language, _ in here}
            assert words[: -len(here)] == tuple((each, sorry) for each in languages if missed)


@given(walks(), CHANCE)
def test_after_the_end_nothing_happens(walk: Walk, chance: Random) -> None:
    last = replace(walk.end, over=True)
    what = heard(chance, walk.tree, last)
    assert menu.step(walk.tree, last, what, some_closed(chance)) == (last, ())
    assert menu.hand_over(walk.tree, last) == (last, ())


@given(walks())
def test_the_books_take_every_step_and_know_where_the_caller_is(walk: Walk) -> None:
    here = Call("1", 0.0)
    for step in walk.steps:
        for command in step.commands:
            if type(command) in BOOKED:
                here, _ = call_table.step(here, BOOKED[type(command)])
        now = step.after
        expected = (
            CallState.CLOSED if now.closed else CallState.INFO if now.info else CallState.MENU
        )
        assert here.state is expected
        for command in of(AtInfo, step.commands):
            assert command == AtInfo(now.info)
        for command in of(AtClosed, step.commands):
            assert command == AtClosed(now.closed)
        if of(ToPerson, step.commands):
            call_table.step(here, call_events.JoinedQueue(1.0, "red"))


@given(walks())
def test_the_language_changes_with_a_key_that_says_so_and_is_announced(walk: Walk) -> None:
    for step in walk.steps:
        choice = None
        if isinstance(step.heard, Key) and not (step.before.info or step.before.closed):
            choice = walk.tree.menus[step.before.menu].keys.get(step.heard.digit)
        language = choice.language if isinstance(choice, ToMenu) else ""
        assert of(Speak, step.commands) == ([Speak(language)] if language else [])
        assert step.after.language == (language or step.before.language)


@given(walks())
def test_nobody_is_let_go_who_could_have_a_person(walk: Walk) -> None:
    for step in walk.steps:
        for command in of(ToPerson, step.commands):
            assert isinstance(command, ToPerson)
            assert command.queue not in step.closed
        if of(GoodBye, step.commands):
            assert step.before.closed


# Keys that mean the same everywhere


@given(places(), CHANCE)
def test_0_goes_to_a_person_unless_closed(where: tuple[Tree, Visit], chance: Random) -> None:
    (tree, visit), closed = where, some_closed(chance)
    queue = tree.queue_of[tree.operator]
    after, commands = menu.step(tree, visit, Key("0"), closed)
    assert after.over is (queue not in closed)
    if after.over:
        assert commands[-1] == ToPerson(queue, tree.operator)
    else:
        assert after.closed == queue


@given(places(), CHANCE)
def test_star_undoes_the_last_key(where: tuple[Tree, Visit], chance: Random) -> None:
    (tree, visit), closed = where, some_closed(chance)
    if visit.info or visit.closed:  # from any message to the menu, at once
        after, commands = menu.step(tree, visit, Key("*"), closed)
        assert after == replace(visit, info="", closed="", misses=0)
        assert commands == (AtMenu(visit.menu), Say(said_at(tree, after)))
        visit = after
    digit = chance.choice(["0", *tree.menus[visit.menu].keys])
    there, _ = menu.step(tree, visit, Key(digit), closed)
    if there.over:
        return
    back, commands = menu.step(tree, there, Key("*"), closed)
    assert back == replace(visit, language=there.language, misses=0)
    assert commands[-1] == Say(said_at(tree, back))


@given(trees())
def test_star_at_the_top_says_the_first_menu_again(tree: Tree) -> None:
    visit, commands = menu.enter(tree)
    assert (visit.menu, visit.language) == (tree.start, tree.languages[0])
    assert menu.step(tree, replace(visit, misses=tree.retries), Key("*")) == (visit, commands)


@given(trees())
def test_a_message_is_said_once_before_the_first_menu_in_its_languages(tree: Tree) -> None:
    visit, (*_, usual) = menu.enter(tree)
    same, (*_, say) = menu.enter(replace(tree, message=("message",)))
    assert same == visit
    assert isinstance(say, Say)
    assert isinstance(usual, Say)
    spoken = dict.fromkeys(language for language, _prompt in usual.prompts)
    assert say.prompts == (*((language, "message") for language in spoken), *usual.prompts)
    _, commands = menu.step(replace(tree, message=("message",)), visit, Key("*"))
    assert commands == (usual,)


@given(places(), CHANCE)
def test_who_misses_too_often_gets_a_person(where: tuple[Tree, Visit], chance: Random) -> None:
    (tree, visit), closed = where, some_closed(chance)
    stays = visit
    for misses_so_far in range(visit.misses, tree.retries):
        stays, _ = menu.step(tree, stays, miss(chance, tree, stays), closed)
        assert stays == replace(visit, misses=misses_so_far + 1)
        stays, _ = menu.step(tree, stays, PromptsPlayed(), closed)
    after, commands = menu.step(tree, stays, miss(chance, tree, stays), closed)
    queue = tree.queue_of[tree.operator]
    assert after.over is (bool(visit.closed) or queue not in closed)
    if visit.closed:
        assert commands == (Say(((visit.language, "goodbye"),)), GoodBye())
    elif queue in closed:
        assert after.closed == queue
        assert of(AtClosed, commands) == [AtClosed(queue)]
    else:
        assert commands[0] == Say(((visit.language, "connect"),))
        assert commands[-1] == ToPerson(queue, tree.operator)


@given(places(), CHANCE, st.integers(1, 9))
def test_who_was_never_heard_is_spoken_to_and_taken_to_nobody(
    where: tuple[Tree, Visit], chance: Random, silences: int
) -> None:
    (tree, visit), closed = where, some_closed(chance)
    assume(not visit.closed)
    for _ in range(silences):
        visit, commands = menu.step(tree, visit, NoInput(unheard=True), closed)
        (said,) = commands
        assert isinstance(said, Say)
        assert said.prompts[-1] in said_at(tree, visit)
        assert visit.misses <= tree.retries
        visit, _ = menu.step(tree, visit, PromptsPlayed(), closed)
    heard_at_last = visit
    for _ in range(tree.retries + 1):
        heard_at_last, _ = menu.step(tree, heard_at_last, NoInput(), closed)
    assert heard_at_last.over or heard_at_last.closed  # as anybody else who says nothing


# Callers who know the way


@given(trees(), CHANCE)
def test_keys_lead_to_their_leaf_whatever_is_between_them(tree: Tree, chance: Random) -> None:
    """Prompts that end or are cut short, and misses that are not too many, change nothing."""
    visit, _ = menu.enter(tree)
    language = visit.language
    while True:
        for _ in range(chance.randint(0, tree.retries)):
            visit, _ = menu.step(tree, visit, miss(chance, tree, visit))
            for _ in range(chance.randint(0, 2)):
                visit, _ = menu.step(tree, visit, PromptsPlayed())
        digit, choice = chance.choice([*tree.menus[visit.menu].keys.items()])
        before = visit
        visit, commands = menu.step(tree, visit, Key(digit))
        if not isinstance(choice, ToMenu):
            break
        language = choice.language or language
        assert (visit.menu, visit.language) == (choice.menu, language)
        assert visit.misses == 0
    if isinstance(choice, ToTopic):
        assert commands == (ToPerson(tree.queue_of[choice.topic], choice.topic),)
    else:
        assert visit == replace(before, info=choice.info, misses=0)
        assert commands == (AtInfo(choice.info), Say(said_at(tree, visit)))
        again = replace(visit, misses=tree.retries)
        assert menu.step(tree, again, Key("1")) == (visit, (Say(said_at(tree, visit)),))


@given(places(), CHANCE)
def test_a_closed_topic_is_said_and_leaves_every_way_open(
    where: tuple[Tree, Visit], chance: Random
) -> None:
    tree, visit = where
    topics = {"0": tree.operator}
    if not (visit.info or visit.closed):
        keys = tree.menus[visit.menu].keys.items()
        topics |= {digit: c.topic for digit, c in keys if isinstance(c, ToTopic)}
    digit, topic = chance.choice([*topics.items()])
    queue = tree.queue_of[topic]
    at_closed, commands = menu.step(tree, visit, Key(digit), frozenset({queue}))
    words = Say(said_at(tree, at_closed))
    assert at_closed == replace(visit, closed=queue, info="", misses=0)
    back = (AtMenu(visit.menu),) if visit.info or visit.closed else ()
    assert commands == (*back, AtClosed(queue), words)
    # The queue may open meanwhile: the message stays what it is until the caller moves on.
    closed = some_closed(chance)
    assert menu.step(tree, at_closed, Key("1"), closed) == (at_closed, (words,))
    there, _ = menu.step(tree, at_closed, Key("*"), closed)
    assert there == replace(visit, info="", closed="", misses=0)
    person, _ = menu.step(tree, at_closed, Key("0"), closed - {tree.queue_of[tree.operator]})
    assert person.over


# When ivrd stops, or finds its callers again


@given(places())
def test_a_caller_can_be_handed_over_from_anywhere(where: tuple[Tree, Visit]) -> None:
    tree, visit = where
    after, commands = menu.hand_over(tree, visit)
    assert after == replace(visit, over=True, topic=tree.operator)
    person = ToPerson(tree.queue_of[tree.operator], tree.operator)
    assert commands == (Say(((visit.language, "connect"),)), person)


@given(walks())
def test_an_interrupted_visit_goes_on_even_if_it_was_about_to_end(walk: Walk) -> None:
    visit, commands = menu.again(walk.tree, walk.end)
    last = walk.steps[-1].commands if walk.end.over else ()
    chosen = [command for command in last if isinstance(command, ToPerson)]
    if chosen:  # whoever has chosen already goes to that person, and chooses nothing again
        assert commands == tuple(chosen)
        assert visit == walk.end
    else:
        assert visit == replace(walk.end, over=False, interruptions=1)
        assert commands == (Say(said_at(walk.tree, visit)),)


@given(places(), CHANCE)
def test_whoever_is_interrupted_again_and_again_comes_to_a_person(
    where: tuple[Tree, Visit], chance: Random
) -> None:
    """One who fails every few seconds would tell the same caller the same words for ever."""
    tree, visit = where
    for _ in range(MOST_INTERRUPTIONS):
        visit, commands = menu.again(tree, visit)
        assert commands == (Say(said_at(tree, visit)),)
        visit, _ = menu.step(tree, visit, PromptsPlayed())
    pressed, _ = menu.step(tree, visit, Key(chance.choice("123456789*#")))
    assert pressed.interruptions == 0  # the caller has said something: that begins anew
    before = visit
    visit, commands = menu.again(tree, visit)
    if before.closed:  # there is nobody to go to
        assert commands == (Say(said_at(tree, visit)),)
    else:
        assert isinstance(commands[-1], ToPerson)
        assert commands[-1].topic == tree.operator
