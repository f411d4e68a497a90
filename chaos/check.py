"""The one check that is the same for every fault: was anybody lost, and are the counts exact?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chaos.books import Counts
from lab.agents import Talk
from lab.callers import Caller, Entry
from lab.reckoning import Row

GRACE = 1.0  # seconds that a caller may sit in silence beyond the lease


@dataclass(frozen=True)
class Verdict:
    """What one run came to. Times are seconds."""

    calls: int
    lost: tuple[Entry, ...]
    excused: Mapping[str, int]  # why nobody could keep them: how many
    wrong: tuple[Row, ...]  # rows of the two counts that differ
    silence: float  # the longest of those who were to be kept
    allowed: float

    @property
    def good(self) -> bool:
        """Nobody lost, every count exact, nobody left in silence for too long."""
        return not self.lost and not self.wrong and self.silence <= self.allowed


def lost(caller: Caller, entry: Entry) -> bool:
    """Whether this caller did not get what he called for, and did not mean to go."""
    if entry.outcome == "answered":
        return False
    meant_to_go = caller.expected is not None and caller.expected.outcome == "abandoned"
    return not (entry.outcome == "abandoned" and meant_to_go)


TURNED_AWAY = "503"  # what Asterisk says while it ends: no dialplan has seen the call


def rows(
    entries: Sequence[Entry], talks: Sequence[Talk], ivrd: Counts, cut: Collection[str] = ()
) -> list[Row]:
    """The callers' and the agents' own count beside ivrd's.

    `cut`: numbers of those whose calls ended with their Asterisk. Whom an agent had just answered
    has heard nobody yet, but was answered.
    """
    met = {talk.number for talk in talks if talk.ended in ("agent", "caller")} & set(cut)
    # An agent may have had the same caller twice: one who was sent back to the queue.
    talked = {talk.number for talk in talks if talk.talked is not None} | met
    reached = [e for e in entries if not (e.outcome == "refused" and e.code == TURNED_AWAY)]
    answered = sum(e.outcome == "answered" or e.number in met for e in reached)
    return [
        Row("dialled / received", len(reached), ivrd.received),
        Row("answered by a person", answered, ivrd.answered),
        Row("answered, by the agents' count", len(talked), ivrd.answered),
        Row("ended without a person", len(reached) - answered, ivrd.unanswered),
        Row("still in progress", 0, ivrd.in_progress),
    ]


def judge(
    callers: Sequence[Caller],
    entries: Sequence[Entry],
    excused: Mapping[int, str],
    compared: Sequence[Row],
    lease: float,
) -> Verdict:
    """The verdict. `excused`: whom physics does not let us keep, and why."""
    by_id = {caller.id: caller for caller in callers}
    missed = [entry for entry in entries if lost(by_id[entry.id], entry)]
    kept = [entry for entry in entries if entry.id not in excused]
    return Verdict(
        calls=len(entries),
        lost=tuple(entry for entry in missed if entry.id not in excused),
        excused=Counter(excused[entry.id] for entry in missed if entry.id in excused),
        wrong=tuple(row for row in compared if not row.agrees),
        silence=max((entry.silence for entry in kept), default=0.0),
        allowed=lease + GRACE,
    )
