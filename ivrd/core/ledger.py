"""The hotline's ledger: every call that is here, and what became of those that were.

Two invariants, checked by `Ledger.balance` and at every scrape.  Of the calls that reached the
hotline: received = sum of outcomes + in progress.  Of those that it makes, to call back:
dialled = sum of results + in progress.  Every call is one of the two, and counted among those only.

A call that is moved from one queue to another is offered once, to the first; its outcome, its wait
and its talk are of the last.  So of one queue offered and ended may differ; of all they do not.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from ivrd.core.call import BEFORE_QUEUE, AnsweredBy, Call, CallbackResult, CallState, Outcome, Stage
from ivrd.core.call_events import Event
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, PassedOn, Rejoined, TakenOver
from ivrd.core.call_table import result_of, step
from ivrd.core.leg_security import LegSecurity
from ivrd.core.present import Present
from ivrd.core.priority import NO_HEAD_START, HeadStart, larger

MOST_RECONCILED = 10_000  # ids of reconciled calls whose arrival may still be reported
SAME_TALK_SECONDS = 1.0  # queue_log has whole seconds: two of its times within this are one


@dataclass(frozen=True)
class OutcomeKey:
    """The labels under which an ended call is counted."""

    queue: str
    outcome: Outcome
    stage: Stage
    by: AnsweredBy


class Ledger:
    """Calls in progress by id, and the counts since this process began.

    `received`, `adopted`, `offered` and `outcomes` are of received calls; `dialled` and `results`
    of those that the hotline makes.  Both are in `calls`, and wait in the same lines.

    `present` has the calls by where they are.  A standby's ledger does not count until
    `begin_counting`: it only follows.
    """

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.present = Present()
        self.received = 0
        self.adopted = 0
        self.reconciled = 0
        self.offered: Counter[str] = Counter()
        self.outcomes: Counter[OutcomeKey] = Counter()
        self.dialled = 0
        self.results: Counter[CallbackResult] = Counter()
        self.counting = True
        self._reconciled: dict[str, None] = {}

    def receive(self, call: Call, *, adopted: bool = False) -> bool:
        """Enter a call; False when it is in the ledger already (nothing changes).

        `adopted`: it reached the hotline, or was dialled, before this process began.  A
        reconciled call is not entered again by an arrival that is reported only now.
        """
        if call.id in self.calls or call.id in self._reconciled:
            return False
        self._put(call)
        if self.counting:
            self._count_arrival(call, adopted)
        return True

    def _count_arrival(self, call: Call, adopted: bool) -> None:
        self.received += call.received
        self.adopted += call.received and adopted
        self.dialled += not call.received

    def restore(self, call: Call) -> None:
        """Enter a call as it was stored; what we saw ourselves stays."""
        own = self.calls.get(call.id)
        if own is None:
            self.receive(call, adopted=True)
            return
        state = call.state if {call.state, own.state} <= set(BEFORE_QUEUE) else own.state
        arrivals = [at for at in (own.effective_at, call.effective_at) if at is not None]
        own = replace(own, state=state, effective_at=min(arrivals, default=None))
        head_start = larger(own.head_start, call.head_start)
        own = replace(own, language=call.language, topic=call.topic, head_start=head_start)
        self._put(own)

    def begin_counting(self) -> None:
        """Count from now on; the calls that are here count as adopted."""
        if not self.counting:
            self.counting = True
            for call in self.calls.values():
                self._count_arrival(call, adopted=True)

    def apply(self, call_id: str, event: Event) -> tuple[Notice, ...]:
        """Move one call by one event and count what follows.

        Raises KeyError for a call that is not in the ledger, `InvalidTransition` for a step that
        the table does not have; neither changes anything.
        """
        after, notices = step(self.calls[call_id], event)
        self._put(after)
        for notice in notices:
            self._count(notice)
        return notices

    def record_reconciled(self, ended: Ended) -> tuple[Notice, ...]:
        """Record the end of a call that ended unseen, as queue_log has it.

        What the ledger knows of the call already stays (who, when it came, joined and was
        answered); a call that it never saw is entered as adopted.  The notices are those that are
        still owed: joined and answered, unless they were given, and the end.  A call that was
        reconciled before changes nothing and gives none.
        """
        replayed = ended.call
        if replayed.id not in self.calls and not self.receive(_as_received(replayed), adopted=True):
            return ()
        own = self.calls[replayed.id]
        after = _reconciled(own, ended)
        notices: list[Notice] = []
        if own.joined_at is None and after.joined_at is not None:
            nobody = replace(after, connected_at=None, by=AnsweredBy.NOBODY, seat="")
            notices.append(Offered(replace(nobody, state=CallState.QUEUE, ended_at=None)))
        taken_at = after.connected_at
        if taken_at is None and own.connected_at is None and own.answered_at is None:
            taken_at = after.answered_at  # sent on, and ended before somebody took it again
        if taken_at is not None and taken_at != own.connected_at:
            taken = replace(after, state=CallState.TALK, connected_at=taken_at, ended_at=None)
            notices.append(Answered(taken, taken.wait_seconds() or 0.0))
        notices.append(Ended(after, ended.outcome, ended.stage))
        for notice in notices:
            self._count(notice)
        self.reconciled += 1
        self._reconciled[replayed.id] = None
        if len(self._reconciled) > MOST_RECONCILED:
            del self._reconciled[next(iter(self._reconciled))]
        return tuple(notices)

    def note(
        self,
        call_id: str,
        *,
        language: str = "",
        topic: str = "",
        effective_at: float | None = None,
        caller: str = "",
        caller_leg: LegSecurity | None = None,
        answer_leg: LegSecurity | None = None,
        head_start: HeadStart = NO_HEAD_START,
    ) -> None:
        """Note who calls, what was chosen, effective arrival and head start (the place in the
        line), and what of the caller's leg and of that to who answers is encrypted.

        What is empty stays as it was, and so does a head start that is larger.
        """
        call = self.calls[call_id]
        noted = replace(
            call,
            caller=caller or call.caller,
            language=language or call.language,
            topic=topic or call.topic,
            effective_at=call.effective_at if effective_at is None else effective_at,
            caller_leg=caller_leg or call.caller_leg,
            answer_leg=answer_leg or call.answer_leg,
            head_start=larger(call.head_start, head_start),
        )
        self._put(noted)

    def _put(self, call: Call) -> None:
        """The call as it is from now on."""
        self.present.moved(self.calls.get(call.id), call)
        self.calls[call.id] = call

    def _count(self, notice: Notice) -> None:
        call = notice.call
        match notice:
            case Offered():
                self.offered[call.queue] += self.counting and call.received
            case Answered() | Rejoined() | PassedOn() | TakenOver():
                pass  # an answered call is counted when it ends, like every other
            case Ended(_, outcome, stage):
                if call.result is not None:
                    self.results[call.result] += self.counting
                else:
                    key = OutcomeKey(call.queue, outcome, stage, call.by)
                    self.outcomes[key] += self.counting
                self.present.moved(self.calls.pop(call.id), None)
            case _:
                assert_never(notice)

    def in_progress(self) -> Counter[Stage]:
        """Received calls that are here now, by stage; none on a standby: the leader counts them."""
        if not self.counting:
            return Counter()
        return Counter(call.stage for call in self.calls.values() if call.stage and call.received)

    def callbacks_in_progress(self) -> int:
        """Calls that the hotline makes now, from dialling on; none on a standby, as above."""
        return self.counting and sum(not call.received for call in self.calls.values())

    def waiting(self, queue: str) -> list[Call]:
        """Callers who stand in one queue in Asterisk, the longest waiting first."""
        return [self.calls[place.call_id] for place in self.present.line(queue)]

    def with_partner(self, partner: str) -> list[Call]:
        """Callers who talk with a partner's people."""
        return [self.calls[call_id] for call_id in self.present.with_partner(partner)]

    def balance(self) -> int:
        """Received - outcomes - in progress: 0, or the ledger is wrong."""
        return self.received - sum(self.outcomes.values()) - self.in_progress().total()

    def callback_balance(self) -> int:
        """Dialled - results - in progress: 0, or the ledger is wrong."""
        return self.dialled - sum(self.results.values()) - self.callbacks_in_progress()

    def missing(self, present: Iterable[str]) -> list[str]:
        """Ids in the ledger that are not among those that Asterisk has."""
        return sorted(self.calls.keys() - set(present))


