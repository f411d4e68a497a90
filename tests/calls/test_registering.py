"""Callers who register by keys, from the keys to the ledger: nothing that they key in is stored."""

from dataclasses import dataclass, field, replace

import pytest
from stdnum.th import pin

from ivrd.calls.menu_call import MenuCall, MenuPosition
from ivrd.core.call import Call, CallState, Outcome, Stage
from ivrd.core.commands import AddNote
from ivrd.core.inputs import TicketAnswer
from ivrd.core.intake import FileTicket, Flag, Form
from ivrd.core.intake_visit import At, IntakeVisit
from ivrd.core.menu_tree import ToIntake
from ivrd.ha.call_repository import STORED_CALL, StoredCall
from tests.asterisk.virtual import run
from tests.calls.rig import (
    MENU_KEY,
    SCRIPT,
    TREE,
    FakeIntake,
    Rig,
    arrived,
    event,
    gone,
    joined,
    offered,
    pressed,
    settle,
)

CALL, CHANNEL = "a", "PJSIP/c-a"
CITIZEN = "1000000123453"
MAIN = TREE.menus["main"]
FORM = Form((Flag("breath", "ask", "said", "short of breath", red=True),), 60, pin.is_valid)
KEYS = {**MAIN.keys, "6": ToIntake("other", "intake-offer")}
MENUS = {**TREE.menus, "main": replace(MAIN, keys=KEYS)}
INTAKE_TREE = replace(TREE, menus=MENUS, retries=2, intake=FORM)
INTAKE_SCRIPT = replace(SCRIPT, tree=INTAKE_TREE, today=lambda: INTAKE_TREE)
IN_MENU = ["1", "6"]  # Thai, then the key
WHOLE = ["1", "2", "1", *CITIZEN, "1", *"0303", "1"]


@dataclass
class Stored:
    """What would be stored."""

    texts: list[str] = field(default_factory=list)

    def moved(self, call: Call, position: MenuPosition | None) -> None:
        self.texts.append(STORED_CALL.dump_json(StoredCall(call, position)).decode())


class Intaking(Rig):
    def __init__(self) -> None:
        self.intake, self.stored = FakeIntake(offers=True), Stored()
        super().__init__(INTAKE_SCRIPT, intake=self.intake, positions=(self.stored,))

    async def keys(self, *keys: str) -> None:
        for key in keys:
            await self.take(pressed(CALL, key))

    async def said_until(self, last: str) -> list[str]:
        """The prompts, each to its end, until this command."""
        said: list[str] = []
        while last not in (commands := [t.get("Command", "") for t in self.link.told]):
            played = [t for t in self.link.told if t.get("Command", "").startswith("STREAM FILE")]
            assert len(played) > len(said), commands
            said.append(played[-1]["Command"].split('"')[1].rpartition("/")[2])
            self.tracker.ivr.result(played[-1]["CommandID"], "200 result=0 endpos=480000")
            await settle()
        return said

    async def waits_in_menu(self) -> None:
        await self.take(arrived(CALL), offered(CALL))
        self.ledger.note(CALL, topic="other")
        await self.take(event("AsyncAGIEnd", CALL), joined(CALL))
        await self.keys(MENU_KEY)
        await self.take(event("UserEvent", CALL, UserEvent="IvrdQueueMenu"), offered(CALL))

    def nothing_is_stored(self) -> bool:
        """Whether no digits of the number in a row, nor the day, were in what was stored."""
        visits = [STORED_CALL.validate_json(text).position for text in self.stored.texts]
        found = [of.visit for of in visits if of and isinstance(of.visit, IntakeVisit)]
        assert found
        return not any(CITIZEN[:4] in text or "2022-03-03" in text for text in self.stored.texts)


def test_who_registers_is_self_served_and_no_digit_is_stored() -> None:
    async def body() -> None:
        rig = Intaking()
        await rig.take(arrived(CALL), offered(CALL))
        await rig.keys(*IN_MENU, *WHOLE)
        ((call_id, ticket),) = rig.intake.filed
        assert (call_id, ticket.whole, ticket.answers.citizen_number) == (CALL, True, CITIZEN)
        assert rig.places() == {CALL: CallState.MENU}
        rig.intake.answers.put_nowait(TicketAnswer("1234567890"))
        await settle()
        assert rig.places() == {CALL: CallState.INFO}
        set_ = [(t.get("Variable"), t.get("Value")) for t in rig.link.told]
        assert ("IVRD_STAGE", "info") in set_
        await rig.take(gone(CALL))
        assert rig.ends() == {CALL: (Outcome.SELF_SERVED, Stage.IVR)}
        assert rig.nothing_is_stored()
        assert CITIZEN not in repr(rig.told) + repr(rig.told.steps)

    run(body())


