"""Drills: a test call to a partner, which counts when a person there has pressed the key.

The call itself is placed from Asterisk's console by the operator's command; here its outcome is
awaited, from the same events as for real calls.
"""

import asyncio

from ivrd.asterisk.facts import PartnerLegEvent
from ivrd.core import q850
from ivrd.core.report import CAUSE_WORDS, Cause, PartnerEventKind

WORDS = {
    PartnerEventKind.CONFIRMED: "a person pressed the key {seconds:.1f} s after the answer",
    PartnerEventKind.REFUSED: "the call was refused: {cause}",
    PartnerEventKind.UNCONFIRMED: "the call was answered and not confirmed: {why}",
}
# Where a refusal is better told without its number.
REFUSED_WORDS = {
    Cause.NO_ANSWER: "it rang, and nobody answered",
    Cause.NO_RESPONSE: "its exchange did not respond to the call",
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

    async def wait(self, partner: str, seconds: float) -> tuple[bool, str]:
        """Whether the next test call to this partner is confirmed, and in words what happened.

        `seconds`: how long it may take.
        """
        future = self._waiting[partner] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                leg_event = await future
        except TimeoutError:
            return False, f"no outcome of the test call within {seconds:g} s"
        finally:
            del self._waiting[partner]
        return leg_event.kind is PartnerEventKind.CONFIRMED, _said(leg_event)


def _said(leg_event: PartnerLegEvent) -> str:
    """What became of a test call, in words."""
    if leg_event.cause == q850.Q850.SUBSCRIBER_ABSENT:
        return "its trunk does not answer; Asterisk asks a new one within 8 seconds"
    words = WORDS[leg_event.kind]
    if leg_event.why:
        words = REFUSED_WORDS.get(leg_event.why, words)
    return words.format(
        seconds=leg_event.seconds,
        cause=q850.words(leg_event.cause),
        why=CAUSE_WORDS[leg_event.why] if leg_event.why else "",
    )
