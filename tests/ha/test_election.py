"""Which of two ivrd acts: never both, and before long one of them."""

import asyncio
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivrd.asterisk.leader_guard import LeaderGuard, NotLeader
from ivrd.ha.election import LEASE_SECONDS, TOKEN_SECONDS, TURN_SECONDS, Election
from ivrd.ha.leadership import Leadership, Role
from tests.examples import examples
from tests.ha.election_rig import TAKEOVER, Process, World, in_a_world, pair


def test_without_a_lease_it_is_alone_and_acts_always() -> None:
    async def body(world: World) -> None:
        guard = LeaderGuard(lambda: world.now)
        link = type("AnyLink", (), {"logged_in": True})()
        leadership = Leadership("a", True, guard, lambda _why: None)
        alone = Election(leadership, None, link, guard)
        assert leadership.role is Role.ALONE
        assert leadership.is_leader
        assert guard._until == inf
        assert await alone.successor() == ""

    in_a_world(body)


def test_of_two_one_acts_for_as_long_as_it_lives() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        await world.goes_on(60.0)
        assert (one.led, other.led) == (1, 0)
        assert one.leadership.role is Role.LEADER
        assert other.leadership.role is Role.STANDBY
        assert one.leadership.leader == other.leadership.leader == one.leadership.name
        assert one.leadership.epoch == 1
        with pytest.raises(NotLeader):
            other.guard.submit("Setvar", asyncio.Future)

    in_a_world(body)


def test_when_it_is_killed_the_other_one_acts_in_time() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        one.kill()
        began = world.now
        assert await world.one_acts(TAKEOVER) is other
        assert world.now - began < 3.0
        assert world.token == "2 other"

    in_a_world(body)


@pytest.mark.parametrize("seconds", [0.5, 1.5, 2.3, 10.0])
def test_one_that_was_frozen_does_nothing_until_it_knows_that_it_may(seconds: float) -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        one.freeze()
        await world.goes_on(seconds)
        one.thaw()
        if not one.may_act:
            held = one.guard.submit("Setvar", asyncio.Future)
            await world.goes_on(3.0)
            assert held.done() == bool(one.stepped_down)
        await world.goes_on(3.0)
        assert bool(one.stepped_down) == bool(other.led)
        if seconds > TAKEOVER:
            assert one.stepped_down == ["other is the leader now"]

    in_a_world(body)


def test_a_word_that_was_read_before_a_long_sleep_gives_no_leave() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        one.freezes_in = "get_global"
        await world.goes_on(10.0)
        assert other.led == 1
        one.thaw()
        await world.goes_on(1.0)
        assert one.stepped_down == ["other is the leader now"]

    in_a_world(body)


def test_a_claim_that_was_won_before_a_long_sleep_disturbs_nobody() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        third = Process(world, "third")
        for standby in (other, third):
            standby.freezes_in = "claim"
        one.kill()
        while not (sleeper := next((p for p in (other, third) if p.frozen), None)):
            await world.goes_on(0.05)
        heir = third if sleeper is other else other
        heir.freezes_in = ""
        assert await world.one_acts(2 * TAKEOVER) is heir
        sleeper.thaw()
        await world.goes_on(5.0)
        assert (heir.stepped_down, sleeper.led) == ([], 0)

    in_a_world(body)


def test_with_redis_down_the_one_that_acts_goes_on_and_keeps_the_lease() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        world.redis_down = True
        for _ in range(100):
            await world.goes_on(0.1)
            assert one.may_act
        world.redis_down = False
        await world.goes_on(10.0)
        assert (one.stepped_down, other.led) == ([], 0)

    in_a_world(body)


@pytest.mark.parametrize("tenth", range(10))
def test_a_redis_that_has_forgotten_everything_changes_nothing(tenth: int) -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        await world.goes_on(tenth / 10)
        world.redis_down = True
        await world.goes_on(0.6)
        world.forget_redis()
        world.redis_down = False
        await world.goes_on(10.0)
        assert (one.stepped_down, other.led) == ([], 0)
        assert world.epoch == 1

    in_a_world(body)


def test_one_that_dies_while_redis_is_down_is_replaced_when_redis_is_back() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        world.redis_down = True
        await world.goes_on(2.0)
        one.kill()
        await world.goes_on(10.0)
        assert other.led == 0
        world.redis_down = False
        assert await world.one_acts(TAKEOVER + LEASE_SECONDS) is other

    in_a_world(body)


def test_one_that_takes_over_while_redis_dies_acts_for_the_former_one_has_ended() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        one.freeze()
        while world.held()[0] != "other":
            await world.goes_on(0.05)
        world.redis_down = True
        one.thaw()
        assert await world.one_acts(TAKEOVER) is other
        assert one.stepped_down == ["other is the leader now"]
        await world.goes_on(10.0)
        assert world.active() == [other]
        world.redis_down = False
        await world.goes_on(10.0)
        assert world.active() == [other]
        assert world.held() == ("other", 2)

    in_a_world(body)


def test_a_claim_that_has_run_out_while_redis_is_down_is_none() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        one.kill()
        while world.held()[0] != "other":
            await world.goes_on(0.05)
        world.redis_down = True
        other.freeze()
        await world.goes_on(3.0)
        other.thaw()
        await world.goes_on(3.0)
        assert world.active() == []
        world.redis_down = False
        assert await world.one_acts(2 * TAKEOVER) is other

    in_a_world(body)


