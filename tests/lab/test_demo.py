"""The demo's line for a log, and what it takes from its command line."""

from typing import cast

import pytest

from ivrd.core.status_schema import Status
from lab import __main__ as lab
from lab.demo import line_of
from tests.lab.test_story import partner


def test_the_picture_in_one_line_of_a_log() -> None:
    status = {
        "calls": {"menu": 3, "info": 1, "closed": 1, "queue": 4, "talk": 7},
        "overflow": {"wanted": 5, "why": ""},
        "partners": [partner(open=3, talking=2), partner("bad", open=1)],
    }
    line = line_of({"done": 20, "planned": 90}, cast(Status, status))
    assert line == "20/90 done; menus 5, waiting 4, agents 5, partners 2 (open 4, wanted 5)"


@pytest.mark.parametrize("given", [["--callers", "0"], ["--seconds", "0"], ["--seats", "501"]])
def test_what_makes_no_sense_is_told_in_one_line(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert lab.main(["demo", *given]) == 1
    assert capsys.readouterr().err.startswith(f"lab: {given[0]}: expected ")
