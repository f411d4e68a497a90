"""`call_out` in partners.yaml: what is wrong has its file, line and key."""

from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.config.problem import ConfigError

OUTBOX = """
webhooks: {hook: {url: https://bank.example/, secret_file: ./hook.secret}}
sms:
  gateway: {url: https://gateway.example/, body: {to: "{number}", text: "{text}"}}
line: {account: {secret_file: ./line.secret}}
files: {trial: {path: ./trial}}
"""
TEXTS = 'call_out: {text: {th: "{people}"}, over_text: {th: "{partner}"}}\n'


def written(folder: Path, of_one: str, of_all: str = TEXTS) -> Path:
    """The good configuration, in which b-bank is called out so; its file."""
    path = folder / "partners.yaml"
    path.write_text(f"{path.read_text('utf-8')}    call_out: {of_one}\n{of_all}", "utf-8")
    (folder / "outbox.yaml").write_text(OUTBOX, "utf-8")
    return path


def test_who_has_no_channel_is_not_called_out(folder: Path) -> None:
    assert load(folder).call_outs.contacts == {}


def test_a_partner_is_told_in_its_language_through_its_channel(folder: Path) -> None:
    written(folder, '{channel: gateway, to: "+66812345678", lead_minutes: 30, secret_file: ./b}')
    call_outs = load(folder).call_outs
    (contact,) = call_outs.contacts.values()
    assert (contact.name, contact.to, contact.lead_seconds) == ("ธนาคาร ข", "+66812345678", 1800.0)
    assert (contact.ask.channel, contact.ask.within_seconds) == ("gateway", 7200.0)
    assert contact.secret_file == folder / "b"
    assert contact.secret_variable == "IVRD_PARTNER_B_BANK_SECRET"
    assert (call_outs.policy.sure_seconds, call_outs.policy.over_seconds) == (300.0, 1200.0)


LINE_ID = "U" + 32 * "0"
RIGHT = [
    "{channel: hook}",
    f"{{channel: account, to: {LINE_ID}}}",
    '{channel: account, to: "+66812345678"}',
    "{channel: trial}",
]


@pytest.mark.parametrize("of_one", RIGHT)
def test_each_kind_of_channel(folder: Path, of_one: str) -> None:
    written(folder, of_one)
    assert load(folder).call_outs.contacts.keys() == {"b-bank"}


B = "17: partners.b-bank.call_out"
WRONG = {
    "{channel: hok}": f'{B}.channel: unknown channel of outbox.yaml "hok"; did you mean hook?',
    "{channel: gateway}": f"{B}.to: expected a number such as +66812345678, got nothing",
    '{channel: gateway, to: "0812345678"}': (
        f"{B}.to: expected a number such as +66812345678, got 0812345678"
    ),
    "{channel: account, to: malee}": (
        f"{B}.to: expected the id of a LINE user, group or room, or +66812345678, got malee"
    ),
    '{channel: hook, to: "+66812345678"}': (
        f"{B}.to: expected nothing, as a webhook has its address in outbox.yaml, got +66812345678"
    ),
    "{lead_minutes: 5}": (
        f"{B}: channel: missing; expected one of outbox.yaml, else the partner is not told"
    ),
}


@pytest.mark.parametrize("of_one", WRONG)
def test_what_is_wrong_with_one_partners(folder: Path, of_one: str) -> None:
    path = written(folder, of_one)
    with pytest.raises(ConfigError) as told:
        load(folder)
    assert str(told.value) == f"{path}:{WRONG[of_one]}"


def test_what_is_wrong_with_the_texts(folder: Path) -> None:
    path = written(folder, "{channel: hook}", 'call_out: {text: {th: "{persons}"}}\n')
    with pytest.raises(ConfigError) as told:
        load(folder)
    lines = str(told.value).splitlines()
    assert any("call_out.text.th: " in line and 'unknown place "persons"' in line for line in lines)
    assert path.name in lines[0]


def test_a_text_that_is_missing_in_a_partners_language(folder: Path) -> None:
    path = written(folder, "{channel: hook}", 'call_out: {text: {th: "{people}"}}\n')
    with pytest.raises(ConfigError) as told:
        load(folder)
    say = "call_out.over_text has no th, in which this partner is told"
    assert str(told.value) == f"{path}:{B}: {say}"
