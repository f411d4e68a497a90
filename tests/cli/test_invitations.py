"""`ivrd seats invite`: what a file of people may be, and what is done with it."""

import re
from pathlib import Path
from typing import Any

import pytest

from ivrd.cli import invitations
from ivrd.cli.invitations import MOST_PEOPLE, Person, WrongFile, read
from ivrd.cli.main import main
from ivrd.config.pin import matches


def file_of(folder: Path, content: str | bytes) -> Path:
    path = folder / "helpers.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_names_and_languages_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = file_of(tmp_path, '\N{BOM}มาลี,th,en\r\n\r\n"Suda, R."\r\nSom , en ,\r\n'.encode())
    assert read(path) == [
        Person("มาลี", ("th", "en"), 1),
        Person("Suda, R.", (), 3),
        Person("Som", ("en",), 4),
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Malee\nSuda\nMalee\n", ":3: name: Malee is in line 1 already"),
        (",th\n", ":1: name: expected 1 to 60 characters that can be printed"),
        ("x" * 61, ":1: name: expected 1 to 60 characters that can be printed"),
        ("", ": expected one person a line, name[,number][,language,…], got nobody"),
        (b"\xff\xfe", ": expected UTF-8"),
        ("A,0812345678,0812345679\n", ":1: number: expected one at most"),
        ("A,08-twelve\n", ":1: number: expected a telephone number such as +66 81 234 5678"),
        ('"Malee\n', ":1: not CSV: unexpected end of data"),
        (
            "".join(f"P{n}\n" for n in range(10_000)),
            f":{MOST_PEOPLE + 1}: expected at most {MOST_PEOPLE} people",
        ),
    ],
)
def test_what_is_wrong_has_its_line(tmp_path: Path, content: str | bytes, expected: str) -> None:
    path = file_of(tmp_path, content)
    with pytest.raises(WrongFile) as caught:
        read(path)
    assert str(caught.value) == f"{path}{expected}"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WrongFile, match="No such file"):
        read(tmp_path / "none.csv")


class Ivrd:
    """Answers as ivrd does; `free` seats, `invited` already."""

    def __init__(self, free: int = 2, invited: tuple[str, ...] = ()) -> None:
        self.free, self.invited = free, invited
        self.cards = False  # there is a way to send them
        self.posted: list[tuple[str, dict[str, str]]] = []

    def get(self, _name: str, **_query: str) -> dict[str, Any]:
        return {
            "invited": [{"name": name} for name in self.invited],
            "free": self.free,
            "number": "1340",
            "languages": ["th", "en"],
            "cards": self.cards,
        }

    def post(self, name: str, **query: str) -> dict[str, Any]:
        self.posted.append((name, query))
        sent = bool(query["card"])
        return {"id": str(1000 + len(self.posted)), "seat": "home.01", "sent": sent, "note": ""}


@pytest.fixture
def ivrd(monkeypatch: pytest.MonkeyPatch) -> Ivrd:
    made = Ivrd()
    monkeypatch.setattr(invitations, "client_of", lambda _folder: made)
    return made


def test_each_gets_an_id_and_a_pin_of_which_ivrd_has_the_hash(
    ivrd: Ivrd, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file_of(tmp_path, "Malee,th\nSuda\n")
    assert main(["seats", "invite", str(path)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 2
    for line, name, (_command, query) in zip(out, ("Malee", "Suda"), ivrd.posted, strict=True):
        found = re.fullmatch(rf"{name}: call 1340, id [0-9]+, PIN ([0-9]{{6}})", line)
        assert found
        assert matches(found[1], query["pin"])
        assert (query["person"], query["list"]) == (name, "helpers")


def test_cards_are_sent_to_who_has_a_number_and_their_pins_printed_nowhere(
    ivrd: Ivrd, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ivrd.cards = True
    path = file_of(tmp_path, "Malee,081 234 5678,th\nSuda\n")
    assert main(["seats", "invite", str(path)]) == 0
    malee, suda = capsys.readouterr().out.splitlines()
    (_one, first), (_two, second) = ivrd.posted
    assert malee == "Malee: id 1001, the card is sent"
    assert (first["number"], first["languages"]) == ("081 234 5678", "th")
    assert matches(first["card"], first["pin"])
    assert "PIN" in suda
    assert second["card"] == ""
    assert "081" not in malee


def test_who_is_called_to_a_shift_has_a_number(
    ivrd: Ivrd, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file_of(tmp_path, "Malee,+66 81 234 5678\nSuda\n")
    assert main(["seats", "invite", str(path), "--shift", "office"]) == 2
    assert f"{path}:2: number: missing; expected one" in capsys.readouterr().err
    assert ivrd.posted == []
    assert main(["seats", "invite", str(file_of(tmp_path, "M,0812345678")), "--shift", "day"]) == 0
    ((_command, query),) = ivrd.posted
    assert (query["shift"], query["card"]) == ("day", "")  # there is no way to send it


def test_a_list_goes_on_where_it_broke_off(
    ivrd: Ivrd, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ivrd.invited = ("Malee",)
    assert main(["seats", "invite", str(file_of(tmp_path, "Malee\nSuda\n"))]) == 0
    assert [query["person"] for _command, query in ivrd.posted] == ["Suda"]
    assert "1 were before" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "status", "expected"),
    [
        ("A\nB\nC\n", 1, "3 people, and 2 seats are free: nobody was invited"),
        ("A,fr\n", 2, ":1: language: expected one of th, en, got 'fr'"),
    ],
)
def test_nobody_is_invited_when_not_all_can_be(
    ivrd: Ivrd,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
    status: int,
    expected: str,
) -> None:
    assert main(["seats", "invite", str(file_of(tmp_path, content))]) == status
    assert expected in capsys.readouterr().err
    assert ivrd.posted == []
