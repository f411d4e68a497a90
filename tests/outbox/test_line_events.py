"""What LINE tells of messages: only what it has signed, and whatever else it may send."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.outbox.line_events import delivered_tags, is_from_line

SECRET = "a-channel-secret"
# As in LINE's documentation of the event, and of another one.
DELIVERY = {
    "type": "delivery",
    "delivery": {"data": "5c1f3c2e-9b1c-5a53-8d4e-0b5f3a6f7c33"},
    "webhookEventId": "01FZ74A0TDDPYRVKNK77XKC3ZR",
    "deliveryContext": {"isRedelivery": False},
    "timestamp": 1462629479859,
    "mode": "active",
}
FOLLOW = {"type": "follow", "replyToken": "x", "mode": "active", "source": {"type": "user"}}


def signed(body: str, secret: str = SECRET) -> str:
    found = hmac.new(secret.encode(), body.encode(), hashlib.sha256).digest()
    return base64.b64encode(found).decode()


def webhook_body(*events: Any) -> str:
    return json.dumps({"destination": "U1", "events": list(events)})


def test_only_who_has_the_secret_has_signed() -> None:
    body = webhook_body(DELIVERY)
    assert is_from_line(SECRET, signed(body), body)
    for signature in ("", "x", "\u00e9", "\udcff", signed(body, "another"), signed(body + " ")):
        assert not is_from_line(SECRET, signature, body)


@given(st.text(), st.text(min_size=1), st.text())
def test_no_other_body_and_no_other_secret_has_the_signature(
    body: str, secret: str, other: str
) -> None:
    body, secret, other = (of.encode(errors="replace").decode() for of in (body, secret, other))
    assert is_from_line(secret, signed(body, secret), body)
    assert is_from_line(secret, signed(body, secret), other) == (body == other)


def test_deliveries_are_read_and_all_else_is_left() -> None:
    assert delivered_tags(webhook_body(DELIVERY, FOLLOW)) == [DELIVERY["delivery"]["data"]]  # type: ignore[index]
    assert delivered_tags(webhook_body()) == []  # the console of LINE verifies an address so


NONE = [
    *("", "{", "{}", "[]", "1", "null", "[" * 100_000),
    *('{"events": 1}', '{"events": ["x"]}', '{"events": null}'),
    *(
        webhook_body({}),
        webhook_body({"type": "delivery"}),
        webhook_body({**DELIVERY, "delivery": "x"}),
    ),
    *(webhook_body({**DELIVERY, "delivery": {"data": tag}}) for tag in (1, None, [])),
]


@pytest.mark.parametrize("body", NONE)
def test_what_is_none_is_told_so(body: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        delivered_tags(body)
