"""The commands for partners as a person types them: plain words, the right exit status."""

import argparse
import asyncio
import csv
import io
import json
import os
import pwd
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.cells import cell_len

from ivrd.cli import main
from ivrd.cli.drill import Place, drill
from ivrd.config.settings import Settings
from ivrd.core.partner import Override
from ivrd.core.report import PartnerEvent, PartnerEventKind
from tests.fixtures.hotline import copied
from tests.partners.rig import NOW, Rig, served

ROOT = Path(__file__).parents[2]


@dataclass
class Done:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str


Type = Callable[..., Done]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A small hotline with a control socket of the test's own."""
    return copied(tmp_path / "config", lambda s: s["control"].update(socket=str(tmp_path / "s")))


@pytest.fixture
def ivrd(config: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    def type_it(*words: str) -> Done:
        try:
            status = main.main([*words, "--config", str(config)])
        except SystemExit as end:  # argparse's own
            status = int(end.code or 0)
        said = capsys.readouterr()
        for_a_program = {"--csv", "--json"} & set(words)
        assert for_a_program or all(cell_len(line) <= 100 for line in said.out.splitlines())
        return Done(status, said.out, said.err)

    return type_it


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Partners behind the control socket."""
    made = Rig()
    with served(made, tmp_path / "s"):
        yield made


@pytest.mark.parametrize(
    "words",
    [
        ("partner",),
        ("partner", "fly"),
        ("partner", "show"),
        ("partner", "override", "alpha"),
        ("partner", "override", "ajar", "alpha"),
        ("partner", "drain"),
        ("report",),
        ("report", "hours"),
    ],
)
def test_wrong_usage_is_told_with_status_2(ivrd: Type, words: tuple[str, ...]) -> None:
    done = ivrd(*words)
    assert done.status == 2
    assert done.err.startswith("usage: ivrd")


ALL = [
    ("partner", "list"),
    ("partner", "show", "alpha"),
    ("partner", "override", "open", "alpha"),
    ("partner", "drain", "alpha"),
    ("partner", "release", "alpha"),
    ("partner", "resume", "alpha"),
    ("partner", "drill", "alpha"),
    ("explain",),
    ("report", "partners"),
    ("audit",),
]


@pytest.mark.parametrize("words", [*ALL, ("explain", "call", "1795312060.7")])
def test_without_a_daemon_they_say_so_with_status_1(ivrd: Type, words: tuple[str, ...]) -> None:
    done = ivrd(*words)
    assert (done.status, done.out) == (1, "")
    assert "is it running?" in done.err


@pytest.mark.parametrize("act", ["show", "drain", "release", "resume", "drill"])
def test_an_unknown_partner_is_told_with_the_closest_name(ivrd: Type, rig: Rig, act: str) -> None:
    done = ivrd("partner", act, "alhpa")
    assert (done.status, done.out) == (2, "")
    assert done.err == 'ivrd: unknown partner "alhpa"; did you mean alpha?\n'


@pytest.mark.parametrize("words", ALL)
def test_each_answers_a_program_with_json(ivrd: Type, rig: Rig, words: tuple[str, ...]) -> None:
    rig.calls.answers = [(True, "key pressed")]
    done = ivrd(*words, "--json")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out)


def test_a_paused_partner_is_resumed_by_a_command(ivrd: Type, rig: Rig) -> None:
    done = ivrd("partner", "resume", "alpha")
    first_time = "healthy so far, nobody there has taken a call yet"
    assert done.out == f"alpha: it was not paused; {first_time}.\n"
    for _ in range(3):
        rig.leg_event("refused", status="CONGESTION", cause=21)
    done = ivrd("partner", "resume", "alpha")
    why = "refused, declined (21), 3 in a row"
    assert done.out == f"alpha: its pause is over; trying one call: {why}.\n"
    for _ in range(3):
        rig.leg_event("refused", "beta", status="NOANSWER", cause=0, alerted=True)
    done = ivrd("partner", "resume", "beta")
    assert done.out == (
        "beta: its pause is over; trying one call: rang, and nobody answered, 2 in a row.\n"
        "It gets no calls all the same: onboarding.\n"
    )


def test_a_running_ivrd_is_reached_while_somebody_edits_the_configuration(
    ivrd: Type, rig: Rig, config: Path
) -> None:
    (config / "menus.yaml").write_text("half: [a file")
    assert ivrd("partner", "list").status == 0
    (config / "ivrd.yaml").write_text("control: {socket: 5}\n")
    done = ivrd("partner", "list")
    said = f"{config / 'ivrd.yaml'}:1: control.socket: expected a path, got 5; write it in quotes\n"
    assert (done.status, done.out, done.err) == (2, "", said)


def test_the_list_has_a_line_for_each_partner_and_says_what_holds_it(ivrd: Type, rig: Rig) -> None:
    rig.begin("a")
    rig.leg_event("offered")
    rig.leg_event("confirmed", seconds=3.0)
    assert ivrd("partner", "override", "closed", "alpha").status == 0
    head, alpha, why, beta = ivrd("partner", "list").out.splitlines()
    names = ["Partner", "state", "pledge", "cap", "wanted", "open", "ringing", "busy"]
    assert head.split() == [*names, "offered", "taken"]
    assert alpha.split() == ["alpha", "active", "30", "40", "0", "0", "0", "1", "1", "1"]
    assert why == "    closed by override"
    assert beta.split() == ["beta", "onboarding", "10", "15", "0", "0", "0", "0", "0", "0"]


def test_show_tells_everything_of_one(ivrd: Type, rig: Rig) -> None:
    rig.leg_event("offered")
    rig.leg_event("refused", status="BUSY", cause=17)
    out = ivrd("partner", "show", "alpha").out
    for words in (
        "Name       Alpha Bank / ธนาคาร ก",
        "State      active; no drill was ever confirmed",
        "Trunk      192.0.2.1",
        "Seats      30 pledged, 40 at most",
        "1 offered, 0 taken, 1 refused",
        "Why        nothing was decided yet",
    ):
        assert words in out


@pytest.mark.parametrize(
    ("words", "override", "says"),
    [
        (
            ("override", "open"),
            Override.OPEN,
            "alpha: open by override: its pledged seats take calls",
        ),
        (
            ("override", "closed"),
            Override.CLOSED,
            "alpha: closed by override: it gets no calls; conversations in progress (1) go on",
        ),
        (("pin", "closed"), Override.CLOSED, "alpha: closed by override"),  # its former name
        (
            ("drain",),
            Override.DRAINING,
            "alpha: draining: it gets no calls; conversations in progress (1) go on",
        ),
        (("release",), None, "alpha: no override: the policy decides."),
        (("unpin",), None, "alpha: no override: the policy decides."),
    ],
)
def test_overrides(
    ivrd: Type, rig: Rig, words: tuple[str, ...], override: Override | None, says: str
) -> None:
    rig.begin("a")
    done = ivrd("partner", *words, "alpha")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(says)
    assert rig.partners.runtime("alpha").override is override


def test_an_override_that_opens_nothing_says_why(ivrd: Type, rig: Rig) -> None:
    done = ivrd("partner", "override", "open", "beta")
    assert done.status == 0
    assert done.out.endswith("It gets no calls all the same: onboarding.\n")


def test_what_could_not_be_written_down_is_said(ivrd: Type, rig: Rig) -> None:
    rig.shelf.down = True
    done = ivrd("partner", "drain", "alpha")
    assert done.status == 0
    assert done.err.startswith("ivrd: done, but the store does not answer")


def test_the_audit_log_is_a_line_for_each_act(ivrd: Type, rig: Rig) -> None:
    assert ivrd("audit").out == "2026-11-01 00:00 to 2026-11-23 00:00: no entries.\n"
    ivrd("partner", "drain", "alpha")
    title, head, line = ivrd("audit").out.splitlines()
    assert title == "2026-11-01 00:00 to 2026-11-23 00:00"
    assert head.split() == ["When", "who", "what", "partner", "detail"]
    me = pwd.getpwuid(os.getuid()).pw_name
    words = [me, "override", "draining", "alpha", "none", "->", "draining"]
    assert line.split() == ["2026-11-22", "08:47:40", *words]
    assert ivrd("audit", "--to", "2026-11-21", "--from", "2026-11-01").out.endswith("no entries.\n")


def test_a_drill_tells_what_came_of_it(ivrd: Type, rig: Rig) -> None:
    rig.calls.answers = [(False, "nobody pressed 1"), (True, "key pressed after 4 s")]
    done = ivrd("partner", "drill", "beta")
    assert (done.status, done.out) == (1, "beta: not confirmed: nobody pressed 1\n")
    done = ivrd("partner", "drill", "beta")
    assert (done.status, done.out) == (
        0,
        "beta: confirmed, verified on 2026-11-22; it is active.\nkey pressed after 4 s\n",
    )


def test_a_drills_call_is_placed_when_somebody_listens_for_it(config: Path, rig: Rig) -> None:
    """What the real `place` does is for Asterisk; here it only has the call answered."""
    rig.calls.guard = asyncio.Event()
    rig.calls.answers = [(True, "key pressed")]
    found = []

    def place(settings: Settings, partner: str) -> None:
        found.append((settings.control_socket, partner, list(rig.calls.placed)))
        assert rig.calls.guard is not None
        rig.loop.call_soon_threadsafe(rig.calls.guard.set)

    assert typed(config, place) == 0
    assert found == [(config.parent / "s", "beta", ["beta"])]


def test_a_drill_whose_call_cannot_be_placed_ends_at_once(config: Path, rig: Rig) -> None:
    rig.calls.guard = asyncio.Event()
    rig.calls.answers = [(False, "nothing was heard of the test call")]

    def place(_settings: Settings, _partner: str) -> None:
        raise RuntimeError("no console")

    with pytest.raises(RuntimeError, match="no console"):
        typed(config, place)
    rig.loop.call_soon_threadsafe(rig.calls.guard.set)


def typed(config: Path, place: Place) -> int:
    """`ivrd partner drill beta`, with a way of placing calls."""
    return drill(argparse.Namespace(config=config, json=False, name="beta"), place)


def test_explain_goes_partner_by_partner(ivrd: Type, rig: Rig) -> None:
    rig.partners.evaluate(NOW)
    out = ivrd("explain").out
    assert out.startswith("0 seats wanted, 0 asked of partners\n")
    head, alpha, beta = out.splitlines()[-3:]
    assert head.split() == ["Partner", "seats", "why"]
    assert alpha.startswith("alpha      0  0 of 0 seats for a pledge of 30 in 30; 0 open, 0 busy")
    assert beta.startswith("beta       0  no seats: onboarding")


def test_the_report_is_a_list_for_honours(ivrd: Type, rig: Rig) -> None:
    for number in range(3):
        rig.wrote(PartnerEvent("beta", PartnerEventKind.OFFERED))
        rig.wrote(PartnerEvent("beta", PartnerEventKind.CONFIRMED, 3.0))
        rig.wrote(PartnerEvent("beta", PartnerEventKind.TALKED, 1500.0, caller=f"caller{number}"))
    rig.wrote(PartnerEvent("alpha", PartnerEventKind.CONFIRMED, 3.0))
    rig.wrote(PartnerEvent("alpha", PartnerEventKind.TALKED, 60.0, caller="caller0"))
    days = ("--from", "2026-11-22", "--to", "2026-11-22")
    done = ivrd("report", "partners", *days)
    assert (done.status, done.err) == (0, "")
    title, _head, first, second, *_ = done.out.splitlines()
    assert title == "2026-11-22 00:00 to 2026-11-23 00:00"
    figures = ["3", "3", "3", "0", "0", "1:15", "75.0%", "300.0%"]
    assert first.split() == ["1.", "Beta", "Bank", *figures]
    assert second.split() == [
        *("2.", "Alpha", "Bank", "1", "0", "1", "0", "0", "0:01", "25.0%", "33.3%")
    ]
    rows = list(csv.DictReader(io.StringIO(ivrd("report", "partners", *days, "--csv").out)))
    assert [(row["partner"], row["name_th"], row["people"]) for row in rows] == [
        ("beta", "ธนาคาร ข", "3"),
        ("alpha", "ธนาคาร ก", "1"),
    ]
    assert rows[0]["refused_busy"] == "0"


def test_a_report_says_what_it_could_not_read(ivrd: Type, rig: Rig) -> None:
    rig.shelf.put("history", f"{int(NOW)}.1 o 5 alpha/01", "[")
    done = ivrd("report", "partners")
    assert done.status == 0
    assert done.err == "note: 1 entries of the store are unreadable\n"


def test_a_day_that_is_none_is_told_with_status_2(ivrd: Type, rig: Rig) -> None:
    done = ivrd("report", "partners", "--from", "tomorrow")
    assert (done.status, done.out) == (2, "")
    assert done.err == "ivrd: from: expected a day such as 2026-11-22, got 'tomorrow'\n"
