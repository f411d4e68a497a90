"""A clock that can be set wrong: what a process believes the time of day to be.

The monotonic clock is untouched, as it is when somebody sets a machine's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lab import parts


class Clock:
    """The time of day of the processes that get its `environment`; at first it is right.

    Two with the same `folder` are the same clock.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._offset = folder / "clock"
        if not self._offset.exists():
            self.wrong_by(0)

    def wrong_by(self, seconds: int) -> None:
        """From now on so many seconds fast; slow with a negative number."""
        self._offset.write_text(f"{seconds:+d}")

    def environment(self) -> Mapping[str, str]:
        """Variables for a process, which goes by this clock from its start to its end."""
        root = parts.root(parts.FAKETIME)
        assert root is not None  # a part without programs is always unpacked
        library = next(root.glob("usr/lib/*/faketime/libfaketimeMT.so.1"))
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
