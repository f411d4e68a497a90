"""Skills: whom somebody can help, and the queues in Asterisk that follow from it.

app_queue rings any member of a queue for any caller in it.  So where those who serve a queue are
not all trained for all of its topics, or do not all speak every language, Asterisk has several
queues in its place, one for each *skill group*: callers whom the same people can help.  Callers and
whoever reads figures know one queue.

A queue is divided by topic, by language, by both, or not at all.  Then there is a group for every
topic, or language, so that a group's name says all about it, also when it was written down under
another configuration.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

# In Asterisk's names of queues, before a topic and before a language; no name has them.
TOPIC_MARK, LANGUAGE_MARK = "+", "."


@dataclass(frozen=True)
class SkillGroup:
    """Callers of one queue whom the same people can help.

    `topic`, `language`: empty where the queue is not divided by them.
    """

    queue: str
    topic: str = ""
    language: str = ""

    @property
    def name(self) -> str:
        """The queue in Asterisk."""
        topic = TOPIC_MARK + self.topic if self.topic else ""
        return self.queue + topic + (LANGUAGE_MARK + self.language if self.language else "")

    def __str__(self) -> str:
        more = ", ".join(part for part in (self.topic, self.language) if part)
        return f"{self.queue} ({more})" if more else self.queue


def group_of(name: str) -> SkillGroup:
    """The group that a queue in Asterisk is for."""
    rest, _, language = name.partition(LANGUAGE_MARK)
    queue, _, topic = rest.partition(TOPIC_MARK)
    return SkillGroup(queue, topic, language)


def queue_in_words(name: str) -> str:
    """The queue as callers and operators know it, of one in Asterisk."""
    return group_of(name).queue


@dataclass(frozen=True)
class Skills:
    """Whom somebody who serves these `queues` can help.

    `topics`: None for all.  `declared`: whether the configuration says which `languages`, or they
    are only taken for granted.
    """

    queues: frozenset[str]
    topics: frozenset[str] | None
    languages: frozenset[str]
    declared: bool

    def serves(self, group: SkillGroup, topics: Collection[str]) -> bool:
        """Whether the group's callers can be helped; `topics`: those of the group."""
        trained = self.topics is None or not self.topics.isdisjoint(topics)
        return group.queue in self.queues and trained and self._speaks(group.language)

    def _speaks(self, language: str) -> bool:
        return not language or language in self.languages


