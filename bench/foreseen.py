"""ivrd that writes down what it foresees of each wait, and what becomes of it.

Run as ivrd by bench/realised_wait.py.  `FILE` names the file, which gets a line of JSON for each
step; `TALK` and `PATIENCE` are the true mean seconds: by the same estimate with these in the place
of what is learnt the wait is foreseen as well.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ivrd.cli import main
from ivrd.core.call import Call, Stage
from ivrd.core.call_notices import Ended, Notice
from ivrd.core.expected_wait import Prediction
from ivrd.core.overflow import Policy
from ivrd.daemon import waiting_wiring
from ivrd.waiting.forecast import WaitForecast

FILE, TALK, PATIENCE = "IVRD_BENCH_FILE", "IVRD_BENCH_TALK", "IVRD_BENCH_PATIENCE"


class Nobody:
    """Is told how right predictions were, and does not care."""

    def realised(self, queue: str, prediction: Prediction, seconds: float) -> None:
        """A caller was answered after so long."""

    def bound(self, queue: str, *, kept: bool) -> None:
        """A bound was kept, or broken."""


class Knowing(WaitForecast):
    """Knows for how long people talk and wait."""

    means = (0.0, 0.0)

    def _means(self, _queue: str) -> tuple[float, float]:
        return self.means


class Foreseen(WaitForecast):
    """Writes down what is foreseen, by itself and by one who knows.  Takes what that takes."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        alike = [*given]
        alike[-2] = Nobody()
        self._knowing = Knowing(*alike)
        self._knowing.means = float(os.environ[TALK]), float(os.environ[PATIENCE])
        self._file = Path(os.environ[FILE])

    def look(self, queues: Sequence[str], policy: Policy) -> None:
        """Learn, and see who is at work."""
        super().look(queues, policy)
        self._knowing.look(queues, policy)

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered, sent back, or ended."""
        super().notice(notice)
        self._knowing.notice(notice)
        if isinstance(notice, Ended) and notice.stage is Stage.QUEUE:
            self._write(notice.call, left=notice.call.wait_seconds())

    def _offered(self, call: Call) -> None:
        super()._offered(call)
        foreseen: dict[str, float] = {}
        if known := self._predicted.get(call.id):
            truth = self._knowing.joining(call, call.queue).mean
            foreseen = {"mean": known.prediction.mean, "bound": known.prediction.bound}
            foreseen["truth"] = truth
        self._write(call, joined=self._clock(), **foreseen)

    def _answered(self, call: Call, seconds: float) -> None:
        super()._answered(call, seconds)
        self._write(call, answered=seconds)

    def _write(self, call: Call, **what: float | None) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"call": call.id, **what}) + "\n")


if __name__ == "__main__":
    setattr(waiting_wiring, WaitForecast.__name__, Foreseen)
    sys.exit(main.main())
