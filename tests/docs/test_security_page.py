"""docs/security.md names tests: they are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[a-z_/]+\.py)(?:::(\w+))?`", PAGE)))


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda part: part.rpartition("/")[2])
def test_the_test_that_shows_it_is_there(file: str, name: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE) or not name


def test_every_defence_in_a_table_has_its_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    shown = [row for row in rows if "shown by" in row]
    assert len(shown) == 6
    assert len(NAMED) > 30
