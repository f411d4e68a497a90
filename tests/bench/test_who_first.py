"""bench.who_first: how it counts; not what comes of it."""

from bench.who_first import COMES, SEATS, WAYS, Chance, rows


def test_nobody_talks_longer_than_the_seats_are_there_and_every_talk_is_counted() -> None:
    hours = 0.5
    for way in WAYS.values():
        found = way(Chance(0.7, seed=1), hours)
        assert len(found.waits) > SEATS
        assert 0.5 < found.talked / (SEATS * hours * 3600.0) < 1.3  # talks end after the time is up
        assert min(found.waits) >= 0.0


def test_only_one_of_both_waits() -> None:
    found = {name: way(Chance(0.7, seed=1), 0.5) for name, way in WAYS.items()}
    assert found["the person"].held == 0.0
    assert min(found["the person"].waits) > 0.0
    assert found["the partner"].held > 0.0
    assert {*found["the partner"].waits} == {0.0}


def test_there_is_a_row_for_each() -> None:
    assert len(list(rows(0.1))) == len(COMES) * len(WAYS)
