"""`ivrd people` and `ivrd recover`: the number is asked for, or in a file, and never an argument.

The numbers here are nobody's: none in Thailand begins with 01 since 2006.
"""

import argparse
import io
from pathlib import Path
from typing import Any

import pytest

from ivrd.cli import people, recover
from ivrd.cli.failure import CommandFailed

NUMBER = "0100000012"
PERSON = {
    "hash": "0a1b2c3d4e5f",
    "person": {
        "seen_at": "2026-11-29T10:05:00+07:00",
        "answered_at": "",
        "waits": [
            {
                "dialled_at": "2026-11-29T10:03:00+07:00",
                "joined_at": "2026-11-29T10:03:10+07:00",
                "ended_at": "2026-11-29T10:05:00+07:00",
                "seconds": 110.0,
            }
        ],
        "shared_at": "",
        "number": NUMBER,
        "number_kept": True,
        "no_callback": False,
        "kept_until": "2026-12-02T10:05:00+07:00",
    },
    "calls": [{"received_at": "2026-11-29T10:03:00+07:00", "outcome": "abandoned"}],
    "at_partners": [],
    "callbacks": [
        {"booked_at": "2026-11-29T10:05:00+07:00", "origin": "lost", "state": "waiting"},
    ],
    "messages": [
        {
            "created_at": "2026-11-29T10:06:00+07:00",
            "use": "callback_booked",
            "state": "delivered",
            "data": {},
        },
        {
            "created_at": "2026-11-29T10:07:00+07:00",
            "use": "intake",
            "state": "waiting",
            "data": {"case": "AB", "citizen_number": "1000000123453", "flags": ""},
        },
    ],
}
LOST = {
    "after_seconds": 60.0,
    "people": [
        {
            "hash": "0a1b2c3d4e5f",
            "number": number,
            "effective_at": "2026-11-29T10:03:10+07:00",
            "waited_seconds": 110.0,
            "calls": 2,
            "last_at": "2026-11-29T10:05:00+07:00",
        }
        for number in (NUMBER, "")
    ],
}


class Daemon:
    """A running ivrd: what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, str]]] = []

    def post(self, name: str, **query: str) -> Any:
        self.asked.append((name, query))
        return self.answer


def run(
    monkeypatch: pytest.MonkeyPatch, module: Any, answer: Any, *words: str
) -> list[tuple[str, dict[str, str]]]:
    daemon = Daemon(answer)
    monkeypatch.setattr(module, "client_of", lambda _folder: daemon)
    parser = argparse.ArgumentParser()
    {people: people.add_people, recover: recover.add_recover}[module](parser)
    given = parser.parse_args([*words, "--config", "config"])
    assert given.run(given) == 0
    return daemon.asked


def test_the_number_is_read_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "number"
    file.write_text(f"  {NUMBER}\nof the letter of 3 November\n", "utf-8")
    asked = run(monkeypatch, people, PERSON, "show", "--file", str(file))
    assert asked == [("person", {"number": NUMBER})]
    assert capsys.readouterr().out.splitlines() == [
        "Hash 0a1b2c3d4e5f: 1 calls are kept",
        "  2026-11-29 10:03:00  abandoned",
        "Call back of 2026-11-29 10:05:00: gave up, and did not ask for it; waits",
        "Message of 2026-11-29 10:06:00: callback_booked; delivered",
        "Message of 2026-11-29 10:07:00: intake; waits; with case, citizen_number",
        "Waited 1 min from 2026-11-29 10:03:10 and was not answered",
        "The number is kept, sealed, to call back",
        "Remembered until 2026-12-02 10:05:00",
    ]


def test_the_number_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{NUMBER}\n"))
    asked = run(
        monkeypatch,
        people,
        {"person": True, "entries": 2, "callbacks": 1, "messages": 0},
        "erase",
        "--file",
        "-",
    )
    assert asked == [("erase-person", {"number": NUMBER})]


def test_the_number_is_asked_for_on_a_terminal_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: NUMBER)
    asked = run(monkeypatch, people, {"no_callback": False}, "no-callback", "--undo")
    assert asked == [("no-callback", {"number": NUMBER, "undo": "yes"})]


@pytest.mark.parametrize("words", [("show",), ("show", "--file", "-")])
def test_without_a_number_it_says_how_to_give_one(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(CommandFailed, match=r"--file FILE|expected a telephone number") as caught:
        run(monkeypatch, people, PERSON, *words)
    assert caught.value.status == 2


def test_a_number_as_an_argument_is_refused() -> None:
    parser = argparse.ArgumentParser()
    people.add_people(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["show", NUMBER])


def test_the_lost_as_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, recover, LOST, "list") == [("recover", {})]
    assert capsys.readouterr().out.splitlines() == [
        "2 people waited 1 min or longer, gave up, and were not answered:",
        "Since                waited  calls  last call            number",
        "2026-11-29 10:03:10  1 min   2      2026-11-29 10:05:00  0100000012",
        "2026-11-29 10:03:10  1 min   2      2026-11-29 10:05:00  not kept",
    ]


def test_the_lost_as_csv(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, recover, LOST, "list", "--csv")
    assert capsys.readouterr().out.splitlines()[:2] == [
        "number,effective_at,waited_seconds,calls,last_at",
        "0100000012,2026-11-29T10:03:10+07:00,110.0,2,2026-11-29T10:05:00+07:00",
    ]


def test_nobody_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, recover, {**LOST, "people": []}, "list")
    said = "Nobody who waited 1 min or longer and gave up is still to be answered.\n"
    assert capsys.readouterr().out == said
