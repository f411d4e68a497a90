"""What the log is told of callers in menus: what leads somewhere, and no digit that does not."""

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import menu
from ivrd.core.inputs import Input, Key, NoInput, PromptsPlayed
from ivrd.core.menu import Visit
from ivrd.core.menu_step import MenuStep, StepKind, leads, menu_step
from ivrd.core.menu_tree import Tree
from tests.asterisk.talk import TREE
from tests.core.trees import PHONE_KEYS, trees

INPUTS = st.lists(st.sampled_from([*map(Key, PHONE_KEYS), NoInput(), PromptsPlayed()]), max_size=40)


def walked(tree: Tree, *inputs: Input, closed: frozenset[str] = frozenset()) -> list[MenuStep]:
    """The steps of one caller who begins anew."""
    visit, _ = menu.enter(tree)
    steps = []
    for received in inputs:
        before = visit
        visit, _ = menu.step(tree, before, received, closed)
        steps.append(menu_step(tree, before, received, visit))
    return [step for step in steps if step]


def test_a_way_through_the_menus() -> None:
    kinds = StepKind
    assert walked(TREE, Key("2"), PromptsPlayed()) == [MenuStep(kinds.MENU, "main", "en", "2")]
    steps = walked(TREE, *map(Key, "27312*"), NoInput(), *map(Key, "*11"))
    assert steps == [
        MenuStep(kinds.MENU, "main", "en", "2"),
        MenuStep(kinds.WRONG_KEY, "main"),
        MenuStep(kinds.MESSAGE, "rights", "en", "3"),
        MenuStep(kinds.MESSAGE, "rights", "en", "1"),  # once more
        MenuStep(kinds.WRONG_KEY, "rights"),
        MenuStep(kinds.MENU, "main", "en", "*"),
        MenuStep(kinds.NO_KEY, "main"),
        MenuStep(kinds.MENU, "language", "en", "*"),
        MenuStep(kinds.MENU, "main", "th", "1"),
        MenuStep(kinds.MENU, "home", "th", "1"),
    ]


def test_a_closed_topic_and_who_says_nothing() -> None:
    closed = frozenset({"q-benefits"})
    silence = [NoInput()] * (TREE.retries + 1)
    steps = walked(TREE, *map(Key, "14"), *silence, closed=closed)
    assert [step.kind for step in steps] == [
        StepKind.MENU,
        StepKind.CLOSED,
        *[StepKind.NO_KEY] * TREE.retries,
        StepKind.GOODBYE,
    ]
    assert walked(TREE, *silence)[-1] == MenuStep(StepKind.PERSON, "other", "th")
    assert walked(TREE, Key("0")) == [MenuStep(StepKind.PERSON, "other", "th", "0")]
    assert walked(TREE, Key("7"), Key("8"), Key("9"))[-1] == MenuStep(
        StepKind.PERSON, "other", "th"
    )


@given(trees(), INPUTS, st.booleans())
def test_every_change_is_told_and_no_key_that_leads_nowhere(
    tree: Tree, inputs: list[Input], all_closed: bool
) -> None:
    closed = frozenset(tree.queue_of.values()) if all_closed else frozenset()
    visit, _ = menu.enter(tree)
    for received in inputs:
        before = visit
        visit, _ = menu.step(tree, before, received, closed)
        step = menu_step(tree, before, received, visit)
        if place(visit) != place(before):
            assert step is not None
        if step is not None:
            assert not step.key or leads(tree, before, Key(step.key))
            assert not step.key or received == Key(step.key)
            assert step.to in ("", visit.topic, visit.closed, visit.info, visit.menu)
        if isinstance(received, PromptsPlayed) or before.over:
            assert step is None


def place(visit: Visit) -> tuple[object, ...]:
    return visit.menu, visit.info, visit.closed, visit.topic, visit.over, visit.language
