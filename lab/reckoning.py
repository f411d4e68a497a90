"""The callers' own count beside ivrd's, row by row: do the two agree to the last call?

The callers know what they did and whom they heard; ivrd knows what Asterisk told it.  Neither has
seen the other's books.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lab.agents import Talk
from lab.callers import Caller, Entry

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Row:
    """One line of the comparison: how many calls by each side's books."""

    what: str
    callers: int
    ivrd: int

    @property
    def agrees(self) -> bool:
        """Whether both sides say the same."""
        return self.callers == self.ivrd


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

    def ended(self, outcome: str, stage: str = "") -> int:
        """Calls that ended in an outcome (and a stage)."""
        labels = {"outcome": outcome} | ({"stage": stage} if stage else {})
        return self.total("ivrd_calls_total", **labels)

    @property
    def in_progress(self) -> int:
        """Calls that are here now."""
        return self.total("ivrd_calls_in_progress")

    @property
    def balances(self) -> bool:
        """Whether received = outcomes + in progress in this one scrape."""
        received = self.total("ivrd_calls_received_total")
        return received == self.total("ivrd_calls_total") + self.in_progress


def ending(caller: Caller, entry: Entry) -> str:
    """How a call ended in the callers' eyes, in the words of the rows below.

    A caller hears whether a person speaks; where he was when he hung up he knows by what he meant
    to do.
    """
    if entry.outcome == "answered":
        return "answered"
    if entry.outcome != "abandoned" or caller.expected is None:
        return entry.outcome
    if caller.expected.outcome == "answered":  # gave up earlier than he meant to
        return "abandoned in the queue"
    if caller.expected.outcome == "self_served":
        return "self-served"
    return f"abandoned in the {'menu' if caller.expected.stage == 'ivr' else 'queue'}"


def compare(
    callers: Sequence[Caller], entries: Sequence[Entry], talks: Sequence[Talk], scrape: Scrape
) -> list[Row]:
    """All rows; the last ones are 0 when nothing went wrong."""
    by_id = {caller.id: caller for caller in callers}
    seen = Counter(ending(by_id[entry.id], entry) for entry in entries)
    good = ("answered", "abandoned in the menu", "abandoned in the queue", "self-served")
    other = sum(count for word, count in seen.items() if word not in good)
    talked = sum(talk.talked is not None for talk in talks)
    answered = scrape.ended("answered")
    return [
        Row("dialled / received", len(entries), scrape.total("ivrd_calls_received_total")),
        Row("answered by a person", seen["answered"], answered),
        Row("answered, by the agents' count", talked, answered),
        Row("abandoned in the menu", seen[good[1]], scrape.ended("abandoned", "ivr")),
        Row("abandoned in the queue", seen[good[2]], scrape.ended("abandoned", "queue")),
        Row("self-served", seen[good[3]], scrape.ended("self_served")),
        Row("lost in any other way", other, scrape.ended("failed") + scrape.ended("rejected")),
        Row("still in progress", 0, scrape.in_progress),
    ]
