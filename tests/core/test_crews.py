"""Who serves whom: seats that are shared, and the ways in which a queue may be served."""

from ivrd.core.crews import Crew, Serving, partner_crews, servings
from ivrd.core.partner import Partner, PartnerSnapshot

BOTH, ONE, OTHER = frozenset({"a", "b"}), frozenset({"a"}), frozenset({"b"})


def partner(open_seats: int, talks: dict[str, int]) -> PartnerSnapshot:
    of = Partner("bank", "ธนาคาร", "Bank", "192.0.2.1", 10, 20, languages=("th",))
    return PartnerSnapshot(
        of, queues=BOTH, in_hours=True, open=open_seats, talks=talks, allowed=20, health=""
    )


def test_seats_that_are_coming_count_and_those_that_still_talk() -> None:
    (coming,) = partner_crews([partner(2, {"a": 1})], {"bank": 6})
    assert coming == Crew("bank", BOTH, 6, 5)
    (draining,) = partner_crews([partner(2, {"a": 2, "b": 1})], {"bank": 0})
    assert draining == Crew("bank", BOTH, 3, 0)
    assert list(partner_crews([partner(0, {})], {})) == []


def test_those_in_another_queue_stand_ahead_as_far_as_their_people_serve_this_one() -> None:
    crews = [Crew("base", BOTH, 6, 1), Crew("bank", OTHER, 2, 2)]
    everybody, alone = servings("a", crews, ["a", "b"])
    assert everybody == Serving(6, 1, {"b": 0.75})
    assert alone == Serving(0, 0, {})  # without those who serve b, nobody is left


def test_own_people_are_a_way_past_a_longer_line() -> None:
    crews = [Crew("base", BOTH, 6, 0), Crew("nurses", ONE, 2, 0)]
    assert servings("a", crews, ["b"]) == [Serving(8, 0, {"b": 1.0}), Serving(2, 0, {})]
    assert servings("a", crews, []) == [Serving(8, 0, {})]


def test_nobody_is_there() -> None:
    assert servings("a", [], ["a"]) == [Serving(0, 0, {})]
