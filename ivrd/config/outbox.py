"""outbox.yaml: the channels to other systems, and which messages leave through them.

Without it, as with no messages in it, nothing leaves.
"""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_core import PydanticCustomError

from ivrd.config.control_socket import located
from ivrd.config.effect import RELOAD
from ivrd.config.field_types import (
    HEADER,
    LANGUAGE,
    NAME,
    PATH,
    FieldType,
    choice,
    host,
    number,
    pattern,
    whole,
    worded,
    written,
)
from ivrd.config.model import File, Part, read
from ivrd.config.outbox_settings import (
    ChannelSettings,
    FileSettings,
    HttpSettings,
    LineSettings,
    MessageSettings,
    OutboxSettings,
    SmsSettings,
    Tree,
    WebhookSettings,
    word,
)
from ivrd.config.outbox_template import Template, header, template, tree
from ivrd.config.problem import Problem, unknown
from ivrd.config.yamlfile import Document

FILE = "outbox.yaml"
DAY, MINUTE = 86_400.0, 60.0
SECRET_NAMES = ("auth", "key", "token", "secret", "password")

# The messages there may be, and what may stand in the text of each.
MESSAGES: Mapping[str, tuple[str, ...]] = {
    "callback_booked": ("hotline",),
    "callback_not_reached": ("hotline", "next"),
    "callback_given_up": ("hotline",),
    "link": ("hotline",),
    "intake": ("hotline", "case"),
    "intake_code": ("hotline", "case"),
    "seat_card": ("hotline", "number", "id", "pin"),
}
# These have more than their text, which a text message or LINE leaves out.
FOR_PROGRAMS = ("intake",)


