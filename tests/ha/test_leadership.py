"""Whether this ivrd is the leader, and what follows from that at once."""

from math import inf

from ivrd.asterisk.leader_guard import LeaderGuard
from ivrd.ha.leadership import Leadership, Role


def made(alone: bool = False) -> tuple[Leadership, LeaderGuard, list[str]]:
    guard, stepped_down = LeaderGuard(lambda: 100.0), list[str]()
    return Leadership("me:1", alone, guard, stepped_down.append), guard, stepped_down


def test_one_alone_is_the_leader_and_stays_it() -> None:
    leadership, guard, stepped_down = made(alone=True)
    leadership.fenced()
    assert (leadership.is_leader, leadership.leader, stepped_down) == (True, "me:1", [])
    assert guard._until == inf


def test_a_standby_becomes_the_leader_with_its_first_grant() -> None:
    leadership, guard, _stepped_down = made()
    assert (leadership.is_leader, guard._until) == (False, -inf)
    leadership.grant(101.0)
    assert (leadership.role, guard._until) == (Role.LEADER, 101.0)
    assert leadership.gained.is_set()


def test_a_leader_that_is_fenced_may_do_nothing_more_and_steps_down_once() -> None:
    leadership, guard, stepped_down = made()
    leadership.grant(101.0)
    leadership.fenced()
    leadership.step_down("another ivrd has the lease")
    assert stepped_down == ["another ivrd has written to the store"]
    assert (leadership.is_leader, leadership.over, guard._until) == (False, True, -inf)


def test_the_leaders_name_is_in_the_token_until_it_hands_over() -> None:
    leadership, _guard, _stepped_down = made()
    for token, leader in (("", ""), ("7 a:1", "a:1"), ("7 nobody", "")):
        leadership.token_seen = token
        assert leadership.leader == leader
    leadership.epoch = 8
    assert leadership.token == "8 me:1"
