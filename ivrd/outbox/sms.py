"""Text messages through a gateway, as the configuration describes its requests and answers."""

import json
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from ivrd.config.outbox_settings import SmsSettings, word
from ivrd.config.outbox_template import filled
from ivrd.core.outbox import Delivered, Failed, Result
from ivrd.outbox.http import Answer, HttpClient, Unanswered, result_of, value_at
from ivrd.outbox.message import Message

SHOWN = 40  # characters of what a gateway answers


class Sms:
    """A `Channel`.  `national(number)`: a number (E.164) as it is dialled at home."""

    def __init__(self, settings: SmsSettings, national: Callable[[str], str]) -> None:
        self.at_once = settings.http.at_once
        self.per_second = settings.http.per_second
        self._settings = settings
        self._http = HttpClient(settings.http)
        self._national = national

    async def send(self, key: str, message: Message) -> Result:
        """See `Channel`."""
        of = self._settings
        try:
            values = {
                "number": message.to,
                "digits": message.to.removeprefix("+"),
                "national": self._national(message.to),
                "text": message.text,
                "key": key,
                "secret": self._http.secret(),
            }
            headers = {name: value.filled(values) for name, value in of.headers.items()}
            data, kind = self._body(values)
            if kind:
                headers = {"Content-Type": kind, **headers}
            answer = await self._http.request(
                of.method,
                of.http.url,
                headers={"Idempotency-Key": key, **headers},
                params=_words(filled(of.query, values)),
                data=data,
            )
        except Unanswered as error:
            return error.result
        return self._result(answer)

    async def close(self) -> None:
        """See `Channel`."""
        await self._http.close()

    def _body(self, values: Mapping[str, str]) -> tuple[str | None, str]:
        """The body of a request, and its type."""
        if self._settings.form:
            form = urlencode(_words(filled(self._settings.form, values)))
            return form, "application/x-www-form-urlencoded"
        if self._settings.body:
            return json.dumps(filled(self._settings.body, values)), "application/json"
        return None, ""

    def _result(self, answer: Answer) -> Result:
        of = self._settings
        result = result_of(answer.status, answer.headers)
        if not isinstance(result, Delivered):
            return result
        if of.status and answer.status not in of.status:
            expected = ", ".join(map(str, sorted(of.status)))
            return Failed(f"answered {answer.status}; success.status has {expected}")
        return taken(answer, of.field, of.values) if of.field else Delivered()


def taken(answer: Answer, field: str, values: frozenset[str]) -> Result:
    """Whether the answer's JSON says that the message was taken."""
    try:
        found = value_at(answer, field)
    except ValueError as error:
        return Failed(f"answered {answer.status} {error}")
    if isinstance(found, dict | list) or word(found) not in values:
        shown = "a list or mapping" if isinstance(found, dict | list) else word(found)[:SHOWN]
        return Failed(f"answered {answer.status} with {field} = {shown!r}")
    return Delivered()


def _words(tree: object) -> dict[str, str]:
    """A flat tree as text."""
    assert isinstance(tree, dict)
    return {key: "" if value is None else word(value) for key, value in tree.items()}
