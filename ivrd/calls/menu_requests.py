"""What callers in a menu wait for others to do: bookings, links, tickets, the states of cases.

Each runs beside the conversation, and whoever speaks with the caller when it is done is told what
came of it: perhaps another conversation, after a lost connection.  One that breaks is answered as
one that could not be had, or of which nobody knows: nobody waits for it in silence.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from ivrd.asterisk.conversation import Conversation
from ivrd.calls.booking import Booking
from ivrd.calls.call_tasks import CallTasks
from ivrd.calls.cases import Cases
from ivrd.calls.intake import Intake
from ivrd.calls.links import Links
from ivrd.calls.menu_call import MenuCall
from ivrd.core.book_result import BookResult
from ivrd.core.cases import CaseQuestion, CaseResult, LookUp
from ivrd.core.commands import AddNote, Book, Command, SendLink
from ivrd.core.inputs import CaseAnswer, TicketAnswer
from ivrd.core.intake import FileTicket, FindTicket, IntakeCommand


class MenuRequests:
    """Those of all callers; `calls`: those that are here, by id.

    `fault(call_id, error)` receives what broke one.
    """

    def __init__(
        self,
        booking: Booking,
        links: Links,
        intake: Intake,
        cases: Cases,
        calls: Mapping[str, MenuCall],
        fault: Callable[[str, BaseException], None],
    ) -> None:
        self._booking = booking
        self._links = links
        self._intake = intake
        self._cases = cases
        self._calls = calls
        self._tasks = CallTasks(fault)

    def notify(self, call_id: str, command: Command) -> None:
        """A conversation's command: begin what it asks for."""
        if isinstance(command, Book):
            self._tasks.start(call_id, self._book(call_id, command))
        elif isinstance(command, SendLink):
            self._tasks.start(call_id, self._send_link(call_id, command.topic))
        elif isinstance(command, LookUp):
            self._tasks.start(call_id, self._look_up(call_id, command.question))
        elif isinstance(command, AddNote):
            if call := self._calls.get(call_id):
                call.add_note(command)
        elif isinstance(command, IntakeCommand):
            self._registers(call_id, command)

    def _registers(self, call_id: str, command: IntakeCommand) -> None:
        """A caller who registers by keys is further, or has said something for somebody else."""
        self._intake.notify(call_id, command)
        if isinstance(command, FileTicket):
            filed = self._intake.file(call_id, command)
            self._tasks.start(call_id, self._file(call_id, filed))
        elif isinstance(command, FindTicket):
            self._tasks.start(call_id, self._file(call_id, self._intake.find(call_id)))

    async def _file(self, call_id: str, filed: Coroutine[Any, Any, TicketAnswer]) -> None:
        answer = TicketAnswer("", unsure=True)
        try:
            answer = await filed
        finally:
            if conversation := self._conversation(call_id):
                conversation.ticket_filed(answer)

    async def _book(self, call_id: str, wish: Book) -> None:
        result = BookResult.NOT_STORED
        try:
            result = await self._booking.book(call_id, wish.number, wish.not_before)
        finally:
            if conversation := self._conversation(call_id):
                conversation.booked(result)

    async def _send_link(self, call_id: str, topic: str) -> None:
        sent = False
        try:
            sent = await self._links.send(call_id, topic)
        finally:
            if conversation := self._conversation(call_id):
                conversation.link_sent(sent)

    async def _look_up(self, call_id: str, question: CaseQuestion) -> None:
        answer = CaseAnswer(CaseResult.BROKEN)
        try:
            answer = await self._cases.look_up(call_id, question)
        finally:
            if conversation := self._conversation(call_id):
                conversation.case_answered(answer)

    def _conversation(self, call_id: str) -> Conversation | None:
        """The one that the caller is in now; None when nobody speaks to them."""
        call = self._calls.get(call_id)
        return call.conversation if call else None
