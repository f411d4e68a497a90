"""Each mistake in a file gives exactly the messages at the head of that file, after `#>`.

testdata/menus/loop.yaml is a menus.yaml with a loop; the other files are those of testdata/good.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.config.problem import ConfigError

DATA = Path(__file__).parent / "testdata"
MISTAKES = sorted(path for path in DATA.glob("*/*.yaml") if path.parent.name != "good")
MARK = "#> "


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_message(
    mistake: Path, tmp_path: Path, overlay: Callable[[Path, str, bytes], None]
) -> None:
    overlay(tmp_path, f"{mistake.parent.name}.yaml", mistake.read_bytes())
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    found = str(caught.value).replace(str(tmp_path), "config")
    expected = [line for line in mistake.read_text("utf-8").split("\n") if line.startswith(MARK)]
    assert found.split("\n") == [line.removeprefix(MARK) for line in expected]
