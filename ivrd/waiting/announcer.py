"""Has waiting callers hear how long it will take, while they stay in the queue.

app_queue says the position and then one more prompt, `queue-wait`, in the channel's language.
Asterisk looks for it in a variant of the language first, `th_w5`, and for all that is not there in
`th`.  The folder of each variant has one recording, that of its wait.  So all that it takes is the
channel's language, set when the caller joins, and again when there is another wait to be told:
ivrd plays nothing, and nobody leaves the queue.

Those who wait beside the line, and come before the caller, are no part of app_queue's position; in
`th_w5b_3` it is said as 3 more than it is (render/say.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, assert_never

from ivrd.asterisk.ami_action import BadValue, ConnectionLost, mark_retrieved
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.breaks import with_breaks
from ivrd.asterisk.queue_language import wait_language
from ivrd.core.announced_wait import Announced, announce, rounded_up
from ivrd.core.call import Call, CallState
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, PassedOn, Rejoined, TakenOver
from ivrd.core.expected_wait import Wait
from ivrd.core.ledger import Ledger
from ivrd.waiting.forecast import WaitForecast, Waiting

AT_ONCE = 100  # callers who are given another wait in one look; the others follow in the next


class Channels(Protocol):
    """The channels of calls that are here; see calls/ivr.py."""

    def channel(self, call_id: str) -> str:
        """The channel of a call; empty for a stranger."""


class PromiseListener(Protocol):
    """Is told what became of the upper bound that a caller heard first; see metrics/waiting.py."""

    def promise(self, queue: str, *, kept: bool) -> None:
        """It was kept, or broken."""


@dataclass(frozen=True)
class AnnouncerSettings:
    """Whether the wait is said with the place, and from which coverage on an upper bound of it."""

    on: bool
    trusted_from: float


@dataclass(frozen=True)
class _Told:
    """What a caller's channel has: the wait, in the channel's language."""

    announced: Announced | None
    language: str


class WaitAnnouncer:
    """All waiting callers.  `settings()`: those in use; `clock`: the timeline of the calls."""

    def __init__(
        self,
        link: AmiClient,
        ledger: Ledger,
        forecast: WaitForecast,
        settings: Callable[[], AnnouncerSettings],
        listener: PromiseListener,
        clock: Callable[[], float],
    ) -> None:
        self._link = link
        self._ledger = ledger
        self._forecast = forecast
        self.settings = settings
        self._listener = listener
        self._clock = clock
        self._told: dict[str, _Told] = {}
        self._promised: dict[str, float] = {}  # until when who was told an upper bound first

    def joining(self, call_id: str, queue: str, language: str) -> str:
        """The channel's language for a caller who is about to join a queue."""
        call = self._ledger.calls.get(call_id)
        if call is None:
            return language
        announced = self._announced(queue, self._forecast.joining(call, queue), None)
        beside = rounded_up(self._forecast.beside(call, queue))
        return self._tell(call_id, _Told(announced, wait_language(language, announced, beside)))

    def notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered, sent back, or ended."""
        match notice:
            case Offered() | PassedOn() | TakenOver():
                return
            case Rejoined(call):
                pass  # what its channel has by now is not known
            case Answered(call):
                self._kept(call, call.connected_at)
            case Ended(call):
                self._kept(call, call.left_at, gave_up=True)
            case _:
                assert_never(notice)
        self._told.pop(call.id, None)

    def _kept(self, call: Call, at: float | None, *, gave_up: bool = False) -> None:
        """Was it?  Of one who gave up in time nobody knows."""
        until = self._promised.pop(call.id, None)
        if until is None or at is None or (gave_up and at <= until):
            return
        if self._ledger.counting:
            self._listener.promise(call.queue, kept=at <= until)

    async def reconcile(self, channels: Channels) -> None:
        """Give each waiting caller's channel the wait of this moment, where it is another one."""
        sent = 0
        async for waiting in with_breaks(self._forecast.waits()):
            call = self._ledger.calls.get(waiting.call_id)
            channel = channels.channel(waiting.call_id)
            if call is None or call.state is not CallState.QUEUE or not channel:
                continue
            told = self._told.get(call.id)
            now = self._now(call, waiting, told.announced if told else None)
            if told == now or not call.language:
                continue
            if sent == AT_ONCE or not self._set(channel, now.language):
                return
            self._tell(call.id, now)
            sent += 1

    def _now(self, call: Call, waiting: Waiting, before: Announced | None) -> _Told:
        """What a waiting caller is to hear."""
        announced = self._announced(waiting.queue, waiting.wait, before)
        beside = rounded_up(waiting.beside)
        return _Told(announced, wait_language(call.language, announced, beside))

    def _announced(self, queue: str, wait: Wait, before: Announced | None) -> Announced | None:
        calibration, settings = self._forecast.calibration(queue), self.settings()
        return announce(wait, calibration, before, settings.trusted_from) if settings.on else None

    def _tell(self, call_id: str, told: _Told) -> str:
        self._told[call_id] = told
        if told.announced is not None and told.announced.less:
            until = self._clock() + 60.0 * told.announced.minutes
            self._promised.setdefault(call_id, until)
        return told.language

    def _set(self, channel: str, language: str) -> bool:
        try:
            answer = self._link.tell(
                "Setvar", Channel=channel, Variable="CHANNEL(language)", Value=language
            )
        except (ConnectionLost, BadValue):
            return False
        answer.add_done_callback(mark_retrieved)
        return True
