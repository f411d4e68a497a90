"""`ivrd outbox`: a line for each message, and one in full."""

from typing import Any

import pytest

from ivrd.cli import outbox
from ivrd.cli.main import main
from ivrd.cli.outbox import entries_text, entry_text
from ivrd.core.outbox import EntryState

ROW: dict[str, Any] = {
    "id": "0f6b2c1e-7d0c-5b34-9a0e-3c7a1d2e4f50",
    "state": "waiting",
    "use": "callback_booked",
    "channel": "gateway",
    "recipient": "0123456789ab",
    "attempts": 3,
    "why": "answered 500",
    "created_at": 1795312060.0,
    "age_seconds": 75.0,
    "due_in_seconds": 120.0,
    "gives_up_in_seconds": 1500.0,
    "ended_at": None,
    "reached_at": None,
    "sent_now": False,
}
DEAD = {
    **ROW,
    "state": "dead",
    "due_in_seconds": None,
    "gives_up_in_seconds": None,
    "ended_at": 1795312160.0,
}


def test_a_list() -> None:
    head, row, dead, now = entries_text([ROW, DEAD, {**ROW, "sent_now": True}]).splitlines()
    assert head.split()[0] == "Message"
    assert "in 2 min" in row
    assert "answered 500" in row
    assert "in 2 min" not in dead
    assert " now " in now
    assert entries_text([]) == "No message waits, and none was not delivered."


def test_one_in_full() -> None:
    text = entry_text(ROW)
    assert text.startswith(f"{ROW['id']}: waits\n")
    assert "3 attempts\nthe last one failed: answered 500\nnext attempt in 2 min; given up" in text
    assert "dead: not tried any more" in entry_text(DEAD)


def test_every_state_has_its_words() -> None:
    assert set(outbox.STATES) == set(EntryState)


def test_what_is_to_be_sent_again_has_to_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["ID", "--dead", "gateway"]):
        with pytest.raises(SystemExit) as left:
            main(["outbox", "retry", *words])
        assert left.value.code == 2
        assert "--dead" in capsys.readouterr().err
