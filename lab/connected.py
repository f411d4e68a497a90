"""Which calls Asterisk connected with somebody, by its queue_log.

Of a caller who hangs up in the moment in which somebody answers, the caller says that nobody came,
and the agent that somebody was there; which of the two was first neither of them knows.  Asterisk
alone saw it, and wrote it down: CONNECT, or not; and where it took for connected a caller who had
hung up before that, the dialplan has written the call's end before it (seat-answered in
dialplans/hotline.conf).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from lab.agents import Talk
from lab.callers import Entry

TALKED = ("agent", "caller")  # how a call ends that an agent took
SOON = 1.0  # seconds; an agent's end that drops so soon has not answered (dialplans/hotline.conf)


def case_of(uniqueid: str) -> str:
    """The case code of a call, as hotline.conf makes it from Asterisk's UNIQUEID."""
    second, _, number = uniqueid.partition(".")
    return f"{second[-5:]}-{('00' + number)[-3:]}"


def connected(queue_log: Iterable[str]) -> set[str]:
    """The cases of the calls that Asterisk connected with somebody, from the lines of the file."""
    over: set[str] = set()
    found: set[str] = set()
    for line in queue_log:
        fields = line.split("|")
        if len(fields) > 4 and fields[4] == "ENDED":
            over.add(fields[1])
        elif len(fields) > 4 and fields[4] == "CONNECT" and fields[1] not in over:
            found.add(case_of(fields[1]))
    return found


def hung_up_on(
    entries: Sequence[Entry],
    talks: Sequence[Talk],
    connected: Collection[str],
    moment: float = SOON,
) -> set[int]:
    """Ids of those who hung up in the moment of the answer, when Asterisk had connected them.

    `moment`: until so many seconds after the agent's answer.  Who hangs up later and has heard
    nobody is no such caller, but one whom the hotline has brought to somebody without a sound.
    """
    heard = Counter(entry.number for entry in entries if entry.outcome == "answered")
    answers: dict[str, dict[str, float]] = {}
    for talk in talks:
        if talk.ended in TALKED and talk.case in connected:
            answers.setdefault(talk.number, {})[talk.case] = talk.rung_at + talk.rang
    found: set[int] = set()
    for entry in entries:
        cases = answers.get(entry.number, {})
        if entry.outcome != "abandoned" or entry.left_at is None:
            continue
        if len(cases) > heard[entry.number] and entry.left_at < max(cases.values()) + moment:
            heard[entry.number] += 1
            found.add(entry.id)
    return found


def who_met(
    entries: Sequence[Entry],
    talks: Sequence[Talk],
    connected: Collection[str],
    moment: float = SOON,
) -> set[str]:
    """Numbers of the callers who had a person, also of those who hung up in that moment."""
    in_vain = hung_up_on(entries, talks, connected, moment)
    return {e.number for e in entries if e.outcome == "answered" or e.id in in_vain}
