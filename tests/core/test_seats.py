"""Seats, on an Asterisk that takes changes as app_queue does and refuses what it would refuse."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from ivrd.core.seats import (
    CLOSED_BY_US,
    AddMember,
    Member,
    MemberChange,
    PauseMember,
    Pool,
    RemoveMember,
    SetPenalty,
    Turn,
    difference,
    memberships,
    open_now,
)

QUEUES = ("red", "green", "blue")
Members = dict[tuple[str, str], Member]


class Queues:
    """The members that Asterisk has."""

    def __init__(self, members: list[Member]) -> None:
        self.members: Members = {(m.queue, m.seat): m for m in members}

    def take(self, change: MemberChange) -> None:
        place = (change.queue, change.seat)
        if isinstance(change, AddMember):
            assert place not in self.members, "already there"
            self.members[place] = Member(*place)
        elif isinstance(change, RemoveMember):
            assert place in self.members, "not there"
            del self.members[place]
        elif isinstance(change, SetPenalty):
            assert self.members[place].penalty != change.penalty, "no change"
            self.members[place] = replace(self.members[place], penalty=change.penalty)
        else:
            assert self.members[place].reason != change.reason, "no change"
            self.members[place] = replace(
                self.members[place], paused=change.paused, reason=change.reason
            )

    def reconcile(
        self, pools: list[Pool], wanted: set[str], turns: dict[str, Turn] | None = None
    ) -> list[MemberChange]:
        turn = (lambda seat: turns.get(seat, Turn())) if turns is not None else None
        changes = difference(pools, wanted, self.members, turn)
        for change in changes:
            self.take(change)
        return changes


@st.composite
def some_pools(draw: st.DrawFn) -> list[Pool]:
    return [
        Pool(
            name=name,
            seats=tuple(f"{name}-{n}" for n in range(draw(st.integers(1, 3)))),
            queues=tuple(draw(st.sets(st.sampled_from(QUEUES), min_size=1))),
            fixed=draw(st.booleans()),
        )
        for name in ("base", "surge", "night")[: draw(st.integers(1, 3))]
    ]


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Pool], set[str], Queues]:
    """Pools, which of them should be open, and members in any state, some of them not ours."""
    pools = draw(some_pools())
    wanted = draw(st.sets(st.sampled_from([pool.name for pool in pools])))
    seats = [seat for pool in pools for seat in pool.seats] + ["partner-1"]
    pauses = st.sampled_from([(False, ""), (True, " "), (True, "lunch"), (True, CLOSED_BY_US)])
    members = [
        Member(queue, seat, *draw(pauses), in_call=draw(st.booleans()))
        for queue in QUEUES
        for seat in seats
        if draw(st.booleans())
    ]
    return pools, wanted, Queues(members)


def own_pause(member: Member | None) -> bool:
    return member is not None and member.paused and member.reason != CLOSED_BY_US


@given(situations())
def test_one_round_brings_the_seats_to_what_is_wanted(
    situation: tuple[list[Pool], set[str], Queues],
) -> None:
    pools, wanted, queues = situation
    before = dict(queues.members)
    queues.reconcile(pools, wanted)
    for pool in pools:
        for place in memberships(pool):
            member = queues.members.get(place)
            if pool.name in wanted:
                assert member is not None
                assert member.paused is own_pause(before.get(place))
            else:
                assert member is None or member.paused
    assert queues.reconcile(pools, wanted) == []


@given(situations())
def test_what_is_not_ours_is_left_alone(situation: tuple[list[Pool], set[str], Queues]) -> None:
    pools, wanted, queues = situation
    before = dict(queues.members)
    queues.reconcile(pools, wanted)
    ours = {place: pool for pool in pools for place in memberships(pool)}
    for place, member in before.items():
        pool = ours.get(place)
        if pool is None or (own_pause(member) and (pool.fixed or pool.name in wanted)):
            assert queues.members[place] == member
    assert queues.members.keys() <= before.keys() | ours.keys()


@given(situations())
def test_seats_in_asterisks_own_files_stay_in_the_queue_and_others_leave(
    situation: tuple[list[Pool], set[str], Queues],
) -> None:
    pools, wanted, queues = situation
    fixed = {seat: pool.fixed for pool in pools for seat in pool.seats}
    for change in queues.reconcile(pools, wanted):
        if isinstance(change, RemoveMember):
            assert not fixed[change.seat]
        if isinstance(change, PauseMember) and change.paused:
            assert fixed[change.seat]


@given(situations())
def test_what_is_open_can_be_read_off_asterisk(
    situation: tuple[list[Pool], set[str], Queues],
) -> None:
    pools, wanted, queues = situation
    queues.reconcile(pools, wanted)
    for pool in pools:  # a closed pool in which every agent had paused looks like an open one
        here = [queues.members[place] for place in memberships(pool) if place in queues.members]
        assume(pool.name in wanted or not here or not all(own_pause(member) for member in here))
    assert open_now(pools, queues.members) == wanted


@given(situations())
def test_opening_undoes_closing(situation: tuple[list[Pool], set[str], Queues]) -> None:
    pools, wanted, queues = situation
    everything = {pool.name for pool in pools}
    queues.reconcile(pools, everything)
    before = dict(queues.members)
    queues.reconcile(pools, wanted)
    queues.reconcile(pools, everything)
    stays = {
        place for pool in pools if pool.fixed or pool.name in wanted for place in memberships(pool)
    }
    assert queues.members.keys() == before.keys()
    for place, member in before.items():
        if place in stays:
            assert queues.members[place] == member


def placed(*members: Member) -> dict[tuple[str, str], Member]:
    return {(member.queue, member.seat): member for member in members}


def test_a_pool_that_was_closed_halfway_is_open() -> None:
    pool = Pool("base", ("a", "b"), ("red",), fixed=True)
    members = [Member("red", "a", paused=True, reason=CLOSED_BY_US), Member("red", "b")]
    assert open_now([pool], placed(*members)) == {"base"}


def test_a_pool_in_which_all_agents_pause_is_open() -> None:
    pool = Pool("surge", ("a",), ("red",), fixed=False)
    assert open_now([pool], placed(Member("red", "a", paused=True, reason="lunch"))) == {"surge"}
    assert open_now([pool], placed(Member("blue", "a"))) == set()


RESTS = Turn(last=True, pause="ivrd: rang, and nobody answered, 2 in a row")
TURNS = st.sampled_from([Turn(), Turn(last=True), RESTS])


@given(situations(), st.data())
def test_each_open_seat_is_rung_when_it_has_to(
    situation: tuple[list[Pool], set[str], Queues], data: st.DataObject
) -> None:
    pools, wanted, queues = situation
    seats = [seat for pool in pools for seat in pool.seats]
    queues.reconcile(pools, wanted, {seat: data.draw(TURNS) for seat in seats})  # how it was
    before = dict(queues.members)
    turns = {seat: data.draw(TURNS) for seat in seats}
    queues.reconcile(pools, wanted, turns)
    queues.reconcile(pools, wanted, turns)  # what the first has added, or opened
    for pool in pools:
        for place in memberships(pool):
            member = queues.members.get(place)
            if pool.name in wanted:
                assert member is not None
                assert member.penalty == turns[member.seat].penalty
                if member.paused and not member.rests:
                    assert before[place].reason == member.reason  # its agent's pause is not ours
                else:
                    assert member.reason == turns[member.seat].pause
            else:
                assert member is None or not member.rests  # closed says more than resting
    assert queues.reconcile(pools, wanted, turns) == []


def test_a_pool_whose_seats_all_rest_is_open() -> None:
    pool = Pool("base", ("a",), ("red",), fixed=True)
    assert open_now([pool], placed(Member("red", "a", paused=True, reason=RESTS.pause))) == {"base"}
