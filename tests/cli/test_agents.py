"""`ivrd agent pin`, and what the tables say."""

import io

import pytest

from ivrd.cli.agents import agent_text, agents_text
from ivrd.cli.main import main
from ivrd.config.pin import matches

ROW = {
    "id": "a-101",
    "name": "Somchai",
    "pool": "base",
    "seat": "base-01",
    "state": "talking",
    "duty": "paused",
    "reason": "lunch",
    "seconds": 61.0,
    "languages": [],
    "topics": [],
    "back": "",
    "called": "",
}


def test_a_pin_from_the_input_becomes_a_hash_that_matches(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("2718\n"))
    assert main(["agent", "pin"]) == 0
    assert matches("2718", capsys.readouterr().out.strip())


@pytest.mark.parametrize("typed", ["", "12\n", "secret\n"])
def test_what_is_no_pin_is_refused_and_not_repeated(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert main(["agent", "pin"]) == 2
    assert capsys.readouterr() == ("", "ivrd: expected a PIN of 4 to 12 digits\n")


def test_an_agent_in_words() -> None:
    assert agent_text(ROW) == "a-101, Somchai, at base-01 of base: talking, then paused (lunch)."
    skilled = agent_text({**ROW, "languages": ["en", "th"], "topics": ["other"]})
    assert skilled.endswith("(lunch). Speaks en and th. Knows other.")
    assert "Somchai" in agents_text([ROW])
    assert agents_text([]) == "There are no agents: agents.yaml names none."


def test_who_did_not_answer_is_told_how_to_be_rung_again() -> None:
    back = "To be rung again: dial *14 at the seat's phone, or `ivrd agent resume a-101`."
    row = ROW | {"state": "paused", "reason": "no answer", "back": back}
    assert agent_text(row) == f"a-101, Somchai, at base-01 of base: paused (no answer). {back}"
    assert agents_text([ROW, row]).splitlines()[-1] == f"a-101: {back}"


def test_that_an_agent_was_called_is_told() -> None:
    called = "called 3 times since the shift began at 08:00: no answer"
    row = ROW | {"called": called}
    assert agent_text(row).endswith(f" {called}.")
    assert agents_text([ROW, row]).splitlines()[-1] == f"a-101: {called}."
