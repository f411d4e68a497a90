"""Where a caller's wish for a link goes."""

from typing import Protocol


class Links(Protocol):
    """Sends links; see links/."""

    def offered(self, call_id: str) -> bool:
        """Whether this caller can be sent one, so that it makes sense to offer it.

        Asked whenever the words that offer it are about to be said; never waits.
        """

    async def send(self, call_id: str, topic: str) -> bool:
        """Send one to whoever is in this call: whether the gateway has accepted it.

        Ends within seconds, and sends one for each call, however often it is asked for.  What was
        not accepted by then may be later: the caller has gone on to a person meanwhile.
        """
