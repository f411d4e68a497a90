"""The numbers that an agent's phone may dial, or send a caller to: `transfers` in queues.yaml."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ivrd.config.effect import RELOAD
from ivrd.config.field_types import NAME, pattern
from ivrd.config.model import Part
from ivrd.config.problem import unknown
from ivrd.config.yamlfile import Key

CODE = pattern("a star and one or two digits such as *7, or nothing", r"(\*[0-9]{1,2})?")
DIGITS = pattern('1 to 8 digits in quotes, such as "70"', "[0-9]{1,8}")
Numbers = dict[Annotated[str, NAME], Annotated[str, DIGITS]]


class TransfersPart(Part):
    """A number for each of these; a pool's is followed by the digits of its seat.

    `code`: what an agent keys in during a talk, before such a number, at a phone that has no
    transfer of its own; empty: keys are the caller's.
    """

    code: Annotated[str, CODE, RELOAD] = ""
    pools: Annotated[Numbers, RELOAD] = Field(default_factory=dict)
    topics: Annotated[Numbers, RELOAD] = Field(default_factory=dict)
    partners: Annotated[Numbers, RELOAD] = Field(default_factory=dict)


@dataclass(frozen=True)
class TransferNumber:
    """A number, and what it leads to: a seat of our own, a partner, or a topic."""

    number: str
    seat: str = ""
    partner: str = ""
    topic: str = ""


def numbers(parsed: TransfersPart, pool_of: Mapping[str, str]) -> tuple[TransferNumber, ...]:
    """All of them; `pool_of`: seat -> pool."""
    seats = (
        TransferNumber(parsed.pools[pool] + seat.rpartition("-")[2], seat=seat)
        for seat, pool in pool_of.items()
        if pool in parsed.pools
    )
    topics = (TransferNumber(number, topic=topic) for topic, number in parsed.topics.items())
    partners = (TransferNumber(number, partner=name) for name, number in parsed.partners.items())
    return (*seats, *topics, *partners)


def check(
    parsed: TransfersPart, pool_of: Mapping[str, str], topics: Collection[str]
) -> Iterator[tuple[Key, str]]:
    """What names no pool and no topic, and numbers that stand for two things; keys of the part."""
    wrong = [*_unknown("pools", parsed.pools, dict.fromkeys(pool_of.values()))]
    wrong += _unknown("topics", parsed.topics, topics)
    yield from wrong
    if wrong:
        return
    for number, times in Counter(n.number for n in numbers(parsed, pool_of)).items():
        if times > 1:
            yield (), f"{number} leads to {times} places; expected a number of its own for each"


def check_partners(parsed: TransfersPart, partners: Collection[str]) -> Iterator[tuple[Key, str]]:
    """What names no partner."""
    return _unknown("partners", parsed.partners, partners)


def check_own(parsed: TransfersPart, own: Collection[str]) -> Iterator[tuple[Key, str]]:
    """A number of the hotline's `own` leads back to the queue, and nowhere else."""
    for kind in ("topics", "partners"):
        for name, number in getattr(parsed, kind).items():
            if number in own:
                yield (kind, name), f"{number} is a number of the hotline; expected another one"


def _unknown(kind: str, given: Numbers, known: Collection[str]) -> Iterator[tuple[Key, str]]:
    for name in given:
        if name not in known:
            yield (kind, name), unknown(kind.removesuffix("s"), name, known)
