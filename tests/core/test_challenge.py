"""Floods of calls: who is asked for a key before anything else, and how long."""

from collections import Counter
from dataclasses import replace
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import menu
from ivrd.core.call import Call, Direction
from ivrd.core.call_events import HungUp, JoinedQueue
from ivrd.core.challenge import CallRates, ChallengeLimits, RateLimit, Reason
from ivrd.core.commands import Await, Command, Say, Speak, ToPerson
from ivrd.core.inputs import Key, NoInput, PromptsPlayed
from ivrd.core.ledger import Ledger
from ivrd.core.menu import CHALLENGE
from ivrd.core.menu_step import StepKind, menu_step
from ivrd.core.menu_tree import ToMenu
from ivrd.core.present import Present
from tests.asterisk.talk import TREE


def present(*calls: Call) -> Present:
    here = Present()
    for call in calls:
        here.moved(None, call)
    return here


CALLERS = st.sampled_from(["", "a", "b", "c"])
LIMITS = st.builds(RateLimit, st.integers(0, 4), st.integers(0, 4))


def said(commands: tuple[Command, ...]) -> list[tuple[str, str]]:
    return [prompt for one in commands if isinstance(one, Say) for prompt in one.prompts]


@given(
    st.lists(st.tuples(CALLERS, st.floats(0, 40), st.booleans()), max_size=12),
    st.builds(ChallengeLimits, LIMITS, LIMITS, LIMITS),
)
def test_a_call_is_asked_for_a_key_exactly_while_there_are_too_many(
    calls: list[tuple[str, float, bool]], limits: ChallengeLimits
) -> None:
    """Against counts over all arrivals: of the number, or of all withheld ones; then of all."""
    rates, here, arrived = CallRates(), Present(), []
    stayed: list[Call] = []
    for at, (caller, _gap, stays) in zip(
        accumulate(gap for _caller, gap, _stays in calls), calls, strict=True
    ):
        call = Call(f"{len(arrived)}", at, caller)
        rates.arrived(caller, at)
        arrived.append((caller, at))
        recent = Counter(who for who, when in arrived if when > at - 60)
        present = [*stayed, call]
        here.moved(None, call)
        at_once = Counter(one.caller for one in present)
        own = limits.number if caller else limits.withheld
        over_own = own.exceeded(at_once[caller], recent[caller])
        over_all = limits.all.exceeded(len(present), recent.total())
        expected = (Reason.NUMBER if caller else Reason.WITHHELD) if over_own else None
        assert rates.reason(limits, caller, here, at) == (
            expected or (Reason.ALL if over_all else None)
        )
        stayed += [call] if stays else []
        here.moved(call, call if stays else None)


@given(
    st.builds(ChallengeLimits, LIMITS, LIMITS, LIMITS),
    st.builds(ChallengeLimits, LIMITS, LIMITS, LIMITS),
    st.lists(CALLERS, min_size=1, max_size=8),
)
def test_tightened_limits_ask_whoever_either_of_both_would_ask(
    usual: ChallengeLimits, plan: ChallengeLimits, callers: list[str]
) -> None:
    rates = CallRates()
    here = present(*(Call(f"{at}", 0.0, caller) for at, caller in enumerate(callers)))
    for caller in callers:
        rates.arrived(caller, 0.0)
    for caller in callers:
        either = [rates.reason(limits, caller, here, 0.0) for limits in (usual, plan)]
        asked = rates.reason(usual.tightened(plan), caller, here, 0.0)
        assert (asked is not None) == any(reason is not None for reason in either)


def test_a_limit_is_not_exceeded_by_as_many_calls_as_it_allows() -> None:
    limits = ChallengeLimits(number=RateLimit(a_minute=2))
    rates = CallRates()
    here = present(Call("1", 0.0, "a"))
    for at in (0.0, 1.0):
        rates.arrived("a", at)
    assert rates.reason(limits, "a", here, 1.0) is None
    rates.arrived("a", 2.0)
    assert rates.reason(limits, "a", here, 2.0) is Reason.NUMBER
    assert rates.reason(limits, "b", here, 2.0) is None
    assert rates.reason(limits, "a", here, 60.0) is None  # the first is a minute ago


