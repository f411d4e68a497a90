"""Where a caller's wish to be called back goes."""

from typing import Protocol

from ivrd.core.book_result import BookResult
from ivrd.core.slots import Slot


class Booking(Protocol):
    """Takes bookings; see callbacks/."""

    def offered(self, call_id: str) -> bool:
        """Whether this caller can be called back, so that it makes sense to offer it.

        Asked whenever the words that offer it are about to be said; never waits.
        """

    def worthwhile(self, queue: str) -> bool:
        """Whether who would join this queue now waits for so long that a call back is offered.

        Asked on the way there; never waits.
        """

    def slots(self) -> tuple[Slot, ...]:
        """The time slots of which a caller may choose one; none where the hotline has none.

        Asked when a caller has asked for a call back; never waits.
        """

    async def book(self, call_id: str, number: str = "", not_before: float = 0.0) -> BookResult:
        """Write down that whoever is in this call is to be called back, and wait until it is.

        The booking takes the call's place: its queue, topic, language and effective arrival are
        those that the ledger has of the call.  `number`: as the caller keyed it in; empty: the one
        that the call comes from.  `not_before`: when the time slot begins that the caller has
        chosen; 0: as soon as the turn comes.  Of one person there is one booking: `BOOKED` is also
        the result when it stood before; the slot that was chosen last counts.

        The call itself stays as it is: whoever asked moves it in the ledger (`call.Booked`) on
        `BOOKED`, and only then tells the caller.  Ends within seconds, whatever the store does, and
        raises nothing; a caller who hangs up meanwhile does not cancel it.
        """
