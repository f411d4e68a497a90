from collections.abc import Callable
from pathlib import Path

from ivrd.config.load import load
from ivrd.config.prompts import built_in, defaults, unused_prompts, used_prompts
from ivrd.core.numbers import pieces

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
