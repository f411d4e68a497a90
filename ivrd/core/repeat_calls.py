"""Who dials again within a day after having been served: whether that helped.

Theory of operation
-------------------
A call counts as served here when its caller was asked whether the matter was settled (by what was
answered), or heard the state of a case and hung up.  Its person dials again when another call of
theirs is received within `DAY_SECONDS`; that is counted once for each call, and at the earliest
moment, so a figure of the last day still grows.  Of a call whose number was withheld nobody knows.

Times are seconds since the epoch on the timeline of the calls.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

DAY_SECONDS = 86_400.0


class After(StrEnum):
    """What the call ended with.  The values stand in the store, in series and in answers."""

    SETTLED = "settled"
    NOT_SETTLED = "not_settled"
    NO_ANSWER = "no_answer"  # asked whether it was settled, and pressed nothing that says so
    CASE_TOLD = "case_told"  # heard the state of a case, and hung up


ASKED = (After.SETTLED, After.NOT_SETTLED, After.NO_ANSWER)


@dataclass(frozen=True)
class ServedCall:
    """A call that was served, at the moment of its end.

    queue, partner: who had the talk; empty for none.  known: its person is known, so that a redial
    would be seen; redialled: there was one.
    """

    call_id: str
    at: float
    after: After
    queue: str = ""
    partner: str = ""
    known: bool = False
    redialled: bool = False


class RepeatCalls:
    """The served calls of the last day whose persons have not dialled again."""

    def __init__(self) -> None:
        self._of: dict[str, list[ServedCall]] = {}  # by person

    def __len__(self) -> int:
        """How many there are."""
        return sum(map(len, self._of.values()))

    def served(self, call: ServedCall, person: str) -> None:
        """A call of a known person was served."""
        self._of.setdefault(person, []).append(call)

    def called(self, person: str, at: float) -> list[ServedCall]:
        """A person dials: the calls after which this is the first redial within a day."""
        served = self._of.get(person, [])
        redialled = [call for call in served if 0 < at - call.at <= DAY_SECONDS]
        left = [call for call in served if call not in redialled]
        if redialled and left:
            self._of[person] = left
        elif redialled:
            del self._of[person]
        return [replace(call, redialled=True) for call in redialled]

    def erase(self, person: str) -> None:
        """Nobody follows this person any more."""
        self._of.pop(person, None)

    def forget(self, before: float) -> None:
        """Nobody dials again within a day any more after what ended before that."""
        for person, calls in list(self._of.items()):
            left = [call for call in calls if call.at >= before]
            if not left:
                del self._of[person]
            elif len(left) < len(calls):
                self._of[person] = left


@dataclass(frozen=True)
class ServedSum:
    """So many calls; of those whose person is known so many dialled again within a day."""

    calls: int = 0
    known: int = 0
    redialled: int = 0


def sums(calls: Iterable[ServedCall]) -> dict[After, ServedSum]:
    """Add served calls up, by what they ended with."""
    found = dict.fromkeys(After, ServedSum())
    for call in calls:
        of = found[call.after]
        found[call.after] = ServedSum(
            of.calls + 1, of.known + call.known, of.redialled + call.redialled
        )
    return found


def settled_share(found: dict[After, ServedSum]) -> float | None:
    """Of those who answered, the share who said that it was settled; None of nobody."""
    yes, no = found[After.SETTLED].calls, found[After.NOT_SETTLED].calls
    return yes / (yes + no) if yes + no else None
