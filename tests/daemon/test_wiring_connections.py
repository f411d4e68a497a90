"""No connection of ivrd's parts can be lost unnoticed; see connections.py."""

import subprocess
import sys

import pytest

from tests.daemon.connections import UNNOTICED, noticed_by_types
from tests.daemon.find_connections import ROOT, connections


@pytest.mark.verify
def test_mypy_notices_every_argument_that_is_gone() -> None:
    found = connections()
    assert len(found) > 100, "the script no longer finds the connections"
    arguments = [one for one in found if one.by_types]
    noticed = noticed_by_types(arguments)
    assert [f"{one.file}.py:{one.line} {one.text}" for one in arguments if one not in noticed] == []


def test_what_mypy_cannot_see_is_known() -> None:
    """So that the long test below has all of it, and nobody takes it for complete otherwise."""
    left = {(one.file, one.how) for one in connections() if not one.by_types}
    assert {"agent_wiring", "people_wiring", "outbox_wiring"} <= {one.file for one in connections()}
    assert ("wiring", "does nothing") in left
    assert ("wiring", "one of several is removed") in left
    assert ("connection", "statement is removed") in left


@pytest.mark.verify
@pytest.mark.timeout(3600)
def test_mypy_or_a_unit_test_notices_every_connection_that_is_gone() -> None:
    script = [sys.executable, "-m", "tests.daemon.connections"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    assert [line for line in done.stdout.splitlines() if UNNOTICED in line] == []
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]
