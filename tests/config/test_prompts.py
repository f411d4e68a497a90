from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.prompt_validity import ending
from ivrd.config.prompts import built_in, defaults, unused_prompts, used_prompts
from ivrd.core.numbers import pieces
from ivrd.core.validity import Validity
from ivrd.metrics.prompts import PromptMetrics

Change = Callable[[str, str, str], None]


def test_a_prompt_that_nothing_says_is_named_with_its_line(folder: Path, change: Change) -> None:
    assert unused_prompts(load(folder)) == []
    change("prompts.yaml", "  main-menu:", "  old-menu: {th: ก}\n  main-menu:")
    assert [str(problem) for problem in unused_prompts(load(folder))] == [
        f"{folder}/prompts.yaml:3: prompts.old-menu: nothing says this prompt"
    ]


def test_a_prompts_file_that_went_away_since_hides_nothing(folder: Path, change: Change) -> None:
    change("prompts.yaml", "  main-menu:", "  old-menu: {th: ก}\n  main-menu:")
    found = load(folder)
    (folder / "prompts.yaml").unlink()
    assert [str(problem) for problem in unused_prompts(found)] == [
        f"{folder}/prompts.yaml: prompts.old-menu: nothing says this prompt"
    ]


def test_prompts_are_used_by_menus_messages_queues_numbers_and_the_dialplan(folder: Path) -> None:
    used = used_prompts(load(folder))
    assert {"main-menu", "certificate-info", "closed", "no-input", "number-et"} <= used
    assert {"fallback-welcome", "queue-next", "partner-whisper", "number-and"} <= used


def test_what_every_hotline_needs_is_brought_along_in_every_language_that_can_be_spoken() -> None:
    for language in ("th", "en"):
        for name in built_in() | pieces(language):
            assert defaults()[name][language]
    known = built_in() | pieces("th") | pieces("en")
    assert set(defaults()) == known


def test_a_hotlines_own_text_stands_in_for_the_one_that_ivrd_brings_along(
    folder: Path, change: Change
) -> None:
    before = load(folder).prompts
    assert before["fallback-welcome"] == defaults()["fallback-welcome"]
    assert "number-and" in before
    change("prompts.yaml", "prompts:", "prompts:\n  fallback-welcome: {th: ก}")
    now = load(folder).prompts["fallback-welcome"]
    assert now == {"th": "ก", "en": defaults()["fallback-welcome"]["en"]}


def test_only_the_parts_of_numbers_that_are_spoken_are_needed(folder: Path, change: Change) -> None:
    change("ivrd.yaml", "[th, en]", "[th]")
    change("menus.yaml", '      "2": {language: en, menu: main}\n', "")
    needed = load(folder).prompts
    assert "number-et" in needed
    assert "number-and" not in needed
    assert set(needed["number-1"]) == {"th"}


def test_prompts_may_have_a_language_that_is_not_spoken_yet(folder: Path, change: Change) -> None:
    change("ivrd.yaml", "[th, en]", "[th]")
    change("menus.yaml", '      "2": {language: en, menu: main}\n', "")
    assert load(folder).prompts["welcome"]["en"] == "Hello."


def test_a_topic_may_have_a_prompt_for_partners_people(folder: Path, change: Change) -> None:
    change(
        "prompts.yaml",
        "  main-menu:",
        "  topic-register: {th: ก}\n  topic-x: {th: ก}\n  main-menu:",
    )
    assert [problem.key for problem in unused_prompts(load(folder))] == ["prompts.topic-x"]


CARE = "  certificate-info: {"
PLACE = "prompts.yaml:5: prompts.certificate-info."
ENDS = f'{CARE}valid_until: "2027-03-31", '


