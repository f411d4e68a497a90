"""How late simulated people are: from when something was due until it was done."""

from __future__ import annotations

from dataclasses import dataclass

LATE = 0.25  # seconds; what a person does so much later is another thing than was meant
TOLERATED = 0.01  # share of late steps: one hiccup of the machine does not spoil a run
FEW = 20  # steps; of fewer than these a share says nothing


@dataclass
class Lateness:
    """Of the steps of many people."""

    steps: int = 0
    late: int = 0  # by more than LATE
    worst: float = 0.0  # seconds

    def note(self, seconds: float) -> None:
        """A step was done so long after it was due."""
        self.steps += 1
        self.late += seconds > LATE
        self.worst = max(self.worst, seconds)

    def limited(self, who: str) -> str | None:
        """Why what they did is not what they were to do; None when it is, or nearly."""
        if self.steps < FEW or self.late <= TOLERATED * self.steps:
            return None
        return (
            f"{self.late} of {self.steps} steps of the {who} were done more than {LATE:g} s late "
            f"(the latest by {self.worst:.1f} s)"
        )