def test_who_waits_keeps_waiting_or_has_registered() -> None:
    async def body() -> None:
        rig = Intaking()
        await rig.waits_in_menu()
        assert rig.places() == {CALL: CallState.QUEUE_MENU}
        await rig.keys("5", *WHOLE)
        rig.intake.answers.put_nowait(TicketAnswer("1234567890"))
        await settle()
        assert rig.places() == {CALL: CallState.INFO}
        await rig.keys("0")
        assert "registration keyed in" in {t.get("Value") for t in rig.link.told}
        await rig.take(event("AsyncAGIEnd", CALL), joined(CALL))
        assert rig.places() == {CALL: CallState.QUEUE}
        await rig.take(gone(CALL))
        assert rig.ends() == {CALL: (Outcome.ABANDONED, Stage.QUEUE)}

    run(body())


@pytest.mark.parametrize("came", [TicketAnswer("", unsure=True), RuntimeError("broken")])
def test_of_whose_ticket_nobody_knows_goes_to_a_person_whose_phone_shows_it(
    came: TicketAnswer | Exception,
) -> None:
    async def body() -> None:
        rig = Intaking()
        await rig.take(arrived(CALL), offered(CALL))
        await rig.keys(*IN_MENU, *WHOLE)
        rig.intake.answers.put_nowait(came)
        await settle()
        assert rig.places() == {CALL: CallState.MENU}  # not with whom has all they called for
        (note,) = [t["Value"] for t in rig.link.told if t.get("Variable") == "IVRD_NOTE"]
        assert note == "registration perhaps filed"
        assert "intake-perhaps-filed" in await rig.said_until("ASYNCAGI BREAK")

    run(body())


def test_a_red_flag_is_on_the_channel_before_the_caller_goes() -> None:
    async def body() -> None:
        rig = Intaking()
        await rig.take(arrived(CALL), offered(CALL))
        await rig.keys(*IN_MENU, "1", "1", "1")
        (note,) = [t for t in rig.link.told if t.get("Variable") == "IVRD_NOTE"]
        assert (note["Channel"], note["Value"]) == (CHANNEL, "red flag: short of breath")
        assert [ticket.whole for _call, ticket in rig.intake.filed] == [False]

    run(body())


def test_what_was_keyed_before_ivrd_ended_is_no_answer_to_what_is_asked_then() -> None:
    async def body() -> None:
        rig = Intaking()
        await rig.take(arrived(CALL), offered(CALL))
        await rig.keys(*IN_MENU, "1", "2", "1", *CITIZEN[:5])
        stored = STORED_CALL.validate_json(rig.stored.texts[-1])
        other = Intaking()
        other.tracker.restore(stored.call, stored.position)
        other.tracker.ivr.found(CALL, CHANNEL, "", offered=True)
        await other.keys(*CITIZEN[5:])  # typed on, while nobody spoke
        await other.tracker.ivr.resume()
        await settle()
        position = other.tracker.ivr.position(CALL)
        assert position is not None
        assert isinstance(position.visit, IntakeVisit)
        assert (position.visit.at, position.visit.yes) == (At.ANEW, ())
        said = [t for t in other.link.told if t.get("Command", "").startswith("STREAM FILE")]
        other.tracker.ivr.result(said[-1]["CommandID"], "200 result=0 endpos=480000")
        await settle()
        await other.keys("2", "1", *CITIZEN, "1", *"0303", "1")
        assert [ticket.answers.citizen_number for _call, ticket in other.intake.filed] == [CITIZEN]
        assert isinstance(other.intake.filed[0][1], FileTicket)

    run(body())


def test_whose_ticket_was_stored_when_ivrd_ended_hears_the_code_from_the_next() -> None:
    async def body() -> None:
        rig = Intaking()
        await rig.take(arrived(CALL), offered(CALL))
        await rig.keys(*IN_MENU, *WHOLE)
        stored = STORED_CALL.validate_json(rig.stored.texts[-1])
        other = Intaking()
        other.tracker.restore(stored.call, stored.position)
        other.tracker.ivr.found(CALL, CHANNEL, "", offered=True)
        await other.tracker.ivr.resume()
        other.intake.answers.put_nowait(TicketAnswer("1234567890"))
        await settle()
        assert (other.intake.looked_for, other.intake.filed) == ([CALL], [])
        assert other.places() == {CALL: CallState.INFO}

    run(body())


def test_a_key_pressed_at_the_case_code_while_nobody_spoke_is_not_lost() -> None:
    async def body() -> None:
        rig = Intaking()
        await rig.take(arrived(CALL), offered(CALL))
        await rig.keys(*IN_MENU, *WHOLE)
        rig.intake.answers.put_nowait(TicketAnswer("1234567890"))
        await settle()
        rig.tracker.ivr.detach_all("the link was lost")
        await rig.keys("0")
        await rig.tracker.ivr.resume()
        await settle()
        position = rig.tracker.ivr.position(CALL)
        assert position is not None
        assert (position.visit.over, position.visit.topic) == (True, "other")
        assert len(rig.intake.filed) == 1

    run(body())


def test_no_key_and_no_note_is_in_the_repr_of_a_call_in_a_menu() -> None:
    line = MenuCall(CHANNEL, "")
    for at, digit in enumerate(CITIZEN):
        line.add_key(digit, float(at))
    line.notes.append(AddNote(f"citizen {CITIZEN}"))
    assert "'1'" not in repr(line)
    assert CITIZEN not in repr(line)
