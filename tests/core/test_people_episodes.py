"""Episodes are kept compactly once no call is here, and end at their moment all the same."""

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from ivrd.core.people_episodes import EPISODE_SECONDS, LATE_SECONDS, Episode, Episodes
from ivrd.core.people_figures import PeopleCount, PersonCall

AGAIN = (0.0, 3600.0, EPISODE_SECONDS - 300.0)  # seconds until a second call; 0: none
MOMENTS = st.integers(0, int(2 * EPISODE_SECONDS))


@example([(0, EPISODE_SECONDS - 300.0)], [int(EPISODE_SECONDS) + 10])
@given(
    st.lists(st.tuples(MOMENTS, st.sampled_from(AGAIN)), max_size=20),
    st.lists(MOMENTS, max_size=20),
)
def test_whose_24_hours_are_over_is_finished_and_nobody_else(
    calls: list[tuple[int, float]], looks: list[int]
) -> None:
    """Each person calls once or, in a menu first, a second time."""
    told = []
    for person, (at, again) in enumerate(calls):
        one = PersonCall(f"{person}", f"p{person}", at, at + 60.0, not again, answered=False)
        told.append(one)
        if again:
            later = at + again
            told.append(
                replace(one, id=f"{person}b", began_at=later, ended_at=later + 60, asked=True)
            )
    count, ends = PeopleCount(3), [at + again + EPISODE_SECONDS for at, again in calls]
    happens = [(call.began_at, call) for call in told] + [(float(at), None) for at in looks]
    for at, call in sorted(happens, key=lambda each: each[0]):
        count.expire(at)
        assert count.finished.total() == sum(end <= at for end in ends)
        if call is not None:
            count.take(call)


def test_a_call_that_is_told_a_day_late_is_over_in_time() -> None:
    count = PeopleCount(3)
    count.expire(EPISODE_SECONDS)
    count.take(PersonCall("1", "a", 60.0, 90.0, asked=True, answered=False))
    count.expire(EPISODE_SECONDS + 59.0)
    assert not count.finished
    count.expire(EPISODE_SECONDS + 60.0)
    assert count.finished.total() == 1


def test_a_call_is_known_for_a_while_after_its_end_and_then_only_what_came_of_it() -> None:
    episodes = Episodes()
    episodes.put("a", Episode(0.0, calls=2, asked=True, lines={"1": 50.0}))
    episodes.ended("a", 50.0)
    episodes.settle(50.0 + LATE_SECONDS - 1.0)
    assert episodes.get("a") == Episode(0.0, calls=2, asked=True, lines={"1": 50.0})
    episodes.settle(50.0 + LATE_SECONDS)
    assert episodes.get("a") == Episode(0.0, calls=2, asked=True)


def test_who_talks_is_kept_with_the_talk_however_long_ago_another_call_ended() -> None:
    episodes = Episodes()
    talks = Episode(0.0, calls=1, asked=True, lines={"1": 50.0}, talks=frozenset({"2"}))
    episodes.put("a", replace(talks))
    episodes.ended("a", 50.0)
    episodes.settle(9000.0)
    assert episodes.get("a") == talks
