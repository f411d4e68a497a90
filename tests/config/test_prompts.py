from collections.abc import Callable
from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.prompts import unused_prompts, used_prompts

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


def test_a_number_needs_all_its_pieces_in_its_language(folder: Path, change: Change) -> None:
    change("prompts.yaml", "  number-et: {th: ก, en: a}\n", "")
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert str(caught.value) == (
        f"{folder}/prompts.yaml:1: prompts.number-et.th: missing; this prompt is always needed"
    )


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
