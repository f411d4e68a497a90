"""Messages as JSON to a system of one's own, signed as Standard Webhooks (standardwebhooks.com).

The header `webhook-signature` is `v1,` and the HMAC-SHA256, in base64, of id, time and body with
dots between.  The id is the idempotency key, the time that of the attempt: a receiver refuses what
is older than a few minutes, so that what somebody has recorded is worth nothing later.
"""

import base64
import hashlib
import hmac
import json
from binascii import Error
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from ivrd.config.outbox_settings import WebhookSettings
from ivrd.core.outbox import Result
from ivrd.outbox.http import HttpClient, Unanswered, result_of
from ivrd.outbox.message import Message

PREFIX = "whsec_"  # before a secret that stands in base64
CLOCK_SECONDS = 300.0  # by which two clocks may differ
MOST_DIGITS = 12  # of a time in seconds


def signature(secret: str, key: str, at: int, body: str) -> str:
    """The value of `webhook-signature`.  Raises ValueError for a secret that is no base64."""
    signed = hmac.new(_bytes(secret), f"{key}.{at}.{body}".encode(), hashlib.sha256)
    return f"v1,{base64.b64encode(signed.digest()).decode()}"


def _bytes(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except Error:
        raise ValueError(f"expected base64 after {PREFIX}") from None


def is_signed(secret: str, headers: Mapping[str, str], body: str, now: float) -> bool:
    """Whether who knows the secret has signed this, by a clock that is right to five minutes.

    Raises ValueError for a secret that is no base64.
    """
    key, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    # What a header has that is no UTF-8 aiohttp gives as surrogates, which cannot be encoded.
    if not (key and key.isascii() and at.isascii() and at.isdecimal() and len(at) <= MOST_DIGITS):
        return False
    if abs(now - int(at)) > CLOCK_SECONDS:
        return False
    right = signature(secret, key, int(at), body).encode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(right, one.encode(errors="replace")) for one in given)


def signed_headers(http: HttpClient, key: str, at: int, signed: str) -> dict[str, str]:
    """The three headers that sign something with a system's secret.  Raises `Unanswered`."""
    secret = http.secret()
    try:
        value = signature(secret, key, at, signed)
    except ValueError as error:
        why = f"{http.settings.secret_file}: {error}"
        raise Unanswered(why, whole_channel=True) from None
    return {"webhook-id": key, "webhook-timestamp": str(at), "webhook-signature": value}


class Webhook:
    """A `Channel`.  `clock`: the wall clock."""

    def __init__(self, settings: WebhookSettings, clock: Callable[[], float]) -> None:
        self.at_once = settings.http.at_once
        self.per_second = settings.http.per_second
        self._http = HttpClient(settings.http)
        self._clock = clock

    async def send(self, key: str, message: Message) -> Result:
        """See `Channel`."""
        body, at = body_of(message), int(self._clock())
        try:
            headers = {
                "Content-Type": "application/json",
                "Idempotency-Key": key,
                **signed_headers(self._http, key, at, body),
            }
            url = self._http.settings.url
            answer = await self._http.request("POST", url, headers=headers, data=body)
        except Unanswered as error:
            return error.result
        return result_of(answer.status, answer.headers)

    async def close(self) -> None:
        """See `Channel`."""
        await self._http.close()


def body_of(message: Message) -> str:
    """The JSON of a message: the same at each attempt."""
    written = datetime.fromtimestamp(message.at, UTC).isoformat(timespec="milliseconds")
    data = {**message.data, "to": message.to, "text": message.text}
    found = {"type": message.use, "timestamp": written.replace("+00:00", "Z"), "data": data}
    return json.dumps(found, ensure_ascii=False)
