"""The hotline's books: every call that is here, and what became of those that were.

The one invariant, checked by `Ledger.balance` and at every scrape:
received = sum of outcomes + in progress.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ivrd.core.call import Answered, By, Call, Ended, Event, Notice, Offered, Outcome, Stage, step


@dataclass(frozen=True)
class Row:
    """The labels under which an ended call is counted."""

    queue: str
    outcome: Outcome
    stage: Stage
    by: By


class Ledger:
    """Calls in progress by id, and the counts since this process began."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.received = 0
        self.adopted = 0
        self.offered: Counter[str] = Counter()
        self.outcomes: Counter[Row] = Counter()

    def receive(self, call: Call, *, adopted: bool = False) -> bool:
        """Enter a call; False when it is in the books already (nothing changes).

        `adopted`: it reached the hotline before this process did.
        """
        if call.id in self.calls:
            return False
        self.calls[call.id] = call
        self.received += 1
        self.adopted += adopted
        return True

    def apply(self, call_id: str, event: Event) -> tuple[Notice, ...]:
        """Move one call by one event and count what follows.

        Raises KeyError for a call that is not in the books, `call.Impossible` for a step that
        the table does not have; neither changes anything.
        """
        after, notices = step(self.calls[call_id], event)
        self.calls[call_id] = after
        for notice in notices:
            self._count(notice)
        return notices

    def note(self, call_id: str, *, language: str = "", topic: str = "") -> None:
        """Write down what a caller chose; what is empty stays as it was."""
        call = self.calls[call_id]
        self.calls[call_id] = replace(
            call, language=language or call.language, topic=topic or call.topic
        )

    def _count(self, notice: Notice) -> None:
        call = notice.call
        if isinstance(notice, Offered):
            self.offered[call.queue] += 1
        elif isinstance(notice, Ended):
            self.outcomes[Row(call.queue, notice.outcome, notice.stage, call.by)] += 1
            del self.calls[call.id]
        elif isinstance(notice, Answered):
            pass  # an answered call is counted when it ends, like every other

    def in_progress(self) -> Counter[Stage]:
        """Calls that are here now, by stage."""
        return Counter(call.stage for call in self.calls.values() if call.stage)

    def waiting(self, queue: str) -> list[Call]:
        """Callers in one queue, the longest waiting first."""
        here = (c for c in self.calls.values() if c.stage is Stage.QUEUE and c.queue == queue)
        return sorted(here, key=lambda call: call.joined_at or 0.0)

    def balance(self) -> int:
        """Received - outcomes - in progress: 0, or the books are wrong."""
        return self.received - sum(self.outcomes.values()) - len(self.calls)

    def missing(self, present: Iterable[str]) -> list[str]:
        """Ids in the books that are not among those that Asterisk has."""
        return sorted(self.calls.keys() - set(present))
