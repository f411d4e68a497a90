"""Who calls when in the replayed day, how long they wait, and who calls again."""

from collections import Counter
from itertools import pairwise
from math import log
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.day.clock import MOST_FACTOR, Clock
from bench.day.crew import Crew
from bench.day.hotline import Sites
from bench.day.orbits import Orbits, Why
from bench.day.partners import Staff
from bench.day.patience import FIRST, SECOND, Patience
from bench.day.people import People, Population, Visit, Wish, between, lognormal
from bench.day.profile import (
    BY_HOUR,
    DAY_CALLS,
    HOUR,
    RUSH_SECONDS,
    Profile,
    arrivals,
    day,
    opening,
)
from bench.day.script import HAND_OVER, caller
from lab.callers import HangUp, Keys, Wait
from lab.callers import Patience as GivesUp
from lab.callers.mix import SHIPPED, read_paths

SEEDS = st.integers(0, 2**32)
PATHS, _ = read_paths(SHIPPED)
OF = Population()
MINUTES = st.floats(1, 1440)
PROFILES = st.sampled_from([day(), opening()])


@st.composite
def profiles(draw):
    lengths = draw(st.lists(st.floats(1, HOUR), min_size=1, max_size=12))
    shares = draw(
        st.lists(st.floats(0, 9), min_size=len(lengths), max_size=len(lengths)).filter(any)
    )
    edges = [0.0]
    for length in lengths:
        edges.append(edges[-1] + length)
    return Profile(tuple(edges), tuple(shares))


# --- when they call ------------------------------------------------------------------------------


@example(Profile((0.0, 1.5), (5e-324,)), 1, 0)
@example(Profile((0.0, 1.0), (5e-324,)), 1, 0)
@given(profiles(), st.integers(0, 300), SEEDS)
def test_there_are_exactly_as_many_calls_as_asked_for_in_order_where_the_profile_has_some(
    profile, calls, seed
):
    moments = arrivals(profile, calls, Random(seed))
    assert len(moments) == calls
    assert moments == sorted(moments)
    spans = [(begin, end) for begin, end, share in profile.spans if share]
    assert all(any(begin <= at <= end for begin, end in spans) for at in moments)


@given(PROFILES, st.integers(1, 100), SEEDS)
def test_the_same_seed_gives_the_same_moments(profile, calls, seed):
    assert arrivals(profile, calls, Random(seed)) == arrivals(profile, calls, Random(seed))


