"""One caller's story, as the log has it."""

import logging
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from ivrd.asterisk.facts import PartnerLegEvent
from ivrd.asterisk.seat_facts import SeatDropped, SeatOffered, SeatUnanswered
from ivrd.core.call import Call
from ivrd.core.call_events import HungUp
from ivrd.core.call_notices import Ended
from ivrd.core.call_table import step
from ivrd.core.ledger import Ledger
from ivrd.core.menu_step import MenuStep, StepKind
from ivrd.core.report import PartnerEventKind
from ivrd.metrics.story import MOST_MENU_LINES, CallStory

CALL = Call("1795308674.7", 100.0, "9f2c0a11b3d4")
CASE = "08674-007"


class Lines(logging.Handler):
    """What is logged: each line's words and fields."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, dict[str, object]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        fields = dict(record.__dict__["fields"])
        assert fields.pop("call") == CALL.id
        assert fields.pop("case") == CASE
        assert record.levelno == logging.INFO
        assert record.__dict__["always"]  # no line of a story is held back
        self.lines.append((record.getMessage(), fields))


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logger = logging.getLogger("ivrd")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(before)


def story(leader: bool = True) -> CallStory:
    ledger = Ledger()
    ledger.receive(CALL)
    return CallStory(ledger, SimpleNamespace(is_leader=leader))


def leg(kind: PartnerEventKind, waiting: str = CALL.id, **more: object) -> PartnerLegEvent:
    return PartnerLegEvent("bank", "bank/01", kind, 110.0, waiting, **more)  # type: ignore[arg-type]


def test_offers_and_what_became_of_them(lines: Lines) -> None:
    told = story()
    told.menu(CALL, MenuStep(StepKind.MENU, "main", "en", "2"))
    told.seat(CALL, SeatOffered("base-01", CALL.id))
    told.seat(CALL, SeatUnanswered("base-01", 110.0, 15.0, CALL.id))
    told.seat(CALL, SeatUnanswered("base-02", 110.0, 0.1, CALL.id))
    told.seat(CALL, SeatDropped("base-03", 111.0, 1, waiting=CALL.id))
    told.seat(CALL, SeatDropped("base-04", 151.0, 1, silent_seconds=30.0, waiting=CALL.id))
    told.seat(CALL, SeatUnanswered("bank/01", 110.0, 3.0, CALL.id))  # its leg says more
    told.leg_event(leg(PartnerEventKind.REFUSED, status="BUSY", cause=17))
    told.leg_event(leg(PartnerEventKind.UNCONFIRMED, status="no_key"))
    told.leg_event(leg(PartnerEventKind.DROPPED))
    told.leg_event(leg(PartnerEventKind.RETURNED))
    not_taken = "call not taken by a seat"
    assert lines.lines == [
        ("call in a menu", {"to": "main", "key": "2", "language": "en"}),
        ("call offered to a seat", {"seat": "base-01"}),
        (not_taken, {"seat": "base-01", "result": "missed", "rang_seconds": 15.0}),
        (not_taken, {"seat": "base-02", "result": "refused", "rang_seconds": 0.1}),
        (not_taken, {"seat": "base-03", "result": "dropped"}),
        (
            "nothing comes from the seat any more; the call goes back",
            {"seat": "base-04", "silent_seconds": 30.0},
        ),
        (not_taken, {"seat": "bank/01", "result": "refused", "why": "busy"}),
        (not_taken, {"seat": "bank/01", "result": "unconfirmed", "why": "no key pressed"}),
        (not_taken, {"seat": "bank/01", "result": "dropped", "why": ""}),
        ("call sent back by a partner", {"seat": "bank/01"}),
    ]


def test_what_has_a_line_of_its_own_or_no_caller_is_not_told(lines: Lines) -> None:
    told = story()
    for kind in (PartnerEventKind.OFFERED, PartnerEventKind.CONFIRMED, PartnerEventKind.TALKED):
        told.leg_event(leg(kind))
    told.leg_event(leg(PartnerEventKind.REFUSED, waiting=""))  # a drill
    told.leg_event(leg(PartnerEventKind.REFUSED, waiting="1795308674.8"))
    assert lines.lines == []


def test_a_standby_tells_nothing(lines: Lines) -> None:
    told = story(leader=False)
    told.menu(CALL, MenuStep(StepKind.NO_MENU))
    told.seat(CALL, SeatOffered("base-01", CALL.id))
    told.leg_event(leg(PartnerEventKind.DROPPED))
    assert lines.lines == []


def test_who_presses_keys_without_end_fills_no_disk(lines: Lines) -> None:
    told = story()
    for _ in range(1000):
        told.menu(CALL, MenuStep(StepKind.MESSAGE, "care", "th", "1"))
    told.menu(CALL, MenuStep(StepKind.PERSON, "other", "th", "0"))
    assert len(lines.lines) == MOST_MENU_LINES + 1
    assert lines.lines[-2][0] == "call does more in menus than is logged"
    assert lines.lines[-1][0] == StepKind.PERSON
    (ended,) = step(CALL, HungUp(200.0))[1]
    assert isinstance(ended, Ended)
    told.notice(ended)
    told.menu(CALL, MenuStep(StepKind.NO_MENU))  # were it remembered, this would be too much
    assert lines.lines[-1][0] == StepKind.NO_MENU
