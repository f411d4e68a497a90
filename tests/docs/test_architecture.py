"""ARCHITECTURE.md: its map has every module, and every path that it names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
MAP = PAGE.partition("ivrd/cli/ ")[2].partition("```")[0]
LINE = re.compile(r"^(?P<folder>ivrd/\w+/)|^   (?P<file>\w+(?:\.py|/))", re.MULTILINE)


def mapped() -> set[str]:
    """The modules on the map; those of one folder follow its line."""
    found, folder = set(), ""
    for line in LINE.finditer(f"ivrd/cli/ {MAP}"):
        folder = line["folder"] or folder
        if line["file"]:
            found.add(f"{folder}{line['file']}")
    models = re.search(r"beside it ([^`]*?)\n   field_types", MAP, re.DOTALL)
    assert models
    return found | {f"ivrd/config/{name}" for name in re.findall(r"\w+\.py", models[1])}


def test_every_module_is_on_the_map_and_no_other() -> None:
    there = {
        f"{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "ivrd").glob("*/*.py")
        if not path.name.startswith("__")
    }
    assert mapped() == there | {"ivrd/asterisk/render/"}


def test_every_path_in_the_table_is_there() -> None:
    paths = re.findall(r"`((?:ivrd|tests|config|dialplans|sounds|chaos|fuzz|docs)/[^`*]*)`", PAGE)
    assert len(paths) > 60
    assert [path for path in paths if not (ROOT / path).exists()] == []
