"""Whether anything has come from a caller's phone: sound, or a key."""

import asyncio
import re

from ivrd.asterisk.async_agi import Session

NOTHING_RECEIVED = re.compile(r"result=1 \(0\)")  # of RECEIVED
RECEIVED = "CHANNEL(rtcp,rxcount)"  # how many packets of sound, or keys, have come from the caller
END_SECONDS = 2.0  # after silent_seconds: by then Asterisk has ended a call


class CallerMedia:
    """What has come since the conversation began.

    Reports of what the phone receives are no sound, and Asterisk counts them as life: the call then
    goes on, and to a person.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._heard = False  # something has come from the caller's phone
        self._unheard = False  # when that was asked last, nothing had
        self._ends_by = 0.0  # when Asterisk has ended the call, had nothing come; the loop's clock

    def began(self, silent_seconds: float) -> None:
        """The conversation begins; Asterisk ends calls after so long without a packet, unless 0."""
        now = asyncio.get_running_loop().time()
        self._ends_by = now + silent_seconds + END_SECONDS if silent_seconds > 0 else now

    def key(self) -> None:
        """The caller pressed a key."""
        self._heard = True

    def nothing_came(self) -> bool:
        """Whether nothing has come so far, so that Asterisk is to end this."""
        soon = asyncio.get_running_loop().time() < self._ends_by
        return soon and self._unheard and not self._heard

    def ask(self) -> None:
        """Ask whether anything has come from the phone, until something has."""
        if not self._heard:
            self._session.send(f"GET VARIABLE {RECEIVED}").add_done_callback(self._answered)

    def _answered(self, done: "asyncio.Future[str]") -> None:
        if not done.cancelled() and done.exception() is None:
            self._unheard = bool(NOTHING_RECEIVED.search(done.result()))
            self._heard = self._heard or not self._unheard
