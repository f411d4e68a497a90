"""Whoever is rung for a caller knows the topic and the language, whatever the people can do."""

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.skills import (
    SkillGroup,
    SkillRouting,
    Skills,
    divide,
    group_of,
    queue_in_words,
    unserved,
    without_speakers,
)

LANGUAGES = ("th", "en", "my")
QUEUE_OF = {"fever": "care", "flu": "care", "card": "rights", "other": "other"}
QUEUES = tuple(dict.fromkeys(QUEUE_OF.values()))
TOPICS, ANYTHING = tuple(QUEUE_OF), None


def people(
    *queues: str,
    topics: tuple[str, ...] | None = ANYTHING,
    languages: tuple[str, ...] = LANGUAGES,
    declared: bool | None = None,
) -> Skills:
    return Skills(
        frozenset(queues or QUEUES),
        None if topics is None else frozenset(topics),
        frozenset(languages),
        languages != LANGUAGES if declared is None else declared,
    )


EVERYBODY = people()
STAFF = st.lists(
    st.builds(
        Skills,
        st.frozensets(st.sampled_from(QUEUES), min_size=1),
        st.none() | st.frozensets(st.sampled_from(TOPICS), min_size=1),
        st.frozensets(st.sampled_from(LANGUAGES), min_size=1),
        st.just(value=True),
    ),
    max_size=5,
)


def routed(*staff: Skills, fallback: str = "th") -> SkillRouting:
    return divide(QUEUE_OF, "other", LANGUAGES, LANGUAGES, fallback, staff)


def helps(of: Skills, topic: str, language: str) -> bool:
    trained = of.topics is None or topic in of.topics
    return QUEUE_OF[topic] in of.queues and trained and language in of.languages


@given(STAFF, st.sampled_from(LANGUAGES))
def test_nobody_is_rung_who_does_not_understand_and_everybody_who_does(
    staff: list[Skills], fallback: str
) -> None:
    routing = routed(*staff, fallback=fallback)
    for topic in TOPICS:
        for language in LANGUAGES:
            name = routing.queue_for(topic, language)
            spoken = any(helps(of, topic, language) for of in staff)
            heard = language if spoken else fallback
            for of in staff:
                rung = name in routing.queues_for(of)
                if group_of(name).language or spoken:
                    assert rung == helps(of, topic, heard)


@given(STAFF)
def test_each_caller_waits_in_a_queue_that_asterisk_has_under_the_name_that_is_known(
    staff: list[Skills],
) -> None:
    routing = routed(*staff)
    for topic in (*TOPICS, "", "gone"):
        for language in (*LANGUAGES, "", "xx"):
            name = routing.queue_for(topic, language)
            assert name in routing.queues
            assert queue_in_words(name) == QUEUE_OF.get(topic, "other")
            assert routing.served(name, topic, language) == name
            assert routing.served("gone", topic, language) == name


@given(STAFF)
def test_every_topic_is_in_one_group_of_each_language(staff: list[Skills]) -> None:
    routing = routed(*staff)
    for queue in QUEUES:
        for language in {group.language for group in routing.groups if group.queue == queue}:
            topics = [
                topic
                for group, of in routing.groups.items()
                if (group.queue, group.language) == (queue, language)
                for topic in of
            ]
            assert set(topics) <= set(routing.topics_of(queue))
            assert len(set(topics)) == len(topics)


@given(st.sampled_from(QUEUES), st.sampled_from(["", *TOPICS]), st.sampled_from(["", *LANGUAGES]))
def test_a_groups_name_says_all_about_it(queue: str, topic: str, language: str) -> None:
    group = SkillGroup(queue, topic, language)
    assert group_of(group.name) == group


def test_without_skills_that_differ_asterisk_has_the_queues_as_they_are() -> None:
    assert routed(EVERYBODY, people("care")).queues == QUEUES
    taken_for_granted = people(languages=("th",), declared=False)
    assert routed(EVERYBODY, taken_for_granted).queues == QUEUES


def test_only_what_has_to_be_divided_is() -> None:
    routing = routed(EVERYBODY, people("care", languages=("th",)))
    assert routing.queues == ("care.th", "care.en", "care.my", "rights", "other")
    routing = routed(EVERYBODY, people(topics=("fever", "card")))
    assert routing.queues == ("care+fever", "care+flu", "rights", "other")
    assert routing.queues_for(people(topics=("fever", "card"))) == ("care+fever", "rights")


def test_who_has_chosen_nothing_is_with_those_of_the_first_topic() -> None:
    routing = divide(
        QUEUE_OF, "care", LANGUAGES, LANGUAGES, "th", (EVERYBODY, people("care", topics=("flu",)))
    )
    assert routing.queue_for("", "th") == routing.queue_for("gone", "en") == "care+fever"


def test_a_language_that_nobody_speaks_is_told_and_its_callers_go_to_the_fallback() -> None:
    routing = routed(people(languages=("th", "en")), fallback="en")
    assert routing.queue_for("other", "my") == "other.en"
    assert routing.queue_for("other", "th") == "other.th"
    told = {(str(group), heard) for group, heard in without_speakers(routing)}
    assert told == {(f"{queue} (my)", "en") for queue in QUEUES}


def test_callers_whom_nobody_can_help_are_told() -> None:
    staff = (people(languages=("en",)), people("care", topics=("flu",), languages=("th",)))
    found = [str(group) for group in unserved(routed(*staff), staff)]
    assert found == ["care (fever, th)", "rights (th)", "other (th)"]