def problems(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_a_prompt_has_an_owner_and_a_last_day_and_what_comes_then(
    folder: Path, change: Change
) -> None:
    change("prompts.yaml", CARE, f"{ENDS}owner: Health, then: person, ")
    settings = load(folder)
    assert settings.validities == {
        "certificate-info": Validity(date(2027, 3, 31), "person", "Health")
    }
    assert settings.prompts["certificate-info"]["en"] == "Your certificate."


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "prompts.yaml", CARE, ENDS,
            "CARE:valid_until: expected `then` beside it: a prompt, person or nothing",
        ),
        (
            "prompts.yaml", CARE, f"{CARE}then: person, ",
            "CARE:then: goes with `valid_until` only",
        ),
        (
            "prompts.yaml", CARE, f"{ENDS}then: certificat, ",
            'CARE:then: unknown prompt "certificat"; did you mean certificate-info?',
        ),
        (
            "prompts.yaml", CARE, f"{ENDS}then: certificate-info, ",
            "CARE:then: leads back to this prompt when all of them have ended",
        ),
        (
            "prompts.yaml", CARE, f"{ENDS}then: nothing, ",
            "menus.yaml:24: infos.certificate.prompts: nothing is left to say here when its "
            "prompts have ended (`then` in prompts.yaml)",
        ),
        (
            "prompts.yaml", "  no-input: {",
            '  no-input: {valid_until: "2027-03-31", then: closed, ',
            "prompts.yaml:6: prompts.no-input.valid_until: every menu says this whatever the "
            "day: it cannot end",
        ),
        (
            "prompts.yaml", "prompts:",
            'prompts:\n  queue-next: {th: ก, valid_until: "2027-03-31", then: closed}',
            "prompts.yaml:2: prompts.queue-next.valid_until: Asterisk, or ivrd itself, says this "
            "whatever the day: it cannot end",
        ),
        (
            "prompts.yaml", "prompts:", "prompts:\n  person: {th: ก}",
            "prompts.yaml:2: prompts.person: person is a word of `then`; expected another name",
        ),
        (
            "prompts.yaml", CARE, f'{CARE}valid_until: "2570-03-31", then: person, ',
            'CARE:valid_until: expected a day such as 2026-12-07, got '
            '"2570-03-31"; years are common era; did you mean 2027-03-31?',
        ),
    ],
)  # fmt: skip
def test_an_end_after_which_nobody_would_know_what_to_say_is_refused(
    folder: Path, change: Change, name: str, old: str, new: str, expected: str
) -> None:
    change(name, old, new)
    assert problems(folder) == [expected.replace("CARE:", PLACE)]


def test_a_closed_queue_needs_words_for_ever(folder: Path, change: Change) -> None:
    change("prompts.yaml", "  closed: {", '  closed: {valid_until: "2027-03-31", then: person, ')
    (problem,) = problems(folder)
    assert problem.startswith("queues.yaml:")
    assert "closed ends, and person comes then, where callers hear that it is closed" in problem


def test_what_has_ended_or_does_so_within_a_fortnight_is_told_with_its_owner(
    folder: Path, change: Change
) -> None:
    change("prompts.yaml", CARE, f"{ENDS}owner: Health, then: bye, ")
    settings = load(folder)
    place = f"{folder}/prompts.yaml:5: prompts.certificate-info.valid_until:"
    told = {day: [str(one) for one in ending(settings, day)] for day in map(date.fromisoformat, (
        "2027-03-16", "2027-03-17", "2027-03-31", "2027-04-01",
    ))}  # fmt: skip
    soon = f"{place} is spoken no longer than 2027-03-31; then bye is said; Health knows more"
    assert [*told.values()] == [
        [],
        [soon],
        [soon],
        [
            f"{place} is not spoken any more since 2027-03-31; then bye is said; Health knows more",
        ],
    ]


def test_what_is_said_only_when_another_has_ended_is_said(folder: Path, change: Change) -> None:
    change("prompts.yaml", CARE, f"  late: {{th: ก, en: a}}\n{ENDS}then: late, ")
    assert unused_prompts(load(folder)) == []


def test_the_end_is_published_as_the_first_moment_of_silence(folder: Path, change: Change) -> None:
    change("prompts.yaml", CARE, f"{ENDS}owner: Health, then: person, ")
    settings, registry = load(folder), CollectorRegistry()
    PromptMetrics(registry, lambda: settings)
    until = registry.get_sample_value(
        "ivrd_prompt_valid_until_timestamp_seconds",
        {"prompt": "certificate-info", "owner": "Health"},
    )
    assert until == datetime(2027, 4, 1, tzinfo=settings.zone).timestamp()
