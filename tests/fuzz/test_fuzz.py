"""The short form of every target, and that the runner sees what it is there to see."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from random import Random

import pytest

from fuzz import runner
from fuzz.mutate import LONGEST, inputs
from fuzz.runner import One, Target, run
from fuzz.targets import TARGETS
from tests.examples import examples


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_raises_hangs_or_leaves_anything_behind(name: str) -> None:
    target = TARGETS[name]
    count = max(len(target.seeds()), examples(target.short))
    outcome = run(target, count, seed=1)
    assert outcome.faults == []
    assert outcome.count == count
    assert outcome.ok, f"grew by {outcome.grown} bytes"


def target(one: One) -> Target:
    @contextmanager
    def opened() -> Iterator[One]:
        yield one

    return Target("test", opened, lambda: [b"one", b"two"], 0, 0)


def raising(data: bytes) -> None:
    if b"o" not in data:
        raise ValueError("no o")


def hanging(data: bytes) -> None:
    while data == b"two":
        with suppress(Exception):  # a hang must get through this
            sum(range(1000))


@pytest.mark.parametrize(("one", "kind"), [(raising, "ValueError: no o"), (hanging, "Hang")])
def test_a_fault_is_found_once_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, one: One, kind: str
) -> None:
    monkeypatch.setattr(runner, "HANG_SECONDS", 0.05)
    outcome = run(target(one), 300, seed=1)
    assert [kind in trace for trace, _data in outcome.faults] == [True]
    assert outcome.count == 300
    assert not outcome.ok


def test_what_grows_is_seen() -> None:
    kept: list[bytes] = []
    outcome = run(target(lambda _data: kept.append(b"x" * (1 << 20))), 100, seed=1)
    assert outcome.grown > runner.GROWTH_LIMIT
    assert not outcome.ok


def some(seed: int) -> list[bytes]:
    return list(islice(inputs([b"Event: A\r\n", b"b"], [b"word"], Random(seed)), 2000))


def test_the_same_seed_gives_the_same_inputs_and_they_differ() -> None:
    assert some(1) == some(1)
    assert some(1) != some(2)
    assert len(set(some(1))) > 1000
    assert some(1)[:2] == [b"Event: A\r\n", b"b"]
    assert max(map(len, some(1))) <= LONGEST
    assert any(b"word" in each for each in some(1))


def test_each_target_takes_its_seeds_as_they_are() -> None:
    for each in TARGETS.values():
        assert len(each.seeds()) >= 5
        assert each.short >= len(each.seeds())
