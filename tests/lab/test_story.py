"""What the demo tells of the partners, from one status after the other."""

from typing import Any, cast

from ivrd.core.status_schema import PartnerStatus, Status
from lab.story import Story, reason, stamp

PAUSED = "paused 30 s: refused, no circuit free (34), 3 in a row"


def partner(name: str = "good", **more: Any) -> PartnerStatus:
    idle = PartnerStatus(
        name=name, wanted=0, open=0, ringing=0, talking=0, taken=0, breaker="closed",
        held_to=None, override="", able=True, why="healthy",
    )  # fmt: skip
    return {**idle, **more}  # type: ignore[typeddict-item]


def status(
    wanted: int, *partners: PartnerStatus, why: str = "5 waiting", booked: int = 0, **made: int
) -> Status:
    callbacks = {"in_progress": 0, "talking": 0, "results": {"reached": made.pop("reached", 0)}}
    return cast(
        Status,
        {
            "overflow": {"wanted": wanted, "why": why},
            "partners": [*partners],
            "outcomes": {"callback": booked},
            "callbacks": callbacks | made,
        },
    )


def test_who_is_called_back_is_told_when_it_is_asked_for_and_when_it_is_done() -> None:
    story = Story()
    story.take(0.0, status(0, partner()))
    assert story.summary(0.0)[1:] == []
    assert story.take(20.0, status(0, partner(), booked=1)) == [
        "0:20  a caller has asked to be called back, and hung up: the place is kept"
    ]
    assert story.summary(20.0)[1:] == ["A caller asked at 0:20 to be called back, and was not yet."]
    assert story.take(30.0, status(0, partner(), booked=1, in_progress=1)) == []
    talking = status(0, partner(), booked=1, in_progress=1, talking=1)
    assert story.take(41.0, talking) == [
        "0:41  the turn has come: the hotline has called back, and a person talks to the caller"
    ]
    assert story.to_be_called
    assert story.take(48.0, status(0, partner(), booked=1, reached=1)) == []
    assert not story.to_be_called
    assert story.summary(50.0)[1:] == [
        "A caller asked at 0:20 to be called back, and talked to a person at 0:41."
    ]


def test_nothing_is_told_of_what_stays_the_same() -> None:
    story = Story()
    assert story.take(0.0, status(0, partner())) == []
    assert story.take(1.0, status(0, partner())) == []


def test_seats_open_a_caller_is_taken_and_seats_close() -> None:
    story = Story()
    story.take(0.0, status(0, partner()))
    assert story.take(12.0, status(3, partner(open=3))) == [
        "0:12  partners' seats are wanted: 3 (5 waiting)",
        "0:12  good opens 3 seats",
    ]
    assert story.take(20.4, status(3, partner(open=2, talking=1, taken=1))) == [
        "0:20  good takes its first caller"
    ]
    assert story.take(75.0, status(0, partner(taken=4), why="enough")) == [
        "1:15  no partner's seat is wanted any more: enough",
        "1:15  good has closed its last seat",
    ]
    assert story.summary(last_call_at=70.0) == [
        "At most 3 partners' seats were wanted, 3 open.",
        "good took 4 calls and had up to 3 seats.",
        "The last partner's seat was closed at 1:15, 5 s after the last caller had hung up.",
    ]


def test_a_partner_is_paused_tried_and_paused_again() -> None:
    story = Story()
    story.take(0.0, status(1, partner("bad", open=1)))
    assert story.take(5.0, status(1, partner("bad", breaker="open", why=PAUSED))) == [
        f"0:05  bad: {PAUSED}"
    ]
    again = partner("bad", breaker="half open", why="trying one call: refused")
    assert story.take(35.0, status(1, again)) == ["0:35  bad: one call is tried"]
    story.take(36.0, status(1, partner("bad", breaker="open", why=PAUSED)))
    assert story.summary(30.0)[1] == (
        "bad took no call and had up to 1 seat; its breaker paused it at 0:05 "
        "(refused, no circuit free (34), 3 in a row), and once more."
    )
    healthy = story.take(90.0, status(1, partner("bad", taken=1)))
    assert healthy == ["1:30  bad takes its first caller", "1:30  bad: healthy"]


def test_a_seat_that_opens_again_has_not_closed_for_good() -> None:
    story = Story()
    for at, seats in enumerate([1, 0, 2, 0, 0]):
        story.take(float(at), status(2, partner(open=seats)))
    assert story.closed_at == 3.0
    assert story.summary(10.0)[-1] == "The last partner's seat was closed at 0:03."


def test_seats_that_do_not_close_in_time_are_told() -> None:
    story = Story()
    story.take(0.0, status(2, partner(open=2)))
    assert story.open == 2
    assert story.summary(0.0)[-1] == "Still open when the demo ended: 2 seats."


def test_without_a_need_nothing_is_claimed() -> None:
    story = Story()
    story.take(0.0, status(0, partner()))
    assert story.summary(0.0) == [
        "No partner's seat was wanted: the hotline's own agents were enough."
    ]


def test_times_and_reasons() -> None:
    assert (stamp(0), stamp(61.9), stamp(600)) == ("0:00", "1:01", "10:00")
    assert reason(PAUSED) == "refused, no circuit free (34), 3 in a row"
    assert reason("its trunk is unreachable") == "its trunk is unreachable"
