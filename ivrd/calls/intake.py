"""Where what callers key in to register goes."""

from typing import Protocol

from ivrd.core.intake import FileTicket, IntakeCommand, TicketAnswer


class Intake(Protocol):
    """Files tickets; see intake/."""

    def offered(self, call_id: str) -> bool:
        """Whether this caller's ticket could be filed, so that it makes sense to ask.

        Asked whenever the words that offer it are about to be said; never waits.
        """

    def notify(self, call_id: str, command: IntakeCommand) -> None:
        """A caller is at another step, has left, or has said yes to a red flag."""

    async def file(self, call_id: str, ticket: FileTicket) -> TicketAnswer:
        """File the ticket of whoever is in this call, so that it outlives a crash: its case code.

        Ends within seconds, and files one for each call, however often it is asked for.
        """
