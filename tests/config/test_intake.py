"""Registering by keys: what is wrong with it has its file, line and key."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.core.menu_tree import ToIntake

SHIPPED = Path(__file__).parents[2] / "config"
OUTBOX = """\
webhooks: {crm: {url: https://crm.example/, secret_file: ./s}}
sms: {gateway: {url: https://g.example/, body: {to: "{number}", text: "{text}"}}}
messages:
  intake: {channel: crm, text: {th: "{case}", en: "{case}"}}
  intake_code: {channel: gateway, text: {th: "{case}", en: "{case}"}}
"""
QUESTION = {"ask": "intake-ask-breath", "said": "intake-said-breath", "note": "short of breath"}
TO = {"intake": "other", "prompt": "intake-offer"}

Change = Callable[[dict[str, object]], None]


def write(folder: Path, flags: object = None, to: object = None, outbox: str = OUTBOX) -> Path:
    """menus.yaml with these questions, and a key that leads to them."""
    path = folder / "menus.yaml"
    menus = yaml.safe_load(path.read_text("utf-8"))
    menus["menus"][menus["start"]]["keys"]["6"] = TO if to is None else to
    menus["intake"] = {"flags": {"breath": QUESTION} if flags is None else flags}
    path.write_text(yaml.safe_dump(menus, allow_unicode=True, sort_keys=False), "utf-8")
    if outbox:
        (folder / "outbox.yaml").write_text(outbox, "utf-8")
    return path


def wrong(folder: Path, **of: object) -> str:
    write(folder, **of)  # type: ignore[arg-type]
    with pytest.raises(ConfigError) as caught:
        load(folder)
    return str(caught.value)


def test_a_key_leads_there_once_somebody_gets_the_tickets(folder: Path) -> None:
    write(folder)
    tree = load(folder).tree
    assert tree.menus[tree.start].keys["6"] == ToIntake("other", "intake-offer")
    assert tree.intake_topics == {"other"}
    assert tree.intake is not None
    assert [flag.note for flag in tree.intake.flags] == ["short of breath"]


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (
            {"outbox": ""},
            "keys.6.intake: nobody ever registers: outbox.yaml has no message intake",
        ),
        ({"flags": {}}, "intake: flags: missing; expected the questions that are asked"),
        ({"to": {**TO, "intake": "otter"}}, 'unknown topic "otter"; did you mean other?'),
        ({"to": {"intake": "other"}}, "expected link or intake with a prompt"),
        (
            {"flags": {"breath": {**QUESTION, "note": "หายใจ"}}},
            "intake.flags.breath.note: expected at most 40 letters",
        ),
        (
            {"flags": {"breath": {**QUESTION, "ask": "intake-ask-breth"}}},
            "intake.flags.breath.ask: unknown prompt",
        ),
        (
            {"outbox": OUTBOX.replace("{channel: crm,", "{channel: gateway,")},
            "messages.intake.channel: expected a channel of webhooks or files, got one of sms",
        ),
    ],
    ids=["no message", "no questions", "topic", "no prompt", "note", "prompt", "channel"],
)
def test_what_is_wrong_is_told(folder: Path, of: dict[str, object], expected: str) -> None:
    assert expected in wrong(folder, **of)


def test_the_shipped_questions_are_those_of_the_hotline() -> None:
    form = load(SHIPPED).tree.intake
    assert form is not None
    assert {flag.name: flag.red for flag in form.flags} == {
        "breath": True, "chest": True, "drowsy": True, "pregnant": False, "over-60": False,
    }  # fmt: skip
    assert not load(SHIPPED).tree.intake_topics  # off, until somebody gets the tickets


@pytest.mark.parametrize(
    ("digits", "right"),
    [
        ("1000000123453", True),
        ("1000000123454", False),  # the check digit
        ("0101700230700", False),
        ("1111111111111", False),
    ],
)
def test_a_citizen_number_is_one_by_its_check_digit(digits: str, right: bool) -> None:
    form = load(SHIPPED).tree.intake
    assert form is not None
    assert form.is_citizen_number(digits) is right
