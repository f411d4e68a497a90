"""What LINE tells of messages: requests to our webhook, signed with the channel's secret.

Of a notification message LINE tells when it has reached its user (event `delivery`), by the tag
that was sent with it.  It never tells that one did not.  What else an account is told (who writes
to it, who follows it) is not ours.

LINE's library would read them too; to import its models takes seconds of the whole process, and it
raises for events that it does not know.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence

DELIVERY = "delivery"


def is_from_line(secret: str, signature: str, body: str) -> bool:
    """Whether who knows the channel's secret has signed this (the header X-Line-Signature)."""
    right = base64.b64encode(hmac.new(secret.encode(), body.encode(), hashlib.sha256).digest())
    # What a header has that is no UTF-8 aiohttp gives as surrogates, which cannot be encoded.
    return hmac.compare_digest(right, signature.encode(errors="replace"))


def delivered_tags(body: str) -> Sequence[str]:
    """The tags of messages that have reached their users.  Raises ValueError for what is none."""
    try:
        events = json.loads(body)["events"]
        found = [event["delivery"]["data"] for event in events if event["type"] == DELIVERY]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"no events of LINE's: {type(error).__name__}") from None
    if not all(isinstance(tag, str) for tag in found):
        raise ValueError("no events of LINE's: a tag that is no text")
    return found
