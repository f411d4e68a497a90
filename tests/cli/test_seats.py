"""`ivrd seats list`: one line a seat."""

from ivrd.cli.seats import seats_text


def test_a_seat_that_rests_says_since_when_and_why() -> None:
    usual = {"seat": "base-01", "pool": "base", "state": "free", "why": "", "paused_at": 0.0}
    why = "rests for 40 s more: rang, and nobody answered, 2 in a row"
    rests = {**usual, "seat": "base-02", "state": "paused", "why": why, "paused_at": 980.0}
    assert seats_text([usual, rests], 1000.0).splitlines() == [
        "Seat     pool  state   since  why",
        "base-01  base  free",
        f"base-02  base  paused  20 s   {why}",
    ]
