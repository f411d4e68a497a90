"""Who registers by keys has a ticket and hears its code, or a person with what was given so far."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.th import pin

from ivrd.core import dialogue, dialogue_steps, intake_visit, menu
from ivrd.core.commands import AddNote, AtMenu, BackToQueue, Command, GoodBye, Say, ToPerson
from ivrd.core.digits import RIGHT
from ivrd.core.inputs import Input, Key, NoInput, PromptsPlayed, TicketAnswer
from ivrd.core.intake import (
    Answers,
    AtFiled,
    AtIntake,
    FileTicket,
    FindTicket,
    Flag,
    Form,
    LeftIntake,
    RedFlags,
    RiskFlags,
    day_in,
    is_day,
    latest_day,
)
from ivrd.core.intake_visit import At, IntakeVisit
from ivrd.core.menu_step import StepKind
from ivrd.core.menu_tree import Menu, ToIntake
from ivrd.core.queue_menu import OFFER_INTAKE, Waits, opened
from ivrd.core.situation import AnyVisit, Result, Situation
from tests.asterisk.talk import TREE as ANY_TREE

TODAY = date(2022, 3, 5)
CITIZEN = "1000000123453"  # of no district: nobody has it
OTHER_CITIZEN = "3000000000030"
CODE = "6458760012"
MAIN = ANY_TREE.menus["main"]
INTAKE_KEY = "6"
FORM = Form(
    (
        Flag("breath", "ask-breath", "said-breath", "short of breath", red=True),
        Flag("pregnant", "ask-pregnant", "said-pregnant", "pregnant", red=False),
        Flag("over-60", "ask-over-60", "said-over-60", "over 60", red=False),
    ),
    60,
    pin.is_valid,
)
KEYS = {**MAIN.keys, INTAKE_KEY: ToIntake("register", "intake-offer")}
TREE = replace(
    ANY_TREE,
    start="main",
    menus={**ANY_TREE.menus, "main": Menu("main", MAIN.prompts, KEYS)},
    queue_menu_key="9",
    intake=FORM,
)
WAITS = Waits("q-home", "register", "en", place=3, callback=False, intake=True)
NO_FLAGS = "222" + "1"
NUMBER = CITIZEN + "1"
DAY = "0303" + "1"
WHOLE = "1" + NO_FLAGS + NUMBER + DAY
FILED = TicketAnswer(CODE)

inputs: st.SearchStrategy[Input] = st.one_of(
    st.sampled_from("0123456789*#").map(Key),
    st.just(PromptsPlayed()),
    st.just(NoInput()),
    st.sampled_from([TicketAnswer(CODE), TicketAnswer(""), TicketAnswer("", unsure=True)]),
)


def situation(*closed: str, waits: Waits | None = None, intake: bool = True) -> Situation:
    return Situation(
        closed=frozenset(closed),
        waits=waits,
        offers=lambda _queue: False,
        slots=tuple,
        flooded=lambda: False,
        link=False,
        intake=intake,
        day=lambda: TODAY,
        staffed=lambda _queue: True,
        callback=lambda: False,
    )


def said(commands: tuple[Command, ...]) -> list[str]:
    return [name for c in commands if isinstance(c, Say) for _language, name in c.prompts]


def kinds(commands: tuple[Command, ...]) -> list[type]:
    return [type(c) for c in commands if not isinstance(c, Say | AtIntake)]


def received(*several: str | Input) -> list[Input]:
    """Keys, each text one after the other (a blank is a silence), and anything else as it is."""
    found: list[Input] = []
    for one in several:
        if isinstance(one, str):
            found += [NoInput() if key == " " else Key(key) for key in one]
        else:
            found.append(one)
    return found


def walk(result: Result, now: Situation, *several: str | Input) -> Result:
    for one in received(*several):
        result = dialogue.step(TREE, result[0], one, now)
    return result


def in_menu(*several: str | Input, now: Situation | None = None) -> Result:
    now = now or situation()
    return walk(menu.enter(TREE, intake=now.intake), now, *several)


def registering(*several: str | Input) -> Result:
    return in_menu(INTAKE_KEY, *several)


def waiting(*several: str | Input) -> Result:
    now = situation(waits=WAITS)
    return walk(dialogue.again(TREE, opened(WAITS), now), now, "5", *several)


def tickets(commands: tuple[Command, ...]) -> list[FileTicket]:
    return [command for command in commands if isinstance(command, FileTicket)]


def test_a_menu_tells_the_key_only_while_it_can_be_had_and_else_it_leads_to_a_person() -> None:
    assert said(in_menu()[1]) == ["main-menu", "intake-offer"]
    assert said(in_menu(now=situation(intake=False))[1]) == ["main-menu"]
    _visit, commands = in_menu(INTAKE_KEY, now=situation(intake=False))
    assert kinds(commands) == [ToPerson]
    assert OFFER_INTAKE in said(dialogue.again(TREE, opened(WAITS), situation(waits=WAITS))[1])


def test_consent_comes_first_then_the_questions_the_number_and_the_day() -> None:
    asked = []
    keys = ["", "1", "2", "2", "1", "1", NUMBER, DAY]
    for upto in range(len(keys)):
        asked.append(said(registering(*keys[: upto + 1])[1]))
    assert asked == [
        ["intake-consent"],
        ["ask-breath"],
        ["ask-pregnant"],
        ["ask-over-60"],
        ["intake-you-said", "said-over-60", RIGHT],
        ["intake-citizen-number"],
        ["intake-day"],
        ["intake-filing"],
    ]


def test_a_whole_ticket_is_filed_and_its_code_heard_then_the_caller_is_let_go() -> None:
    _visit, commands = registering(WHOLE)
    (ticket,) = tickets(commands)
    assert (ticket.topic, ticket.whole) == ("register", True)
    assert ticket.answers == Answers((), CITIZEN, date(2022, 3, 3))
    _visit, commands = registering(WHOLE, FILED)
    assert kinds(commands) == [AtFiled]
    assert said(commands) == [
        "intake-filed", *(f"number-{digit}" for digit in CODE), "intake-after",
    ]  # fmt: skip
    _visit, commands = registering(WHOLE, TicketAnswer(CODE, by_text=True))
    assert "intake-by-text" in said(commands)
    assert kinds(registering(WHOLE, FILED, " ")[1]) == [AtFiled]  # once more: for a pen
    visit, commands = registering(WHOLE, FILED, "  ")
    assert (kinds(commands), visit.over) == ([GoodBye], True)
    assert kinds(registering(WHOLE, FILED, "1")[1]) == [AtFiled]


@pytest.mark.parametrize(
    ("keys", "flags"),
    [("222", ()), ("212", ("pregnant",)), ("211", ("pregnant", "over-60"))],
)
def test_what_was_said_is_in_the_ticket(keys: str, flags: tuple[str, ...]) -> None:
    _visit, commands = registering("1" + keys + "1" + NUMBER + DAY)
    (ticket,) = tickets(commands)
    assert set(ticket.answers.flags) == set(flags)


def test_a_red_flag_goes_to_a_person_at_once_when_it_is_right() -> None:
    assert said(registering("11")[1]) == ["intake-you-said", "said-breath", RIGHT]
    _visit, commands = registering("111")
    assert RedFlags(("breath",)) in commands
    assert AddNote("red flag: short of breath") in commands
    assert [t.whole for t in tickets(commands)] == [False]
    assert "intake-urgent" in said(commands)
    assert isinstance(commands[-1], ToPerson)
    assert said(registering("112")[1]) == ["ask-breath"]  # it was not
    assert RedFlags(("breath",)) not in registering("112" + NO_FLAGS + NUMBER)[1]
    _visit, commands = waiting("111")
    assert RedFlags(("breath",)) in commands
    assert isinstance(commands[-1], BackToQueue)


def test_a_red_flag_goes_to_a_person_also_while_those_who_know_the_topic_are_not_there() -> None:
    queue = TREE.queue_of["register"]
    tree = replace(TREE, closed_prompt={**TREE.closed_prompt, queue: "closed-benefits"})
    for keys, to in (("111", ToPerson), ("10", Say)):
        now = situation(queue)
        visit, commands = menu.enter(tree, intake=True)
        for one in received(INTAKE_KEY, keys):
            visit, commands = dialogue.step(tree, visit, one, now)
        assert type(commands[-1]) is to  # all others hear when they are there
        assert ("closed-benefits" in said(commands)) is (to is Say)
        if isinstance(commands[-1], ToPerson):
            assert commands[-1].topic == tree.operator


@pytest.mark.parametrize(
    ("keys", "given"),
    [
        ("0", Answers()),
        ("2", Answers()),
        ("12220", Answers()),
        ("1212" + "0", Answers()),  # said, and not said to be right
        ("1212" + "1" + "0", Answers(("pregnant",))),
        ("1" + NO_FLAGS + CITIZEN + "0", Answers()),
        ("1" + NO_FLAGS + NUMBER + "0#", Answers(citizen_number=CITIZEN)),
        ("1" + NO_FLAGS + NUMBER + "03030", Answers(citizen_number=CITIZEN)),
        ("1" + NO_FLAGS + NUMBER + "*" + "0", Answers()),  # taken back
        ("1" + NO_FLAGS + NUMBER + "   ", Answers(citizen_number=CITIZEN)),
        ("1212" + "1" + "*" + "2" + "*" + "0", Answers()),  # so was the consent
    ],
)
def test_0_and_silence_lead_to_a_person_with_what_was_given_so_far(
    keys: str, given: Answers
) -> None:
    _visit, commands = registering(keys)
    assert isinstance(commands[-1], ToPerson)
    assert commands[-1].topic == "register"
    assert [t.answers for t in tickets(commands)] == ([given] if given else [])
    assert [c.names for c in commands if isinstance(c, RiskFlags)] == [given.flags] * bool(
        given.flags
    )
    assert not any(ticket.whole for ticket in tickets(commands))
    _visit, commands = waiting(keys)
    assert isinstance(commands[-1], BackToQueue)


def test_star_goes_back_one_question_and_from_the_first_to_where_the_caller_was() -> None:
    assert said(registering("1" + NO_FLAGS + NUMBER + "*")[1]) == ["intake-citizen-number"]
    assert said(registering("1" + NO_FLAGS + "*")[1])[0] == "intake-nothing-said"
    assert said(registering("122*")[1]) == ["ask-pregnant"]
    assert said(registering("1*")[1]) == ["intake-consent"]
    visit, commands = registering("*")
    assert said(commands) == ["main-menu", "intake-offer"]
    assert LeftIntake("consent", "back") in commands
    assert isinstance(visit, menu.Visit)
    assert kinds(waiting("*")[1]) == [LeftIntake, BackToQueue]
    _visit, commands = registering(WHOLE, FILED, "*")
    assert AtMenu("main") in commands


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("03031", date(2022, 3, 3)),
        ("05031", date(2022, 3, 5)),  # today
        ("06031" + "2565" + "25641", date(2021, 3, 6)),  # 2565 has not come to that day
        ("06031" + "20211", date(2021, 3, 6)),
        ("29021" + "2023" + "20201", date(2020, 2, 29)),
        ("29021" + "25631", date(2020, 2, 29)),
        ("3102" + "01031", date(2022, 3, 1)),  # no such day, and one after it
        ("29021" + "*" + "01031", date(2022, 3, 1)),
        ("31121" + "25641", date(2021, 12, 31)),
    ],
)
def test_the_day_of_the_test(typed: str, expected: date) -> None:
    _visit, commands = registering("1" + NO_FLAGS + NUMBER + typed)
    (ticket,) = tickets(commands)
    assert ticket.answers.tested_on == expected


def test_a_year_is_read_back_as_the_language_counts_it() -> None:
    commands = registering("1" + NO_FLAGS + NUMBER + "06031" + "2021")[1]
    assert said(commands) == [
        "intake-day-read-back", "number-6", "month-3",
        "number-2", "number-5", "number-6", "number-4", RIGHT,
    ]  # fmt: skip
    visit, _commands = registering("1" + NO_FLAGS + NUMBER + "06031" + "202")
    assert isinstance(visit, IntakeVisit)
    english = replace(visit, language="en")
    _visit, commands = dialogue.step(TREE, english, Key("1"), situation())
    assert said(commands)[3:7] == ["number-2", "number-0", "number-2", "number-1"]


@given(st.dates(date(2001, 1, 1), date(2090, 12, 31)), st.integers(0, 9999))
def test_no_day_is_in_the_future(today: date, typed: int) -> None:
    digits = f"{typed:04}"
    if is_day(digits):
        assert latest_day(digits, today) <= today
        for year in (today.year, today.year + 543, today.year + 1, today.year - 1):
            found = day_in(digits, str(year), today)
            assert found is None or found <= today


def test_a_ticket_that_cannot_be_filed_leads_to_a_person() -> None:
    _visit, commands = registering(WHOLE, TicketAnswer(""))
    assert said(commands)[0] == "intake-not-filed"
    assert LeftIntake("ticket", "not_filed") in commands
    assert isinstance(commands[-1], ToPerson)


@pytest.mark.parametrize("way", [registering, waiting])
def test_of_whose_ticket_it_is_not_known_in_time_hears_that_and_so_does_who_takes_the_call(
    way: Callable[..., Result],
) -> None:
    unsure = TicketAnswer("", unsure=True)
    filing = way(WHOLE)
    now = situation(waits=WAITS if way is waiting else None)
    stored = dialogue.stored(filing[0])
    for result in (filing, dialogue.again(TREE, stored, now)):  # also for the ivrd that comes next
        _visit, commands = walk(result, now, unsure)
        assert said(commands)[0] == "intake-perhaps-filed"
        assert kinds(commands)[-1] is (BackToQueue if way is waiting else ToPerson)
        assert [c for c in commands if isinstance(c, LeftIntake)] == [
            LeftIntake("ticket", "unsure")
        ]
        notes = [c.text for c in commands if isinstance(c, AddNote)]
        assert notes == ["registration perhaps filed"]
        assert not tickets(commands)  # which would be another one, of the same
        assert AtFiled() not in commands


def test_the_turn_comes_before_the_rest_of_it_but_not_before_a_ticket() -> None:
    visit, _ = waiting("1" + NO_FLAGS + NUMBER + "03")
    _visit, commands = dialogue.hand_over(TREE, visit)
    assert [t.answers for t in tickets(commands)] == [Answers(citizen_number=CITIZEN)]
    assert AddNote("registration begun") in commands
    assert isinstance(commands[-1], BackToQueue)
    for later in ((), (FILED,)):
        visit, _ = waiting(WHOLE, *later)
        assert dialogue.hand_over(TREE, visit) == (visit, ())
    assert kinds(waiting(WHOLE, FILED, "  ")[1]) == [BackToQueue]  # and keeps the place


def test_who_wants_a_person_while_a_ticket_is_filed_has_both() -> None:
    _visit, commands = registering(WHOLE, "0")
    assert kinds(commands) == [AddNote, ToPerson]
    assert AddNote("registration keyed in") in commands
    assert registering(WHOLE, "0", FILED)[1] == ()


def test_who_goes_back_after_the_ticket_is_not_told_of_the_key_to_register() -> None:
    visit, commands = registering(WHOLE, FILED, "*")
    assert not {"intake-offer"} & set(said(commands))
    _visit, commands = dialogue.step(TREE, visit, Key(INTAKE_KEY), situation(intake=False))
    assert kinds(commands) == [ToPerson]
    assert "intake-offer" in said(registering("*")[1])


def test_who_wants_a_person_after_the_ticket_is_not_asked_again() -> None:
    _visit, commands = registering(WHOLE, FILED, "0")
    assert AddNote("registration keyed in") in commands
    assert not tickets(commands)
    assert not [c for c in commands if isinstance(c, LeftIntake)]
    assert isinstance(commands[-1], ToPerson)


def test_no_answer_is_stored_and_who_is_interrupted_is_asked_anew_after_the_consent() -> None:
    for keys in ("1", "12", "1" + NO_FLAGS + CITIZEN, "1" + NO_FLAGS + NUMBER + "03"):
        visit, _ = registering(keys)
        stored = dialogue.stored(visit)
        assert isinstance(stored, IntakeVisit)
        assert not stored.answers
        assert not stored.keyed.digits
        assert dialogue.stored(stored) == stored
        result = dialogue.again(TREE, stored, situation())
        if len(keys) > 1:  # nothing was given before
            assert said(result[1]) == ["intake-asked-anew"]
            # What was being keyed in when ivrd ended is no answer to another question.
            result = walk(result, situation(), "0110*")
            assert result[1] == ()
            result = walk(result, situation(), PromptsPlayed())
        assert said(result[1]) == ["ask-breath"]
        _visit, commands = walk(result, situation(), WHOLE[1:])
        assert [of.answers.citizen_number for of in tickets(commands)] == [CITIZEN]
    visit, _ = registering(WHOLE, FILED)
    stored = dialogue.stored(visit)
    assert said(dialogue.again(TREE, stored, situation())[1])[1:11] == [
        f"number-{digit}" for digit in CODE
    ]
    assert CITIZEN not in repr(visit) + repr(tickets(registering(WHOLE)[1]))


def test_whose_ticket_was_being_filed_hears_of_it_or_is_asked_anew_and_files_no_empty_one() -> None:
    stored = dialogue.stored(registering(WHOLE)[0])
    assert isinstance(stored, IntakeVisit)
    assert not stored.answers
    filing = dialogue.again(TREE, stored, situation())
    assert said(filing[1]) == ["intake-filing"]
    assert FindTicket() in filing[1]
    assert said(walk(filing, situation(), FILED)[1])[0] == "intake-filed"
    assert walk(filing, situation(), "0", PromptsPlayed())[1] == ()
    anew = walk(filing, situation(), TicketAnswer(""))
    assert said(anew[1]) == ["intake-asked-anew"]
    anew = walk(anew, situation(), PromptsPlayed(), WHOLE[1:])
    assert [of.whole for of in tickets(anew[1])] == [True]


def test_who_is_interrupted_in_one_ivrd_keeps_what_was_given() -> None:
    visit, _ = registering("1" + NO_FLAGS + NUMBER + "03")
    visit, commands = dialogue.again(TREE, visit, situation())
    assert said(commands) == ["intake-day"]
    _visit, commands = walk((visit, commands), situation(), DAY)
    assert tickets(commands)[0].answers == Answers((), CITIZEN, date(2022, 3, 3))
    filing, _ = registering(WHOLE)
    assert tickets(dialogue.again(TREE, filing, situation())[1])[0].whole


def test_the_log_has_steps_and_no_key() -> None:
    steps, result = [], in_menu()
    for one in received(INTAKE_KEY, WHOLE, FILED, "0"):
        before = result[0]
        result = dialogue.step(TREE, before, one, situation())
        if step := dialogue_steps.step_taken(TREE, before, one, result[0]):
            steps.append((step.kind, step.to, step.key))
    assert steps == [
        *((StepKind.INTAKE, to, "") for to in intake_visit.STEPS),
        (StepKind.INTAKE, "filed", ""),
        (StepKind.PERSON, "register", ""),
    ]


@given(st.lists(inputs, max_size=60), st.booleans(), st.sampled_from(["", "1", "1" + NO_FLAGS]))
def test_every_way_ends_and_a_ticket_is_told_of_only_when_it_is_filed(
    several: list[Input], from_queue: bool, begun: str
) -> None:
    visit: AnyVisit
    visit, commands = waiting(begun) if from_queue else registering(begun)
    now, told = situation(waits=WAITS if from_queue else None), list(commands)
    filed = unsure = False
    for one in [*several, TicketAnswer(""), *[PromptsPlayed(), NoInput()] * 20]:
        if not isinstance(visit, IntakeVisit) or visit.over:
            break
        if isinstance(one, TicketAnswer) and visit.at is At.FILING:
            filed |= bool(one.code)
            unsure |= one.unsure
        visit, commands = dialogue.step(TREE, visit, one, now)
        told += commands
    left = not isinstance(visit, IntakeVisit)
    assert left or visit.over
    assert (AtFiled() in told) == filed
    assert ("intake-perhaps-filed" in said(tuple(told))) == unsure
    # Whoever began completed, or left from a step.
    assert filed + sum(isinstance(command, LeftIntake) for command in told) == 1
    whole = [ticket.answers for ticket in told if isinstance(ticket, FileTicket) and ticket.whole]
    assert all(pin.is_valid(of.citizen_number) and of.tested_on for of in whole)
