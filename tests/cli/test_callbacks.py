"""`ivrd callback`: one line a booking, and one booking in full; never a number."""

from typing import Any

from ivrd.cli import callbacks
from ivrd.cli.callbacks import booking_text, bookings_text
from ivrd.core.booking import AttemptResult, BookingOrigin, BookingState

ROW: dict[str, Any] = {
    "id": "00ff00ff00ff00ff",
    "person": "0123456789ab",
    "state": "waiting",
    "origin": "asked",
    "queue": "other",
    "topic": "other",
    "language": "th",
    "waited_seconds": 754.2,
    "booked_at": 1795312060.0,
    "due_in_seconds": 120.5,
    "attempts": [{"began_at": 1795312160.0, "seconds": 31.2, "result": "no_answer"}],
}


def test_a_list() -> None:
    head, row = bookings_text([ROW]).splitlines()
    assert head.split()[0] == "Booking"
    assert row.split("  ")[0] == "00ff00ff00ff00ff"
    assert "no answer" in row
    assert "in 2 min" in row
    assert bookings_text([]) == "Nobody is to be called back."


def test_one_in_full() -> None:
    text = booking_text({**ROW, "due_in_seconds": 0.0})
    assert text.startswith("00ff00ff00ff00ff: waits\n")
    assert "to be called at its turn" in text
    assert "no answer, after 31 s" in text
    assert "\nhas asked for it; person" in text


def test_every_state_and_result_has_its_words() -> None:
    assert set(callbacks.STATES) == set(BookingState)
    assert set(callbacks.RESULTS) == set(AttemptResult)
    assert set(callbacks.ORIGINS) == set(BookingOrigin)
