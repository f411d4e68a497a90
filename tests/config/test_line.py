"""`kind: line` of a pool and `line_number` belong together."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.config.problem import ConfigError

Change = Callable[[str, str, str], None]


def wrong(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder)
    return str(caught.value)


def test_seats_on_the_line_have_names_of_their_own_and_a_number(
    folder: Path, change: Change
) -> None:
    change(
        "queues.yaml",
        "pools:\n",
        "pools:\n  home: {kind: line, seats: 2, open: false, queues: all}\n",
    )
    (folder / "agents.yaml").write_text('line_number: "02 000 1340"\n')
    settings = load(folder)
    assert settings.pools[0].seats == ("home.01", "home.02")
    assert settings.line_number == "020001340"
    assert "+6620001340" in settings.line_numbers


def test_a_pool_on_the_line_needs_a_number(folder: Path, change: Change) -> None:
    change(
        "queues.yaml",
        "pools:\n",
        "pools:\n  home: {kind: line, seats: 2, open: false, queues: all}\n",
    )
    assert "line_number: missing; expected the number that the people of the pool home call" in (
        wrong(folder)
    )


def test_a_number_that_nobody_needs_or_that_is_the_hotlines(folder: Path) -> None:
    (folder / "agents.yaml").write_text('line_number: "1330"\n')
    said = wrong(folder)
    assert "agents.yaml:1: line_number: no pool of queues.yaml has `kind: line`" in said
    assert "agents.yaml:1: line_number: this is the same number as 1330 in ivrd.yaml" in said


def test_a_kind_that_there_is_not(folder: Path, change: Change) -> None:
    change(
        "queues.yaml",
        "pools:\n",
        "pools:\n  home: {kind: radio, seats: 2, open: false, queues: all}\n",
    )
    assert 'pools.home.kind: expected one of phone, line, got "radio"' in wrong(folder)


@pytest.mark.parametrize("number", ["123x", "call me"])
def test_what_is_no_number(folder: Path, number: str) -> None:
    (folder / "agents.yaml").write_text(f'line_number: "{number}"\n')
    assert "expected a telephone number in quotes" in wrong(folder)
