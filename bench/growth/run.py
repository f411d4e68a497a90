"""All that is measured at one size, each part on a hotline of its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from bench.growth.asterisk import MadeAsterisk
from bench.growth.hotline import TooLate
from bench.growth.losses import missed, taken_over
from bench.growth.measures import Figures, alone
from bench.growth.size import Size
from ivrd import log

ATTEMPTS = 4

Part = Callable[[Size, Path, MadeAsterisk], Coroutine[Any, Any, Figures]]


def measured(size: Size) -> Figures:
    """All figures of one size, each of a hotline of its own."""
    found: Figures = {}
    for part in (alone, missed, taken_over):
        found |= _tried(part, size)
    return found


def _tried(part: Part, size: Size) -> Figures:
    """The figures of one part; on a machine that was too busy for it, it is tried again."""
    for left in reversed(range(ATTEMPTS)):
        with tempfile.TemporaryDirectory(prefix="ivrd-") as folder:
            asterisk = MadeAsterisk(size)
            try:
                with (Path(folder) / "log").open("w") as stream:
                    lines = log.setup("plain", "info", stream)
                    found = asyncio.run(part(size, Path(folder), asterisk))
                    lines.close()
                    return found
            except TooLate:
                if not left:
                    raise
            finally:
                asterisk.stop()
    raise AssertionError
