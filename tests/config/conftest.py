"""A small configuration that is right, in a folder of the test's own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

GOOD = Path(__file__).parent / "testdata" / "good"


@pytest.fixture(scope="session")
def overlay() -> Callable[[Path, str, bytes], None]:
    """Fill a new folder with the good files, one of them (`name`) with another content."""

    def write(folder: Path, name: str, content: bytes) -> None:
        shutil.copytree(GOOD, folder, dirs_exist_ok=True)
        (folder / name).write_bytes(content)

    return write


@pytest.fixture
def folder(tmp_path: Path, overlay: Callable[[Path, str, bytes], None]) -> Path:
    """A folder with a configuration that is right."""
    path = tmp_path / "config"
    overlay(path, "ivrd.yaml", (GOOD / "ivrd.yaml").read_bytes())
    return path


@pytest.fixture
def change(folder: Path) -> Callable[[str, str, str], None]:
    """Replace the one place where `old` stands in a file of `folder`."""

    def replace(name: str, old: str, new: str) -> None:
        path = folder / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), "utf-8")

    return replace
