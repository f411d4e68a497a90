"""Prompts that end: what callers hear in their place, and that nobody hears silence."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from hypothesis import given

from ivrd.core import menu
from ivrd.core.commands import AtInfo, AtMenu, Command, Say, Speak, ToPerson
from ivrd.core.inputs import Key, NoInput, PromptsPlayed
from ivrd.core.menu import Visit
from ivrd.core.menu_tree import ToInfo, ToMenu, Tree
from ivrd.core.validity import NOTHING, PERSON, Validity, tree_on
from tests.asterisk.talk import TREE
from tests.core.trees import CHANCE, Walk, walks

LAST_DAY = date(2027, 3, 31)
AFTER = LAST_DAY + timedelta(days=1)


def ended(day: date = AFTER, **then: str) -> Tree:
    """The menus of a day, some of whose prompts are spoken no longer than `LAST_DAY`."""
    names = {name.replace("_", "-"): what for name, what in then.items()}
    return tree_on(TREE, {name: Validity(LAST_DAY, what, "") for name, what in names.items()}, day)


def said(commands: tuple[Command, ...]) -> list[str]:
    return [name for one in commands if isinstance(one, Say) for _language, name in one.prompts]


def test_a_prompt_is_spoken_on_its_last_day_and_not_on_the_next() -> None:
    assert ended(LAST_DAY, care_info=PERSON) is TREE
    assert ended(care_info=PERSON).infos != TREE.infos


def test_another_prompt_comes_in_its_place_and_after_that_has_ended_too_the_next() -> None:
    tree = ended(care_info="care-new", care_new="care-newest", care_more=NOTHING)
    (care,) = [name for name, words in TREE.infos.items() if "care-info" in words]
    assert tree.infos[care] == ("care-newest",)
    assert {name: words for name, words in tree.infos.items() if name != care} == {
        name: words for name, words in TREE.infos.items() if name != care
    }


def test_the_message_of_a_plan_goes_on_without_what_has_ended() -> None:
    tree = replace(TREE, message=("flood", "news"))
    ends = {"flood": Validity(LAST_DAY, NOTHING, ""), "news": Validity(LAST_DAY, "new", "")}
    _visit, commands = menu.enter(tree_on(tree, ends, AFTER))
    assert said(commands) == ["new", "new", "welcome", "welcome"]


def test_whoever_chooses_a_message_that_has_ended_goes_to_a_person_and_has_heard_no_message() -> (
    None
):
    key, where = next(
        (key, of.name)
        for of in TREE.menus.values()
        for key, to in of.keys.items()
        if to == ToInfo("rights")
    )
    tree = ended(rights_info=PERSON)
    visit = Visit(where, "th", trail=(TREE.start,))
    after, commands = menu.step(tree, visit, Key(key))
    assert (after.over, after.topic) == (True, TREE.operator)
    assert said(commands) == [TREE.connect]
    assert isinstance(commands[-1], ToPerson)
    assert not [one for one in commands if isinstance(one, AtInfo)]


def test_whoever_listens_to_a_message_when_it_ends_leaves_it_as_a_caller_of_the_menu() -> None:
    where = next(of.name for of in TREE.menus.values() if ToInfo("rights") in of.keys.values())
    visit = Visit(where, "th", trail=(TREE.start,), info="rights")
    for result in (
        menu.step(ended(rights_info=PERSON), visit, NoInput()),
        menu.again(ended(rights_info=PERSON), visit),
    ):
        after, commands = result
        assert after.over
        assert [type(one) for one in commands] == [Say, AtMenu, ToPerson]


def test_a_first_menu_that_has_ended_leads_all_callers_to_a_person() -> None:
    tree = ended(welcome=PERSON)
    visit, commands = menu.enter(tree)
    assert visit.over
    assert said(commands) == [TREE.connect]
    assert isinstance(commands[-1], ToPerson)


def test_the_language_of_a_number_is_spoken_although_its_menu_has_ended() -> None:
    tree = replace(ended(welcome=PERSON), starts={"1331": ToMenu(TREE.start, "en")})
    visit, commands = menu.enter(tree, "1331")
    assert commands[0] == Speak("en")
    assert visit.over


def test_where_the_operators_queue_is_closed_too_callers_hear_so() -> None:
    queue = TREE.queue_of[TREE.operator]
    tree = replace(ended(welcome=PERSON), closed_prompt={queue: "closed-benefits"})
    visit, commands = menu.enter(tree, closed=frozenset({queue}))
    assert (visit.closed, visit.over) == (queue, False)
    assert said(commands) == ["closed-benefits", TREE.again]


@given(walks(), CHANCE)
def test_nobody_hears_silence_whatever_has_ended(walk: Walk, chance: Random) -> None:
    """Each step says something or lets go, in any menus, whichever prompts lead to a person."""
    names = [name for of in walk.tree.menus.values() for name in of.prompts]
    names += [name for words in walk.tree.infos.values() for name in words]
    gone = chance.sample(names, chance.randint(0, len(names)))
    tree = tree_on(walk.tree, {name: Validity(LAST_DAY, PERSON, "") for name in gone}, AFTER)
    for step in walk.steps:
        after, commands = menu.step(tree, step.before, step.heard, frozenset())
        if step.before.over or isinstance(step.heard, PromptsPlayed):
            continue
        assert after.over or said(commands)
        assert not set(said(commands)) & set(gone)
