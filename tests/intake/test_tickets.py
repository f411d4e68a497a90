"""What a ticket has, for whom there is one, and when the caller may be told."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ivrd.config.outbox_settings import (
    ChannelSettings,
    FileSettings,
    HttpSettings,
    MessageSettings,
    OutboxSettings,
    SmsSettings,
    WebhookSettings,
)
from ivrd.config.outbox_template import Template
from ivrd.core.call import Call
from ivrd.core.call_events import HungUp
from ivrd.core.call_notices import Ended
from ivrd.core.inputs import TicketAnswer
from ivrd.core.intake import Answers, AtIntake, FileTicket, IntakeCommand, LeftIntake, RedFlags
from ivrd.core.ledger import Ledger
from ivrd.intake.progress import Progress
from ivrd.intake.tickets import Tickets, TicketSettings
from ivrd.outbox.message import Message

CALL = "1795312060.12"
CODE = "5312060012"
CITIZEN = "1000000123453"
MOBILE, LANDLINE = "0812345678", "021234567"
HTTP = HttpSettings("http://127.0.0.1:1", None, "", None, 10, 4, 20.0)
CHANNELS: dict[str, ChannelSettings] = {
    "crm": WebhookSettings(HTTP),
    "sms": SmsSettings(HTTP, "POST", {}, {}, {}, {}, frozenset(), "", frozenset()),
    "trial": FileSettings(Path("/nowhere")),
}
TEXT = {"th": Template("{hotline} {case}"), "en": Template("{case}")}
WHOLE = FileTicket("hi-register", Answers(("over-60",), CITIZEN, date(2022, 3, 3)), whole=True)
PART = FileTicket("hi-register", Answers(("breath",)), whole=False)


def settings(*uses: str) -> TicketSettings:
    channel = {"intake": "crm", "intake_code": "sms"}
    messages = {use: MessageSettings(channel[use], 60.0, TEXT) for use in uses}
    return TicketSettings(OutboxSettings(9, 9.0, CHANNELS, messages), "1330", "TH", ("th", "en"))


class Counts:
    """What metrics would have."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []

    def started(self) -> None:
        self.told.append(("started",))

    def completed(self) -> None:
        self.told.append(("completed",))

    def left(self, step: str, why: str) -> None:
        self.told.append((step, why))

    def red_flag(self, name: str) -> None:
        self.told.append(("red", name))


class Rig:
    """One call, and an outbox whose store takes what it is given, or does not."""

    def __init__(self, number: str = MOBILE, uses: tuple[str, ...] = ("intake", "intake_code")):
        self.ledger = Ledger()
        self.ledger.receive(Call(CALL, 100.0, caller="#p", language="th"))
        self.readable = self.stores = self.complete = self.room = True
        self.own: set[tuple[str, str]] = set()  # those whose id is drawn by lot
        self.shared: set[str] = set()
        self.put: dict[tuple[str, str], tuple[Message, str]] = {}
        self.counts = Counts()
        self.progress = Progress(self.counts)
        self.tickets = Tickets(
            settings(*uses),
            self.ledger,
            self,
            lambda call_id: number if call_id in self.ledger.calls else "",
            self,
            self.progress,
            lambda: 500.0,
        )

    def post(self, message: Message, about: str, recipient: str, *, once: bool) -> None:
        if self.room:
            self.put.setdefault((message.use, about), (message, recipient))
            self.own |= set() if once else {(message.use, about)}

    def holds(self, use: str, about: str) -> bool:
        return (use, about) in self.put

    async def written(self) -> bool:
        await asyncio.sleep(0)
        return self.stores

    def is_shared(self, person_id: str) -> bool:
        return person_id in self.shared

    def ends(self) -> None:
        for notice in self.ledger.apply(CALL, HungUp(200.0)):
            assert isinstance(notice, Ended)
            self.progress.notice(notice)

    def tell(self, *commands: IntakeCommand) -> None:
        for command in commands:
            self.tickets.notify(CALL, command)

    def file(self, ticket: FileTicket, then: Callable[[], None] = lambda: None) -> TicketAnswer:
        filed = self.tickets.file(CALL, ticket)
        then()
        return asyncio.run(filed)


def test_a_whole_ticket_has_all_that_was_given_and_the_caller_gets_the_code() -> None:
    rig = Rig()
    assert rig.file(WHOLE) == TicketAnswer(CODE, by_text=True)
    message, recipient = rig.put["intake", CALL]
    assert (message.to, message.text, recipient) == ("+66812345678", f"1330 {CODE}", "#p")
    assert message.data == {
        "case": CODE,
        "whole": "yes",
        "citizen_number": CITIZEN,
        "tested_on": "2022-03-03",
        "flags": "over-60",
        "topic": "hi-register",
        "language": "th",
    }
    message, _recipient = rig.put["intake_code", CALL]
    assert CITIZEN not in repr(message)
    assert rig.file(WHOLE) == TicketAnswer(CODE, by_text=True)
    assert len(rig.put) == 2


def test_what_was_given_so_far_is_a_ticket_of_its_own_and_no_code_is_sent() -> None:
    rig = Rig()
    assert rig.file(PART) == TicketAnswer(CODE)
    more = replace(PART, answers=replace(PART.answers, citizen_number=CITIZEN))
    rig.file(more)
    rig.file(more)
    rig.file(WHOLE)
    found = [(use, message.data.get("whole")) for (use, _), (message, _) in rig.put.items()]
    assert sorted(found, key=str) == [
        ("intake", "no"), ("intake", "no"), ("intake", "yes"), ("intake_code", None),
    ]  # fmt: skip


