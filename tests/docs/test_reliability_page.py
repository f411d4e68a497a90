"""docs/reliability.md: its tables have every fault, in the words of the suite that writes them."""

from pathlib import Path

import pytest

from chaos.fault import Fault
from chaos.faults import FAULTS

PAGE = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text("utf-8")
RESULTS, CONTROLS = PAGE.partition("<!-- results -->")[2].split("<!-- controls -->")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_has_its_rows(fault: Fault) -> None:
    assert f"\n| {fault.name} | {fault.done} (" in RESULTS
    without = fault.control.done if fault.control else "–"
    assert f"\n| {fault.name} | {without} |" in CONTROLS
