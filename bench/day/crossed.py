"""Calls whose caller hung up in the moment in which somebody answered.

Of these few calls queue_log decides (lab/connected.py), and not what ivrd says.
Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bench.day.figures import Called
from lab.agents import Talk
from lab.comparison import ANSWERED
from lab.connected import TALKED

SLACK = 1.0  # seconds that the two sides' clocks of one call may differ


@dataclass(frozen=True)
class Crossed:
    """What became of the calls, with these few decided.

    `talked`: how many calls the hotline's agents and partners had.  `taken`: those of each partner.
    `unsure`: in so many calls to it the caller went while somebody there heard the whisper; whether
    the key was pressed before that nobody knows.  `hung_up`: how many callers hung up in the moment
    of the answer; `answered`: how many of these Asterisk had connected by then.
    """

    calls: list[Called]
    talked: int
    taken: Mapping[str, int]
    unsure: Mapping[str, int]
    hung_up: int
    answered: int
    by_partner: int  # of those answered


def decide(
    calls: Sequence[Called],
    inhouse: Sequence[Talk],
    partners: Mapping[str, Sequence[Talk]],
    connected: Collection[str],
    began: float,
) -> Crossed:
    """`began`: the moment, on the clock of the talks, at which the first caller dialled."""
    met = _Met(inhouse, partners, connected)
    crossed = {
        call.entry.id: talk
        for call in calls
        if call.ended != ANSWERED and (talk := met.during(call, began)) is not None
    }
    answered = {number for number, talk in crossed.items() if met.settle(talk)}
    return Crossed(
        [replace(c, ended=ANSWERED) if c.entry.id in answered else c for c in calls],
        talked=len(met.talked.union(*met.taken.values())),
        taken={name: len(of) for name, of in met.taken.items()},
        unsure={name: met.unsure[name] for name in partners},
        hung_up=len(crossed),
        answered=len(answered),
        by_partner=sum(met.at_partner(crossed[number]) for number in answered),
    )


class _Met:
    """Whom agents and partners had on the phone: calls by their cases."""

    def __init__(
        self,
        inhouse: Sequence[Talk],
        partners: Mapping[str, Sequence[Talk]],
        connected: Collection[str],
    ) -> None:
        self._connected = connected
        self._by_number: dict[str, list[Talk]] = defaultdict(list)
        self._partner: dict[str, str] = {}
        self.unsure: Counter[str] = Counter()
        self.talked = {talk.case for talk in inhouse if talk.talked is not None}
        self.taken = {
            name: {talk.case for talk in of if talk.heard_caller} for name, of in partners.items()
        }
        for talk in inhouse:
            if talk.ended in TALKED:
                self._remember(talk, self.talked)
        # Somebody at a partner who has not pressed the key yet has not answered.
        for name, of in partners.items():
            for talk in of:
                if talk.ended in TALKED and talk.case in connected:
                    self._remember(talk, self.taken[name])
                    self._partner[talk.case] = name
                elif talk.ended in TALKED and not talk.heard_caller:
                    self.unsure[name] += 1

    def _remember(self, talk: Talk, had: set[str]) -> None:
        """Who answered and heard nothing of a caller whom Asterisk had connected had the call."""
        self._by_number[talk.number].append(talk)
        if talk.case in self._connected:
            had.add(talk.case)

    def during(self, call: Called, began: float) -> Talk | None:
        """The last talk that began during this call."""
        begin = began + (call.entry.dialled_at or 0.0)
        until = begin + call.entry.lasted + SLACK
        of = self._by_number.get(call.entry.number, ())
        here = [talk for talk in of if begin - SLACK <= talk.rung_at <= until]
        return max(here, key=lambda talk: talk.rung_at, default=None)

    def at_partner(self, talk: Talk) -> bool:
        """Whether a partner had the call."""
        return talk.case in self._partner

    def settle(self, talk: Talk) -> bool:
        """Whether Asterisk connected the two; the count of who had the call follows it."""
        if talk.case not in self._connected:
            self.talked.discard(talk.case)
        return talk.case in self._connected
