"""Callers whom nobody understands who is there: told so, and offered what there is."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import callback_menu as m
from ivrd.core import dialogue, dialogue_steps, menu
from ivrd.core.callback_menu import At, OfferVisit
from ivrd.core.commands import AtOffer, Command, Say, Speak, ToPerson
from ivrd.core.inputs import Input, Key, NoInput, PromptsPlayed
from ivrd.core.menu import Visit
from ivrd.core.menu_step import StepKind
from ivrd.core.menu_tree import ToMenu, Tree
from ivrd.core.situation import AnyVisit, Situation
from ivrd.core.skills import SkillRouting, Skills, divide
from tests.asterisk.talk import TREE as TWO

LANGUAGES = ("th", "en", "my")
QUEUE_OF = TWO.routing.queue_of
QUEUES = frozenset(QUEUE_OF.values())


def people(*languages: str) -> Skills:
    return Skills(QUEUES, None, frozenset(languages), declared=True)


def routing(*staff: Skills) -> SkillRouting:
    return divide(QUEUE_OF, "q-other", LANGUAGES, ("th", "en"), "th", staff)


def tree(by: SkillRouting) -> Tree:
    language = TWO.menus["language"]
    keys = {**language.keys, "3": ToMenu("main", "my")}
    menus = {**TWO.menus, "language": replace(language, keys=keys)}
    return replace(TWO, languages=LANGUAGES, menus=menus, routing=by)


ALL = tree(routing(people("th"), people("en"), people("my")))
NOBODY_EVER = tree(routing(people("th"), people("en")))
NOT_DIVIDED = replace(ALL, routing=SkillRouting(QUEUE_OF, "q-other"))


def now(*staffed: str, callback: bool = False) -> Situation:
    """`staffed`: the languages of the people who are there."""
    return Situation(
        frozenset(),
        None,
        lambda _queue: callback,
        tuple,
        lambda: False,
        link=False,
        intake=False,
        day=date.today,
        staffed=lambda queue: queue.rpartition(".")[2] in staffed,
        callback=lambda: callback,
    )


def walk(
    of: Tree, situation: Situation, *inputs: Input, visit: AnyVisit | None = None
) -> tuple[AnyVisit, list[Command]]:
    visit, commands = menu.enter(of) if visit is None else (visit, ())
    for one in inputs:
        visit, commands = dialogue.step(of, visit, one, situation)
    return visit, list(commands)


def said(commands: list[Command]) -> list[tuple[str, str]]:
    return [of for command in commands if isinstance(command, Say) for of in command.prompts]


ASKS = (Key("3"), Key("2"))  # in Burmese, for vaccines


def test_who_is_understood_goes_on_as_ever() -> None:
    _, commands = walk(ALL, now("my"), *ASKS)
    assert commands == [ToPerson("q-vaccine.my", "vaccine")]


def test_where_everybody_is_taken_to_speak_all_languages_nobody_is_told() -> None:
    _, commands = walk(NOT_DIVIDED, now(), *ASKS)
    assert commands == [ToPerson("q-vaccine", "vaccine")]


def test_callers_in_the_fallback_language_wait_for_their_people_as_ever() -> None:
    _, commands = walk(ALL, now(), Key("1"), Key("2"))
    assert commands == [ToPerson("q-vaccine.th", "vaccine")]


def test_all_that_can_be_had_is_offered_in_the_callers_language() -> None:
    visit, commands = walk(ALL, now("th", callback=True), *ASKS)
    assert isinstance(visit, OfferVisit)
    assert commands[0] == AtOffer("vaccine")
    names = ("language-nobody", "language-callback", "language-in-th", "language-wait")
    assert said(commands) == [("my", name) for name in names]
    step = dialogue_steps.step_taken(ALL, Visit("main", "my"), Key("2"), visit)
    assert step is not None
    assert (step.kind, step.language) == (StepKind.UNSTAFFED, "my")


def test_a_call_back_is_one_in_the_callers_language() -> None:
    visit, _ = walk(ALL, now("th", callback=True), *ASKS, Key("1"))
    assert isinstance(visit, OfferVisit)
    assert (visit.at, visit.queue, visit.language) == (At.WHICH, "q-vaccine.my", "my")


def test_who_chooses_thai_is_one_of_the_thai_callers_from_then_on() -> None:
    visit, commands = walk(ALL, now("th"), *ASKS, Key("2"))
    assert commands == [Speak("th"), ToPerson("q-vaccine.th", "vaccine")]
    assert visit.language == "th"


@pytest.mark.parametrize("then", [Key("3"), Key("0"), Key("*"), NoInput()])
def test_who_does_not_choose_waits_for_somebody_who_understands(then: Input) -> None:
    visit, commands = walk(ALL, now("th"), *ASKS, PromptsPlayed(), then)
    assert commands == [ToPerson("q-vaccine.my", "vaccine")]
    assert visit.language == "my"


def test_a_key_for_what_cannot_be_had_is_a_wrong_one() -> None:
    visit, commands = walk(ALL, now("th"), *ASKS, Key("1"))
    assert said(commands)[:2] == [("my", TWO.no_match), ("my", "language-nobody")]
    assert isinstance(visit, OfferVisit)
    assert visit.at is At.LANGUAGE


def test_when_nothing_can_be_had_the_caller_hears_that_nobody_is_there_and_waits() -> None:
    visit, commands = walk(ALL, now(), *ASKS)
    assert commands == [
        Say((("my", "language-nobody"),)),
        ToPerson("q-vaccine.my", "vaccine"),
    ]
    assert visit.over


def test_a_language_of_nobody_has_no_call_back_and_no_wait() -> None:
    visit, commands = walk(NOBODY_EVER, now("th", "en", callback=True), *ASKS)
    assert said(commands) == [("my", "language-nobody"), ("my", "language-in-th")]
    _, commands = walk(NOBODY_EVER, now("th"), Key("2"), visit=visit)
    assert commands == [Speak("th"), ToPerson("q-vaccine.th", "vaccine")]


def test_who_is_interrupted_hears_it_again() -> None:
    visit, commands = walk(ALL, now("th", callback=True), *ASKS)
    assert isinstance(visit, OfferVisit)
    _, again = m.again(visit)
    assert said(list(again)) == said(commands)


@given(
    st.lists(
        st.sampled_from([*(Key(digit) for digit in "0123456789*#"), NoInput(), PromptsPlayed()]),
        max_size=8,
    ),
    st.sets(st.sampled_from(LANGUAGES)),
    st.booleans(),
)
def test_nobody_comes_to_people_of_another_language_who_has_not_chosen_it(
    inputs: list[Input], staffed: set[str], callback: bool
) -> None:
    situation = now(*staffed, callback=callback)
    visit, commands = menu.enter(ALL)
    for one in inputs:
        before = visit
        visit, commands = dialogue.step(ALL, visit, one, situation)
        for command in commands:
            if isinstance(command, ToPerson):
                assert command.queue.endswith(f".{visit.language}")
                changed = visit.language != before.language
                assert not changed or (isinstance(before, OfferVisit) and one == Key("2"))


def test_who_was_offered_a_language_that_a_reload_has_removed_begins_anew() -> None:
    """The key for it would lead nowhere, and its words are said no more."""
    visit, _ = walk(ALL, now("th"), *ASKS)
    assert dialogue.knows(ALL, visit)
    assert not dialogue.knows(replace(ALL, languages=("en", "my")), visit)
    assert not dialogue.knows(replace(ALL, languages=("th", "en")), visit)


def test_who_stands_in_a_menu_in_a_language_that_is_gone_begins_anew() -> None:
    visit, _ = walk(ALL, now("my"), Key("3"))
    assert dialogue.knows(ALL, visit)
    assert not dialogue.knows(replace(ALL, languages=("th", "en")), visit)
