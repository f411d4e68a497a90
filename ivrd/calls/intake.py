"""Where what callers key in to register goes."""

from collections.abc import Coroutine
from typing import Any, Protocol

from ivrd.core.inputs import TicketAnswer
from ivrd.core.intake import FileTicket, IntakeCommand


class Intake(Protocol):
    """Files tickets; see intake/."""

    def offered(self, call_id: str) -> bool:
        """Whether this caller's ticket could be filed, so that it makes sense to ask.

        Asked whenever the words that offer it are about to be said; never waits.
        """

    def notify(self, call_id: str, command: IntakeCommand) -> None:
        """A caller is at another step, has left, or has said yes to a red flag."""

    def file(self, call_id: str, ticket: FileTicket) -> Coroutine[Any, Any, TicketAnswer]:
        """File the ticket of whoever is in this call: it is on its way when this returns.

        What it returns ends within seconds, with the case code, when the ticket would outlive a
        crash; when that is not known by then, it may be delivered all the same (`unsure`).  There
        is one for each call, however often it is asked for.
        """

    async def find(self, call_id: str) -> TicketAnswer:
        """Whether the whole ticket of this call was filed before, as `file` tells it."""
