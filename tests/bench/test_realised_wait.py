"""What the benchmark of the real expected wait makes of what ivrd wrote down."""

import json

from bench.realised_wait import crowd, recorded, waited


def lines(*steps: dict[str, object]) -> list[str]:
    return [json.dumps(step) for step in steps]


def joined(call: str, at: float, mean: float | None = 10.0) -> dict[str, object]:
    foreseen = {} if mean is None else {"mean": mean, "bound": 15.0, "truth": 9.0}
    return {"call": call, "joined": at, **foreseen}


def test_one_who_gave_up_would_have_been_answered_when_the_first_behind_was() -> None:
    written = lines(
        joined("a", 0.0),
        joined("b", 1.0),
        joined("c", 2.0),
        joined("d", 3.0),
        {"call": "a", "left": 4.0},
        {"call": "b", "answered": 2.0},  # before a gave up: it has overtaken a
        {"call": "d", "answered": 8.0},
        {"call": "c", "answered": 7.0},
    )
    first, *others = waited(recorded(written))
    assert (first.seconds, first.left, first.kept) == (9.0, 4.0, None)
    assert [(one.seconds, one.left) for one in others] == [(2.0, None), (7.0, None), (8.0, None)]
    assert first.prediction.mean == 10.0
    assert first.truth == 9.0


def test_who_need_not_wait_and_whose_turn_never_came_are_left_out() -> None:
    written = lines(
        joined("free", 0.0, mean=None),
        joined("last", 1.0),
        joined("here", 2.0),
        {"call": "free", "answered": 0.2},
        {"call": "last", "left": 9.0},
    )
    assert list(waited(recorded(written))) == []


def test_the_load_of_a_round_doubles() -> None:
    moments = [person.at for person in crowd(1, 250.0)]
    before = sum(at < 125.0 for at in moments)
    assert 1.9 < (len(moments) - before) / before < 2.1
