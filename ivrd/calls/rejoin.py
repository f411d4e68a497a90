"""Brings callers on whom Asterisk's clock has been set back.

Asterisk waits until a time of day: a clock that is set back by an hour makes it ring a phone that
nobody answers for an hour, and carry out no command to a caller's channel while nothing else
happens there (docs/decisions/0021-outside-facts.md).  A wait that begins anew is as long as it
should be: whoever waits for a person enters the queue again, at the same place, and whoever is in a
menu hears once more what was being said.  Talks count nothing and are left alone.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from ivrd import log
from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.calls.ivr import Ivr
from ivrd.calls.requeue import into_queue, redirect
from ivrd.core.call import Call
from ivrd.core.clock import AsteriskClock
from ivrd.core.ledger import Ledger

logger = logging.getLogger("ivrd")


class Rejoin:
    """Does so once for each time that the clock is found to have been set back.

    `place(call)`: its place, as variables of the channel (placement.py).
    """

    def __init__(
        self,
        link: AmiClient,
        ledger: Ledger,
        ivr: Ivr,
        clock: AsteriskClock,
        place: Callable[[Call], Mapping[str, str]],
    ) -> None:
        self._link = link
        self._ledger = ledger
        self._ivr = ivr
        self._clock = clock
        self._place = place
        self._seen = 0

    async def reconcile(self) -> None:
        """Raises what the link to Asterisk raises; then it is done the next time."""
        set_back = self._clock.set_back
        if set_back == self._seen:
            return
        what = "Asterisk's clock was set back: callers who wait enter their queue again"
        log.event(logger, logging.WARNING, what)
        for channel, context in self._ivr.begin_again():
            with suppress(ActionRefused):  # who has just hung up needs nothing
                await redirect(self._link, channel, context, dialplan_names.MENU_AGAIN)
        for queue in [*self._ledger.present.queues()]:
            for call in self._ledger.waiting(queue):
                await self._rejoin(call)
        self._seen = set_back

    async def _rejoin(self, call: Call) -> None:
        """Bring one to the same queue, and the same place."""
        channel = self._ivr.channel(call.id)
        try:
            await into_queue(self._link, channel, call.queue, self._place(call))
            if self._ledger.calls.get(call.id) is not call:
                return  # gone, or with a person
            await redirect(self._link, channel, dialplan_names.QUEUE_CONTEXT)
        except ActionRefused:
            return
