"""Which calls Asterisk connected with somebody, by its queue_log: the third witness.

Of a caller who hangs up in the moment in which somebody answers, the caller says that nobody came,
and the agent that somebody was there; which of the two was first neither of them knows.  Asterisk
alone saw it, and wrote it down: CONNECT, or not; and where it took for connected a caller who had
hung up before that, the dialplan has written the call's end before it (seat-answered in
dialplans/hotline.conf).
"""

from __future__ import annotations

from collections.abc import Iterable


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
