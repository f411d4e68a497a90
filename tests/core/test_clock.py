"""Durations stay what they are when clocks are set."""

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.clock import LEAST_SECONDS, AsteriskClock, Timeline

EPOCH = 1_795_000_000.0
STEPS = st.sampled_from([3600.0, -3600.0, 30.0, -30.0, 31_536_000.0])


class World:
    """The machine's clocks, and Asterisk's."""

    def __init__(self) -> None:
        self.passed, self.set_by, self.asterisk_set_by = 0.0, 0.0, 0.0
        self.timeline = Timeline(lambda: EPOCH + self.passed + self.set_by, lambda: self.passed)
        self.clock = AsteriskClock(self.timeline)

    def reading(self) -> float:
        return EPOCH + self.passed + self.asterisk_set_by

    def event(self, late: float = 0.0) -> float:
        reading = self.reading()
        self.passed += late
        return self.clock.moment(reading)

    def ping(self, took: float = 0.01) -> None:
        asked = self.passed
        self.passed += took / 2
        reading = self.reading()
        self.passed += took / 2
        self.clock.answered(reading, asked, self.passed)


WAYS = st.lists(
    st.tuples(st.sampled_from(["event", "ping", "step"]), st.floats(0.0, 5.0), STEPS), max_size=30
)


@given(WAYS, st.floats(0.0, 0.5))
def test_no_duration_is_longer_or_shorter_than_what_truly_passed(ways, late) -> None:
    world = World()
    world.event()  # as the login is one
    heard: list[tuple[float, float]] = []
    for what, seconds, step in ways:
        world.passed += seconds
        if what == "event":
            happened = world.passed
            heard.append((happened, world.event(late)))
        elif what == "ping":
            world.ping()
        else:
            world.set_by += step
            world.asterisk_set_by += step
    for happened, moment in heard:
        for later, after in heard:
            assert abs((after - moment) - (later - happened)) <= 2 * (LEAST_SECONDS + late)


@given(st.floats(-0.9, 0.9), st.lists(st.floats(0.0, 100.0), min_size=1))
def test_while_nobody_sets_a_clock_asterisks_own_readings_are_the_moments(skew, gaps) -> None:
    world = World()
    world.asterisk_set_by = skew
    for gap in gaps:
        world.passed += gap
        world.ping()
        assert world.event() == world.reading()
    assert world.timeline.shift == 0.0
    assert world.timeline.stepped() == 0.0


def test_an_asterisk_whose_clock_is_another_is_understood_from_the_first_ping() -> None:
    world = World()
    world.asterisk_set_by = -500.0
    world.ping()
    assert abs(world.event() - world.timeline.now()) < 0.1


def test_what_is_written_down_has_the_time_of_day_that_the_clock_has_now() -> None:
    world = World()
    world.passed, world.set_by = 10.0, 3600.0
    assert world.timeline.now() == EPOCH + 10.0
    assert world.timeline.shift == 3600.0
    assert (world.timeline.stepped(), world.timeline.stepped()) == (3600.0, 0.0)
    world.set_by = 0.0
    assert world.timeline.stepped() == -3600.0


def test_a_clock_that_was_set_back_is_told_once() -> None:
    world = World()
    world.event()
    world.asterisk_set_by = -3600.0
    world.passed += 1.0
    world.event()
    world.ping()
    world.event()
    assert world.clock.set_back == 1
    world.asterisk_set_by = 0.0
    world.ping()
    assert world.clock.set_back == 1


def test_lines_from_before_a_step_forward_keep_their_moment() -> None:
    world = World()
    world.event()
    before = world.reading()
    world.passed += 20.0
    world.asterisk_set_by = 3600.0
    world.ping()
    assert world.clock.written(before) == before
    world.passed += 5.0
    assert abs(world.clock.written(world.reading()) - world.timeline.now()) <= LEAST_SECONDS


def test_no_line_is_from_the_future() -> None:
    world = World()
    assert world.clock.written(world.reading() + 3600.0) <= world.timeline.now() + LEAST_SECONDS
