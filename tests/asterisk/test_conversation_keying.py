"""Callers who key in a number: as slowly as they like, and nobody talks meanwhile."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from stdnum.th import pin

from ivrd.asterisk.conversation_settings import ConversationSettings
from ivrd.core import case_menu, intake_visit
from ivrd.core.callback_menu import At, OfferVisit
from ivrd.core.cases import CaseTable
from ivrd.core.commands import Book
from ivrd.core.intake import Form
from ivrd.core.menu import Visit
from ivrd.core.menu_tree import Tree
from ivrd.core.situation import AnyVisit
from tests.asterisk.fake_channel import PATH
from tests.asterisk.talk import LEASE, PROMPT_SECONDS, SCRIPT, TREE, Talk
from tests.asterisk.virtual import run

NUMBER = "0812345678"
ASKED = OfferVisit(At.KEYING, "q-other", "other", "en")
CITIZEN = "1000000123453"  # of no district: nobody has it
SLOW = 3.0  # seconds from one key to the next: 13 take far longer than the lease
TABLE = CaseTable(0, by_person=True, states={}, is_citizen_number=pin.is_valid)
FORM = Form((), 60, pin.is_valid)
IN_MENU = Visit("main", "en")


def script(tree: Tree) -> ConversationSettings:
    return replace(SCRIPT, tree=tree, today=lambda: tree)


def whose_case(back: Visit | None) -> AnyVisit:
    return case_menu.CaseVisit(case_menu.At.CITIZEN, "other", "en", back)


def registering(back: Visit | None) -> AnyVisit:
    return intake_visit.IntakeVisit(intake_visit.At.NUMBER, "register", "en", back)


@pytest.mark.parametrize("gap", [0.1, 1.0, SCRIPT.tree.wait_seconds - 0.1])
def test_a_number_may_take_any_time_between_its_keys(gap: float) -> None:
    """Longer than the lease, too: each key renews it."""

    async def body() -> None:
        caller = Talk().begin(ASKED)
        caller.press((1.0 + gap * n, digit) for n, digit in enumerate(NUMBER))
        done = 1.0 + gap * len(NUMBER) + SCRIPT.tree.wait_seconds
        caller.press([(done + 1.0, "1")])
        await asyncio.sleep(done + 2.0)
        assert [one.number for one in caller.told if isinstance(one, Book)] == [NUMBER]
        assert caller.channel.expired_at is None
        caller.task.cancel()

    run(body())


def test_the_first_key_of_a_number_ends_what_is_said_and_the_wait_for_the_next_begins() -> None:
    async def body() -> None:
        caller = Talk().begin(ASKED)
        caller.press([(1.0, "0")])
        await asyncio.sleep(PROMPT_SECONDS)
        (first,) = caller.channel.played
        assert first.path == PATH.format("en", "callback-number")
        assert first.until == pytest.approx(1.0, abs=0.5)
        await asyncio.sleep(SCRIPT.tree.wait_seconds + PROMPT_SECONDS)
        assert [prompt.path for prompt in caller.channel.played][1] == PATH.format(
            "en", "callback-read-back"
        )
        caller.task.cancel()

    run(body())


@pytest.mark.parametrize("back", [IN_MENU, None], ids=["from a menu", "while waiting"])
@pytest.mark.parametrize(
    ("asked", "tree", "right"),
    [
        (whose_case, replace(TREE, cases=TABLE), "case-read-back"),
        (registering, replace(TREE, intake=FORM), "intake-citizen-read-back"),
    ],
)
def test_a_citizen_number_may_take_far_longer_than_the_lease(
    asked: Callable[[Visit | None], AnyVisit], tree: Tree, right: str, back: Visit | None
) -> None:
    async def body() -> None:
        assert len(CITIZEN) * SLOW > LEASE > SLOW
        caller = Talk(script=script(tree)).begin(asked(back))
        caller.press((1.0 + SLOW * n, digit) for n, digit in enumerate(CITIZEN))
        await asyncio.sleep(1.0 + SLOW * len(CITIZEN) + PROMPT_SECONDS * (len(CITIZEN) + 2))
        digits = [PATH.format("en", f"number-{digit}") for digit in CITIZEN]
        assert caller.heard[: len(CITIZEN) + 1] == [PATH.format("en", right), *digits]
        assert caller.channel.expired_at is None
        assert caller.channel.ended_at is None
        caller.task.cancel()

    run(body())


def test_a_key_that_counts_for_nothing_does_not_keep_a_caller_in_silence() -> None:
    """Who presses # after a number, and then nothing, hears what is asked once more."""

    async def body() -> None:
        tree = replace(TREE, cases=TABLE)
        caller = Talk(script=script(tree)).begin(whose_case(IN_MENU))
        caller.press((1.0 + 0.1 * n, digit) for n, digit in enumerate(CITIZEN))
        read_back = 1.0 + 0.1 * len(CITIZEN) + PROMPT_SECONDS * (len(CITIZEN) + 2)
        caller.press([(read_back + 2.0, "#")])
        await asyncio.sleep(read_back + tree.wait_seconds + PROMPT_SECONDS + 1.0)
        assert caller.heard[-1] == PATH.format("en", "no-input")
        assert caller.channel.expired_at is None
        caller.task.cancel()

    run(body())
