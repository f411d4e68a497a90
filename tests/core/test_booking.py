"""A booking's life: one attempt at a time, none after the end, and a pause that follows each."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core import booking as b
from ivrd.core.attempt_report import AttemptState, Report, event_of, report_of
from ivrd.core.booking import AttemptResult, Booking, BookingState, InvalidStep, Retries, step

RETRIES = Retries((300.0, 1800.0), 60.0)
BOOKED = Booking("b" * 16, "person", "asker", "sealed", "q", "t", "th", 1000.0, 900.0)
EVENTS = st.one_of(
    st.builds(b.Dialled, st.floats(1000, 2000)),
    st.builds(b.PickedUp, st.floats(1000, 2000), st.just("c1")),
    st.builds(b.ConfirmedByKey, st.floats(1000, 2000), st.just("c1")),
    st.builds(b.TalkBegan, st.floats(1000, 2000)),
    st.just(b.TalkFailed()),
    st.builds(b.TalkedElsewhere, st.floats(1000, 2000)),
    st.builds(b.AttemptEnded, st.floats(1000, 2000), st.sampled_from(AttemptResult)),
    st.builds(b.Cancelled, st.floats(1000, 2000)),
    st.builds(b.TriedAgain, st.floats(1000, 2000)),
)


def after(*events: b.Event, of: Booking = BOOKED) -> Booking:
    for event in events:
        of = step(of, event, RETRIES)
    return of


def failed(result: AttemptResult, of: Booking = BOOKED) -> Booking:
    return after(b.Dialled(1000.0), b.AttemptEnded(1030.0, result), of=of)


@given(st.lists(EVENTS, max_size=30))
def test_whatever_happens_no_attempt_begins_during_another_or_after_the_person_was_reached(
    events: list[b.Event],
) -> None:
    booking = BOOKED
    for event in events:
        before = booking
        try:
            booking = step(booking, event, RETRIES)
        except InvalidStep:
            assert booking is before
            continue
        if isinstance(event, b.Dialled):
            assert before.state is BookingState.WAITING
            assert booking.tries == before.tries + 1
        if before.state in (BookingState.REACHED, BookingState.CANCELLED):
            raise AssertionError(event)
        # Each attempt is on, or is among those that have ended.
        assert booking.tries == len(booking.attempts) + booking.on
        # The number is there for as long as it may be dialled, and goes with a good end.
        assert bool(booking.number) is (booking.open or booking.state is BookingState.GIVEN_UP)


@pytest.mark.parametrize("result", ["busy", "no_answer", "no_key", "hung_up", "left"])
def test_who_does_not_come_to_the_phone_is_tried_again_later_and_then_given_up(result: str) -> None:
    first = failed(AttemptResult(result))
    assert (first.state, first.not_before) == (BookingState.WAITING, 1330.0)
    second = failed(AttemptResult(result), first)
    assert (second.state, second.not_before) == (BookingState.WAITING, 2830.0)
    assert failed(AttemptResult(result), second).state is BookingState.GIVEN_UP


@pytest.mark.parametrize("result", [AttemptResult.TRUNK, AttemptResult.FAULT])
def test_faults_that_are_not_the_persons_never_end_it(result: AttemptResult) -> None:
    booking = BOOKED
    for _ in range(20):
        booking = failed(result, booking)
        assert (booking.state, booking.not_before) == (BookingState.WAITING, 1090.0)


def test_who_talks_in_a_call_of_their_own_while_we_dial_is_not_dialled_again() -> None:
    talked = after(b.Dialled(1000.0), b.TalkedElsewhere(1010.0))
    assert talked.on
    closed = after(b.AttemptEnded(1030.0, AttemptResult.BUSY), of=talked)
    assert (closed.state, closed.number) == (BookingState.REACHED, "")


def test_a_talk_that_was_none_leaves_the_person_to_be_reached() -> None:
    dropped = after(b.Dialled(1000.0), b.ConfirmedByKey(1010.0, "c"), b.TalkBegan(1011.0))
    again = after(b.TalkFailed(), b.AttemptEnded(1020.0, AttemptResult.LEFT), of=dropped)
    assert again.state is BookingState.WAITING


def test_a_talk_counts_whatever_the_end_of_the_attempt_is_called() -> None:
    """Asterisk crashed during the talk, say."""
    talking = after(b.Dialled(1000.0), b.ConfirmedByKey(1010.0, "c"), b.TalkBegan(1011.0))
    ended = after(b.AttemptEnded(1500.0, AttemptResult.FAULT), of=talking)
    assert (ended.state, ended.attempts[-1].result) == (
        BookingState.REACHED,
        AttemptResult.REACHED,
    )


def test_who_says_so_is_not_called_any_more() -> None:
    assert failed(AttemptResult.DECLINED).state is BookingState.CANCELLED


def test_an_operator_can_have_it_tried_again_after_it_was_given_up_and_not_after_the_end() -> None:
    given_up = failed(AttemptResult.BUSY, failed(AttemptResult.BUSY, failed(AttemptResult.BUSY)))
    again = after(b.TriedAgain(9000.0), of=given_up)
    assert (again.state, again.not_before, again.ended_at) == (BookingState.WAITING, 9000.0, None)
    with pytest.raises(InvalidStep):
        after(b.TriedAgain(9000.0), of=after(b.Cancelled(1000.0)))


def test_each_attempt_has_a_token_of_its_own() -> None:
    first = after(b.Dialled(1000.0))
    second = after(b.AttemptEnded(1010.0, AttemptResult.BUSY), b.Dialled(1400.0), of=first)
    assert first.token == f"{BOOKED.id}001"
    assert second.token == f"{BOOKED.id}002"


@pytest.mark.parametrize(
    ("detail", "result"),
    [
        ("BUSY:17:yes", AttemptResult.BUSY),
        ("BUSY:17:yes:486", AttemptResult.BUSY),
        ("CHANUNAVAIL:21:no", AttemptResult.BUSY),  # declined on the phone
        ("NOANSWER:0:yes", AttemptResult.NO_ANSWER),
        ("NOANSWER:19:no", AttemptResult.NO_ANSWER),
        ("NOANSWER:0:no", AttemptResult.TRUNK),  # not a sign of ringing in ten seconds
        ("CONGESTION:34:no", AttemptResult.TRUNK),
        ("CHANUNAVAIL:1:no", AttemptResult.UNREACHABLE),
        ("DEAD:20:no", AttemptResult.TRUNK),
        ("CHANUNAVAIL:20:no", AttemptResult.UNREACHABLE),
        ("", AttemptResult.TRUNK),
        ("BUSY", AttemptResult.BUSY),
    ],
)
def test_what_dial_says(detail: str, result: AttemptResult) -> None:
    assert Report(AttemptState.FAILED, detail).result is result


@given(st.text())
def test_a_variable_with_anything_else_says_nothing(text: str) -> None:
    report = report_of(text)
    assert report is None or text.split("|")[0] == report.state


def test_a_report_that_comes_twice_or_late_is_no_news() -> None:
    dialling = after(b.Dialled(1000.0))
    answered = Report(AttemptState.ANNOUNCEMENT, "c1")
    event = event_of(dialling, answered, 1005.0)
    assert event == b.PickedUp(1005.0, "c1")
    there = after(event, of=dialling)
    assert event_of(there, answered, 1006.0) is None
    confirmed = Report(AttemptState.CONFIRMED, "c1")
    inside = after(event_of(there, confirmed, 1007.0) or b.TalkFailed(), of=there)
    assert event_of(inside, confirmed, 1008.0) is None
    assert event_of(inside, answered, 1008.0) is None
    assert event_of(replace(BOOKED, tries=1), Report(AttemptState.REACHED, "c1"), 1009.0) is None