def test_the_calls_follow_the_profile():
    hours = Counter(int(at // HOUR) for at in arrivals(day(), DAY_CALLS, Random(1)))
    for hour, percent in enumerate(BY_HOUR):
        meant = DAY_CALLS * percent / sum(BY_HOUR)
        assert abs(hours[hour] - meant) <= 5 * max(1, meant) ** 0.5  # Poisson: five deviations


def test_at_the_opening_callers_pile_up():
    moments = arrivals(opening(), 20_000, Random(1))
    assert min(moments) >= 8 * HOUR
    rush = sum(at < 8 * HOUR + RUSH_SECONDS for at in moments)
    next_quarter = sum(0 <= at - 8 * HOUR - RUSH_SECONDS < RUSH_SECONDS for at in moments)
    assert rush > 3 * next_quarter


@pytest.mark.parametrize(
    ("edges", "shares"), [((0.0, 1.0), (1.0, 2.0)), ((1.0, 0.0), (1.0,)), ((0.0, 1.0), (0.0,))]
)
def test_a_profile_that_makes_no_sense_is_refused(edges, shares):
    with pytest.raises(ValueError, match="profile: expected"):
        Profile(edges, shares)


# --- the clock -----------------------------------------------------------------------------------


@given(PROFILES, MINUTES, st.lists(st.floats(0, 24 * HOUR), min_size=2, max_size=20))
def test_the_run_keeps_the_days_order_and_its_length_is_what_was_asked_for(profile, minutes, days):
    clock = Clock.of(profile, minutes)
    assert clock.length == pytest.approx(60 * minutes)
    runs = [clock.run(at) for at in sorted(days)]
    assert runs == sorted(runs)
    for at in days:
        assert clock.day(clock.run(at)) == pytest.approx(at, abs=0.01)


def test_the_night_goes_by_faster_and_all_other_hours_alike():
    clock = Clock.of(day(), 28)
    lengths = [clock.run(b) - clock.run(a) for a, b in pairwise(HOUR * h for h in range(25))]
    assert lengths[7:] == pytest.approx([lengths[7]] * 17)
    assert lengths[:7] == pytest.approx([lengths[7] / 10] * 7)


def test_after_the_day_it_is_midnight():
    clock = Clock.of(day(), 28)
    assert clock.day(clock.length + 60) == 24 * HOUR


@given(MINUTES)
def test_peoples_times_are_divided_by_the_days_factor_as_far_as_a_hotline_can_follow(minutes):
    clock = Clock.of(day(), minutes)
    assert clock.factor == min(clock.day_factor, MOST_FACTOR)
    assert clock.people(clock.factor) == pytest.approx(1.0)


@pytest.mark.parametrize("minutes", [3, 8, 28])
@pytest.mark.parametrize("calls", [2000, 10_000, DAY_CALLS])
def test_a_sample_of_the_day_has_the_days_load_on_its_seats(calls, minutes):
    def load(calls, clock, seats):
        return calls / clock.length / clock.factor / seats  # talks of the same length

    whole = Clock.of(day(), 28)
    clock = Clock.of(day(), minutes)
    seats = Crew.of_day(OF, clock, calls).seats
    assert load(calls, clock, seats) == pytest.approx(load(DAY_CALLS, whole, OF.seats), rel=0.05)


@given(st.integers(1, 10**5), st.floats(1, 60))
def test_everybody_at_partners_is_at_one_of_them(calls, minutes):
    clock = Clock.of(day(), minutes)
    crew = Crew.of_day(OF, clock, calls)
    assert sum(crew.partners.values()) == clock.seats(OF.partners, calls)
    assert max(crew.partners.values()) - min(crew.partners.values()) <= 1
    assert crew.seats >= 1


def test_a_worse_day_has_no_more_seats():
    clock = Clock.of(day(), 28)
    assert Crew.of_day(OF, clock, 70_300) == Crew.of_day(OF, clock, DAY_CALLS)
    assert Crew.of_day(OF, clock, DAY_CALLS).seats == OF.seats


# --- patience ------------------------------------------------------------------------------------


@given(st.floats(5, 2000), st.floats(1, 10))
def test_the_hazard_leads_to_the_mean_that_was_asked_for(mean, peak):
    patience = Patience(mean, peak)
    # the mean is the integral of the share that still waits, here by the inverse of the hazard
    steps = 4000
    draws = [patience.after(_exponential((n + 0.5) / steps)) for n in range(steps)]
    assert sum(draws) / steps == pytest.approx(mean, rel=0.01)


def _exponential(share):
    return -log(1 - share)


@given(st.floats(5, 2000), st.floats(1, 10), st.lists(st.floats(0, 30), min_size=2))
def test_who_has_more_patience_waits_longer(mean, peak, used):
    patience = Patience(mean, peak)
    waits = [patience.after(of) for of in sorted(used)]
    assert waits == sorted(waits)
    assert waits[0] >= 0


def test_most_give_up_at_once_and_after_a_minute():
    patience, random = Patience(180.0), Random(1)
    waits = [patience.draw(random) for _ in range(60_000)]

    def hazard(begin, end):
        here = sum(wait >= begin for wait in waits)
        return sum(begin <= wait < end for wait in waits) / here / (end - begin)

    between_peaks = hazard(20, 40)
    assert hazard(*FIRST) > 2 * between_peaks
    assert hazard(*SECOND) > 2 * between_peaks
    assert hazard(80, 100) < 1.5 * between_peaks
    assert patience.hazard(60) == pytest.approx(3 * patience.hazard(30))


@pytest.mark.parametrize(("mean", "peak"), [(0, 3), (-1, 3), (60, 0.5)])
def test_patience_that_makes_no_sense_is_refused(mean, peak):
    with pytest.raises(ValueError, match="patience: expected"):
        Patience(mean, peak)


# --- people and orbits ---------------------------------------------------------------------------


@given(SEEDS, st.integers(1, 10**6), st.integers(1, 9))
def test_a_visit_follows_from_seed_person_and_call_and_the_wish_from_the_person(seed, person, call):
    people = People(OF, PATHS, seed)
    visit = people.visit(person, call)
    assert visit == People(OF, PATHS, seed).visit(person, call)
    later = people.visit(person, call + 1)
    assert (later.wish, later.path) == (visit.wish, visit.path)
    assert later.patience != visit.patience


def test_half_of_them_ask_for_the_state_of_their_registration():
    people = People(OF, PATHS, seed=1)
    wishes = Counter(people.visit(person, 1).wish for person in range(20_000))
    assert wishes[Wish.PERSON] / 20_000 == pytest.approx(0.5, abs=0.02)
    assert wishes[Wish.MESSAGE] / 20_000 == pytest.approx(0.35, abs=0.02)
    assert wishes[Wish.MENU] / 20_000 == pytest.approx(0.15, abs=0.02)


@given(SEEDS, st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=150))
def test_every_moment_has_one_call_and_nobody_calls_twice_at_once_or_out_of_turn(seed, steps):
    orbits, now, last = Orbits(People(OF, PATHS, seed)), 0.0, {}
    for step, served in steps:
        now += step
        visit, why = orbits.next(now)
        assert visit.call == last.get(visit.person, 0) + 1
        assert (visit.call == 1) == (why is Why.NEW)
        last[visit.person] = visit.call
        orbits.ended(visit, served, now)
    assert sum(orbits.why.values()) == len(steps)
    assert orbits.persons == len(last)


@given(SEEDS, st.floats(1, 10**5))
def test_who_gave_up_calls_again_when_the_delay_is_over_and_not_before(seed, now):
    always = Population(redial=1.0, reconnect=0.0)
    people = People(always, PATHS, seed)
    orbits = Orbits(people)
    visit, _ = orbits.next(now)
    again = people.again(visit, served=False)
    orbits.ended(visit, False, now)
    assert orbits.next(now + again.delay * 0.999)[1] is Why.NEW
    assert orbits.next(now + again.delay * 1.001) == (people.visit(visit.person, 2), Why.REDIAL)


def test_as_many_call_again_as_the_figures_say():
    people = People(OF, PATHS, seed=1)
    visits = [people.visit(person, 1) for person in range(20_000)]
    for served, share in ((False, OF.redial), (True, OF.reconnect)):
        found = [again for visit in visits if (again := people.again(visit, served))]
        assert len(found) / len(visits) == pytest.approx(share, abs=0.015)
        assert all(again.served is served for again in found)


@pytest.mark.parametrize(("least", "most"), [(120.0, 1200.0), (900.0, 14400.0)])
def test_delays_lie_between_their_percentiles(least, most):
    random = Random(1)
    draws = [between(random, least, most) for _ in range(20_000)]
    assert sum(draw < least for draw in draws) / 20_000 == pytest.approx(0.05, abs=0.01)
    assert sum(draw > most for draw in draws) / 20_000 == pytest.approx(0.05, abs=0.01)


def test_talks_have_their_mean():
    random = Random(1)
    talks = [lognormal(random, 300, 0.7) for _ in range(40_000)]
    assert sum(talks) / len(talks) == pytest.approx(300, rel=0.02)


# --- what a caller does --------------------------------------------------------------------------


def test_all_calls_of_a_person_show_one_number_and_each_has_an_id_of_its_own():
    people, clock = People(OF, PATHS, 1), Clock.of(day(), 28)
    first, second = (caller(n, people.visit(7, n), clock) for n in (1, 2))
    assert first.shown == second.shown != caller(3, people.visit(8, 1), clock).shown
    assert first.id != second.id


@pytest.mark.parametrize("wish", list(Wish))
def test_who_hangs_up_knows_where_that_was(wish):
    """The last key is pressed, and the time that the hotline needs for it has gone by."""
    path = next(p for p in PATHS if p.kind == ("topic" if wish is Wish.PERSON else "info"))
    made = caller(1, Visit(1, 1, wish, path, 76.0), Clock.of(day(), 28))
    *menus, hand_over, end = made.script
    pressed = "".join(step.keys for step in menus if isinstance(step, Keys))
    assert pressed == (path.keys[:-1] if wish is Wish.MENU else path.keys)
    assert hand_over == Wait(HAND_OVER)
    expected = made.expected
    if wish is Wish.PERSON:
        assert end == GivesUp(pytest.approx(76 / Clock.of(day(), 28).factor, abs=0.01))
        assert (expected.outcome, expected.stage) == ("abandoned", "queue")
    else:
        assert end == HangUp()
        word = "self_served" if wish is Wish.MESSAGE else "abandoned"
        assert (expected.outcome, expected.stage) == (word, "ivr")


# --- partners ------------------------------------------------------------------------------------


def test_people_at_partners_take_their_calls_a_day_when_there_are_always_callers():
    random = Random(1)
    staff, taken = Staff(100, OF, 0.0, random), 0
    for second in range(0, int(OF.partner_hours * HOUR), 5):
        while staff.take(second, OF.talk(random)):
            taken += 1
    assert taken == pytest.approx(100 * OF.partner_calls, rel=0.1)


@given(SEEDS, st.integers(0, 20))
def test_at_most_as_many_talk_as_there_are_people(seed, people):
    staff = Staff(people, OF, 0.0, Random(seed))
    took = sum(staff.take(1e9, 600.0) for _ in range(people + 5))
    assert took == people
    assert not staff.take(1e9 + 599, 600.0)


def test_nobody_is_at_the_desk_before_the_working_day():
    staff = Staff(50, OF, 9 * HOUR, Random(1))
    assert not staff.take(9 * HOUR - 1, 300.0)


def test_partners_see_who_calls_so_that_their_count_can_be_held_against_the_callers(tmp_path):
    clock = Clock.of(day(), 30)
    sites = Sites(tmp_path, Crew.of_day(OF, clock, DAY_CALLS), 1, clock, lambda: 0.0)
    settings = {}
    sites.change("partners.yaml", settings)
    shown = [of["trunk"]["caller_identity"] for of in settings["partners"].values()]
    assert shown == ["caller"] * 4
