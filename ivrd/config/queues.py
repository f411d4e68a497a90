"""queues.yaml: the queues callers wait in, the topics that lead to them, the seats."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import Field

from ivrd.config import hours, main, transfers
from ivrd.config.effect import RELOAD
from ivrd.config.field_types import (
    LANGUAGE,
    NAME,
    PROMPT,
    TRUTH,
    WRITTEN,
    all_or,
    choice,
    text,
    whole,
    written,
)
from ivrd.config.hours import ALWAYS, HoursFile
from ivrd.config.main import MainFile
from ivrd.config.model import File, Part
from ivrd.config.problem import Problem, unknown
from ivrd.config.settings import QueueSettings
from ivrd.config.transfers import TransferNumber, TransfersPart
from ivrd.config.yamlfile import Key
from ivrd.core.priority import Urgency
from ivrd.core.seats import Pool
from ivrd.core.skills import SkillRouting, Skills

FILE = "queues.yaml"
MOST_SEATS = 2_000  # in all pools; for more nobody has measured what they cost (bench/growth)
TEXT_LIMIT = 60  # characters; it goes into a SIP header and onto a small display

# Kinds of seats: a phone that rings, or a person who has dialled in and stays on the line.
PHONE, LINE = "phone", "line"

# Names that mean something else where queues are written or logged.
RESERVED = {
    "general": "general is Asterisk's own section in queues.conf",
    "hotline": "hotline stands for no queue in Asterisk's queue_log",
    "all": "all stands for every queue in a pool",
}


Urgent = Annotated[str, choice(Urgency.RED_FLAG, Urgency.RISK_GROUP)]
Texts = dict[Annotated[str, LANGUAGE], Annotated[str, text(TEXT_LIMIT)]]


class QueuePart(Part):
    """One queue.  `urgent`: topics whose callers have a head start (ivrd.yaml, `priority`)."""

    hours: Annotated[str, NAME, RELOAD]
    closed_prompt: Annotated[str, PROMPT, RELOAD] = ""
    announce_seconds: Annotated[int, whole(10, 600), RELOAD] = 20
    ask_settled: Annotated[bool, TRUTH, RELOAD] = False
    topics: Annotated[dict[Annotated[str, NAME], Texts], Field(min_length=1), RELOAD]
    urgent: Annotated[dict[Annotated[str, NAME], Urgent], RELOAD] = Field(default_factory=dict)


class PoolPart(Part):
    """Seats that open and close together; `queues` is None for all.

    Without `languages` its people speak those of the hotline's that are Thai and English.
    """

    kind: Annotated[str, choice(PHONE, LINE), RELOAD] = PHONE
    seats: Annotated[int, whole(1, 500), RELOAD]
    open: Annotated[bool, TRUTH, RELOAD]
    queues: Annotated[list[str] | None, all_or("queues"), RELOAD]
    languages: Annotated[list[Annotated[str, LANGUAGE]], Field(min_length=1), RELOAD] = Field(
        default_factory=list
    )


class QueuesFile(Part):
    """queues.yaml.

    `fallback_language`: of those who take callers in a language that nobody speaks; empty: the
    hotline's first.  `needs_encryption`: topics with which no call goes to a partner in clear.
    """

    default: Annotated[str, NAME, RELOAD]
    fallback_language: Annotated[str, LANGUAGE, RELOAD] = ""
    ring_seconds: Annotated[int, whole(5, 18), RELOAD] = 15
    queues: Annotated[dict[Annotated[str, NAME], QueuePart], Field(min_length=1), RELOAD]
    needs_encryption: Annotated[list[str], RELOAD] = Field(default_factory=list)
    pools: Annotated[dict[Annotated[str, NAME], PoolPart], Field(min_length=1), RELOAD]
    transfers: Annotated[TransfersPart, RELOAD] = Field(default_factory=TransfersPart)

    def topics(self) -> tuple[str, ...]:
        """The topics of all queues."""
        return tuple(self.queue_of())

    def queue_of(self) -> dict[str, str]:
        """Maps a topic to its queue."""
        return {topic: name for name, queue in self.queues.items() for topic in queue.topics}

    def urgency(self) -> dict[str, Urgency]:
        """The topics whose callers are urgent."""
        urgent = (each for queue in self.queues.values() for each in queue.urgent.items())
        return {topic: Urgency(urgency) for topic, urgency in urgent}


def check(file: File[QueuesFile]) -> Iterator[Problem]:
    """What is wrong between the values of this file."""
    parsed = file.parsed
    if parsed.default not in parsed.queues:
        yield file.problem("default", say=unknown("queue", parsed.default, parsed.queues))
    for name, queue in parsed.queues.items():
        if name in RESERVED:
            say = f"{RESERVED[name]}; expected another name"
            yield file.problem("queues", name, say=say)
        if queue.hours != ALWAYS and not queue.closed_prompt:
            say = f"missing; expected a prompt's name, because hours is not {ALWAYS}"
            yield file.problem("queues", name, "closed_prompt", say=say)
        if not any(name in _queues(part, parsed) for part in parsed.pools.values()):
            yield file.problem("queues", name, say="no pool serves this queue")
        for topic in queue.urgent:
            if topic not in queue.topics:
                say = unknown("topic", topic, queue.topics)
                yield file.problem("queues", name, "urgent", topic, say=say)
    yield from _topics_twice(file)
    yield from _encrypted(file)
    yield from _pools(file)
    for key, say in transfers.check(parsed.transfers, seats(parsed), parsed.queue_of()):
        yield file.problem("transfers", *key, say=say)


def _encrypted(file: File[QueuesFile]) -> Iterator[Problem]:
    parsed = file.parsed
    for at, topic in enumerate(parsed.needs_encryption):
        place = ("needs_encryption", at)
        if topic not in parsed.topics():
            yield file.problem(*place, say=unknown("topic", topic, parsed.topics()))
        elif topic in parsed.needs_encryption[:at]:
            yield file.problem(*place, say=f"{topic} is named twice")


def _topics_twice(file: File[QueuesFile]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for name, queue in file.parsed.queues.items():
        for topic in queue.topics:
            if topic in first:
                say = f"the queue {first[topic]} has this topic already"
                yield file.problem("queues", name, "topics", topic, say=say)
            first.setdefault(topic, name)


def _pools(file: File[QueuesFile]) -> Iterator[Problem]:
    parsed = file.parsed
    for name, part in parsed.pools.items():
        for at, queue in enumerate(part.queues or ()):
            place = ("pools", name, "queues", at)
            if queue not in parsed.queues:
                yield file.problem(*place, say=unknown("queue", queue, parsed.queues))
            elif queue in (part.queues or ())[:at]:
                yield file.problem(*place, say=f"{queue} is named twice")
    seats = sum(part.seats for part in parsed.pools.values())
    if seats > MOST_SEATS:
        yield file.problem("pools", say=f"expected at most {MOST_SEATS} seats in all, got {seats}")


def check_with_hours(file: File[QueuesFile], parsed: HoursFile) -> Iterator[Problem]:
    """What does not agree with hours.yaml."""
    for name, part in file.parsed.queues.items():
        yield from hours.check_use(parsed, part.hours, file, ("queues", name, "hours"))


def check_with_program(file: File[QueuesFile], program: MainFile) -> Iterator[Problem]:
    """What does not agree with ivrd.yaml."""
    yield from _languages(file, program.languages)
    for name, queue in file.parsed.queues.items():
        for topic, texts in queue.topics.items():
            place = ("queues", name, "topics", topic)
            for language in written(program.languages):
                if language not in texts:
                    say = f"missing; expected {text(TEXT_LIMIT).what}"
                    yield file.problem(*place, language, say=say)
    own = [spelling for number in main.numbers(program, ()) for spelling in number.spellings]
    for key, say in transfers.check_own(file.parsed.transfers, own):
        yield file.problem("transfers", *key, say=say)
    for name, part in file.parsed.pools.items():
        for seat in sorted(set(_seats(name, part)).intersection(program.asterisk.carriers)):
            say = f"its seat {seat} has the name of a carrier in ivrd.yaml"
            yield file.problem("pools", name, say=say)


def _languages(file: File[QueuesFile], known: Collection[str]) -> Iterator[Problem]:
    parsed = file.parsed
    if parsed.fallback_language and parsed.fallback_language not in known:
        say = unknown("language", parsed.fallback_language, known)
        yield file.problem("fallback_language", say=say)
    elif parsed.fallback_language and parsed.fallback_language not in WRITTEN:
        say = f"expected {' or '.join(WRITTEN)}: any other may be off"
        yield file.problem("fallback_language", say=say)
    for name, part in parsed.pools.items():
        for at, language in enumerate(part.languages):
            place = ("pools", name, "languages", at)
            if language not in known:
                yield file.problem(*place, say=unknown("language", language, known))
            elif language in part.languages[:at]:
                yield file.problem(*place, say=f"{language} is named twice")


def check_transfers(file: File[QueuesFile], partners: Collection[str]) -> Iterator[Problem]:
    """Numbers of partners that there are not."""
    for key, say in transfers.check_partners(file.parsed.transfers, partners):
        yield file.problem("transfers", *key, say=say)


def prompts(parsed: QueuesFile) -> Iterator[tuple[Key, str]]:
    """Each (place, prompt) in this file."""
    for name, queue in parsed.queues.items():
        if queue.closed_prompt:
            yield ("queues", name, "closed_prompt"), queue.closed_prompt


def names(parsed: QueuesFile) -> Mapping[str, str]:
    """What each name in this file stands for: a queue, a pool or a seat."""
    stand = {seat: f"a seat of {n}" for n, part in parsed.pools.items() for seat in _seats(n, part)}
    return stand | dict.fromkeys(parsed.pools, "a pool") | dict.fromkeys(parsed.queues, "a queue")


def queues(parsed: QueuesFile, routing: SkillRouting) -> tuple[QueueSettings, ...]:
    """The queues in Asterisk."""
    return tuple(
        QueueSettings(
            name=group.name,
            topics={topic: parsed.queues[group.queue].topics[topic] for topic in topics},
            hours=parsed.queues[group.queue].hours,
            closed_prompt=parsed.queues[group.queue].closed_prompt,
            announce_seconds=parsed.queues[group.queue].announce_seconds,
            ask_settled=parsed.queues[group.queue].ask_settled,
        )
        for group, topics in routing.groups.items()
    )


def skills(parsed: QueuesFile, languages: Collection[str]) -> dict[str, Skills]:
    """Whom the people of each pool can help, who are not agents with skills of their own.

    Nobody is taken to speak a further language.
    """
    return {
        name: Skills(
            queues=frozenset(_queues(part, parsed)),
            topics=None,
            languages=frozenset(part.languages or written(languages)),
            declared=bool(part.languages),
        )
        for name, part in parsed.pools.items()
    }


def seats(parsed: QueuesFile) -> dict[str, str]:
    """The pool of each seat."""
    return {seat: name for name, part in parsed.pools.items() for seat in _seats(name, part)}


def pools(
    parsed: QueuesFile, routing: SkillRouting, at_seats: Mapping[str, Collection[Skills]]
) -> tuple[Pool, ...]:
    """The pools with a name for each seat.  Those open from the start are fixed in Asterisk.

    `at_seats`: the skills of all who may sit at a seat.
    """
    return tuple(_pool(name, part, routing, at_seats) for name, part in parsed.pools.items())


def _pool(
    name: str, part: PoolPart, routing: SkillRouting, at_seats: Mapping[str, Collection[Skills]]
) -> Pool:
    seats = _seats(name, part)
    skilled = {skills for seat in seats for skills in at_seats[seat]}
    queues_of = {skills: routing.queues_for(skills) for skills in skilled}
    served = {seat: {q for of in at_seats[seat] for q in queues_of[of]} for seat in seats}
    queues = tuple(of for of in routing.queues if any(of in own for own in served.values()))
    fewer = {
        seat: tuple(queue for queue in queues if queue in own)
        for seat, own in served.items()
        if len(own) < len(queues)
    }
    return Pool(name=name, seats=seats, queues=queues, fixed=part.open, fewer=fewer)


def transfer_numbers(parsed: QueuesFile) -> tuple[TransferNumber, ...]:
    """What agents' phones may dial, and send callers to."""
    return transfers.numbers(parsed.transfers, seats(parsed))


def _queues(part: PoolPart, parsed: QueuesFile) -> tuple[str, ...]:
    return tuple(parsed.queues if part.queues is None else part.queues)


def _seats(name: str, part: PoolPart) -> tuple[str, ...]:
    """`base-01`, `base-02`, …; with three digits when two do not do.  On the line: `base.01`."""
    digits, joint = max(2, len(str(part.seats))), "." if part.kind == LINE else "-"
    return tuple(f"{name}{joint}{n:0{digits}}" for n in range(1, part.seats + 1))
