"""`ivrd seats invite` and `withdraw`: people who stay on the line of a seat, list by list."""

import argparse
import csv
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ivrd.cli.client import Client, client_of
from ivrd.cli.failure import WRONG, CommandFailed
from ivrd.cli.options import show, subcommand
from ivrd.config import pin
from ivrd.config.dialled import canonical

PIN_DIGITS = 6
NUMBER = re.compile(r"[+0-9(]")  # how one begins, and no language does
MOST_BYTES = 2 << 20
MOST_PEOPLE = 500  # as many seats as a pool can have
TOLD_AT_MOST = 20


class WrongFile(CommandFailed):
    """The file cannot be used; the message says where and why, one line for each problem."""

    status = WRONG


class Person(NamedTuple):
    """One line of the file."""

    name: str
    languages: tuple[str, ...]
    line: int
    number: str = ""


def add_invitations(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Both commands, beside the others of `ivrd seats`."""
    text = (
        "give each person of a CSV file (name[,number][,language,…]) an id and a PIN, and print "
        "them, or send them to the number if outbox.yaml has the message seat_card"
    )
    invite = subcommand(acts, "invite", _invite, text)
    invite.add_argument("file", metavar="FILE", type=Path)
    invite.add_argument("--list", help="what the list is called; else as the file is")
    text = "hours of hours.yaml: at each beginning ivrd calls these people to the line"
    invite.add_argument("--shift", metavar="HOURS", default="", help=text)
    invite.add_argument("--pool", default="", help="whose seats; need not be said of the only one")
    text = "nobody of a list is let in any more; talks that are on go on to their end"
    subcommand(acts, "withdraw", _withdraw, text).add_argument("list", metavar="LIST")


def _invite(given: argparse.Namespace) -> int:
    """Run once more, it goes on where it broke off: who is on the list stays as invited."""
    people = read(given.file)
    client, listed = client_of(given.config), given.list or given.file.stem
    found = client.get("invited", list=listed, pool=given.pool)
    _check(given.file, people, found["languages"])
    there = {row["name"] for row in found["invited"]}
    people = [person for person in people if person.name not in there]
    if len(people) > found["free"]:
        raise CommandFailed(
            f"{len(people)} people, and {found['free']} seats are free: nobody was invited"
        )
    _check_called(given, people)
    asked = {"list": listed, "pool": given.pool, "shift": given.shift}
    for person in people:
        row = _invited(client, person, asked, found["number"], by_message=found["cards"])
        show(given, row, _card)
        sys.stdout.flush()
    say = f"{len(people)} people were invited; `ivrd seats withdraw {listed}` withdraws them"
    before = f"; {len(there)} were before, whose PINs nobody knows but they" if there else ""
    print(f"ivrd: {say}{before}", file=sys.stderr)
    return 0


def _card(row: dict[str, str]) -> str:
    """The line to hand out."""
    if not row["pin"]:
        return f"{row['name']}: id {row['id']}, the card is sent"
    return f"{row['name']}: call {row['number']}, id {row['id']}, PIN {row['pin']}"


def _invited(
    client: Client, person: Person, asked: dict[str, str], number: str, *, by_message: bool
) -> dict[str, str]:
    """Invite one; what the person has to know.  ivrd gets the PIN only to send it on."""
    digits = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"
    answer = client.post(
        "invite",
        **asked,
        person=person.name,
        languages=",".join(person.languages),
        pin=pin.pin_hash(digits),
        number=person.number,
        card=digits if by_message and person.number else "",
    )
    if answer["note"]:
        print(f"ivrd: {answer['note']}", file=sys.stderr)
    told = "" if answer["sent"] else digits
    return {"name": person.name, "number": number, "id": answer["id"], "pin": told}


def _check_called(given: argparse.Namespace, people: list[Person]) -> None:
    """People who are to be called to a shift, and have no number.  Raises `WrongFile`."""
    if not given.shift:
        return
    say = "number: missing; expected one, at which ivrd calls when the shift begins"
    problems = [f"{given.file}:{person.line}: {say}" for person in people if not person.number]
    if problems:
        raise WrongFile("\n".join(problems[:TOLD_AT_MOST]))


def _withdraw(given: argparse.Namespace) -> int:
    answer = client_of(given.config).post("withdraw", list=given.list)
    show(given, answer, _withdrawn)
    if answer["note"]:
        print(f"ivrd: {answer['note']}", file=sys.stderr)
    return 0


def _withdrawn(answer: dict[str, Any]) -> str:
    return (
        f"List {answer['list']}: {answer['withdrawn']} people are withdrawn; "
        f"{answer['on_line']} of them were on the line."
    )


# --- the file ----------------------------------------------------------------------------------


def read(path: Path) -> list[Person]:
    """The people of a CSV file.  Raises `WrongFile`."""
    people: list[Person] = []
    problems: list[str] = []
    rows = csv.reader(_text(path).splitlines(), strict=True)
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            numbers = [cell for cell in cells[1:] if NUMBER.match(cell)]
            languages = tuple(cell for cell in cells[1:] if cell and cell not in numbers)
            person = Person(cells[0], languages, rows.line_num, next(iter(numbers), ""))
            problems += _wrong_numbers(path, rows.line_num, numbers)
            problems += _wrong(path, person, people)
            people.append(person)
            if len(people) > MOST_PEOPLE:
                problems.append(f"{path}:{rows.line_num}: expected at most {MOST_PEOPLE} people")
                break
    except csv.Error as error:
        problems.append(f"{path}:{rows.line_num}: not CSV: {error}")
    if not people and not problems:
        say = "expected one person a line, name[,number][,language,…], got nobody"
        problems.append(f"{path}: {say}")
    if problems:
        raise WrongFile("\n".join(problems[:TOLD_AT_MOST]))
    return people


def _wrong(path: Path, person: Person, before: list[Person]) -> Iterator[str]:
    name = person.name
    if not name or len(name) > 60 or not name.isprintable():
        yield f"{path}:{person.line}: name: expected 1 to 60 characters that can be printed"
    elif first := next((one for one in before if one.name == name), None):
        yield f"{path}:{person.line}: name: {name} is in line {first.line} already"


def _wrong_numbers(path: Path, line: int, numbers: list[str]) -> Iterator[str]:
    if len(numbers) > 1:
        yield f"{path}:{line}: number: expected one at most"
    elif numbers and not canonical(numbers[0]):
        yield f"{path}:{line}: number: expected a telephone number such as +66 81 234 5678"


def _check(path: Path, people: list[Person], languages: list[str]) -> None:
    """Languages that the hotline does not have.  Raises `WrongFile`."""
    problems = [
        f"{path}:{person.line}: language: expected one of {', '.join(languages)}, got {language!r}"
        for person in people
        for language in person.languages
        if language not in languages
    ]
    if problems:
        raise WrongFile("\n".join(problems[:TOLD_AT_MOST]))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise WrongFile(f"{path}: expected at most {MOST_BYTES >> 20} MB")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise WrongFile(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise WrongFile(f"{path}: expected UTF-8") from None
