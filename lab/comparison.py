"""The callers' own count beside ivrd's, row by row: do the two agree to the last call?

The callers know what they did and whom they heard; ivrd knows what Asterisk reported.  Neither has
seen the other's ledger.  Of a caller who hung up while an agent answered neither end knows which of
the two was first: there Asterisk's queue_log decides (connected.py), and whoever was connected has
been answered, though not a word was heard.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.agents import Talk
from lab.callers import Caller, Entry
from lab.connected import SOON, TALKED, hung_up_on, who_met

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')

ANSWERED = "answered"
IN_MENU, IN_QUEUE = "abandoned in the menu", "abandoned in the queue"
SELF_SERVED = "self-served"
CALLBACK = "to be called back"
REJECTED = "rejected"
FAILED = "failed"  # cut off, refused, or lost in any other way
ENDS = (ANSWERED, IN_MENU, IN_QUEUE, SELF_SERVED, CALLBACK, REJECTED, FAILED)
SOMEWHERE = "ended without a person"  # and the caller does not know where
CROSSED = "cut off while an agent answered"  # answered or failed, and nobody at either end knows

# ivrd's outcome and stage, as the callers would say it; all else is failed.
WORDS = {
    ("answered", "talk"): ANSWERED,
    ("abandoned", "ivr"): IN_MENU,
    ("abandoned", "queue"): IN_QUEUE,
    ("self_served", "ivr"): SELF_SERVED,
    ("callback", "ivr"): CALLBACK,
    ("rejected", "ivr"): REJECTED,
}


@dataclass(frozen=True)
class Row:
    """One line of the comparison: how many calls by each side's ledger.

    `unsure`: so many of the callers' calls may belong to another row instead.
    """

    what: str
    callers: int
    ivrd: int
    unsure: int = 0

    @property
    def agrees(self) -> bool:
        """Whether both sides say the same."""
        return self.callers - self.unsure <= self.ivrd <= self.callers


class Scrape:
    """One scrape of ivrd's /metrics."""

    def __init__(self, text: str) -> None:
        self._samples = [
            (name, dict(LABEL.findall(labels or "")), float(value))
            for name, labels, value in SAMPLE.findall(text)
        ]

    def total(self, name: str, **labels: str) -> int:
        """Sum of all samples of a series that carry these labels."""
        return round(
            sum(
                value
                for sample, has, value in self._samples
                if sample == name and labels.items() <= has.items()
            )
        )

    def labels(self, name: str) -> list[dict[str, str]]:
        """The labels of each sample of a series."""
        return [has for sample, has, _value in self._samples if sample == name]

    def outcomes(self) -> Counter[tuple[str, str]]:
        """How many calls ended in each (outcome, stage)."""
        ended: Counter[tuple[str, str]] = Counter()
        for name, has, value in self._samples:
            if name == "ivrd_calls_total":
                ended[has["outcome"], has["stage"]] += round(value)
        return ended

    def ended(self, outcome: str, stage: str = "") -> int:
        """Calls that ended in an outcome (and a stage)."""
        labels = {"outcome": outcome} | ({"stage": stage} if stage else {})
        return self.total("ivrd_calls_total", **labels)

    def slowest(self, before: Scrape, series: str, share: float = 0.99) -> float:
        """Seconds within which that share of a histogram's observations since `before` lies.

        It is the bound of a bucket; 0 when nothing was observed.
        """
        bounds = {labels["le"] for labels in self.labels(f"{series}_bucket")}
        counts = {
            float(le): self.total(f"{series}_bucket", le=le)
            - before.total(f"{series}_bucket", le=le)
            for le in bounds
        }
        most = max(counts.values(), default=0)
        return min(
            (le for le, count in counts.items() if most and count >= share * most), default=0
        )

    @property
    def in_progress(self) -> int:
        """Calls that are here now."""
        return self.total("ivrd_calls_in_progress")

    @property
    def balances(self) -> bool:
        """Whether received = outcomes + in progress in this one scrape."""
        received = self.total("ivrd_calls_received_total")
        return received == self.total("ivrd_calls_total") + self.in_progress


