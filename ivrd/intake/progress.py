"""How far callers get who register by keys: where they are, and from where they left."""

from dataclasses import dataclass, field
from typing import Protocol

from ivrd.core.call_notices import Ended, Notice
from ivrd.core.intake import AtIntake, IntakeCommand, LeftIntake, RedFlags
from ivrd.core.intake_visit import STEP_OF, At

FIRST, LAST = STEP_OF[At.CONSENT], STEP_OF[At.FILING]
HUNG_UP = "hung_up"


class IntakeMetrics(Protocol):
    """Counts; see metrics/intake.py."""

    def started(self) -> None:
        """A caller was asked for consent."""

    def completed(self) -> None:
        """A whole ticket is filed."""

    def left(self, step: str, why: str) -> None:
        """A caller left before that."""

    def red_flag(self, name: str) -> None:
        """A caller has said yes to it."""


@dataclass
class Progress:
    """An `IntakeListener`: everybody who started has completed, left, or is in `steps` still."""

    metrics: IntakeMetrics
    steps: dict[str, str] = field(default_factory=dict)  # by call
    # Calls whose whole ticket is being filed, and whether they have ended meanwhile.
    _filing: dict[str, bool] = field(default_factory=dict)

    def notify(self, call_id: str, command: IntakeCommand) -> None:
        """See `IntakeListener`."""
        match command:
            case AtIntake(step):
                if step == FIRST and call_id not in self.steps:
                    self.metrics.started()
                self.steps[call_id] = step
            case LeftIntake(step, why) if self.steps.pop(call_id, ""):
                self.metrics.left(step, why)
            case RedFlags(names):
                for name in names:
                    self.metrics.red_flag(name)
            case _:
                pass  # what is filed is told below, the rest is for others

    def filing(self, call_id: str) -> None:
        """See `IntakeListener`."""
        self._filing.setdefault(call_id, False)

    def filed(self, call_id: str, *, stored: bool) -> None:
        """See `IntakeListener`: once for each caller, also for one who has hung up meanwhile."""
        ended = self._filing.pop(call_id, False)
        if not (stored or ended):
            return  # the caller hears so, and leaves
        if step := self.steps.pop(call_id, ""):
            if stored:
                self.metrics.completed()
            else:
                self.metrics.left(step, HUNG_UP)

    def notice(self, notice: Notice) -> None:
        """A call may have ended."""
        if not isinstance(notice, Ended):
            return
        call_id = notice.call.id
        if call_id in self._filing:
            self._filing[call_id] = True
        elif step := self.steps.pop(call_id, ""):
            self.metrics.left(step, HUNG_UP)
