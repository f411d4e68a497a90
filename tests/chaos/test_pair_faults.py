"""What the faults of two ivrd and of Redis find by themselves, beside the check of all."""

from contextlib import ExitStack
from importlib.util import find_spec
from random import Random

import pytest

from chaos.check import Verdict
from chaos.faults import pair, redis
from chaos.outcome import Outcome
from chaos.run import short
from chaos.scene import Scene
from lab.comparison import Scrape
from lab.detour import Detour

FAULTS = (*pair.FAULTS, *redis.FAULTS)
GOOD = Verdict(1, (), {}, (), (), 0.5, 6.0)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_has_two_ivrd_and_a_control_that_can_be_run(fault):
    assert fault.setup.pair
    assert fault.control is not None
    assert fault.control.setup.pair
    assert find_spec(fault.control.setup.program) is not None


def outcome(*found: str) -> Outcome:
    return Outcome(short(FAULTS[0], 1), GOOD, 1, 1.0, (), found)


def test_two_that_lead_at_once_are_a_harm_and_a_slow_machine_is_none():
    assert outcome("two ivrd led in turns, 3 actions: ANSWER").harmed
    assert not outcome("decisions took 100 ms").harmed
    assert not outcome("decisions took 100 ms").good
    assert outcome().good


def scrape(fast: int, slow: int) -> Scrape:
    """Of `fast` + `slow` decisions."""
    name = redis.DECISIONS
    return Scrape(
        f'{name}_bucket{{le="0.01"}} {fast}\n'
        f'{name}_bucket{{le="0.05"}} {fast}\n'
        f'{name}_bucket{{le="0.5"}} {fast + slow}\n'
    )


@pytest.mark.parametrize(
    ("usual", "frozen", "found"),
    [
        (scrape(100, 0), scrape(300, 0), []),
        (scrape(100, 0), scrape(290, 10), ["decisions took 500 ms"]),
        (scrape(90, 10), scrape(180, 20), []),  # a machine on which they always do
        (scrape(100, 0), scrape(100, 0), ["decisions took 0 ms"]),  # nobody was spoken to
    ],
)
def test_slow_decisions_are_found_unless_they_were_slow_before(tmp_path, usual, frozen, found):
    detour = Detour()
    scene = Scene(tmp_path, Random(1), detour, ExitStack())
    redis.decisions(scene, usual, frozen)
    detour.close()
    assert scene.found == found