@dataclass(frozen=True)
class Tally:
    """The calls by one side's count: all, how they ended (`ENDS`), and those that are still here.

    `reached`: calls that the hotline made and a person took; the others are calls that came.
    Two tallies are the same when every count is.
    """

    received: int
    ended: Counter[str] = field(default_factory=Counter)
    in_progress: int = 0
    reached: int = 0


def of_scrape(scrape: Scrape) -> Tally:
    """What one ivrd counted since its start."""
    received = scrape.total("ivrd_calls_received_total")
    reached = scrape.total("ivrd_callbacks_total", result="reached")
    return Tally(received, _in_words(scrape.outcomes()), scrape.in_progress, reached)


def of_day(day: Any) -> Tally:
    """The day's ledger, as `ivrd report day --json` prints them."""
    ended: Counter[tuple[str, str]] = Counter()
    for row in day["rows"]:
        ended[row["outcome"], row["stage"]] += row["calls"]
    reached = day["callbacks"]["results"]["reached"]
    return Tally(day["received"], _in_words(ended), day["in_progress"], reached)


def _in_words(ended: Counter[tuple[str, str]]) -> Counter[str]:
    words: Counter[str] = Counter()
    for how, calls in ended.items():
        words[WORDS.get(how, FAILED)] += calls
    return words


BUSY = "486"  # what a caller gets for whom all lines are busy
TURNED_AWAY = "503"  # what Asterisk says while it ends: no dialplan has seen the call


def of_callers(
    callers: Sequence[Caller],
    entries: Sequence[Entry],
    talks: Sequence[Talk] = (),
    excused: Collection[int] = (),
    cut: Collection[int] = (),
    connected: Collection[str] = (),
    moment: float = SOON,
) -> Tally:
    """The callers' own count.

    `excused`: ids of those whose Asterisk ended.  Whom an agent answered in that moment has heard
    nobody, or hardly more; whether Asterisk had the answer yet, and which end it cut first, neither
    of them knows (`CROSSED`): an agent's end that drops so soon is no answer.  `cut`: ids of
    those who had a call on an Asterisk that crashed: they hear nothing of it, and hang up when they
    lose their patience, but the call was cut off; whom it had connected has been answered.
    `connected`: cases of the calls that Asterisk connected with somebody (connected.py); `moment`:
    as in `hung_up_on`.
    """
    by_id = {caller.id: caller for caller in callers}
    met = _numbers(talks)
    in_vain = hung_up_on(entries, talks, connected, moment)
    reached = [e for e in entries if not (e.id in excused and e.code == TURNED_AWAY)]
    ended: Counter[str] = Counter()
    for entry in reached:
        word = ANSWERED if entry.id in in_vain else ending(by_id[entry.id], entry)
        if entry.id in cut:
            word = ANSWERED if word == ANSWERED else FAILED
        elif entry.id in excused and entry.number in met:
            hardly = word == FAILED or entry.id in in_vain or _hardly_met(entry)
            word = CROSSED if hardly else word
        ended[word] += 1
    return Tally(len(reached), ended)


def _hardly_met(entry: Entry) -> bool:
    """Whether the call ended so soon after a person's first word that it may not be answered."""
    if entry.waited is None or entry.answered_after is None:
        return False
    return entry.lasted - entry.answered_after - entry.waited < SOON


def ending(caller: Caller, entry: Entry) -> str:
    """How a call ended in the callers' eyes.

    A caller hears whether a person speaks; where he was when he hung up he knows by what he meant
    to do.
    """
    meant = caller.expected
    if entry.outcome == "answered":
        return ANSWERED
    told = {"rejected": REJECTED, "callback": CALLBACK}  # after which the hotline hangs up
    if entry.outcome == "dropped" and meant is not None and meant.outcome in told:
        return told[meant.outcome]
    if (entry.outcome, entry.code) == ("refused", BUSY):
        return REJECTED
    if entry.outcome != "abandoned":
        return FAILED
    if meant is None or (meant.outcome == "abandoned" and not meant.stage):
        return SOMEWHERE
    if meant.outcome == "self_served":
        return SELF_SERVED
    return IN_MENU if meant.stage == "ivr" else IN_QUEUE  # or gave up earlier than he meant to


