"""Which of Asterisk's files the running Asterisk does not have as they are on the disk now.

Asterisk reads its files when it starts, and again when it is told to.  What it was told is kept
beside the files, by their digests: so a render without a reload, or a reload that broke off, shows,
and the next reload mends it.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

STAMP = ".ivrd-loaded.json"


def stale(folder: Path, names: Iterable[str], started: float) -> list[str]:
    """The files that changed after Asterisk `started` (epoch) and that it was not told to read."""
    digests = _remembered(folder)
    return [
        name
        for name in names
        if _changed_at(folder / name) >= started and digests.get(name) != _digest(folder / name)
    ]


def remember(folder: Path, names: Iterable[str]) -> None:
    """Asterisk has been told to read these files as they are now.

    A folder that cannot be written is no fault: then it is told again the next time.
    """
    text = json.dumps({name: _digest(folder / name) for name in names}, sort_keys=True)
    draft = folder / f"{STAMP}.new"
    with suppress(OSError):
        draft.write_text(text, "utf-8")
        os.replace(draft, folder / STAMP)


def _remembered(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _changed_at(path: Path) -> float:
    """When the file was written last (epoch); 0 for one that is not there."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
