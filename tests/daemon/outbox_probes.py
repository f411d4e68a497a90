"""For each setting of outbox.yaml: a change, and what in a running ivrd depends on it."""

from typing import Any

from ivrd.config.outbox_settings import ChannelSettings
from ivrd.daemon.wiring import Wiring
from ivrd.outbox.http import HttpClient
from tests.daemon.reload_probes import Look, Probe, both, put

OUTBOX = "outbox.yaml"
YAML = """
webhooks: {crm: {url: https://crm.example/, secret_file: ./s}}
sms:
  gateway:
    url: https://gateway.example/
    secret_file: ./s
    body: {to: "{number}", text: "{text}"}
    success: {field: status, values: [ok]}
line: {account: {secret_file: ./s}}
files: {trial: {path: ./trial}}
messages:
  callback_booked: {channel: gateway, text: {th: "{hotline}", en: "{hotline}"}}
  link: {channel: gateway, text: {th: "{hotline}", en: "{hotline}"}}
  intake: {channel: crm, text: {th: "{case}", en: "{case}"}}
"""
CHANNELS = {"webhooks": "crm", "sms": "gateway", "line": "account"}


def channel(name: str) -> Any:
    """A channel as messages are sent through it; what is private to it decides what it sends."""
    return lambda parts: parts.outbox.sender.channels[name]


def client(name: str, key: str) -> Look:
    def look(parts: Wiring) -> object:
        http: HttpClient = channel(name)(parts)._http
        return getattr(http.settings, key)

    return look


def sms(key: str) -> Look:
    def look(parts: Wiring) -> object:
        of: ChannelSettings = channel("gateway")(parts)._settings
        return getattr(of, key)

    return look


def message(key: str) -> Look:
    """What both the outbox and those who have something to say read."""

    def look(parts: Wiring) -> object:
        outbox, messages = parts.outbox.outbox.settings, parts.outbox.messages._settings
        assert outbox is messages is parts.intake.tickets.settings.outbox
        return getattr(outbox.messages["callback_booked"], key)

    return look


def names(parts: Wiring) -> object:
    return sorted(parts.outbox.sender.channels)


def scraped(parts: Wiring) -> object:
    """A new channel has its series before anything has left through it."""
    return b'ivrd_outbox_entries{channel="other",state="dead"} 0.0' in parts.scrape()


def of_http(kind: str) -> dict[tuple[str, str], Probe]:
    name = CHANNELS[kind]
    changes = {
        "url": "https://other.example/",
        "secret_file": "./other",
        "ca_file": "./ca.pem",
        "timeout_seconds": 3,
    }
    probes: dict[tuple[str, str], Probe] = {
        (OUTBOX, f"{kind}.*.{key}"): (put(f"{kind}.{name}.{key}", value), client(name, key))
        for key, value in changes.items()
    }

    def of(key: str) -> Look:
        return lambda parts: getattr(channel(name)(parts), key)

    for key in ("at_once", "per_second"):
        probes[OUTBOX, f"{kind}.*.{key}"] = (put(f"{kind}.{name}.{key}", 9), of(key))
    return probes


OTHER_SMS = {"url": "https://a.example/", "query": {"n": "{number}", "t": "{text}"}}
OUTBOX_PROBES: dict[tuple[str, str], Probe] = {
    (OUTBOX, "entries_at_most"): (
        put("entries_at_most", 99),
        lambda parts: parts.outbox.outbox.backlog.most,
    ),
    (OUTBOX, "keep_days"): (
        put("keep_days", 3),
        lambda parts: parts.outbox.outbox.settings.keep_seconds,
    ),
    (OUTBOX, "webhooks"): (
        put("webhooks.other", {"url": "https://a.example/", "secret_file": "./s"}),
        names,
    ),
    (OUTBOX, "sms"): (put("sms.other", OTHER_SMS), names),
    (OUTBOX, "line"): (put("line.other", {"secret_file": "./s"}), names),
    (OUTBOX, "line.*.channel_secret_file"): (
        put("line.account.channel_secret_file", "./other"),
        lambda parts: b'ivrd_outbox_reached_total{channel="account"}' in parts.scrape(),
    ),
    (OUTBOX, "files"): (put("files.other", {"path": "./other"}), scraped),
    (OUTBOX, "files.*.path"): (
        put("files.trial.path", "./other"),
        lambda parts: channel("trial")(parts)._path,
    ),
    **of_http("webhooks"),
    **of_http("sms"),
    **of_http("line"),
    (OUTBOX, "sms.*.method"): (put("sms.gateway.method", "PUT"), sms("method")),
    (OUTBOX, "sms.*.headers"): (put("sms.gateway.headers", {"X-A": "b"}), sms("headers")),
    (OUTBOX, "sms.*.query"): (put("sms.gateway.query", {"a": "{key}"}), sms("query")),
    (OUTBOX, "sms.*.form"): (
        both(
            put("sms.gateway.form", {"to": "{number}", "text": "{text}"}),
            put("sms.gateway.body", {}),
        ),
        sms("form"),
    ),
    (OUTBOX, "sms.*.body"): (
        put("sms.gateway.body", {"to": "{digits}", "text": "{text}"}),
        sms("body"),
    ),
    (OUTBOX, "sms.*.success.status"): (put("sms.gateway.success.status", [202]), sms("status")),
    (OUTBOX, "sms.*.success.field"): (put("sms.gateway.success.field", "a.b"), sms("field")),
    (OUTBOX, "sms.*.success.values"): (put("sms.gateway.success.values", [0]), sms("values")),
    (OUTBOX, "messages"): (
        put("messages.callback_given_up", {"channel": "gateway", "text": {"th": "ก", "en": "a"}}),
        lambda parts: sorted(parts.outbox.outbox.settings.messages),
    ),
    (OUTBOX, "messages.*.channel"): (
        put("messages.callback_booked.channel", "crm"),
        message("channel"),
    ),
    (OUTBOX, "messages.*.within_minutes"): (
        put("messages.callback_booked.within_minutes", 5),
        message("within_seconds"),
    ),
    (OUTBOX, "messages.*.text"): (
        put("messages.callback_booked.text", {"th": "ก", "en": "a"}),
        message("text"),
    ),
}
