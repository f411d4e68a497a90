"""Deflection regret: who dials again soon, in which share, and when the link is withdrawn."""

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.deflection import LEAST, REDIAL_SECONDS, WINDOW_SECONDS, Deflections, Rules

RULES = Rules(most=0.4, pause_seconds=3600.0)
OVER = REDIAL_SECONDS + 1


def after(regrets: int, calls: int = LEAST) -> Deflections:
    """So many of these calls, at moment 0, are regretted a minute later."""
    found = Deflections(RULES)
    for n in range(calls):
        found.deflected(f"p{n}", 0.0)
    for n in range(regrets):
        found.called(f"p{n}", 60.0)
    return found


@given(st.integers(0, LEAST), st.integers(LEAST, 60))
def test_the_share_is_of_those_whose_time_is_over(regrets: int, calls: int) -> None:
    found = after(regrets, calls)
    assert found.share(REDIAL_SECONDS) is None
    assert found.share(OVER) == regrets / calls
    assert found.share(WINDOW_SECONDS + 1) is None


def test_a_call_is_regretted_once_and_only_soon() -> None:
    found = Deflections(RULES)
    found.deflected("p", 100.0)
    found.deflected("", 100.0)
    assert not found.called("p", 50.0)  # the call that was deflected itself
    assert not found.called("q", 200.0)
    assert not found.called("", 200.0)
    assert found.called("p", 100.0 + REDIAL_SECONDS)
    assert not found.called("p", 100.0 + REDIAL_SECONDS)
    assert found.regretted == 1
    found.deflected("p", 5000.0)
    assert not found.called("p", 5000.0 + OVER)


def test_over_the_limit_the_link_is_withdrawn_once_and_comes_back() -> None:
    found = after(LEAST * 4 // 10)
    assert found.look(OVER) is None
    found = after(LEAST * 4 // 10 + 1)
    assert found.look(OVER - 2) is None
    assert found.look(OVER) == 0.45
    assert not found.offered(OVER)
    assert found.look(OVER + 1) is None
    back = OVER + RULES.pause_seconds
    assert found.offered(back)
    assert found.look(back) is None  # judged anew
