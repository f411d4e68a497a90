"""The day at full size, in its short form: 2,000 calls of it."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.verify
@pytest.mark.lasts(280)
@pytest.mark.timeout(900)
def test_2000_calls_of_the_day_are_all_accounted_for(tmp_path: Path) -> None:
    """On a machine that does other things as well they come at half the pace."""
    words = ("--calls", "2000", "--minutes", "4", "--out", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "bench.day", *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every call is accounted for." in done.stdout
    assert "| dialled / received | 2,000 | 2,000 | = |" in done.stdout
    assert len(list((tmp_path / "plots").glob("*.svg"))) == 6
