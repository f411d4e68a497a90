"""outbox.yaml: what is wrong has its file, line and key; no secret is repeated."""

from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.config.outbox_settings import FileSettings, LineSettings, SmsSettings
from ivrd.config.outbox_template import BadTemplate, Template
from ivrd.config.problem import ConfigError

SHIPPED = Path(__file__).parents[2] / "config" / "outbox.yaml"
GATEWAY = "sms:\n  gateway:\n    url: https://gateway.example/\n"
BODY = '    body: {to: "{number}", text: "{text}"}\n'
TEXT = 'text: {th: "{hotline}", en: "{hotline}"}'


def wrong(folder: Path, text: str) -> list[str]:
    path = folder / "outbox.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(folder)
    return [line.removeprefix(f"{path}:") for line in str(caught.value).split("\n")]


def test_without_the_file_nothing_leaves(folder: Path) -> None:
    assert not (folder / "outbox.yaml").exists()
    assert load(folder).outbox.messages == {}


def test_the_examples_in_the_shipped_file_are_right(folder: Path) -> None:
    """With the comment signs before YAML taken away."""
    known = ("#  ", "# sms:", "# line:", "# webhooks:", "# files:", "# messages:")
    lines = [
        line[2:] if line.startswith(known) else line
        for line in SHIPPED.read_text("utf-8").splitlines()
    ]
    (folder / "outbox.yaml").write_text("\n".join(lines), "utf-8")
    outbox = load(folder).outbox
    assert set(outbox.channels) == {"gateway", "account", "crm", "trial"}
    callbacks = {"callback_booked", "callback_not_reached", "callback_given_up"}
    more = {"link", "intake", "intake_code", "seat_card"}
    assert {*outbox.messages} == {*callbacks, *more}
    assert outbox.messages["callback_booked"].within_seconds == 1800.0
    assert outbox.channels["trial"] == FileSettings(Path("/var/lib/ivrd/outbox.jsonl"))
    account = outbox.channels["account"]
    assert isinstance(account, LineSettings)
    assert account.channel_secret_file == folder / "line-channel.secret"
    assert account.channel_secret_variable == "IVRD_OUTBOX_ACCOUNT_CHANNEL_SECRET"
    gateway = outbox.channels["gateway"]
    assert isinstance(gateway, SmsSettings)
    assert gateway.http.secret_file == folder / "gateway.secret"
    assert (gateway.field, gateway.values) == ("result.status", {"ok", "queued"})


URL = "expected an address such as https://gateway.example/send, got"


# What stands in the file, where the problem is, and how the message ends.
WRONG: dict[str, tuple[str, str, str]] = {
    "place": (
        GATEWAY + '    body: {to: "{nummer}", text: "{text}"}\n',
        "4: sms.gateway.body: expected a mapping, as JSON has it",
        'unknown place "nummer"; did you mean number?',
    ),
    "brace": (
        GATEWAY + '    body: {to: "{number", text: "{text}"}\n',
        "4: sms.gateway.body: expected a mapping",
        "a brace that stands for itself is written twice: {{ }}",
    ),
    "deep query": (
        GATEWAY + '    query: {to: "{number}", text: ["{text}"]}\n',
        "4: sms.gateway.query: expected a mapping of text",
        "a list or a mapping cannot stand in it here",
    ),
    "no text": (
        GATEWAY + '    body: {to: "{number}"}\n',
        "2: sms.gateway: ",
        "expected {text} in query, form or body",
    ),
    "secret in a header": (
        GATEWAY + '    headers: {Authorization: "Bearer 0815"}\n' + BODY,
        "4: sms.gateway.headers.Authorization: no secret may stand here; ",
        "write {secret}, and name its file as secret_file",
    ),
    "no secret": (
        GATEWAY + '    headers: {Authorization: "Bearer {secret}"}\n' + BODY,
        "2: sms.gateway: ",
        "secret_file: missing; expected the file of {secret}",
    ),
    "text in a header": (
        GATEWAY + '    headers: {X-Text: "{text}"}\n' + BODY,
        '4: sms.gateway.headers.X-Text: expected one line of plain text, got "{text}"; ',
        'unknown place "text"; expected one of number, digits, national, key, secret',
    ),
    "GET": (
        GATEWAY + BODY + "    method: GET\n",
        "5: sms.gateway.method: GET has no body; ",
        "expected POST or PUT, or query instead",
    ),
    "success": (
        GATEWAY + BODY + "    success: {field: status}\n",
        "5: sms.gateway.success: ",
        "expected field and values, or neither of them",
    ),
    "no TLS": (
        'webhooks: {crm: {url: "http://crm.example/", secret_file: ./s}}\n',
        f'1: webhooks.crm.url: {URL} "http://crm.example/"; ',
        "without TLS only to this machine itself, such as http://127.0.0.1:8080/",
    ),
    "password": (
        'webhooks: {crm: {url: "https://u:hunter2@crm.example/", secret_file: ./s}}\n',
        "1: webhooks.crm.url: no user, password or ? may stand here; ",
        "use headers, query and secret_file",
    ),
    "unsigned": (
        "webhooks: {crm: {url: https://crm.example/}}\n",
        "1: webhooks.crm: secret_file: missing; ",
        "expected a file with the secret by which each message is signed",
    ),
    "LINE": (
        "line: {a: {}}\n",
        "1: line.a: secret_file: missing; ",
        "expected a file with the channel access token",
    ),
    "twice": (
        "line: {a: {secret_file: ./s}}\nfiles: {a: {path: ./a}}\n",
        "2: files.a: ",
        "a channel in line is named so as well",
    ),
    "channel": (
        f"messages: {{callback_booked: {{channel: gate, {TEXT}}}}}\n",
        "1: messages.callback_booked.channel: ",
        'unknown channel "gate"',
    ),
    "place in a text": (
        "files: {a: {path: ./a}}\nmessages:\n"
        '  callback_booked: {channel: a, text: {th: "{next}", en: x}}\n',
        "3: messages.callback_booked.text.th: ",
        'unknown place "next"; expected hotline',
    ),
    "language": (
        "files: {a: {path: ./a}}\nmessages:\n  callback_booked: {channel: a, text: {th: x}}\n",
        "3: messages.callback_booked.text: ",
        "en: missing; expected the text in each of th, en",
    ),
    "token": (
        "token: 4711\n",
        "1: token: no secret may stand here; ",
        "write it to a file and name that as secret_file",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong(folder: Path, what: str) -> None:
    text, beginning, end = WRONG[what]
    (told,) = wrong(folder, text)
    assert told.startswith(beginning)
    assert told.endswith(end)


def test_every_address_that_is_none(folder: Path) -> None:
    for url in ("ftp://a.example/", "https://", "https://a b/", "https://a.example:99999/", "x"):
        (told,) = wrong(folder, f'webhooks: {{crm: {{url: "{url}", secret_file: ./s}}}}\n')
        assert told.startswith(f"1: webhooks.crm.url: {URL}")
    for url in ("http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost/", "https://a.example"):
        text = f'webhooks: {{crm: {{url: "{url}", secret_file: ./s}}}}\n'
        (folder / "outbox.yaml").write_text(text)
        assert load(folder).outbox.channels


def test_templates() -> None:
    assert Template("{{a}} {b}{b}").filled({"b": "{c}"}) == "{a} {c}{c}"
    for text in ("{", "}", "{}", "{a.b}", "{a[0]}", "{a!r}", "{a:>9}", "{0}"):
        with pytest.raises(BadTemplate):
            _ = Template(text).names
