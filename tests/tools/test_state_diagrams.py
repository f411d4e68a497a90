"""docs/states.md shows the tables as they are, all of them and nothing else."""

import re
from pathlib import Path

import pytest

from ivrd.core import breaker as b
from ivrd.core.call import CallState, Outcome
from ivrd.core.call_table import TABLE
from tools import state_diagrams
from tools.state_diagrams import PAGE, REDRAW, diagram, main, page

ARROW = re.compile(r"^    (\S+) --> (\S+?)(?:: (.+))?$", re.MULTILINE)


def arrows(text: str) -> set[tuple[str, str, str]]:
    """What a Mermaid diagram shows, one for each label."""
    found = ARROW.findall(text)
    return {(a, z, label) for a, z, labels in found for label in (labels or "").split(", ")}


def drawn(number: int) -> set[tuple[str, str, str]]:
    return arrows(re.findall(r"```mermaid\n(.*?)```", page(), re.DOTALL)[number])


def test_the_page_is_as_the_tables_have_it() -> None:
    assert PAGE.read_text("utf-8") == page(), f"docs/states.md is out of date; redraw it: {REDRAW}"


def test_every_step_of_a_call_is_drawn_and_no_other() -> None:
    steps = {(a, z, label) for a, z, label in drawn(0) if label}
    ends = {outcome.value for outcome in Outcome}
    assert len(steps) == len(TABLE)
    for (state, event), after in TABLE.items():
        (to,) = (z for a, z, label in steps if (a, label) == (state, event.__name__))
        assert to == after or (after is CallState.ENDED and to in ends)
    assert ("talk", "answered", "CutOff") in steps
    assert ("[*]", "menu", "") in drawn(0)


def test_every_step_of_a_breaker_is_drawn() -> None:
    steps = {(a.replace("_", " "), z.replace("_", " "), label) for a, z, label in drawn(1)}
    assert {(a, z, signal) for (a, signal), z in b.TABLE.items()} < steps
    assert ("open", "half open", "the pause is over") in steps
    assert "    half_open: half open\n" in page()


def test_several_events_share_an_arrow() -> None:
    text = diagram([("a b", "c", "x"), ("a b", "c", "y"), ("c", "[*]", "")])
    assert text.splitlines()[3:-1] == ["    a_b: a b", "    a_b --> c: x, y", "    c --> [*]"]


def test_a_page_that_is_out_of_date_is_told_with_the_command_that_redraws_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(state_diagrams, "PAGE", tmp_path / "states.md")
    assert main(["--check"]) == 1
    assert REDRAW in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0