@dataclass(frozen=True)
class SkillRouting:
    """Where callers wait, by topic and language.

    `queue_of` maps a topic to its queue; whoever has no topic, or one that is gone, waits in the
    `default_queue`, there with those of its first topic.  `by_topic`: the queues that are divided
    by it.  `heard_in`: of a queue that is divided by language, and of a topic of it if it is
    divided by that (else an empty one), which callers wait for whom: a caller's language -> the one
    in which somebody can help.  `fallback`: the one for callers in a language that nobody speaks.
    """

    queue_of: Mapping[str, str]
    default_queue: str
    by_topic: frozenset[str] = frozenset()
    heard_in: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    fallback: str = ""

    def group(self, topic: str, language: str) -> SkillGroup:
        """Where a caller waits who has chosen this topic in this language."""
        queue = self.queue_of.get(topic, self.default_queue)
        if queue not in self.by_topic:
            of = ""
        else:
            of = topic if topic in self.queue_of else self.topics_of(queue)[0]
        languages = self.heard_in.get((queue, of), {})
        first = next(iter(languages.values()), "")
        return SkillGroup(queue, of, languages.get(language, first))

    def queue_for(self, topic: str, language: str) -> str:
        """The same as the name of the queue in Asterisk."""
        return self.group(topic, language).name

    def understood(self, topic: str, language: str, staffed: Callable[[str], bool]) -> bool:
        """Whether somebody is there who speaks the language of a caller, and knows the topic.

        Yes where all are taken to speak all languages, and of callers in `fallback`, who can wait
        for nobody else.  `staffed(queue)`: whether somebody is there for a queue in Asterisk.
        """
        group = self.group(topic, language)
        if not group.language or language == self.fallback:
            return True
        return group.language == language and staffed(group.name)

    def shown(self, label: str, topic: str, language: str) -> str:
        """What an agent's phone shows of a topic: with the caller's language, where it matters.

        Of one that is not the usual one, which whoever speaks several would begin in.
        """
        spoken = self.group(topic, language).language
        return label if spoken in ("", self.fallback) else f"{label} [{spoken}]"

    def served(self, name: str, topic: str, language: str) -> str:
        """A queue in Asterisk if callers are sent there, else the one for topic and language."""
        return name if name in self._known else self.queue_for(topic, language)

    def topics_of(self, queue: str) -> tuple[str, ...]:
        """The topics that lead to a queue."""
        return tuple(topic for topic, of in self.queue_of.items() if of == queue)

    @cached_property
    def groups(self) -> Mapping[SkillGroup, tuple[str, ...]]:
        """Every group, and its topics."""
        found: dict[SkillGroup, tuple[str, ...]] = {}
        for queue in dict.fromkeys([*self.queue_of.values(), self.default_queue]):
            topics = self.topics_of(queue)
            for topic in topics if queue in self.by_topic else ("",):
                languages = self.heard_in.get((queue, topic), {"": ""})
                for language in dict.fromkeys(languages.values()):
                    group = SkillGroup(queue, topic, language)
                    found[group] = (topic,) if topic else topics
        return found

    @cached_property
    def queues(self) -> tuple[str, ...]:
        """Every queue in Asterisk."""
        return tuple(group.name for group in self.groups)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.queues)

    def spoken_in(self, languages: Collection[str]) -> tuple[str, ...]:
        """The queues in Asterisk for somebody who speaks these languages; all without any."""
        return tuple(
            of.name
            for of in self.groups
            if not of.language or not languages or of.language in languages
        )

    def queues_for(self, skills: Skills) -> tuple[str, ...]:
        """The queues in Asterisk whose callers somebody can help."""
        return tuple(of.name for of, topics in self.groups.items() if skills.serves(of, topics))


def divide(
    queue_of: Mapping[str, str],
    default_queue: str,
    languages: Collection[str],
    assumed: Collection[str],
    fallback: str,
    staff: Collection[Skills],
) -> SkillRouting:
    """Divide the queues as far as `staff`, all who serve them, makes it necessary.

    By language only where somebody is said not to speak all `languages`, or of whom nothing is said
    would have to speak others than the `assumed` ones.  Callers in one that nobody speaks go to
    those who speak `fallback`.
    """
    whole = SkillRouting(queue_of, default_queue)
    by_topic, heard_in = set(), {}
    for queue in dict.fromkeys(queue_of.values()):
        topics = frozenset(whole.topics_of(queue))
        ours = [of for of in staff if of.serves(SkillGroup(queue), topics)]
        if any(of.topics is not None and not topics <= of.topics for of in ours):
            by_topic.add(queue)
        further = set(languages).difference(assumed)
        if all(of.languages.issuperset(languages if of.declared else further) for of in ours):
            continue
        for topic in whole.topics_of(queue) if queue in by_topic else ("",):
            spoken = set(_spoken(ours, topic))
            heard_in[queue, topic] = {
                language: language if language in spoken else fallback for language in languages
            }
    return SkillRouting(queue_of, default_queue, frozenset(by_topic), heard_in, fallback)


def _spoken(staff: Iterable[Skills], topic: str) -> Iterator[str]:
    """The languages of those who are trained for a topic, or if it is empty for any."""
    for of in staff:
        if not topic or of.topics is None or topic in of.topics:
            yield from of.languages


def unserved(routing: SkillRouting, staff: Collection[Skills]) -> list[SkillGroup]:
    """Groups whose callers nobody can help."""
    return [
        group
        for group, topics in routing.groups.items()
        if not any(of.serves(group, topics) for of in staff)
    ]


def without_speakers(routing: SkillRouting) -> Iterator[tuple[SkillGroup, str]]:
    """Groups, by the language of callers, that others serve: with the language that these speak."""
    for (queue, topic), languages in routing.heard_in.items():
        for language, heard in languages.items():
            if language != heard:
                yield SkillGroup(queue, topic, language), heard