def test_an_asterisk_that_was_restarted_is_told_anew_who_acts() -> None:
    async def body(world: World) -> None:
        one, _other = await pair(world)
        world.token = ""
        await world.goes_on(1.0)
        assert world.token == "1 one"
        assert one.stepped_down == []

    in_a_world(body)


def test_one_that_has_lost_only_its_own_link_is_replaced() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        one.logged_in = False
        await world.goes_on(TOKEN_SECONDS)
        assert await world.one_acts(TAKEOVER) is other
        one.logged_in = True
        await world.goes_on(1.0)
        assert one.stepped_down == ["other is the leader now"]

    in_a_world(body)


def test_a_leader_who_reads_a_long_list_stays_the_leader() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        await one.list_rows(3 * LEASE_SECONDS)
        await world.goes_on(1.0)
        assert one.may_act
        assert not other.led
        assert one.stepped_down == []

    in_a_world(body)


def test_a_link_that_is_back_soon_costs_nothing() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        one.logged_in = False
        await world.goes_on(0.4)
        one.logged_in = True
        await world.goes_on(5.0)
        assert (one.stepped_down, other.led) == ([], 0)

    in_a_world(body)


def test_handing_over_takes_no_time_and_comes_to_the_right_one() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        third = Process(world, "third")
        await world.goes_on(0.5)
        successor = await one.election.successor()
        began = world.now
        await one.election.hand_over(successor)
        assert not one.may_act
        next_one = await world.one_acts(1.0)
        assert next_one.name == successor
        assert world.now - began < 2 * TURN_SECONDS + 0.1
        assert one.stepped_down == []  # whoever asked for it knows
        assert {other.led, third.led} == {0, 1}

    in_a_world(body)


def test_nobody_who_died_long_ago_is_handed_anything() -> None:
    async def body(world: World) -> None:
        one, other = await pair(world)
        other.kill()
        await world.goes_on(LEASE_SECONDS + 0.1)
        assert await one.election.successor() == ""

    in_a_world(body)


@pytest.mark.parametrize("token", ["junk", "12junk one", "٣ x", "9" * 900, "7"])
def test_whatever_stands_in_asterisks_variable_one_acts(token: str) -> None:
    async def body(world: World) -> None:
        world.token = token
        one = Process(world, "one")
        assert await world.one_acts(TAKEOVER) is one
        assert world.token == ("8 one" if token == "7" else f"{one.leadership.epoch} one")

    in_a_world(body)


def test_one_that_wakes_up_when_asterisk_was_restarted_does_not_act_beside_the_other() -> None:
    """Asterisk knows of neither, and the one that woke up finds no other's word there."""

    async def body(world: World) -> None:
        one, other = await pair(world)
        one.freeze()
        assert await world.one_acts(TAKEOVER) is other
        world.token = ""
        one.thaw()
        await world.goes_on(2 * TOKEN_SECONDS)
        assert one.stepped_down == ["other is the leader now"]
        assert await world.one_acts(TAKEOVER) is other
        assert other.stepped_down == []

    in_a_world(body)


HAPPENINGS = ("freeze", "thaw", "kill", "lose the link", "find it", "Redis goes", "Redis is back")
HAPPENINGS += ("Redis forgets", "Asterisk forgets")


def happens(world: World, what: str, who: int) -> None:
    """Something goes wrong, or right again; an ivrd that has given up begins anew."""
    one = world.processes[who]
    if what == "kill" or one.stepped_down:
        one.kill()
        world.processes.insert(who, Process(world, one.name))
        world.processes.pop()
    elif what in ("freeze", "thaw"):
        one.freeze() if what == "freeze" else one.thaw()
    elif what in ("lose the link", "find it"):
        one.logged_in = what == "find it"
    elif what == "Redis forgets":
        world.forget_redis()
    elif what == "Asterisk forgets":
        world.token = ""
    else:
        world.redis_down = what == "Redis goes"


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(HAPPENINGS),
            st.integers(0, 1),
            st.sampled_from([0.05, 0.2, 0.5, 1.0, 1.5, 2.5]),
        ),
        max_size=15,
    )
)
def test_never_do_two_act_and_in_the_end_one_does(
    happenings: list[tuple[str, int, float]],
) -> None:
    async def body(world: World) -> None:
        Process(world, "one")
        Process(world, "other")
        for what, who, seconds in happenings:
            happens(world, what, who)
            await world.goes_on(seconds)
        for who in (0, 1):
            happens(world, "thaw", who)
            happens(world, "find it", who)
        world.redis_down = False
        for _ in range(100):
            await world.goes_on(0.1)
            for who in (0, 1):
                if world.processes[who].stepped_down:
                    happens(world, "kill", who)
        await world.one_acts(0.1)

    in_a_world(body)


def test_a_leader_that_is_none_any_more_gets_no_grant_by_an_answer_on_its_way() -> None:
    async def body(world: World) -> None:
        one, _other = await pair(world)
        one.freezes_in = "get_global"  # Asterisk's answer still has its token
        while not one.frozen:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        one.leadership.release()
        one.thaw()
        await world.goes_on(0.5)
        assert not one.may_act
        assert not one.leadership.is_leader

    in_a_world(body)
