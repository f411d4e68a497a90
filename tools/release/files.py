"""Files that are compared, copied and linked, each in one step."""

import filecmp
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


def same(one: Path, other: Path | None) -> bool:
    """Whether both files are there and have the same content."""
    return bool(other and one.is_file() and other.is_file() and filecmp.cmp(one, other, False))


def files(folder: Path) -> Iterator[str]:
    """Every file below the folder, by its path there; none without the folder."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            yield str(path.relative_to(folder))


def copy(source: Path, target: Path) -> None:
    """In one step: whoever reads the target has all of the old one or all of the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    shutil.copyfile(source, draft)
    draft.chmod(0o644)
    os.replace(draft, target)


def link(name: Path, target: str) -> None:
    """In one step, as above."""
    name.parent.mkdir(parents=True, exist_ok=True)
    draft = name.with_name(f".{name.name}.new")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    os.replace(draft, name)


def remove_empty(folder: Path) -> None:
    """Remove the folder if there is nothing in it."""
    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()