def _url(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    name = parts.hostname or ""
    if not value.isascii() or not value.isprintable() or " " in value or port == 0:
        return None
    if host(name) is None or parts.fragment or len(value) > 1000:
        return None
    if parts.scheme == "http" and not _is_loopback(name):
        raise ValueError("without TLS only to this machine itself, such as http://127.0.0.1:8080/")
    return value if parts.scheme in ("http", "https") else None


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


class _Url(FieldType):
    """An address that does not repeat what may be a password."""

    def _value(self, value: object) -> object:
        if isinstance(value, str) and ("@" in value or "?" in value):
            say = "no user, password or ? may stand here; use headers, query and secret_file"
            raise PydanticCustomError("expected", "{message}", {"message": say})
        return super()._value(value)


_PLAIN = worded("an address such as https://gateway.example/send", _url)
URL = _Url(_PLAIN.what, _PLAIN.read)
FIELD = pattern("the place of a value in JSON, such as result.0.status", r"[\w.-]{1,100}")
ENV = "IVRD_OUTBOX_{}_SECRET"  # stands in for a channel's secret_file
LINE_ENV = "IVRD_OUTBOX_{}_CHANNEL_SECRET"  # and for its channel_secret_file

Texts = dict[Annotated[str, LANGUAGE], Annotated[str, template(670, MESSAGES)]]


class HttpPart(Part):
    """What all that is sent over HTTP has."""

    secret_file: Annotated[str, PATH, RELOAD] = ""
    ca_file: Annotated[str, PATH, RELOAD] = ""
    timeout_seconds: Annotated[float, number(0.1, 60), RELOAD] = 10
    at_once: Annotated[int, whole(1, 50), RELOAD] = 4
    per_second: Annotated[float, number(0.1, 100), RELOAD] = 20


class WebhookPart(HttpPart):
    """A system that gets each message as signed JSON."""

    url: Annotated[str, URL, RELOAD]


class SuccessPart(Part):
    """How a gateway says that it has taken a message."""

    status: Annotated[list[Annotated[int, whole(200, 299)]], RELOAD] = Field(default_factory=list)
    field: Annotated[str, FIELD, RELOAD] = ""
    values: Annotated[list[str | int | bool], RELOAD] = Field(default_factory=list)


class SmsPart(HttpPart):
    """A gateway for text messages, whatever its interface over HTTP is."""

    url: Annotated[str, URL, RELOAD]
    method: Annotated[str, choice("POST", "GET", "PUT"), RELOAD] = "POST"
    headers: Annotated[dict[Annotated[str, HEADER], Annotated[str, header()]], RELOAD] = Field(
        default_factory=dict
    )
    query: Annotated[Tree, tree(flat=True), RELOAD] = Field(default_factory=dict)
    form: Annotated[Tree, tree(flat=True), RELOAD] = Field(default_factory=dict)
    body: Annotated[Tree, tree(flat=False), RELOAD] = Field(default_factory=dict)
    success: SuccessPart = SuccessPart()


class LinePart(HttpPart):
    """A LINE Official Account."""

    url: Annotated[str, URL, RELOAD] = "https://api.line.me"
    channel_secret_file: Annotated[str, PATH, RELOAD] = ""


class FilePart(Part):
    """A file that gets a line for each message."""

    path: Annotated[str, PATH, RELOAD]


class MessagePart(Part):
    """A message, and the channel through which it leaves."""

    channel: Annotated[str, NAME, RELOAD]
    within_minutes: Annotated[float, number(1, 10_080), RELOAD] = 60
    text: Annotated[Texts, Field(min_length=1), RELOAD]


Names = Annotated[str, NAME]


class OutboxFile(Part):
    """outbox.yaml."""

    entries_at_most: Annotated[int, whole(10, 100_000), RELOAD] = 20_000
    keep_days: Annotated[int, whole(1, 366), RELOAD] = 7
    webhooks: Annotated[dict[Names, WebhookPart], RELOAD] = Field(default_factory=dict)
    sms: Annotated[dict[Names, SmsPart], RELOAD] = Field(default_factory=dict)
    line: Annotated[dict[Names, LinePart], RELOAD] = Field(default_factory=dict)
    files: Annotated[dict[Names, FilePart], RELOAD] = Field(default_factory=dict)
    messages: Annotated[dict[Annotated[str, choice(*MESSAGES)], MessagePart], RELOAD] = Field(
        default_factory=dict
    )


KINDS = ("webhooks", "sms", "line", "files")


def read_file(folder: Path) -> File[OutboxFile]:
    """outbox.yaml; a folder without it sends nothing.  Raises `ConfigError`."""
    path = folder / FILE
    if not path.exists():
        return File(Document(str(path), None, {(): 0}), OutboxFile())
    return read(path, OutboxFile)


def check(file: File[OutboxFile]) -> Iterator[Problem]:
    """What is wrong between the values of this file."""
    parsed = file.parsed
    known: dict[str, str] = {}
    for kind in KINDS:
        for name in getattr(parsed, kind):
            if name in known:
                yield file.problem(
                    kind, name, say=f"a channel in {known[name]} is named so as well"
                )
            known.setdefault(name, kind)
    for name, webhook in parsed.webhooks.items():
        if not webhook.secret_file:
            say = "expected a file with the secret by which each message is signed"
            yield file.problem("webhooks", name, say=f"secret_file: missing; {say}")
    for name, line in parsed.line.items():
        if not line.secret_file:
            say = "expected a file with the channel access token"
            yield file.problem("line", name, say=f"secret_file: missing; {say}")
    for name, part in parsed.sms.items():
        for key, say in _wrong_sms(part):
            yield file.problem("sms", name, *key, say=say)
    yield from _check_messages(file, known)


def _wrong_sms(part: SmsPart) -> Iterator[tuple[Sequence[str], str]]:
    if part.form and part.body:
        yield ("form",), "expected either form or body, got both"
    if part.method == "GET" and (part.form or part.body):
        yield ("method",), "GET has no body; expected POST or PUT, or query instead"
    if bool(part.success.field) != bool(part.success.values):
        yield ("success",), "expected field and values, or neither of them"
    for name, value in part.headers.items():
        secret = any(word in name.lower() for word in SECRET_NAMES)
        if secret and not {"secret", "key"} & Template(value).names:
            say = "no secret may stand here; write {secret}, and name its file as secret_file"
            yield ("headers", name), say
    used = {place for value in _texts(part) for place in Template(value).names}
    if "secret" in used and not part.secret_file:
        yield (), "secret_file: missing; expected the file of {secret}"
    for needed in ({"text"}, {"number", "digits", "national"}):
        if not used & needed:
            places = " or ".join(f"{{{name}}}" for name in sorted(needed))
            yield (), f"expected {places} in query, form or body"


def _texts(part: SmsPart) -> Iterator[str]:
    yield from part.headers.values()
    for each in (part.query, part.form, part.body):
        yield from _leaves(each)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)