@pytest.mark.parametrize("number", [LANDLINE, "", "anonymous"])
def test_who_cannot_get_a_text_message_hears_the_code_alone(number: str) -> None:
    assert Rig(number).file(WHOLE) == TicketAnswer(CODE)


def test_a_number_of_many_people_gets_no_code() -> None:
    rig = Rig()
    rig.shared = {"#p"}
    assert rig.file(WHOLE) == TicketAnswer(CODE)
    assert Rig(uses=("intake",)).file(WHOLE) == TicketAnswer(CODE)


def test_it_is_offered_only_while_a_ticket_could_be_stored() -> None:
    rig = Rig()
    assert rig.tickets.offered(CALL)
    assert not rig.tickets.offered("1.1")
    rig.readable = False
    assert not rig.tickets.offered(CALL)
    without = Rig(uses=("intake_code",))
    assert not without.tickets.offered(CALL)
    assert without.file(WHOLE) == TicketAnswer("")


def test_who_has_registered_is_not_asked_for_another_ticket_which_would_not_be_filed() -> None:
    rig = Rig()
    rig.file(PART)
    assert rig.tickets.offered(CALL)
    rig.file(WHOLE)
    assert not rig.tickets.offered(CALL)


def test_the_ivrd_that_comes_after_finds_what_was_filed_and_files_nothing() -> None:
    rig = Rig()
    assert asyncio.run(rig.tickets.find(CALL)) == TicketAnswer("")
    assert not rig.put
    rig.file(PART)
    assert asyncio.run(rig.tickets.find(CALL)) == TicketAnswer("")
    rig.file(WHOLE)
    before = len(rig.put)
    assert asyncio.run(rig.tickets.find(CALL)) == TicketAnswer(CODE, by_text=True)
    assert len(rig.put) == before


def test_no_answer_is_in_the_repr_of_a_ticket_on_its_way() -> None:
    rig = Rig()
    rig.file(WHOLE)
    assert not [one for one in (CITIZEN, MOBILE[1:], "over-60") if one in repr(rig.put)]


def test_what_is_not_stored_in_time_may_be_delivered_and_no_code_is_told() -> None:
    rig = Rig()
    rig.stores = False
    assert rig.file(WHOLE) == TicketAnswer("", unsure=True)
    assert [*rig.put] == [("intake", CALL)]
    assert asyncio.run(rig.tickets.find(CALL)) == TicketAnswer("", unsure=True)
    rig.stores = True  # an interruption later
    assert asyncio.run(rig.tickets.find(CALL)) == TicketAnswer(CODE, by_text=True)


def test_what_the_outbox_does_not_take_is_not_filed() -> None:
    rig = Rig()
    rig.room = False
    assert rig.file(WHOLE) == TicketAnswer("")
    assert not rig.put


def test_before_the_outbox_is_read_nobody_knows_whether_there_is_a_ticket() -> None:
    rig = Rig()
    rig.complete = False
    assert not rig.tickets.offered(CALL)
    assert asyncio.run(rig.tickets.find(CALL)) == TicketAnswer("", unsure=True)
    assert rig.file(WHOLE) == TicketAnswer(CODE, by_text=True)  # begun before that
    assert rig.own == {("intake", CALL)}


def test_other_answers_are_another_ticket_also_of_the_same_kind_and_in_another_process() -> None:
    rig, found = Rig(), []
    for flags in (("breath",), ("chest",), ("breath",)):
        rig.file(replace(PART, answers=Answers(flags)))
        found.append(len(rig.put))
    assert found == [1, 2, 2]
    other = Rig()
    other.file(PART)
    assert not {*other.put} & {*rig.put}
    assert not [about for _use, about in rig.put if "breath" in about]


# --- how far callers get ------------------------------------------------------------------------


def test_who_began_has_completed_or_left() -> None:
    rig = Rig()
    rig.tell(AtIntake("consent"), AtIntake("questions"), AtIntake("consent"), AtIntake("ticket"))
    rig.file(WHOLE)
    rig.ends()
    assert rig.counts.told == [("started",), ("completed",)]
    assert not rig.progress.steps


def test_who_leaves_is_counted_at_the_step() -> None:
    rig = Rig()
    red = (RedFlags(("breath",)), LeftIntake("questions", "person"))
    rig.tell(AtIntake("consent"), AtIntake("questions"), *red)
    rig.ends()
    assert rig.counts.told == [("started",), ("red", "breath"), ("questions", "person")]


def test_who_hangs_up_is_counted_at_the_step_but_not_while_a_ticket_is_filed() -> None:
    rig = Rig()
    rig.tell(AtIntake("consent"), AtIntake("tested_on"))
    rig.ends()
    assert rig.counts.told == [("started",), ("tested_on", "hung_up")]
    for stores, end in ((True, ("completed",)), (False, ("ticket", "hung_up"))):
        rig = Rig()
        rig.stores = stores
        rig.tell(AtIntake("consent"), AtIntake("ticket"))
        rig.file(WHOLE, then=rig.ends)
        assert rig.counts.told == [("started",), end]
        assert ("intake", CALL) in rig.put  # what was complete is kept
    rig = Rig()
    rig.stores = False
    rig.tell(AtIntake("consent"), AtIntake("ticket"))
    rig.file(WHOLE)
    rig.tell(LeftIntake("ticket", "not_filed"))
    rig.ends()
    assert rig.counts.told == [("started",), ("ticket", "not_filed")]
