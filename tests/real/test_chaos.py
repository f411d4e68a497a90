"""The fault suite's short form: no fault costs a caller, and afterwards every count is exact.

The faults that touch the heart are in every run, the others in `make verify`.
"""

import pytest

from chaos.fault import Fault
from chaos.faults import FAULTS
from chaos.load import RATE
from chaos.run import carry_out, short

SEED = 22
HEART = ("kill-9", "reset", "partners", "store-locked", "queue-log", "takeover")


def marks(fault: Fault) -> list[pytest.MarkDecorator]:
    return [pytest.mark.lasts(45), *([] if fault.name in HEART else [pytest.mark.verify])]


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, id=fault.name, marks=marks(fault)) for fault in FAULTS]
)
def test_nobody_is_lost_and_every_count_is_exact(fault: Fault, tmp_path):
    came = carry_out(short(fault, SEED), tmp_path / "run")
    assert came.verdict.lost == ()
    assert came.verdict.astray == ()
    assert came.verdict.wrong == ()
    assert came.verdict.silence <= came.verdict.allowed
    assert came.found == ()
    assert 1 <= came.strikes <= fault.strikes[0]  # on a slow machine fewer fit in
    assert came.verdict.calls >= min(100, fault.seconds * RATE)
