"""What `ivrd check --capacity` says of a cost, and of an Asterisk that is not there."""

from dataclasses import replace

import pytest

from ivrd.cli import capacity
from ivrd.cli.main import main
from ivrd.config.load import load
from ivrd.config.settings import Settings
from ivrd.core.waiting_cost import WaitingCost
from tests.fixtures.hotline import HOTLINE

NOBODYS_PORT = 9  # discard; Asterisk is not there
COST = WaitingCost(music=0.0021, sound=0.001)


@pytest.fixture
def settings() -> Settings:
    found = load(HOTLINE)
    asterisk = replace(found.asterisk, ami_port=NOBODYS_PORT, rtp_first=10000, rtp_last=19999)
    return replace(found, asterisk=asterisk, callers_at_most=1000, music_at_most=100)


def test_what_fits_is_no_problem(settings: Settings) -> None:
    assert list(capacity.problems(settings, COST, processors=4)) == []


def test_what_does_not_fit_is_told_with_what_would(settings: Settings) -> None:
    assert list(capacity.problems(settings, COST, processors=2)) == [
        "limits.callers: 1000 waiting callers, 100 of them with music, take 2.2 of 2 processors, "
        "and 60% are usable; expected at most 534 callers"
    ]
    all_music = replace(settings, music_at_most=1000)
    (problem,) = capacity.problems(all_music, COST, processors=4)
    assert problem.endswith("expected music for 333 (limits.music), or at most 774 callers")
    few_ports = replace(settings, asterisk=replace(settings.asterisk, rtp_last=10999))
    (problem,) = capacity.problems(few_ports, COST, processors=4)
    assert problem.startswith("asterisk.rtp: 1000 ports for sound, and up to ")


def test_people_read_the_same_figures_as_programs(settings: Settings) -> None:
    figures = capacity.figures(settings, COST, processors=2)
    said = "\n".join(capacity.lines(settings, figures))
    for key in ("carried", "carried_with_music_for_all", "carried_without_sound", "sound_ports"):
        assert f" {figures[key]} " in said, key
    assert "0.210%" in said
    assert "open files have room for: not seen" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--capacity"], "no Asterisk is seen at its manager port"),
        (["--force"], "--force goes with --capacity"),
    ],
)
def test_what_cannot_be_done_is_said(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said: str,
) -> None:
    monkeypatch.setattr(capacity, "process", lambda _port: None)
    assert main(["check", *words, "--config", str(HOTLINE)]) == 1
    assert said in capsys.readouterr().err