def _check_messages(file: File[OutboxFile], known: Mapping[str, str]) -> Iterator[Problem]:
    for use, message in file.parsed.messages.items():
        if message.channel not in known:
            say = unknown("channel", message.channel, sorted(known))
            yield file.problem("messages", use, "channel", say=say)
        elif use in FOR_PROGRAMS and known[message.channel] in ("sms", "line"):
            say = (
                f"expected a channel of webhooks or files, got one of {known[message.channel]}, "
                "through which only the text leaves, and not what the caller has keyed in"
            )
            yield file.problem("messages", use, "channel", say=say)
        for language, text in message.text.items():
            if strange := Template(text).names - {*MESSAGES[use]}:
                say = unknown("place", sorted(strange)[0], MESSAGES[use])
                yield file.problem("messages", use, "text", language, say=say)


def check_with_program(file: File[OutboxFile], languages: Sequence[str]) -> Iterator[Problem]:
    """Languages that callers speak and a message does not; a further one may have no text."""
    languages = written(languages)
    for use, message in file.parsed.messages.items():
        for language in languages:
            if language not in message.text:
                say = f"missing; expected the text in each of {', '.join(languages)}"
                yield file.problem("messages", use, "text", say=f"{language}: {say}")


def settings(parsed: OutboxFile, folder: Path) -> OutboxSettings:
    """The settings, as the program works with them."""
    channels: dict[str, ChannelSettings] = {}
    for name, webhook in parsed.webhooks.items():
        channels[name] = WebhookSettings(_http(name, webhook, webhook.url, folder))
    for name, line in parsed.line.items():
        secret = line.channel_secret_file
        channels[name] = LineSettings(
            _http(name, line, line.url, folder),
            located(folder, secret) if secret else None,
            _variable(LINE_ENV, name),
        )
    for name, sms in parsed.sms.items():
        channels[name] = SmsSettings(
            _http(name, sms, sms.url, folder),
            sms.method,
            {key: Template(value) for key, value in sms.headers.items()},
            sms.query,
            sms.form,
            sms.body,
            frozenset(sms.success.status),
            sms.success.field,
            frozenset(word(value) for value in sms.success.values),
        )
    for name, file in parsed.files.items():
        channels[name] = FileSettings(located(folder, file.path))
    messages = {
        use: MessageSettings(
            message.channel,
            message.within_minutes * MINUTE,
            {language: Template(text) for language, text in message.text.items()},
        )
        for use, message in parsed.messages.items()
    }
    return OutboxSettings(parsed.entries_at_most, parsed.keep_days * DAY, channels, messages)


def _http(name: str, part: HttpPart, url: str, folder: Path) -> HttpSettings:
    return HttpSettings(
        url,
        located(folder, part.secret_file) if part.secret_file else None,
        _variable(ENV, name),
        located(folder, part.ca_file) if part.ca_file else None,
        part.timeout_seconds,
        part.at_once,
        part.per_second,
    )


def _variable(form: str, name: str) -> str:
    return form.format(name.upper().replace("-", "_"))
