"""The fault suite's short form: no fault costs a caller, and afterwards every count is exact."""

import pytest

from chaos.fault import Fault
from chaos.faults import FAULTS
from chaos.run import carry_out, short

SEED = 22


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_nobody_is_lost_and_every_count_is_exact(fault: Fault, tmp_path):
    came = carry_out(short(fault, SEED), tmp_path / "run")
    assert came.verdict.lost == ()
    assert came.verdict.astray == ()
    assert came.verdict.wrong == ()
    assert came.verdict.silence <= came.verdict.allowed
    assert came.found == ()
    assert 1 <= came.strikes <= fault.strikes[0]  # on a slow machine fewer fit in
    assert came.verdict.calls >= 100
