"""The menus that ship in config/: each topic and message of 1330 is where its prompt says."""

from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.core import menu
from ivrd.core.menu import AtInfo, Command, Key, Say, ToPerson, Visit

TREE = load(Path(__file__).parents[2] / "config").tree


@pytest.mark.parametrize(("first", "language"), [("1", "th"), ("2", "en")])
@pytest.mark.parametrize(
    ("keys", "queue", "topic"),
    [
        ("11", "home_isolation", "hi-register"),
        ("12", "home_isolation", "hi-symptoms"),
        ("21", "vaccination", "vaccine-register"),
        ("22", "vaccination", "vaccine-trouble"),
        ("23", "vaccination", "lab-results"),
        ("32", "benefits", "change-hospital"),
        ("33", "benefits", "benefits-other"),
        ("4", "other", "other"),
        ("0", "other", "other"),
        ("1*4", "other", "other"),
        ("13*1", "home_isolation", "hi-register"),
    ],
)
def test_the_keys_of_1330_lead_to_people(
    first: str, language: str, keys: str, queue: str, topic: str
) -> None:
    visit, commands = dial(first + keys)
    assert (visit.language, commands) == (language, (ToPerson(queue, topic),))


@pytest.mark.parametrize(("first", "language"), [("1", "th"), ("2", "en")])
@pytest.mark.parametrize(
    ("keys", "info"), [("13", "hi-care"), ("24", "certificate"), ("31", "rights")]
)
def test_the_keys_of_1330_lead_to_messages(first: str, language: str, keys: str, info: str) -> None:
    _, commands = dial(first + keys)
    words = Say(((language, f"{info}-info"), (language, "info-again")))
    assert commands == (AtInfo(info), words)


def test_1330_greets_in_both_languages() -> None:
    _, commands = menu.enter(TREE)
    both = [(language, p) for language in ("th", "en") for p in ("welcome", "choose-language")]
    assert commands == (Say(tuple(both)),)


def dial(keys: str) -> tuple[Visit, tuple[Command, ...]]:
    """Where a caller comes to with these keys, and what the last one did."""
    visit, commands = menu.enter(TREE)
    for digit in keys:
        visit, commands = menu.step(TREE, visit, Key(digit))
    return visit, commands
