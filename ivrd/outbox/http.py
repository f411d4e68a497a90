"""HTTP to other systems: every answer, and every way in which there is none, as a result.

No redirect is followed: what is sent is for the system that is named in the configuration, and for
no other.  No proxy of the environment is used, no cookie kept, nothing decompressed, and of an
answer no more than `ANSWER_BYTES` is read.
"""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from errno import EPERM

import aiohttp

from ivrd.config.outbox_settings import HttpSettings
from ivrd.config.problem import ConfigError
from ivrd.config.secret import read_secret
from ivrd.core.outbox import Delivered, Failed, Refused, Result

ANSWER_BYTES = 65_536
FORBIDDEN = " (ivrd.service needs IPAddressAllow= for it)"
# These say that the channel is set up wrongly, not the message: nobody there knows us, or the path.
NOT_FOR_US = frozenset({401, 403, 404, 405, 407, 410})
LATER = frozenset({408, 409, 421, 425, 429})
BUSY = frozenset({429, 503})  # it is too much for them, whichever message it is


class Unanswered(Exception):
    """There is no whole answer.

    The message says why.  whole_channel: any other request would have failed as well.
    """

    def __init__(self, why: str, *, whole_channel: bool = False) -> None:
        super().__init__(why)
        self.result = Failed(why, whole_channel=whole_channel)


@dataclass(frozen=True)
class Answer:
    """What came back; `body` is cut at `ANSWER_BYTES`, and then `cut`."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    cut: bool


class HttpClient:
    """Requests to one system.  Its connections are made when they are needed."""

    def __init__(self, settings: HttpSettings) -> None:
        self.settings = settings
        self._session: aiohttp.ClientSession | None = None

    def secret(self) -> str:
        """As its file has it now.  Raises `Unanswered` when it cannot be read."""
        path = self.settings.secret_file
        if path is None:
            return ""
        try:
            return read_secret(path, self.settings.secret_variable, token=True)
        except ConfigError as error:
            raise Unanswered(str(error), whole_channel=True) from None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        data: bytes | str | None = None,
    ) -> Answer:
        """Raises `Unanswered`."""
        try:
            session = self._open()
            async with session.request(
                method, url, headers=headers, params=params, data=data, allow_redirects=False
            ) as response:
                return await _answer(response)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError among them
            raise self._unanswered(error) from None

    def _unanswered(self, error: Exception) -> Unanswered:
        """What went wrong, in words that have neither the query nor the body."""
        match error:
            case TimeoutError():
                return Unanswered(f"no whole answer within {self.settings.timeout_seconds:g} s")
            case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
                return Unanswered(f"no TLS with it: {_certificate(error)}", whole_channel=True)
            case aiohttp.ClientConnectorError():
                why = error.os_error.strerror or type(error.os_error).__name__
                if error.os_error.errno == EPERM:
                    why += FORBIDDEN
                return Unanswered(f"cannot be reached: {why}", whole_channel=True)
            case aiohttp.ClientPayloadError():
                return Unanswered("its answer broke off")
            case aiohttp.ClientResponseError():
                return Unanswered("what came is no HTTP")
            case aiohttp.ClientConnectionError() | OSError():
                return Unanswered("the connection broke off")
            case _:
                return Unanswered(f"no answer: {type(error).__name__}")

    async def close(self) -> None:
        """Close its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            of = self.settings
            try:
                with_tls = of.url.startswith("https:")
                tls = ssl.create_default_context(cafile=of.ca_file) if with_tls else True
            except (OSError, ValueError) as error:
                why = f"{of.ca_file}: cannot be read: {getattr(error, 'strerror', '') or error}"
                raise Unanswered(why, whole_channel=True) from None
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls, limit=of.at_once),
                timeout=aiohttp.ClientTimeout(total=of.timeout_seconds),
                headers={"User-Agent": "ivrd", "Accept-Encoding": "identity"},
                auto_decompress=False,
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _answer(response: aiohttp.ClientResponse) -> Answer:
    body = b""
    while len(body) <= ANSWER_BYTES:
        if not (more := await response.content.read(ANSWER_BYTES + 1 - len(body))):
            break
        body += more
    cut = len(body) > ANSWER_BYTES
    if cut:
        response.close()  # the rest is not worth waiting for
    return Answer(
        response.status, response.reason or "", response.headers, body[:ANSWER_BYTES], cut
    )


def value_at(answer: Answer, field: str) -> object:
    """What an answer's JSON has at `field`, such as `result.0.status`.

    Raises ValueError, whose words say what came instead.
    """
    if answer.cut:
        raise ValueError("with more than can be JSON of a gateway")
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise ValueError("with something that is no JSON") from None
    for step in field.split("."):
        if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        elif isinstance(found, dict) and step in found:
            found = found[step]
        else:
            raise ValueError(f"without {field}")
    return found


def result_of(status: int, headers: Mapping[str, str]) -> Result:
    """What an answer's status says; RFC 9110 has each."""
    if 200 <= status < 300:
        return Delivered()
    why = f"answered {status}"
    if 300 <= status < 400:
        say = f"{why}, a redirect, which is not followed: expected the new address in its place"
        return Failed(say, whole_channel=True)
    if status in NOT_FOR_US:
        return Failed(why, whole_channel=True)
    if status in LATER or status >= 500:
        wait = retry_after(headers.get("Retry-After", ""), datetime.now(UTC))
        return Failed(why, retry_after=wait, whole_channel=status in BUSY)
    return Refused(why)


def retry_after(text: str, now: datetime) -> float:
    """The seconds that a Retry-After header asks for; 0 for what is none."""
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _certificate(
    error: aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError,
) -> str:
    """What is wrong with it, in OpenSSL's words."""
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", error)
    words = getattr(inner, "verify_message", "") or getattr(inner, "reason", "") or str(inner)
    return str(words)[:200]
