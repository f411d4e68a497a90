"""One caller, and what he means to do."""

from __future__ import annotations

from dataclasses import dataclass

from lab.callers.script import Step


@dataclass(frozen=True)
class Expected:
    """What the plan leads to, in the hotline's words."""

    outcome: str  # "answered", "abandoned", "self_served", "rejected", "callback"
    stage: str = ""  # where an abandoned call ends: "ivr" or "queue"
    leaf: str = ""  # the topic or message that the keys lead to


@dataclass(frozen=True)
class Caller:
    """Who calls and what he means to do. Times are seconds."""

    id: int
    behaviour: str
    script: tuple[Step, ...] = ()
    hangs_up_after: float | None = None  # after the answer, whatever happens; None: never
    rings_at_most: float | None = None  # gives up while it rings; None: never
    number: str = ""  # "": 02 and the id in eight digits
    name: str = ""
    expected: Expected | None = None

    def __post_init__(self) -> None:
        if set(self.number + self.name) & set(';"[]\r\n\0'):
            raise ValueError(f'caller {self.id}: expected a number and a name without ; " [ ]')

    @property
    def shown(self) -> str:
        """The number that the hotline sees."""
        return self.number or f"02{self.id:08}"