def _as_received(call: Call) -> Call:
    """The call as it was when it reached the hotline, or was dialled."""
    nothing = replace(call, joined_at=None, effective_at=None, connected_at=None, ended_at=None)
    nothing = replace(nothing, answered_at=None, answered_by=AnsweredBy.NOBODY)
    state = CallState.MENU if call.received else CallState.DIALLED
    return replace(nothing, state=state, cut_off=False, silent_seconds=0.0, result=None)


def _reconciled(own: Call, ended: Ended) -> Call:
    """The ended call: what the ledger has of it, and what queue_log has beyond that."""
    replayed, result = ended.call, result_of(own, ended.outcome)
    connected_at = replayed.connected_at
    if own.connected_at is not None and own.joined_at is not None and connected_at is not None:
        later = connected_at - own.connected_at > SAME_TALK_SECONDS  # taken a second time
        connected_at = connected_at if later else own.connected_at
    return replace(
        own,
        state=CallState.ENDED,
        caller=own.caller or replayed.caller,
        queue=replayed.queue or own.queue,
        topic=own.topic or replayed.topic,
        joined_at=replayed.joined_at if own.joined_at is None else own.joined_at,
        effective_at=own.effective_at or replayed.effective_at,
        connected_at=connected_at,
        ended_at=max(replayed.ended_at or own.received_at, own.received_at),
        by=replayed.by,
        seat=replayed.seat,
        cut_off=replayed.cut_off,
        silent_seconds=replayed.silent_seconds,
        result=result and (replayed.result or result),
        answered_at=replayed.answered_at if own.answered_at is None else own.answered_at,
        answered_by=own.answered_by or replayed.answered_by,
    )
