"""What callers key in who register, the tickets that come of it, and where no digit may be."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lab.callers import Keys
from lab.changes import long_lease
from tests.outbox.receiver import Request
from tests.real.test_callback import closed

ZONE = ZoneInfo("Asia/Bangkok")
FLAGS = {
    "breath": {
        "ask": "intake-ask-breath",
        "said": "intake-said-breath",
        "note": "short of breath",
        "red": True,
    },
    "over-60": {"ask": "intake-ask-over-60", "said": "intake-said-over-60", "note": "over 60"},
}
BEGINS = "5"


def citizen(n: int) -> str:
    """A made-up number of 13 digits with its check digit; no two alike."""
    digits = f"1101{n:08}"
    check = (11 - sum((13 - at) * int(digit) for at, digit in enumerate(digits)) % 11) % 10
    return f"{digits}{check}"


def day() -> str:
    """Yesterday, as callers key it in."""
    return f"{datetime.now(ZONE) - timedelta(days=1):%d%m}"


def typed(n: int) -> str:
    """Consent, no flag but age, all of it right, the number, right, the day, right."""
    return f"1211{citizen(n)}1{day()}1"


def keys(text: str) -> Keys:
    """As fast as a telephone that dials by itself."""
    return Keys(text, tone=0.06, gap=0.06)


# Where callers hang up, in keys of `typed`: at each step, in the midst of it and at its end.
STEPS = (0, 1, 2, 3, 4, 10, 17, 18, 20, 22)


def with_intake(folder: Path, url: str, *, seats_open: bool) -> Callable[..., None]:
    secret = folder / "crm.secret"
    secret.touch(0o600)
    secret.write_text("not-really-a-secret")

    def change(name: str, settings: dict[str, Any]) -> None:
        long_lease(name, settings)  # so that a busy machine brings nobody to the queue instead
        if not seats_open:
            closed(name, settings)
        if name == "ivrd.yaml":
            settings["waiting"] = {"menu_key": "9", "menu_key_seconds": 20}
            settings["log"] = {"format": "json", "level": "debug"}
            settings.setdefault("limits", {})["behind_seconds"] = 2
        if name == "menus.yaml":
            to = {"intake": "other", "prompt": "intake-offer"}
            settings["menus"][settings["start"]]["keys"][BEGINS] = to
            settings["intake"] = {"flags": FLAGS}
        if name == "outbox.yaml":
            settings["webhooks"] = {"crm": {"url": url, "secret_file": str(secret)}}
            settings.setdefault("messages", {}).update(
                (use, {"channel": "crm", "text": {"th": "{hotline} {case}", "en": "{case}"}})
                for use in ("intake", "intake_code")
            )

    return change


def received(requests: Iterable[Request], use: str) -> dict[str, list[dict[str, Any]]]:
    """The data of what was taken, by idempotency key."""
    found: dict[str, list[dict[str, Any]]] = {}
    for request in requests:
        body = json.loads(request.body)
        if body["type"] == use:
            found.setdefault(request.headers["idempotency-key"], []).append(body["data"])
    return found


def tickets(requests: Iterable[Request]) -> list[dict[str, Any]]:
    """Each once, however often it was sent; what was sent again is the same."""
    several = received(requests, "intake").values()
    assert all(one == same[0] for same in several for one in same)
    return [same[0] for same in several]


def nowhere(folder: Path, numbers: Sequence[str], *but: str) -> None:
    """None of these is in any file below, but in what the simulated callers wrote themselves.

    `but`: other files that have them, by name.
    """
    wanted, found = [number.encode() for number in numbers], set()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix != ".wav":
            data = path.read_bytes()
            found |= {path.name} if any(one in data for one in wanted) else set()
    assert found == {"callers.jsonl", *but}
