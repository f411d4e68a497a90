"""Partners: who may have seats, and how seats are shared."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import chain, combinations
from math import floor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ivrd.core.partner import (
    Group,
    Override,
    Partner,
    PartnerSnapshot,
    PartnerState,
    allocate_seats,
    trained_for,
)

NAMES = ("ant", "bee", "cat", "dog", "eel")


def partner(name: str, pledged: int = 10, cap: int = 20, **others: object) -> Partner:
    made = Partner(
        name,
        name,
        name,
        "192.0.2.1",
        pledged,
        cap,
        PartnerState.ACTIVE,
        topics=("flu",),
        languages=("th",),
    )
    return replace(made, **others)  # type: ignore[arg-type]


def now(name: str, pledged: int = 10, cap: int = 20, **others: object) -> PartnerSnapshot:
    made = PartnerSnapshot(partner(name, pledged, cap), frozenset({"red"}))
    return replace(made, **others)  # type: ignore[arg-type]


def everybody(partners: Collection[PartnerSnapshot]) -> Group:
    return frozenset(p.id for p in partners)


@st.composite
def some_partners(draw: st.DrawFn) -> list[PartnerSnapshot]:
    made = []
    for name in NAMES[: draw(st.integers(1, 5))]:
        pledged = draw(st.integers(0, 9))
        made.append(
            now(
                name,
                pledged,
                pledged + draw(st.integers(0, 5)),
                allowed=draw(st.none() | st.integers(0, 8)),
                in_hours=draw(st.integers(0, 4)) > 0,
                helped=draw(st.just(0) | st.integers(0, 30)),
                open=draw(st.integers(0, 9)),
                override=draw(st.none() | st.none() | st.sampled_from(Override)),
            )
        )
    return made


@st.composite
def wants(draw: st.DrawFn, partners: list[PartnerSnapshot]) -> dict[Group, int]:
    """Seats wanted of one to three groups of partners."""
    ids = [p.id for p in partners]
    groups = draw(st.lists(st.frozensets(st.sampled_from(ids)), min_size=1, max_size=3))
    return {group: draw(st.integers(0, 6) | st.integers(0, 25)) for group in groups}


PARTNERS_AND_WANTS = some_partners().flatmap(
    lambda partners: st.tuples(st.just(partners), wants(partners))
)


def possible(partners: list[PartnerSnapshot], wanted: Mapping[Group, int]) -> int:
    """The most seats that can be given out: the smallest cut, over all sets of groups."""
    groups = list(wanted)
    sets = chain.from_iterable(combinations(groups, n) for n in range(len(groups) + 1))
    return min(
        sum(wanted[g] for g in groups if g not in cut)
        + sum(p.most for p in partners if any(p.id in g for g in cut))
        for cut in map(set, sets)
    )


@given(PARTNERS_AND_WANTS, st.integers(0, 40))
def test_all_wanted_seats_are_given_out_and_none_over_a_limit(
    situation: tuple[list[PartnerSnapshot], dict[Group, int]], ceiling: int
) -> None:
    partners, wanted = situation
    assume(not any(p.override is Override.OPEN for p in partners))
    seats = allocate_seats(partners, wanted, ceiling)
    assert sum(seats.values()) == min(ceiling, possible(partners, wanted))
    for p in partners:
        assert 0 <= seats[p.id] <= p.most <= p.partner.cap
        assert seats[p.id] <= sum(n for group, n in wanted.items() if p.id in group)


@given(PARTNERS_AND_WANTS, st.integers(0, 40))
def test_a_partner_that_is_pinned_open_has_its_pledge(
    situation: tuple[list[PartnerSnapshot], dict[Group, int]], ceiling: int
) -> None:
    partners, wanted = situation
    seats = allocate_seats(partners, wanted, ceiling)
    for p in partners:
        assert p.least <= seats[p.id] <= p.most
        if p.override is Override.OPEN and p.allowed is None:
            assert seats[p.id] >= p.partner.pledged
    forced = sum(p.least for p in partners)
    assert sum(seats.values()) <= max(ceiling, forced)
    assert sum(seats.values()) >= min(ceiling, possible(partners, wanted))


def by_largest_remainders(partners: list[PartnerSnapshot], seats: int) -> tuple[int, ...]:
    """Shares worked out another way: partners at their limit drop out one after the other."""
    exact: dict[str, float] = {}
    left = list(partners)
    while left:
        rest = seats - sum(exact.values())
        unit = rest / sum(p.partner.claim for p in left)
        full = [p for p in left if unit * p.partner.claim >= p.most]
        exact |= {p.id: p.most if full else unit * p.partner.claim for p in full or left}
        left = [p for p in left if p.id not in exact]
    whole = {name: floor(round(q, 9)) for name, q in exact.items()}
    order = sorted(exact, key=lambda name: round(whole[name] - exact[name], 9))
    for name in order[: seats - sum(whole.values())]:
        whole[name] += 1
    return tuple(whole[p.id] for p in partners)


@given(some_partners(), st.integers(0, 50))
def test_shares_go_by_pledge_with_largest_remainders(
    partners: list[PartnerSnapshot], seats: int
) -> None:
    partners = [replace(p, helped=0, override=None) for p in partners]
    given_out = min(seats, sum(p.most for p in partners))
    shares = allocate_seats(partners, {everybody(partners): seats}, 1000)
    assert tuple(shares[p.id] for p in partners) == by_largest_remainders(partners, given_out)


def test_seven_seats_for_pledges_of_six_four_and_two() -> None:
    """3.5, 2.33 and 1.17: the one that is left goes to the largest remainder."""
    partners = [now("ant", 2), now("bee", 4), now("cat", 6)]
    assert allocate_seats(partners, {everybody(partners): 7}, 100) == {"ant": 1, "bee": 2, "cat": 4}


@given(some_partners(), st.integers(0, 50))
def test_help_given_before_moves_no_more_than_the_rounding(
    partners: list[PartnerSnapshot], seats: int
) -> None:
    partners = [replace(p, override=None) for p in partners]
    evened = allocate_seats(partners, {everybody(partners): seats}, 1000)
    given_out = min(seats, sum(p.most for p in partners))
    plain = by_largest_remainders(partners, given_out)
    assert sum(evened.values()) == given_out
    assert all(abs(evened[p.id] - n) <= 1 for p, n in zip(partners, plain, strict=True))


@given(PARTNERS_AND_WANTS, st.integers(0, 40))
def test_what_was_shared_stays_when_shared_again(
    situation: tuple[list[PartnerSnapshot], dict[Group, int]], ceiling: int
) -> None:
    partners, wanted = situation
    seats = allocate_seats(partners, wanted, ceiling)
    carried_out = [replace(p, open=seats[p.id]) for p in partners]
    assert allocate_seats(carried_out, wanted, ceiling) == seats


def test_a_partner_may_move_to_its_other_queue_to_make_room() -> None:
    both, one = now("both", cap=5), now("one", cap=5)
    wanted = {frozenset({"both", "one"}): 5, frozenset({"both"}): 5}
    assert allocate_seats([both, one], wanted, 100) == {"both": 5, "one": 5}


def test_a_seat_that_moved_is_gone_from_where_it_was() -> None:
    both, one = now("both", 9, 1), now("one", 1, 5)
    wanted = {frozenset({"both", "one"}): 1, frozenset({"both"}): 5}
    assert allocate_seats([both, one], wanted, 100) == {"both": 1, "one": 1}


def test_what_one_is_not_trained_for_the_others_share_by_pledge() -> None:
    ant, bee, cat = now("ant", 30), now("bee", 20), now("cat", 10)
    wanted = {frozenset({"ant"}): 2, frozenset({"bee", "cat"}): 10}
    assert allocate_seats([ant, bee, cat], wanted, 100) == {"ant": 2, "bee": 7, "cat": 3}


def test_seats_that_are_pinned_open_count_among_those_wanted() -> None:
    overridden, other = now("pinned", override=Override.OPEN), now("other")
    group = everybody([overridden, other])
    assert allocate_seats([overridden, other], {group: 10}, 100) == {"pinned": 10, "other": 0}
    assert allocate_seats([overridden, other], {group: 13}, 100) == {"pinned": 10, "other": 3}
    assert allocate_seats([overridden, other], {group: 30}, 100) == {"pinned": 15, "other": 15}
    assert allocate_seats([overridden, other], {group: 0}, 100) == {"pinned": 10, "other": 0}


def test_weight_counts_with_the_pledge() -> None:
    light, heavy = now("light"), now("heavy")
    heavy = replace(heavy, partner=replace(heavy.partner, weight=3.0))
    assert allocate_seats([light, heavy], {everybody([light, heavy]): 8}, 100) == {
        "light": 2,
        "heavy": 6,
    }


def test_a_partner_without_a_pledge_comes_last() -> None:
    some, none = now("some", 4, 6), now("none", 0, 5)
    group = everybody([some, none])
    assert allocate_seats([some, none], {group: 6}, 100) == {"some": 6, "none": 0}
    assert allocate_seats([some, none], {group: 8}, 100) == {"some": 6, "none": 2}


@pytest.mark.parametrize("seats", [1, 2, 5, 7])
@pytest.mark.parametrize("pledges", [(6, 4, 2), (30, 20, 10, 10), (5, 5, 5)])
def test_over_200_calls_whole_seats_come_out_at_the_pledges(
    seats: int, pledges: tuple[int, ...]
) -> None:
    """Talks of equal length, each open seat takes the next call in turn.

    Seven seats for pledges of 6, 4 and 2 are 4, 2 and 1 at every moment, which is 57 % for 50 %.
    """
    partners = [now(name, n, 40) for name, n in zip(NAMES, pledges, strict=False)]
    group, helped, moves = everybody(partners), Counter[str](), 0
    before = allocate_seats(partners, {group: seats}, 100)
    while sum(helped.values()) < 200:
        helped.update(before)
        partners = [replace(p, helped=helped[p.id], open=before[p.id]) for p in partners]
        after = allocate_seats(partners, {group: seats}, 100)
        moves += sum(max(0, after[name] - n) for name, n in before.items())
        before = after
    for p, pledge in zip(partners, pledges, strict=True):
        of_calls = helped[p.id] / sum(helped.values())
        assert of_calls == pytest.approx(pledge / sum(pledges), abs=0.03)
    assert moves <= 200 / 2  # a seat does not change hands at each call


# Who may have seats


def test_a_partner_that_has_seats_is_told_to_have_a_trunk_that_fails_or_is_in_clear() -> None:
    faulty = replace(now("ant", open=3), fault="the password is refused")
    assert faulty.obstacle == ""
    assert "; the password is refused; 3 open" in faulty.explain(3, 7, 30)
    assert faulty.condition == "the password is refused"
    clear = replace(now("ant", open=3), partner=partner("ant", barred=("hiv",)))
    assert "; no calls about hiv: its trunk is not encrypted" in clear.explain(3, 7, 30)


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ({"override": Override.CLOSED}, "closed by override"),
        ({"override": Override.DRAINING}, "draining by override"),
        ({"partner": partner("ant", state=PartnerState.ONBOARDING)}, "onboarding"),
        (
            {"partner": partner("ant", state=PartnerState.PAUSED), "override": Override.OPEN},
            "paused",
        ),
        ({"queues": frozenset()}, "trained for none of the queues"),
        ({"in_hours": False}, "outside its hours"),
        ({"left_out": "not in the plan flood"}, "not in the plan flood"),
        ({"allowed": 0, "health": "paused 20 s"}, "paused 20 s"),
        (
            {"allowed": 0, "health": "its trunk is unreachable", "override": Override.OPEN},
            "its trunk is",
        ),
        (
            {"allowed": 0, "health": "its trunk is unreachable", "fault": "no route there"},
            "its trunk is unreachable; no route there",
        ),
        (
            {"queues": frozenset(), "partner": partner("ant", barred=("hiv", "covid"))},
            "no calls about hiv, covid: its trunk is not encrypted (tls, srtp: required)",
        ),
    ],
)
def test_why_a_partner_has_no_seats(others: dict[str, object], says: str) -> None:
    ant = replace(now("ant", open=3, talks={"red": 2}), **others)  # type: ignore[arg-type]
    assert ant.most == ant.least == 0
    assert ant.obstacle.startswith(says)
    line = ant.explain(0, 7, 30)
    assert line.startswith(f"no seats: {says}")
    assert line.endswith("3 open, 2 busy; 2 go on to the end of their talk")


def test_what_a_partner_may_have() -> None:
    assert (now("ant").least, now("ant").most) == (0, 20)
    assert now("ant", allowed=7).most == 7
    assert now("ant", allowed=99).most == 20
    overridden = now("ant", override=Override.OPEN, in_hours=False)
    assert (overridden.least, overridden.most) == (10, 20)
    assert now("ant", override=Override.OPEN, allowed=7).least == 7
    assert now("ant", override=Override.OPEN, left_out="not in the plan flood").most == 20


def test_a_share_is_explained_with_its_numbers() -> None:
    ant = now("ant", open=4, talks={"red": 1, "blue": 2})
    assert ant.explain(5, 12, 30) == "5 of 12 seats for a pledge of 10 in 30; 4 open, 3 busy"
    assert "; its cap is 20;" in ant.explain(20, 60, 30)
    held = replace(ant, allowed=4, health="held to 4 calls, it refused more")
    assert "; at most 4: held to 4 calls, it refused more;" in held.explain(4, 12, 30)
    assert "; open by override;" in replace(ant, override=Override.OPEN).explain(10, 0, 30)
    assert ant.explain(2, 2, 30).endswith("; 4 open, 3 busy; 1 go on to the end of their talk")


def test_trained_for_a_queue_is_trained_for_all_its_topics() -> None:
    topics = {"red": ("flu", "fever"), "green": ("flu",), "blue": ()}
    assert trained_for(partner("ant", topics=("flu",)), topics) == {"green"}
    assert trained_for(partner("ant", topics=("flu", "fever")), topics) == {"red", "green"}
    assert trained_for(partner("ant", topics=()), topics) == frozenset()


def test_a_partner_serves_those_queues_whose_language_its_people_speak() -> None:
    topics = {"red.th": ("flu",), "red.en": ("flu",), "blue": ("flu",)}
    of = replace(partner("ant", topics=("flu",)), languages=("en",))
    assert trained_for(of, topics) == {"red.en", "blue"}
