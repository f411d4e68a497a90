"""What other systems answer to messages that they are sent."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from fuzz.runner import One, Target
from ivrd.core.outbox import Delivered, Failed, Refused
from ivrd.outbox.http import ANSWER_BYTES, Answer, result_of, retry_after
from ivrd.outbox.sms import taken

NOW = datetime(2026, 11, 22, 1, 47, 40, tzinfo=UTC)


@contextmanager
def gateway() -> Iterator[One]:
    """Status, Retry-After, a body that may be JSON: a result, in one printable line."""

    def one(data: bytes) -> None:
        head, _, body = data.partition(b"\n")
        status, _, later = head.decode("latin-1").partition(" ")
        assert retry_after(later, NOW) >= 0.0
        answer = Answer(sum(status.encode()) % 600, "", {"Retry-After": later}, body, False)
        cut = Answer(200, "", {}, body[:ANSWER_BYTES], len(body) > ANSWER_BYTES)
        results = [result_of(answer.status, answer.headers)]
        results += [taken(cut, field, frozenset({"ok"})) for field in ("status", "a.0.b", "0")]
        for result in results:
            assert isinstance(result, Delivered | Failed | Refused)
            if not isinstance(result, Delivered):
                assert result.why.isprintable()

    yield one


SEEDS: Sequence[bytes] = (
    b'200 \n{"status": "ok"}',
    b'429 30\n{"a": [{"b": true}]}',
    b"503 Sun, 22 Nov 2026 01:48:40 GMT\n<html>",
    b'200 \n["ok", null, 1e999, "\\ud800"]',
    b"301 \n" + b"[" * 2000,
)
TARGETS = (
    Target(
        "gateway",
        gateway,
        lambda: SEEDS,
        1_500,
        60_000,
        (b'{"status":', b"[", b'"ok"', b"NaN", b"\\u0000", b" GMT"),
    ),
)
