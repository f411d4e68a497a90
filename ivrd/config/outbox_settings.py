"""What the outbox needs of the configuration: plain values that never change."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ivrd.config.outbox_template import Template

Tree = Mapping[str, object]


@dataclass(frozen=True)
class HttpSettings:
    """How a channel is reached.  `secret_variable` in the environment stands in for the file."""

    url: str
    secret_file: Path | None
    secret_variable: str
    ca_file: Path | None
    timeout_seconds: float
    at_once: int
    per_second: float


@dataclass(frozen=True)
class WebhookSettings:
    """A system that gets each message as signed JSON."""

    http: HttpSettings


@dataclass(frozen=True)
class SmsSettings:
    """A gateway for text messages.

    The templates of a request: `headers`, `query`, and as its body `form` or `body` (JSON).  It was
    taken when the status is one of `status` (empty: 200 to 299) and, if `field` is not empty, the
    answer has one of `values` there.
    """

    http: HttpSettings
    method: str
    headers: Mapping[str, Template]
    query: Tree
    form: Tree
    body: Tree
    status: frozenset[int]
    field: str
    values: frozenset[str]


@dataclass(frozen=True)
class LineSettings:
    """A LINE Official Account; its secret is the channel access token.

    channel_secret_file: what LINE signs with that tells us when a message has reached its user;
    None: it does not tell.  channel_secret_variable in the environment stands in for it.
    """

    http: HttpSettings
    channel_secret_file: Path | None = None
    channel_secret_variable: str = ""


@dataclass(frozen=True)
class FileSettings:
    """A file."""

    path: Path


ChannelSettings = WebhookSettings | SmsSettings | LineSettings | FileSettings


@dataclass(frozen=True)
class MessageSettings:
    """A message: its text in each language; after `within_seconds` it is of no use."""

    channel: str
    within_seconds: float
    text: Mapping[str, Template]

    def words(self, language: str, values: Mapping[str, str]) -> str:
        """The text in a language, or in the first one that it has."""
        text = self.text.get(language) or next(iter(self.text.values()))
        return text.filled(values)


@dataclass(frozen=True)
class OutboxSettings:
    """The whole of it.

    most: entries that may wait or be dead; keep_seconds: how long it is known what became of one.
    """

    most: int
    keep_seconds: float
    channels: Mapping[str, ChannelSettings]
    messages: Mapping[str, MessageSettings]


def word(value: object) -> str:
    """How a value of JSON is compared: true as `true`, 0 as `0`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
