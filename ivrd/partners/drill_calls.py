"""Drills: a test call to a partner, which counts when a person there has pressed the key.

The call itself is placed from Asterisk's console by the operator's command; here its outcome is
awaited, from the same events as for real calls.
"""

import asyncio

from ivrd.asterisk.translate import PartnerLegEvent
from ivrd.core import q850
from ivrd.core.report import PartnerEventKind

SECONDS = 45.0  # ringing, the whisper twice, and some

WORDS = {
    PartnerEventKind.CONFIRMED: "a person pressed the key {seconds:.1f} s after the answer",
    PartnerEventKind.REFUSED: "the call was refused: {cause}",
    PartnerEventKind.UNCONFIRMED: "somebody answered, but nobody pressed the key ({status})",
}


class DrillCalls:
    """Waits for the outcomes of test calls, one at a time for each partner."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[PartnerLegEvent]] = {}

    def leg_event(self, leg_event: PartnerLegEvent) -> None:
        """Something happened on a partner's leg; a test call has no waiting caller."""
        future = self._waiting.get(leg_event.partner)
        if future and not future.done() and not leg_event.waiting and leg_event.kind in WORDS:
            future.set_result(leg_event)

    async def wait(self, partner: str) -> tuple[bool, str]:
        """Whether the next test call to this partner is confirmed, and in words what happened."""
        future = self._waiting[partner] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(SECONDS):
                leg_event = await future
        except TimeoutError:
            return False, f"no outcome of the test call within {SECONDS:g} s"
        finally:
            del self._waiting[partner]
        words = WORDS[leg_event.kind]
        if leg_event.status == "CHANUNAVAIL":
            words = "its trunk does not answer; Asterisk asks a new one within 8 seconds"
        elif leg_event.status == "NOANSWER" and leg_event.cause in q850.SAYS_NOTHING:
            words = "it rang, and nobody answered"
        said = words.format(
            seconds=leg_event.seconds,
            status=leg_event.status,
            cause=q850.words(leg_event.cause),
        )
        return leg_event.kind is PartnerEventKind.CONFIRMED, said
