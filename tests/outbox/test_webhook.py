"""Who has signed a request to us as Standard Webhooks says, whatever its headers are."""

import pytest

from ivrd.outbox.webhook import is_signed, signature

SECRET, BODY, NOW = "a-partners-secret", '{"people": 2}', 1_000_000.0
NO_UTF8 = b"\xff".decode(errors="surrogateescape")  # as aiohttp hands such a header on


def headers(key: str = "an-answer", *, signed: str | None = None) -> dict[str, str]:
    right = signature(SECRET, "an-answer", int(NOW), BODY)
    return {
        "webhook-id": key,
        "webhook-timestamp": str(int(NOW)),
        "webhook-signature": right if signed is None else signed,
    }


def test_one_of_several_signatures_is_enough() -> None:
    assert is_signed(SECRET, headers(), BODY, NOW)
    both = f"v1,other {headers()['webhook-signature']}"
    assert is_signed(SECRET, headers(signed=both), BODY, NOW)


@pytest.mark.parametrize(
    "given", [headers(NO_UTF8), headers(signed=NO_UTF8), headers("another"), headers(signed="")]
)
def test_headers_that_are_no_signature_are_refused(given: dict[str, str]) -> None:
    assert not is_signed(SECRET, given, BODY, NOW)
