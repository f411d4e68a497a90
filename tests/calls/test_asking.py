"""Callers who ask for the state of a case, from the keys to the ledger: no digit is stored."""

from dataclasses import replace

import pytest
from stdnum.th import pin

from ivrd.core.call import CallState, Outcome, Stage
from ivrd.core.cases import CaseQuestion, CaseResult, CaseTable
from ivrd.core.inputs import CaseAnswer
from ivrd.core.menu_tree import ToCase
from tests.asterisk.virtual import run
from tests.calls.rig import (
    SCRIPT,
    TREE,
    FakeCases,
    Rig,
    arrived,
    event,
    gone,
    joined,
    offered,
    pressed,
    settle,
)
from tests.calls.test_registering import Stored

CALL, CODE = "a", "08674012"
MAIN = TREE.menus["main"]
MENUS = {**TREE.menus, "main": replace(MAIN, keys={**MAIN.keys, "6": ToCase("other")})}
TABLE = CaseTable(8, by_person=False, states={"bed": ("welcome",)}, is_citizen_number=pin.is_valid)
MENU_KEY = "9"
CASE_TREE = replace(TREE, menus=MENUS, retries=2, cases=TABLE, queue_menu_key=MENU_KEY)
ASKS = ["1", "6", *CODE, "1"]  # Thai, then the key, the number, right


class Asking(Rig):
    def __init__(self) -> None:
        self.cases, self.stored = FakeCases(), Stored()
        script = replace(SCRIPT, tree=CASE_TREE, today=lambda: CASE_TREE)
        super().__init__(script, cases=self.cases, positions=(self.stored,))

    async def keys(self, *keys: str) -> None:
        for key in keys:
            await self.take(pressed(CALL, key))

    async def asks(self) -> None:
        await self.take(arrived(CALL), offered(CALL))
        await self.keys(*ASKS)
        assert self.cases.asked == [(CALL, CaseQuestion(code=CODE))]

    async def waits_in_menu(self) -> None:
        await self.take(arrived(CALL), offered(CALL))
        self.ledger.note(CALL, topic="other")
        await self.take(event("AsyncAGIEnd", CALL), joined(CALL))
        await self.keys(MENU_KEY)
        await self.take(event("UserEvent", CALL, UserEvent="IvrdQueueMenu"), offered(CALL))

    def set_on_channel(self) -> set[tuple[str | None, str | None]]:
        return {(t.get("Variable"), t.get("Value")) for t in self.link.told}

    def nothing_is_stored(self) -> bool:
        assert self.stored.texts
        return not any(CODE[:4] in text for text in self.stored.texts)


def test_who_is_told_and_hangs_up_is_self_served() -> None:
    async def body() -> None:
        rig = Asking()
        await rig.asks()
        assert rig.places() == {CALL: CallState.MENU}
        rig.cases.answers.put_nowait(CaseAnswer(CaseResult.FOUND, "bed"))
        await settle()
        assert rig.places() == {CALL: CallState.INFO}
        await rig.take(gone(CALL))
        assert rig.ends() == {CALL: (Outcome.SELF_SERVED, Stage.IVR)}
        assert rig.nothing_is_stored()
        assert CODE not in repr(rig.told) + repr(rig.told.steps)

    run(body())


@pytest.mark.parametrize("answer", [CaseAnswer(CaseResult.SLOW), RuntimeError("a fault of ours")])
def test_who_cannot_be_told_has_a_person_who_sees_what_was_keyed(
    answer: CaseAnswer | Exception,
) -> None:
    async def body() -> None:
        rig = Asking()
        await rig.asks()
        assert ("IVRD_NOTE", f"case {CODE}") in rig.set_on_channel()
        rig.cases.answers.put_nowait(answer)
        await settle()
        position = rig.tracker.ivr.position(CALL)
        assert position is not None
        assert position.visit.over
        await rig.take(event("AsyncAGIEnd", CALL), joined(CALL))
        assert rig.places() == {CALL: CallState.QUEUE}
        assert rig.nothing_is_stored()

    run(body())


def test_a_new_session_asks_for_the_number_anew_and_takes_no_key_of_the_old_one() -> None:
    async def body() -> None:
        rig = Asking()
        await rig.take(arrived(CALL), offered(CALL))
        await rig.keys("1", "6", *CODE[:3])
        rig.tracker.ivr.detach_all("the link was lost")
        await rig.keys(*CODE[3:])
        await rig.tracker.ivr.resume()
        await settle()
        assert rig.cases.asked == []
        await rig.keys(*CODE, "1")
        assert rig.cases.asked == [(CALL, CaseQuestion(code=CODE))]

    run(body())


def test_who_waits_is_told_as_well_and_keeps_the_place() -> None:
    async def body() -> None:
        rig = Asking()
        await rig.waits_in_menu()
        arrived_at = rig.ledger.calls[CALL].effective_at
        await rig.keys("6", *CODE, "1")
        assert rig.cases.asked == [(CALL, CaseQuestion(code=CODE))]
        assert rig.places() == {CALL: CallState.QUEUE_MENU}
        assert rig.nothing_is_stored()
        rig.cases.answers.put_nowait(CaseAnswer(CaseResult.FOUND, "bed"))
        await settle()
        assert rig.places() == {CALL: CallState.INFO}
        await rig.keys("0")
        assert ("IVRD_NOTE", f"case {CODE}") in rig.set_on_channel()
        await rig.take(event("AsyncAGIEnd", CALL), joined(CALL))
        assert rig.places() == {CALL: CallState.QUEUE}
        assert rig.ledger.calls[CALL].effective_at == arrived_at
        await rig.take(gone(CALL))
        assert rig.ends() == {CALL: (Outcome.ABANDONED, Stage.QUEUE)}

    run(body())


def test_who_waits_and_hangs_up_when_told_is_self_served() -> None:
    async def body() -> None:
        rig = Asking()
        await rig.waits_in_menu()
        await rig.keys("6", *CODE, "1")
        rig.cases.answers.put_nowait(CaseAnswer(CaseResult.FOUND, "bed"))
        await settle()
        await rig.take(gone(CALL))
        assert rig.ends() == {CALL: (Outcome.SELF_SERVED, Stage.IVR)}

    run(body())


def test_who_waits_and_is_told_again_by_another_ivrd_is_at_a_message_there_as_well() -> None:
    """A standby has seen that the menu was opened, not what was said in it."""

    async def body() -> None:
        rig, other = Asking(), Asking()
        for each in (rig, other):
            await each.waits_in_menu()
        await rig.keys("6", *CODE, "1")
        rig.cases.answers.put_nowait(CaseAnswer(CaseResult.FOUND, "bed"))
        await settle()
        other.tracker.ivr.detach_all("another ivrd was the leader")
        other.tracker.restore(rig.ledger.calls[CALL], rig.tracker.ivr.position(CALL))
        assert other.places() == {CALL: CallState.QUEUE_MENU}
        await other.tracker.ivr.resume()
        await settle()
        assert other.places() == {CALL: CallState.INFO}
        await other.take(gone(CALL))
        assert other.ends() == {CALL: (Outcome.SELF_SERVED, Stage.IVR)}

    run(body())


def test_while_cases_are_not_looked_up_the_key_is_none() -> None:
    async def body() -> None:
        rig = Asking()
        rig.cases.paused = True
        await rig.waits_in_menu()
        await rig.keys("6", *CODE, "1")
        assert rig.cases.asked == []
        assert rig.places() == {CALL: CallState.QUEUE_MENU}

    run(body())
