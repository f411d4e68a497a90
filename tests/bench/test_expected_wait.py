"""The benchmark of the expected wait: its line is a line, and its figures are as promised."""

from random import Random

from bench.expected_wait import Figures, Hotline, Scenario, figures, row, simulated

SMALL = Scenario("small", seats=5, talk=20.0, patience=60.0, hours=1.0)


def test_the_figures_are_as_promised() -> None:
    found = figures(simulated(SMALL, range(1, 5)))
    assert found.holds, found
    assert found.waits > 500
    assert 0.1 < found.left < 0.6
    assert found.plain > 1.5  # the line tells much that a mean does not
    assert found.everybody < found.coverage < found.answered
    assert row("small", found).count("|") == 9


def test_they_do_not_hold_when_they_are_not() -> None:
    good = Figures(100, 0.3, 1.0, 3.0, 0.8, 0.82, 0.78)
    assert good.holds
    for bad in (
        Figures(100, 0.3, 1.06, 3.0, 0.8, 0.82, 0.78),
        Figures(100, 0.3, 1.0, 3.0, 0.74, 0.82, 0.78),
        Figures(100, 0.3, 1.0, 3.0, 0.86, 0.82, 0.78),
    ):
        assert not bad.holds


def test_who_gives_up_would_have_waited_longer_than_that() -> None:
    waits = Hotline(SMALL, Random(1330)).run()
    gave_up = [wait for wait in waits if wait.left is not None]
    assert gave_up
    assert all(wait.left <= wait.seconds for wait in gave_up if wait.left is not None)
