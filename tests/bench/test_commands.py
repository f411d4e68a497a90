"""bench.commands: what it runs, and how it measures one run; not how much that is."""

import sys
from pathlib import Path

import pytest

from bench.commands import BASE, COMMANDS, answering, cpu_seconds, programs
from ivrd.cli import main


def test_it_measures_commands_that_there_are_beside_python_itself() -> None:
    found = programs(Path("config"))
    assert BASE in found
    assert {words[0] for words in COMMANDS} <= {*main.COMMANDS, "--help"}
    assert found["ivrd status"][-2:] == ["--config", "config"]


def test_a_program_that_works_more_costs_more() -> None:
    idle = cpu_seconds([sys.executable, "-c", "pass"])
    work = "import time\nwhile time.process_time() < 2: pass"
    assert cpu_seconds([sys.executable, "-c", work]) > idle


def test_a_program_that_fails_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="ended with 1:\nwhy"):
        cpu_seconds([sys.executable, "-c", "raise SystemExit('why')"])


def test_all_that_is_measured_succeeds(tmp_path: Path) -> None:
    with answering(tmp_path) as config:
        for argv in programs(config).values():
            assert cpu_seconds(argv) > 0
