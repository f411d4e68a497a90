"""Whoever asks for the state of a case is told it, or has a person; no digit is shown anywhere."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.th import pin

from ivrd.core import callback_menu, case_menu, dialogue, dialogue_steps, link_menu, menu
from ivrd.core.case_menu import INFO, LOOKING, NOT_TOLD, UNKNOWN, WHICH, At, CaseVisit
from ivrd.core.cases import CaseQuestion, CaseResult, CaseTable, LookUp, western_year
from ivrd.core.commands import (
    AddNote,
    AtClosed,
    AtInfo,
    AtMenu,
    BackToQueue,
    Command,
    GoodBye,
    Say,
    ToPerson,
)
from ivrd.core.digits import RIGHT
from ivrd.core.inputs import CaseAnswer, Input, Key, NoInput, PromptsPlayed
from ivrd.core.menu_mode import MenuMode
from ivrd.core.menu_tree import Menu, ToCase, Tree
from ivrd.core.queue_menu import OFFER_CASE, Waits, opened
from ivrd.core.situation import AnyVisit, Result, Situation
from tests.asterisk.talk import TREE as ANY_TREE

MAIN = ANY_TREE.menus["main"]
CASE_KEY = "5"
CODE, CITIZEN, BORN = "0867401212", "1234567890121", "2530"
TABLE = CaseTable(10, by_person=True, states={"bed": ("case-bed",)}, is_citizen_number=pin.is_valid)
TREE = replace(
    ANY_TREE,
    start="main",
    menus={
        **ANY_TREE.menus,
        "main": Menu("main", MAIN.prompts, {**MAIN.keys, CASE_KEY: ToCase("hospital")}),
    },
    cases=TABLE,
)
FOUND = CaseAnswer(CaseResult.FOUND, "bed")
WAITS = Waits("q-benefits", "hospital", "en", place=3, callback=False, case=True)


def situation(*closed: str) -> Situation:
    return Situation(
        frozenset(closed),
        None,
        lambda _queue: False,
        tuple,
        lambda: False,
        link=False,
        intake=False,
        day=lambda: date(2022, 3, 5),
        staffed=lambda _queue: True,
        callback=lambda: False,
    )


def keys(text: str) -> list[Input]:
    return [Key(digit) for digit in text]


def walk(*received: Input, tree: Tree = TREE, now: Situation | None = None) -> Result:
    result: Result = menu.enter(tree)
    for one in received:
        result = dialogue.step(tree, result[0], one, now or situation())
    return result


def said(commands: tuple[Command, ...]) -> list[str]:
    return [name for c in commands if isinstance(c, Say) for _language, name in c.prompts]


def notes(commands: tuple[Command, ...]) -> list[str]:
    return [c.text for c in commands if isinstance(c, AddNote)]


@given(st.text("0123456789", min_size=1, max_size=13))
def test_of_a_citizen_number_only_its_end_is_shown_where_others_could_read_it(number: str) -> None:
    question = CaseQuestion(citizen_number=number, birth_year=1987)
    assert number in question.note
    assert question.note_in_clear.startswith(f"citizen ending {number[-3:]}, born 1987 (masked")
    assert len(number) < 5 or number not in question.note_in_clear
    assert CaseQuestion(code=number).note_in_clear == f"case {number}"
    assert not CaseQuestion().note_in_clear


ASKED = (*keys(CASE_KEY), *keys("1" + CODE), Key("1"))  # by its code, which was read back
ASKED_BY_PERSON = (*keys(CASE_KEY), *keys("2" + CITIZEN), Key("1"), *keys(BORN), Key("1"))


def test_it_is_asked_for_by_code_or_by_citizen_number_and_year() -> None:
    _visit, commands = walk(Key(CASE_KEY))
    assert said(commands) == [WHICH]
    _visit, commands = walk(*ASKED[:-1])
    assert said(commands) == ["case-read-back", *(f"number-{d}" for d in CODE), RIGHT]
    _visit, commands = walk(*ASKED)
    assert commands[-1] == LookUp(CaseQuestion(code=CODE))
    assert said(commands) == [LOOKING]
    _visit, commands = walk(*ASKED_BY_PERSON)
    assert commands[-1] == LookUp(CaseQuestion(citizen_number=CITIZEN, birth_year=1987))


@pytest.mark.parametrize(
    ("table", "first"),
    [
        (replace(TABLE, by_person=False), "case-code"),
        (replace(TABLE, code_digits=0), "case-citizen"),
    ],
)
def test_where_there_is_one_way_only_nobody_is_asked_which(table: CaseTable, first: str) -> None:
    tree = replace(TREE, cases=table)
    assert said(walk(Key(CASE_KEY), tree=tree)[1]) == [first]
    visit, _commands = walk(Key(CASE_KEY), Key("*"), tree=tree)
    assert isinstance(visit, menu.Visit)


def test_while_it_is_looked_up_there_is_always_something_to_hear() -> None:
    visit, _commands = walk(*ASKED)
    for _ in range(3):
        visit, commands = dialogue.step(TREE, visit, PromptsPlayed(), situation())
        assert said(commands) == [LOOKING]


def test_who_is_told_the_state_may_hang_up_hear_it_again_go_back_or_have_a_person() -> None:
    visit, commands = walk(*ASKED, FOUND)
    assert AtInfo(INFO) in commands
    assert said(commands) == ["case-bed", "info-again"]
    assert case_menu.has_heard(visit)
    again, commands = dialogue.step(TREE, visit, Key("1"), situation())
    assert (said(commands), again) == (["case-bed", "info-again"], visit)
    assert AtInfo(INFO) not in commands
    back, commands = dialogue.step(TREE, visit, Key("*"), situation())
    assert AtMenu("main") in commands
    assert isinstance(back, menu.Visit)
    _person, commands = dialogue.step(TREE, visit, Key("0"), situation())
    assert [type(c) for c in commands] == [AtMenu, AddNote, ToPerson]
    assert notes(commands) == [f"case {CODE}"]


@pytest.mark.parametrize("result", [of for of in CaseResult if of is not CaseResult.FOUND])
def test_whatever_else_comes_leads_to_a_person_with_what_was_keyed(result: CaseResult) -> None:
    _visit, commands = walk(*ASKED_BY_PERSON, CaseAnswer(result))
    assert said(commands) == [UNKNOWN if result is CaseResult.UNKNOWN else NOT_TOLD]
    assert notes(commands) == [f"citizen {CITIZEN}, born 1987"]
    assert commands[-1] == ToPerson("q-benefits", "hospital")


def test_words_that_have_ended_and_a_state_that_is_gone_from_the_table_lead_to_a_person() -> None:
    for states in ({"bed": ()}, {}):
        tree = replace(TREE, cases=replace(TABLE, states=states))
        _visit, commands = walk(*ASKED, FOUND, tree=tree)
        assert said(commands) == [NOT_TOLD]
        assert AtInfo(INFO) not in commands
        assert isinstance(commands[-1], ToPerson)


def test_0_leads_to_a_person_also_while_it_is_looked_up_and_in_the_midst_of_a_number() -> None:
    for received, note in (
        ((*ASKED, Key("0")), [f"case {CODE}"]),
        ((Key(CASE_KEY), *keys("2")), []),
        ((Key(CASE_KEY),), []),
    ):
        _visit, commands = walk(*received, *([] if note else [Key("0")]))
        assert isinstance(commands[-1], ToPerson)
        assert notes(commands) == note


def test_where_the_topic_is_closed_who_was_told_hears_that() -> None:
    visit, _ = walk(*ASKED, FOUND)
    _visit, commands = dialogue.step(TREE, visit, Key("0"), situation("q-benefits"))
    assert [type(c) for c in commands if not isinstance(c, Say)] == [AtMenu, AddNote, AtClosed]


def test_an_interruption_loses_no_caller_and_what_is_stored_has_no_digit() -> None:
    looking, _ = walk(*ASKED)
    assert dialogue.again(TREE, looking, situation())[1][-1] == LookUp(CaseQuestion(code=CODE))
    stored = dialogue.stored(looking)
    assert isinstance(stored, CaseVisit)
    assert (stored.question, stored.keyed.digits) == (CaseQuestion(), "")
    _visit, commands = dialogue.again(TREE, stored, situation())
    assert said(commands) == [NOT_TOLD]
    assert isinstance(commands[-1], ToPerson)
    told, _ = walk(*ASKED, FOUND)
    again, commands = dialogue.again(TREE, dialogue.stored(told), situation())
    assert said(commands) == ["case-bed", "info-again"]
    year, _ = walk(*ASKED_BY_PERSON[:-5])
    _visit, commands = dialogue.again(TREE, dialogue.stored(year), situation())
    assert said(commands) == ["case-citizen"]
    for _ in range(3):
        again, commands = dialogue.again(TREE, again, situation())
    assert isinstance(commands[-1], ToPerson)


def test_no_digit_is_shown_anywhere() -> None:
    visit, commands = walk(*ASKED_BY_PERSON)
    shown = repr((visit, [c for c in commands if not isinstance(c, Say)]))
    assert CITIZEN not in shown
    assert "1987" not in shown
    steps = [
        dialogue_steps.step_taken(TREE, *pair)
        for pair in ((visit, Key("7"), visit), (visit, FOUND, visit))
    ]
    assert [step and (step.to, step.key) for step in steps] == [None, ("found", "")]


@pytest.mark.parametrize(
    ("keyed", "year"),
    [("1987", 1987), ("2530", 1987), ("2443", 1900), ("1899", 0), ("0001", 0), ("2200", 0)],
)
def test_a_year_is_understood_in_both_eras(keyed: str, year: int) -> None:
    assert western_year(keyed) == year


inputs: st.SearchStrategy[Input] = st.one_of(
    st.sampled_from("0123456789*#").map(Key),
    st.just(PromptsPlayed()),
    st.just(NoInput()),
    st.sampled_from(CaseResult).map(lambda result: CaseAnswer(result, "bed")),
)


@given(st.lists(inputs, max_size=12), st.sampled_from([ASKED, ASKED_BY_PERSON, ASKED[:5]]))
def test_every_way_ends_and_silence_leads_to_a_person(
    received: list[Input], begin: tuple[Input, ...]
) -> None:
    visit: AnyVisit
    visit, told = walk(*begin)
    for one in [*received, CaseAnswer(CaseResult.SLOW), *[PromptsPlayed(), NoInput()] * 12]:
        visit, commands = dialogue.step(TREE, visit, one, situation())
        told += commands
        assert dialogue.knows(TREE, visit)
    assert visit.over
    assert sum(isinstance(c, ToPerson) for c in told) == 1


def waiting(*received: Input) -> Result:
    now = replace(situation(), waits=WAITS)
    result = dialogue.again(TREE, opened(WAITS), now)
    assert OFFER_CASE in said(result[1])
    for one in received:
        result = dialogue.step(TREE, result[0], one, now)
    return result


IN_QUEUE = (Key("6"), *ASKED[1:])


def test_who_waits_asks_for_it_as_well_and_has_the_place_again_whatever_comes_of_it() -> None:
    visit, commands = waiting(*IN_QUEUE)
    assert commands[-1] == LookUp(CaseQuestion(code=CODE))
    assert isinstance(visit, CaseVisit)
    assert visit.waits
    assert [type(c) for c in waiting(*IN_QUEUE, FOUND)[1]] == [AtInfo, Say]
    for then in (Key("0"), Key("*")):
        visit, commands = waiting(*IN_QUEUE, FOUND, then)
        assert [type(c) for c in commands] == [AddNote, BackToQueue]
        assert (visit.over, dialogue.knows(TREE, visit)) == (True, True)
    _visit, commands = waiting(*IN_QUEUE, CaseAnswer(CaseResult.SLOW))
    assert said(commands) == [NOT_TOLD]
    assert (notes(commands), commands[-1]) == ([f"case {CODE}"], BackToQueue())
    _visit, commands = waiting(Key("6"), Key("*"))
    assert [type(c) for c in commands] == [BackToQueue]


def test_the_turn_of_one_who_waits_ends_it_with_what_was_keyed_unless_the_state_is_told() -> None:
    for keyed, note in ((IN_QUEUE[:6], [f"case {CODE[:4]}"]), (IN_QUEUE, [f"case {CODE}"])):
        visit, _ = waiting(*keyed)
        _visit, commands = dialogue.hand_over(TREE, visit)
        assert (notes(commands), commands[-1]) == (note, BackToQueue())
    told, _ = waiting(*IN_QUEUE, FOUND)
    assert dialogue.hand_over(TREE, told) == (told, ())


def test_while_nothing_can_be_looked_up_the_key_is_none() -> None:
    now = replace(situation(), waits=replace(WAITS, case=False))
    visit, commands = dialogue.again(TREE, opened(WAITS), now)
    assert OFFER_CASE not in said(commands)
    _visit, commands = dialogue.step(TREE, visit, Key("6"), now)
    assert said(commands)[0] == TREE.no_match


@given(st.lists(inputs, max_size=12), st.sampled_from([IN_QUEUE[:1], IN_QUEUE[:5], IN_QUEUE]))
def test_who_waits_always_comes_back(received: list[Input], begin: tuple[Input, ...]) -> None:
    visit, told = waiting(*begin)
    now = replace(situation(), waits=WAITS)
    for one in [*received, CaseAnswer(CaseResult.SLOW), *[PromptsPlayed(), NoInput()] * 12]:
        visit, commands = dialogue.step(TREE, visit, one, now)
        told += commands
        assert dialogue.knows(TREE, visit)
    assert visit.over
    assert sum(isinstance(c, BackToQueue) for c in told) == 1
    assert not any(isinstance(c, ToPerson | GoodBye) for c in told)


def test_a_visit_in_a_menu_that_a_reload_has_taken_away_does_not_go_on() -> None:
    visit, _ = walk(*ASKED)
    assert isinstance(visit, CaseVisit)
    assert visit.at is At.LOOKING
    assert not dialogue.knows(replace(TREE, cases=None), visit)


@pytest.mark.parametrize(
    ("mode", "prompt"),
    [(MenuMode.LINKS_FIRST, link_menu.OFFER), (MenuMode.CALLBACK_ONLY, callback_menu.ONLY)],
)
def test_who_wants_a_person_after_the_answer_is_offered_what_a_plan_offers_first(
    mode: MenuMode, prompt: str
) -> None:
    tree = replace(TREE, mode=mode)
    now = replace(situation(), link=True, callback=lambda: True)
    _visit, commands = walk(*ASKED, FOUND, Key("0"), tree=tree, now=now)
    assert said(commands) == [prompt]
    assert CODE in "".join(notes(commands))  # what the agent's phone is to show is kept
    _visit, commands = walk(*ASKED, FOUND, Key("0"), Key("0"), tree=tree, now=now)
    assert commands[-1] == ToPerson("q-benefits", "hospital")
