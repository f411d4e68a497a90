"""Where a caller's question about a case goes."""

from typing import Protocol

from ivrd.core.cases import CaseQuestion
from ivrd.core.inputs import CaseAnswer


class Cases(Protocol):
    """Looks cases up; see cases/."""

    @property
    def paused(self) -> bool:
        """Whether none is looked up now, so that it makes no sense to ask."""

    async def look_up(self, call_id: str, question: CaseQuestion) -> CaseAnswer:
        """What is known of a case.  Ends within seconds."""
