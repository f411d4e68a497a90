"""What `ivrd check --live` says of a trunk."""

from typing import Any

import pytest

from ivrd.cli.live import line
from ivrd.cli.main import main

WELL: dict[str, Any] = {
    "name": "partner-bank",
    "called": True,
    "registers": False,
    "faults": [],
    "reachable": True,
    "round_trip_ms": 3.21,
    "certificates": {},
}
SHOWN = {"192.0.2.17:5061": "CN=bank, signed by CN=ca, valid until 2027-01-01 00:00 UTC"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "it answers OPTIONS in 3 ms"),
        ({"round_trip_ms": None}, "it answers OPTIONS"),
        (
            {"faults": ["the password is refused"]},
            "it answers OPTIONS in 3 ms; the password is refused",
        ),
        ({"reachable": False, "faults": ["nothing listens there"]}, "nothing listens there"),
        ({"reachable": False}, "it does not answer OPTIONS"),
        ({"reachable": None}, "not asked yet"),
        ({"called": False}, "it calls us, and we never call it: there is nothing to try"),
        (
            {"called": False, "registers": True},
            "we are registered there, or are about to",
        ),
        ({"called": False, "registers": True, "faults": ["refused (403)"]}, "refused (403)"),
        (
            {"certificates": SHOWN},
            "it answers OPTIONS in 3 ms; 192.0.2.17:5061 shows CN=bank, signed by CN=ca, valid "
            "until 2027-01-01 00:00 UTC",
        ),
    ],
)
def test_a_trunk_in_one_line(more: dict[str, Any], words: str) -> None:
    assert line({**WELL, **more}) == f"partner-bank: {words}"


def test_a_call_goes_with_live(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--call", "bank"]) == 1
    assert "--call goes with --live" in capsys.readouterr().err
