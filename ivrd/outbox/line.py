"""Messages by LINE, through its own library.

A telephone number gets a *LINE notification message*: LINE finds the user by the number's SHA-256,
and the account needs LINE's permission for it.  An id of a user, group or room gets a push message.
A push has LINE's own idempotency key; a notification message has none, and the number stands in for
it only in the tag that LINE's delivery event has.

The library is imported when the first message is sent, in a thread: that takes a second.  Its
requests go through `http.py`, as it follows redirects, has no limit for an answer, and uses a
proxy of the environment.
"""

import asyncio
import hashlib
import re
from typing import Any

from ivrd.config.outbox_settings import LineSettings
from ivrd.core.outbox import Delivered, Result
from ivrd.outbox.http import HttpClient, Unanswered, result_of
from ivrd.outbox.message import Message

LINE_ID = re.compile(r"[UCR][0-9a-f]{32}")
ALREADY_TAKEN = 409  # by LINE's documentation of X-Line-Retry-Key


class Line:
    """A `Channel`."""

    def __init__(self, settings: LineSettings) -> None:
        self.at_once = settings.http.at_once
        self.per_second = settings.http.per_second
        self._http = HttpClient(settings.http)
        self._library: Any = None
        self._api: Any = None
        self._importing = asyncio.Lock()

    async def send(self, key: str, message: Message) -> Result:
        """See `Channel`."""
        try:
            token = self._http.secret()
        except Unanswered as error:
            return error.result
        await self._prepare()
        library, api = self._library, self._api
        api.api_client.configuration.access_token = token
        pushed = LINE_ID.fullmatch(message.to) is not None
        text = library.TextMessage(text=message.text)
        if pushed:
            request = library.PushMessageRequest(to=message.to, messages=[text])
        else:
            hashed = hashlib.sha256(message.to.encode()).hexdigest()
            request = library.PnpMessagesRequest(to=hashed, messages=[text])
        try:
            await (api.push_message if pushed else api.push_messages_by_phone)(request, key)
        except Unanswered as error:
            return error.result
        except library.ApiException as error:
            if error.status == ALREADY_TAKEN and pushed:
                return Delivered()
            return result_of(error.status, error.headers)
        except ValueError:
            pass  # status 2xx, and then something that the library does not know: it was taken
        return Delivered()

    async def close(self) -> None:
        """See `Channel`."""
        await self._http.close()

    async def _prepare(self) -> None:
        async with self._importing:
            if self._api is None:
                self._library = await asyncio.to_thread(_library)
                client = self._library.AsyncApiClient(self._library.Configuration(access_token=""))
                await client.rest_client.close()
                client.rest_client.pool_manager = _Requests(self._http)
                self._api = self._library.AsyncMessagingApi(client)
                self._api.line_base_path = self._http.settings.url


def _library() -> Any:
    from linebot.v3 import messaging

    return messaging


class _Response:
    """An answer as the library reads it."""

    def __init__(self, status: int, reason: str, headers: Any, body: bytes) -> None:
        self.status, self.reason, self.headers = status, reason, headers
        self._body = body

    async def read(self) -> bytes:
        return self._body


class _Requests:
    """Takes the place of the library's own session."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def request(
        self, method: str, url: str, headers: dict[str, str], data: Any = None, **_: Any
    ) -> _Response:
        answer = await self._http.request(method, url, headers=headers, data=data)
        return _Response(answer.status, answer.reason, answer.headers, answer.body)

    async def close(self) -> None: ...