def test_calls_that_the_hotline_makes_count_for_nobody() -> None:
    limits = ChallengeLimits(number=RateLimit(at_once=1))
    made = Call("2", 0.0, "a", direction=Direction.CALLBACK)
    here = present(Call("1", 0.0, "a"), made)
    assert CallRates().reason(limits, "a", here, 0.0) is None


def test_calls_at_once_are_counted_whatever_becomes_of_each() -> None:
    """As they move, are taken over from an earlier ivrd, and are found to be somebody else's."""
    limits = ChallengeLimits(number=RateLimit(at_once=1), all=RateLimit(at_once=2))
    ledger = Ledger()
    ledger.receive(Call("1", 0.0, "a"), adopted=True)
    ledger.restore(Call("2", 0.0, "a"))
    assert CallRates().reason(limits, "a", ledger.present, 0.0) is Reason.NUMBER
    ledger.note("2", caller="b")
    assert CallRates().reason(limits, "a", ledger.present, 0.0) is None
    ledger.receive(Call("3", 0.0, "c"))
    assert CallRates().reason(limits, "c", ledger.present, 0.0) is Reason.ALL
    ledger.apply("1", JoinedQueue(1.0, "care"))
    ledger.apply("1", HungUp(2.0))
    assert CallRates().reason(limits, "c", ledger.present, 0.0) is None
    assert ledger.present.received == len(ledger.calls)


def test_the_key_is_asked_for_in_every_language_of_the_first_menu_and_any_key_leads_there() -> None:
    visit, commands = menu.enter(TREE, challenged=True)
    assert said(commands) == [("th", CHALLENGE), ("en", CHALLENGE)]
    for digit in "123456789*#":
        after, commands = menu.step(TREE, visit, Key(digit), frozenset(), lambda: True)
        assert (after.menu, after.challenged) == (TREE.start, False)
        assert said(commands) == [("th", "welcome"), ("en", "welcome")]
        step = menu_step(TREE, visit, Key(digit), after)
        assert step is not None
        assert (step.kind, step.key) == (StepKind.PASSED, "")


def test_the_key_for_a_person_leads_to_one_as_in_every_menu() -> None:
    visit, _ = menu.enter(TREE, challenged=True)
    after, commands = menu.step(TREE, visit, Key("0"), frozenset(), lambda: True)
    assert (after.over, after.topic) == (True, TREE.operator)
    assert isinstance(commands[-1], ToPerson)


def test_whoever_presses_nothing_is_asked_again_and_again_and_never_cut_off() -> None:
    visit, _ = menu.enter(TREE, challenged=True)
    for unheard in (False, True, False, True, False):
        assert menu.step(TREE, visit, PromptsPlayed())[1] == (Await(TREE.wait_seconds),)
        visit, commands = menu.step(TREE, visit, NoInput(unheard), frozenset(), lambda: True)
        assert [prompt for _language, prompt in said(commands)] == [CHALLENGE, CHALLENGE]
        assert not visit.over


def test_when_there_are_not_too_many_any_more_the_menu_begins_without_a_key() -> None:
    visit, _ = menu.enter(TREE, challenged=True)
    after, commands = menu.step(TREE, visit, NoInput(), frozenset(), lambda: False)
    assert (after.challenged, after.misses) == (False, 0)
    assert said(commands) == [("th", "welcome"), ("en", "welcome")]


def test_a_number_with_a_language_asks_in_it() -> None:
    tree = replace(TREE, starts={"1331": ToMenu("main", "en")})
    visit, commands = menu.enter(tree, "1331", challenged=True)
    assert commands[0] == Speak("en")
    assert said(commands) == [("en", CHALLENGE)]
    assert menu.again(tree, visit)[1] == (Say((("en", CHALLENGE),)),)
