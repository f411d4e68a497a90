"""ivrd_handoff_seconds, as it is scraped."""

from types import SimpleNamespace

import prometheus_client as prom
import pytest

from ivrd.asterisk.seat_facts import MemberChanged, SeatOffered, SeatState, SeatUnanswered
from ivrd.core.call import AnsweredBy, Call
from ivrd.core.call_events import Connected, JoinedQueue
from ivrd.core.call_notices import Answered
from ivrd.core.call_table import step
from ivrd.core.seats import SeatStatus
from ivrd.metrics.handoff import HandoffMetrics


class Scraped:
    """The series, and a clock that goes on when it is told."""

    def __init__(self, leader: bool = True) -> None:
        self.now = 1000.0
        self.registry = prom.CollectorRegistry()
        status = SimpleNamespace(is_leader=leader)
        self.made = HandoffMetrics(self.registry, status, lambda: self.now)

    def of(self, kind: str) -> tuple[float, float]:
        """(how many, their sum)."""
        values = [
            self.registry.get_sample_value(f"ivrd_handoff_seconds_{what}", {"kind": kind})
            for what in ("count", "sum")
        ]
        return values[0] or 0.0, values[1] or 0.0

    def joins(self) -> Call:
        call, notices = step(Call("1.1", self.now), JoinedQueue(self.now, "benefits"))
        self.made.notice(notices[0])
        return call

    def answers(self, call: Call, seat: str, by: AnsweredBy) -> Answered:
        _call, (notice,) = step(call, Connected(self.now, by, seat))
        self.made.notice(notice)
        assert isinstance(notice, Answered)
        return notice


def test_the_series_are_there_with_0_from_the_start() -> None:
    scraped = Scraped()
    for kind in ("phone", "partner", "line"):
        labels = {"kind": kind}
        assert scraped.registry.get_sample_value("ivrd_handoff_seconds_count", labels) == 0


@pytest.mark.parametrize(
    ("seat", "by", "kind"),
    [
        ("base-01", AnsweredBy.INHOUSE, "phone"),
        ("bank/01", AnsweredBy.PARTNER, "partner"),
        ("base.01", AnsweredBy.INHOUSE, "line"),
    ],
)
def test_each_kind_of_seat_has_its_own(seat: str, by: AnsweredBy, kind: str) -> None:
    scraped = Scraped()
    scraped.made.seat(MemberChanged(seat, "benefits", True, False, "", SeatStatus.FREE))
    scraped.now += 60.0
    call = scraped.joins()
    scraped.made.seat(SeatOffered(seat, call.id))
    scraped.made.seat(SeatState(seat, SeatStatus.RINGING))
    scraped.now += 2.5
    scraped.answers(call, seat, by)
    assert scraped.of(kind) == (1.0, 2.5)
    assert sum(scraped.of(other)[0] for other in {"phone", "partner", "line"} - {kind}) == 0


def test_a_seat_that_is_paused_or_talks_is_not_free() -> None:
    scraped = Scraped()
    call = scraped.joins()
    for blocked in (
        MemberChanged("base-01", "benefits", True, True, "pause", SeatStatus.FREE),
        SeatState("base-01", SeatStatus.BUSY),
    ):
        scraped.made.seat(blocked)
        scraped.now += 20.0
    scraped.made.seat(SeatState("base-01", SeatStatus.FREE))
    scraped.made.seat(SeatOffered("base-01", call.id))
    scraped.now += 10.0
    scraped.made.seat(SeatUnanswered("base-01", scraped.now, 10.0, call.id))
    scraped.now += 100.0
    scraped.made.seat(SeatOffered("base-02", call.id))
    scraped.now += 1.0
    scraped.answers(call, "base-02", AnsweredBy.INHOUSE)
    assert scraped.of("phone") == (1.0, 11.0)


def test_a_standby_counts_nothing() -> None:
    scraped = Scraped(leader=False)
    call = scraped.joins()
    scraped.made.seat(SeatOffered("base-01", call.id))
    scraped.answers(call, "base-01", AnsweredBy.INHOUSE)
    assert scraped.of("phone") == (0.0, 0.0)
