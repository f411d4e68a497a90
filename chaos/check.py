"""The one check that is the same for every fault: was anybody lost, and are the counts exact?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lab.agents import Talk
from lab.callers import Caller, Entry
from lab.comparison import (
    IN_MENU,
    IN_QUEUE,
    SELF_SERVED,
    Row,
    Tally,
    of_callers,
    rows,
    talked_to,
)
from lab.connected import SOON, who_met

NO_RECOVERY = "no recovery"
GRACE = 1.0  # seconds that even an idle machine may take beyond what is promised
OPERATOR = "other"  # the topic behind key 0, and of whoever says nothing
# Whoever pressed a key that nobody heard may think that he listens to a message, or that he waits.
CONFUSED = (IN_MENU, SELF_SERVED, IN_QUEUE)


@dataclass(frozen=True)
class Seen:
    """What callers, the hotline's agents and those of partners saw.

    Of the partners' calls, those in which the caller was heard have a time for which they `talked`.
    `excused`: ids of the callers whom physics does not let us keep, and why; `cut`: those of them
    whose Asterisk crashed with their call.  `keys_lost`: keys may have been pressed that nobody
    could hear.  `connected`: cases of the calls that Asterisk connected with somebody; `moment`:
    for so many seconds after the answer an agent's first word may not have been heard.
    """

    callers: Sequence[Caller]
    entries: Sequence[Entry]
    agents: Sequence[Talk]
    partners: Sequence[Talk] = ()
    excused: Mapping[int, str] = field(default_factory=dict)
    keys_lost: bool = False
    cut: Collection[int] = ()
    connected: Collection[str] = ()
    moment: float = SOON

    @property
    def talks(self) -> list[Talk]:
        """All calls that anybody took."""
        return [*self.agents, *self.partners]


@dataclass(frozen=True)
class Verdict:
    """What one run came to. Times are seconds."""

    calls: int
    lost: tuple[Entry, ...]
    excused: Mapping[str, int]  # why nobody could keep them: how many
    astray: tuple[Talk, ...]  # with callers who had chosen something else
    wrong: tuple[Row, ...]  # rows of the two counts that differ
    silence: float  # the longest of those who were to be kept; a line that only rings is as bad
    allowed: float  # the lease, and what a machine as busy as this one adds to it

    @property
    def good(self) -> bool:
        """Nobody lost or led astray, every count exact, nobody left in silence for too long."""
        return not (self.lost or self.astray or self.wrong) and self.silence <= self.allowed


def lost(caller: Caller, entry: Entry) -> bool:
    """Whether this caller did not get what he called for, and did not mean to go."""
    if entry.outcome == "answered":
        return False
    meant = caller.expected.outcome if caller.expected else ""
    return not (entry.outcome == "abandoned" and meant in ("abandoned", "self_served"))


def silence(entry: Entry) -> float:
    """For how many seconds a caller had nobody: the line rang, or it was silent."""
    rang = entry.lasted if entry.answered_after is None else entry.answered_after
    return max(rang, entry.silence)


def astray(seen: Seen) -> list[Talk]:
    """The agents' calls from callers who had chosen another topic; partners are shown none.

    Whom the dialplan alone brought to an agent has no topic, and is the operator's.  Some of the
    keys on the way to a topic lead to no other one; but who did not want to meet anybody may have
    pressed more than those.
    """
    also = {OPERATOR} if seen.keys_lost else set()
    chose = {
        caller.shown: caller.expected.leaf
        for caller in seen.callers
        if caller.expected
        and caller.expected.leaf
        and (caller.expected.outcome == "answered" or not seen.keys_lost)
    }
    shown = [(talk, talk.topic or OPERATOR) for talk in seen.agents]
    return [talk for talk, topic in shown if topic not in {chose.get(talk.number, topic), *also}]


def compared(seen: Seen, ivrd: Tally) -> list[Row]:
    """The callers' and the agents' own count beside ivrd's, by how calls ended."""
    met = who_met(seen.entries, seen.talks, seen.connected, seen.moment)
    unsure = seen.excused.keys() - set(seen.cut)
    met |= {entry.number for entry in seen.entries if entry.id in unsure}
    callers = of_callers(
        seen.callers,
        seen.entries,
        seen.talks,
        seen.excused,
        seen.cut,
        seen.connected,
        seen.moment,
    )
    together = CONFUSED if seen.keys_lost else ()
    return rows(callers, talked_to(seen.talks, met, seen.connected), ivrd, together)


def judge(seen: Seen, wrong: Sequence[Row], allowed: float) -> Verdict:
    """The verdict.

    `wrong`: all rows of the counts, those that agree are left out.  `allowed`: seconds of silence.
    """
    by_id = {caller.id: caller for caller in seen.callers}
    excused = seen.excused
    missed = [entry for entry in seen.entries if lost(by_id[entry.id], entry)]
    kept = [entry for entry in seen.entries if entry.id not in excused]
    return Verdict(
        calls=len(seen.entries),
        lost=tuple(entry for entry in missed if entry.id not in excused),
        excused=Counter(excused[entry.id] for entry in missed if entry.id in excused),
        astray=tuple(astray(seen)),
        wrong=tuple(row for row in wrong if not row.agrees),
        silence=max(map(silence, kept), default=0.0),
        allowed=allowed,
    )


STARTED = "ivrd started"
LEFT = re.compile(r"stopping\b.*\bmenus\W{1,3}([1-9]\d*)|stopped\b.*\bin_progress\W{1,3}([1-9]\d*)")


def complaints(log: str) -> list[str]:
    """What ivrd's log tells that no run may have: everybody had gone before ivrd was stopped."""
    found = ["a traceback"] if "Traceback" in log else []
    for menus, calls in LEFT.findall(log[max(0, log.rfind(STARTED)) :]):
        what = f"{menus} conversations with" if menus else f"{calls} calls of"
        found.append(f"{NO_RECOVERY}: at the end still {what} callers who were gone")
    return found