def talked_to(
    talks: Sequence[Talk], met: Collection[str] = (), connected: Collection[str] = ()
) -> int:
    """How many calls the agents had; the same one can come back from the queue.

    A person who calls again shows the same number with another case.  `met`: numbers of those who
    count as soon as an agent had them, whether sound came to the agent or not: a machine that is
    busy may bring it to one end alone.  `connected`: as in `of_callers`.
    """
    calls = {
        (talk.number, talk.case)
        for talk in talks
        if talk.talked is not None
        or (talk.number in met and talk.case in connected and talk.ended in TALKED)
    }
    unheard = _numbers(talks) & set(met)
    return len(calls) + len(unheard - {number for number, _case in calls})


def _numbers(talks: Sequence[Talk]) -> set[str]:
    """Whose calls agents took."""
    return {talk.number for talk in talks if talk.ended in TALKED}


def rows(callers: Tally, talked: int, ivrd: Tally, together: Collection[str] = ()) -> list[Row]:
    """The comparison; `talked` is the agents' own count.

    `together`: words of `ENDS` of which only the sum is compared, since the callers do not know
    one from the other.  If somebody does not know where he was, only the sum of all who met no
    person can be.
    """
    somewhere, crossed = callers.ended[SOMEWHERE], callers.ended[CROSSED]
    answered = callers.ended[ANSWERED] + crossed
    together = ENDS[1:] if somewhere else together
    groups = [[word] for word in ENDS[1:] if word not in together]
    if together:
        groups.append([word for word in ENDS[1:] if word in together])
    made = [
        Row("dialled / received", callers.received, ivrd.received),
        Row("answered by a person", answered, ivrd.ended[ANSWERED], crossed),
        Row("answered, by the agents' count", talked, ivrd.ended[ANSWERED] + ivrd.reached, crossed),
    ]
    for words in groups:
        seen, recorded = (sum(tally.ended[word] for word in words) for tally in (callers, ivrd))
        name = SOMEWHERE if somewhere else ", or ".join(words)
        unsure = crossed if FAILED in words else 0
        made.append(Row(name, seen + somewhere + unsure, recorded, unsure))
    return [*made, Row("still in progress", callers.in_progress, ivrd.in_progress)]


def compare(
    callers: Sequence[Caller],
    entries: Sequence[Entry],
    talks: Sequence[Talk],
    scrape: Scrape,
    connected: Collection[str] = (),
) -> list[Row]:
    """All rows of a hotline whose ivrd ran from its first call to its last."""
    met = who_met(entries, talks, connected)
    counted = of_callers(callers, entries, talks, connected=connected)
    return rows(counted, talked_to(talks, met, connected), of_scrape(scrape))


def partner_rows(
    entries: Sequence[Entry], taken: Mapping[str, Sequence[Talk]], scrape: Scrape
) -> list[Row]:
    """Who met a person at a partner, by the callers' count, and what each partner says it took."""
    met = sum(entry.person == "partner" for entry in entries)
    answered = scrape.total("ivrd_calls_total", outcome="answered", by="partner")
    made = [Row("answered by a partner", met, answered)]
    for name, talks in taken.items():
        counted = scrape.total("ivrd_partner_offers_total", partner=name, result="confirmed")
        made.append(Row(f"taken by {name}, by its own count", len(talks), counted))
    return made


def at_once(talks: Sequence[Talk]) -> int:
    """How many calls a site had at the most at one moment, ringing or talking."""
    changes = [(talk.rung_at, 1) for talk in talks]
    changes += [(talk.rung_at + talk.rang + (talk.talked or 0.0), -1) for talk in talks]
    most = here = 0
    for _at, change in sorted(changes):
        here += change
        most = max(most, here)
    return most
