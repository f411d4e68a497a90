"""Makes the calls: begins attempts, and follows them by what Asterisk and the ledger report.

An attempt is begun in this order: it is written down, so that no other ivrd begins another one;
Asterisk is asked whether it has this very attempt already; it gets what is to be dialled, in a
variable of the attempt's token; it is asked to make the call.  Whatever of that is repeated, and by
whomever, the dialplan makes one call of it (dialplans/callback.conf).

From then on the variable says how far the attempt is, and each change of it is an event as well.
After a lost connection or a start the variables are read.  One that is gone was an Asterisk's that
was started anew, and the attempt with it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from typing import Protocol

from ivrd import log
from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_action import BadValue, ConnectionLost
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.call_request import NotPlaced
from ivrd.asterisk.facts import AttemptReport
from ivrd.asterisk.queue_priority import milliseconds, written
from ivrd.callbacks.booker import BookingSettings
from ivrd.callbacks.repository import BookingRepository
from ivrd.callbacks.telephone import destination
from ivrd.config.routes import CALLBACKS
from ivrd.core import booking as b
from ivrd.core.attempt_report import WANTED, AttemptState, Report, event_of, report_of
from ivrd.core.booking import AttemptResult, Booking, BookingOrigin, BookingState, InvalidStep
from ivrd.core.call import Call, CallState, Direction, Outcome
from ivrd.core.call_notices import Answered, Ended, Notice, Rejoined
from ivrd.core.dialling import Lead
from ivrd.core.ledger import Ledger
from ivrd.store.audit_log import AuditLog

LOST = (ActionRefused, ConnectionLost, TimeoutError, BadValue)

logger = logging.getLogger("ivrd")


class Opener(Protocol):
    """Opens what was sealed; see people/vault.py."""

    def open(self, text: str) -> str:
        """The number."""


class CallPlacer(Protocol):
    """Has Asterisk make a call; see asterisk/call_request.py."""

    async def place(self, port: int, token: str) -> None:
        """Have the attempt made.  Raises `NotPlaced`."""


class Refusals(Protocol):
    """Who does not want to be called back; see people/registry.py."""

    def refuse_callback(self, person_id: str) -> None:
        """A person has asked not to be called back."""

    def is_shared(self, person_id: str) -> bool:
        """Whether many people use the number."""


class CallbackListener(Protocol):
    """Receives what attempts come to; see metrics/callbacks.py."""

    def attempt_ended(self, booking: Booking, result: AttemptResult) -> None:
        """An attempt has ended; the booking is as it is after it."""

    def confirmed(self, seconds: float, expected_seconds: float) -> None:
        """From dialling to the key it took so long, and was expected to take so long."""

    def answered(self, wait_seconds: float) -> None:
        """A person took the call, so long after the person called back was in the queue."""


class AttemptNotice(Protocol):
    """Tells whoever was not reached so in writing; see callbacks/messages.py."""

    def attempt_ended(self, booking: Booking) -> None:
        """An attempt has ended; the booking is as it is after it."""


class Dialler:
    """Begins attempts and follows them.  `clock`: the timeline; `reading(moment)`: what Asterisk's
    clock shows at a moment of it.

    `begun` has when the last calls were begun; `lead` what attempts were like lately.
    """

    def __init__(
        self,
        settings: BookingSettings,
        repository: BookingRepository,
        ledger: Ledger,
        link: AmiClient,
        placer: CallPlacer,
        vault: Opener,
        people: Refusals,
        audit_log: AuditLog,
        listener: CallbackListener,
        messages: AttemptNotice,
        clock: Callable[[], float],
        reading: Callable[[float], float],
    ) -> None:
        self.settings = settings
        self.lead = Lead()
        self.begun: deque[float] = deque(maxlen=1000)
        self._repository = repository
        self._ledger = ledger
        self._link = link
        self._placer = placer
        self._vault = vault
        self._people = people
        self._audit_log = audit_log
        self._listener = listener
        self._messages = messages
        self._clock = clock
        self._reading = reading
        self._beginning: set[str] = set()  # bookings
        self._tasks: set[asyncio.Task[None]] = set()

    # --- beginning -------------------------------------------------------------------------

    async def begin(self, waiting: Booking) -> None:
        """Dial for a booking that waits.  Does not raise."""
        self._beginning.add(waiting.id)
        try:
            await self._begin(waiting)
        finally:
            self._beginning.discard(waiting.id)

    async def _begin(self, waiting: Booking) -> None:
        booking = b.step(waiting, b.Dialled(self._clock()), self.settings.callback.retries)
        if not await self._repository.put_durably(booking):
            self._repository.put(waiting)  # as far as anything can be written
            return
        if self._repository.get(booking.id) is not booking:
            return
        self.begun.append(self._clock())
        try:
            if report := report_of(await self._link.get_global(_variable(booking))):
                self._take(booking, report)  # this attempt was made before
                return
            wanted = self._wanted(booking)
            await self._link.set_global(_variable(booking), wanted)
            await self._placer.place(self.settings.callback.port, booking.token)
        except NotPlaced as error:
            await self._not_made(booking, str(error))
        except LOST:
            pass  # `look` finds out what became of it
        except Exception as error:  # a stored number that cannot be opened, above all
            what, why = "call back not made", f"{type(error).__name__}: {error}"
            log.event(logger, logging.ERROR, what, booking=booking.id, why=why)
            self._step(booking, b.AttemptEnded(self._clock(), AttemptResult.UNREACHABLE))

    def _wanted(self, booking: Booking) -> str:
        """What the dialplan is to know.  Raises what opening the number does."""
        of = self.settings
        number = self._vault.open(booking.number)
        where = destination(of.callback, of.country, number, CALLBACKS)
        parts = (
            *(WANTED, where, str(of.callback.ring_seconds), self._language(booking)),
            *(self._queue(booking), booking.topic),
            milliseconds(self._reading(booking.effective_at)),
            self._label(booking).replace("|", " "),
            booking.origin,
            written(booking.head_start),
        )
        return "|".join(parts)

    def _language(self, booking: Booking) -> str:
        """What is spoken to the person."""
        languages = self.settings.languages
        return booking.language if booking.language in ("", *languages) else languages[0]

    def _label(self, booking: Booking) -> str:
        """What the agent's phone shows."""
        of = self.settings
        label = of.label.get(booking.topic, "")
        return of.routing.shown(label, booking.topic, booking.language)

    def _queue(self, booking: Booking) -> str:
        """Where the topic leads by now; a queue that is served."""
        return self.settings.routing.served(booking.queue, booking.topic, booking.language)

    async def _not_made(self, booking: Booking, why: str) -> None:
        """Asterisk has not taken it: nor will it, if it gets to it later."""
        log.event(logger, logging.WARNING, "call back not made", booking=booking.id, why=why)
        try:
            if report := report_of(await self._link.get_global(_variable(booking))):
                self._take(booking, report)  # it has all the same
                return
            await self._link.set_global(_variable(booking), "")
        except LOST:
            return
        self._take(booking, Report(AttemptState.FAULT))

    # --- what is reported ------------------------------------------------------------------

    def attempt(self, report: AttemptReport) -> None:
        """How far an attempt has come."""
        found = report_of(f"{report.state}|{report.detail}")
        booking = self._of_token(report.token)
        if found is None or booking is None:
            return
        if found.state is AttemptState.RINGING and found.detail in self._ledger.calls:
            self._ledger.note(
                found.detail, effective_at=booking.effective_at, head_start=booking.head_start
            )
        call = self._ledger.calls.get(found.detail)
        if found.state is AttemptState.REACHED and call and call.state is CallState.QUEUE:
            found = Report(AttemptState.LEFT, found.detail)  # in the moment of the answer
        self._take(booking, found)

    def _of_token(self, token: str) -> Booking | None:
        booking = self._repository.get(b.booking_of(token))
        return booking if booking is not None and booking.token == token else None

    def _take(self, booking: Booking, report: Report) -> None:
        now = self._clock()
        event = event_of(booking, report, now)
        if isinstance(event, b.ConfirmedByKey) and booking.began_at is not None:
            seconds = max(0.0, now - booking.began_at)
            self._listener.confirmed(seconds, self.lead.seconds)
            self.lead = self.lead.confirmed(seconds)
        if event is not None:
            self._step(booking, event)

    def _step(self, booking: Booking, event: b.Event) -> None:
        """Move a booking and store it; an event that comes too late changes nothing."""
        try:
            after = b.step(booking, event, self.settings.callback.retries)
        except InvalidStep:
            return
        if isinstance(event, b.AttemptEnded) and event.result is AttemptResult.DECLINED:
            self._declined(booking)
        self._repository.put(after)
        if after.origin is BookingOrigin.LOST and not after.open:
            came = after.attempts[-1].result if after.attempts else after.state
            self._audit_log.audit("ivrd", "recovery ended", "", f"{after.id}: {came}")
        if isinstance(event, b.AttemptEnded):
            result = after.attempts[-1].result
            if booking.state in (BookingState.DIALLING, BookingState.ANNOUNCEMENT):
                self.lead = self.lead.failed()
            what = "call back: attempt ended"
            log.event(
                logger, logging.INFO, what, booking=after.id, result=result, state=after.state
            )
            self._listener.attempt_ended(after, result)
            self._messages.attempt_ended(after)
            self._spawn(self._clear(booking))

    def _declined(self, booking: Booking) -> None:
        """Who did not ask for the call has heard that 9 means: never call me again."""
        if booking.origin is BookingOrigin.LOST:
            self._people.refuse_callback(booking.person)

    async def _clear(self, booking: Booking) -> None:
        """Take the attempt's variable away, once what it said is written down."""
        if await self._repository.written():
            with suppress(*LOST):
                await self._link.set_global(_variable(booking), "")

    # --- what the ledger reports -----------------------------------------------------------

    def notice(self, notice: Notice) -> None:
        """A call was answered, sent back, or has ended: perhaps that of a booking's person."""
        call = notice.call
        booking = self._booking_of(call)
        if booking is None:
            return
        match notice:
            case Answered(_, wait_seconds):
                if call.direction is Direction.CALLBACK:
                    self._listener.answered(wait_seconds)
                self._step(booking, b.TalkBegan(call.connected_at or self._clock()))
            case Rejoined() if not notice.answer_stands:
                self._step(booking, b.TalkFailed())
            case Ended(_, outcome, _stage):
                self._ended(booking, call, outcome)
            case _:
                pass

    def _booking_of(self, call: Call) -> Booking | None:
        if call.direction is Direction.CALLBACK:
            return self._repository.of_call(call.id)
        if self._people.is_shared(call.caller):
            return None  # a colleague of the person's perhaps
        return self._repository.of_person(call.caller)

    def _ended(self, booking: Booking, call: Call, outcome: Outcome) -> None:
        now = self._clock()
        if call.direction is Direction.CALLBACK:
            if outcome is Outcome.ANSWERED:
                self._step(booking, b.AttemptEnded(now, AttemptResult.REACHED))
            elif booking.state is BookingState.IN_QUEUE:
                self._step(booking, b.AttemptEnded(now, AttemptResult.LEFT))
        elif outcome is Outcome.ANSWERED or booking.answered_at is not None:
            self._step(booking, b.TalkedElsewhere(now))

    def close_talked(self, here: Collection[str], before: float) -> None:
        """Close bookings whose person has talked in a call that is not there any more.

        Its end was not reported: the talk began `before` that moment, and the person is not `here`.
        """
        for one in self._repository.open():
            talked = one.answered_at is not None and one.answered_at < before
            waits = talked and one.state is BookingState.WAITING
            if waits and not {one.person, one.asked_by} & {*here}:
                self._step(one, b.TalkedElsewhere(self._clock()))

    # --- what an operator wants ------------------------------------------------------------

    def cancel(self, booking: Booking) -> bool:
        """Whether it is cancelled: not while an attempt is on, or after the end."""
        self._step(booking, b.Cancelled(self._clock()))
        return self._repository.get(booking.id) is not booking

    def retry(self, booking: Booking) -> bool:
        """Whether it is dialled as soon as its turn comes."""
        self._step(booking, b.TriedAgain(self._clock()))
        return self._repository.get(booking.id) is not booking

    # --- after a lost connection, or a start -----------------------------------------------

    async def look(self) -> None:
        """Ask Asterisk how far the attempts are that are on.  Raises what the link does."""
        for booking in self._repository.open():
            if not booking.on or booking.id in self._beginning:
                continue
            text = await self._link.get_global(_variable(booking))
            report = report_of(text)
            here = self._repository.get(booking.id)
            if here is None or here.token != booking.token or not here.on:
                continue
            if report is not None:
                self._take(here, report)
            elif text.startswith(f"{WANTED}|"):
                await self._not_made(here, "nobody has begun it")
            elif here.call_id not in self._ledger.calls:
                self._step(here, b.AttemptEnded(self._clock(), AttemptResult.FAULT))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _variable(booking: Booking) -> str:
    return dialplan_names.ATTEMPT + booking.token
