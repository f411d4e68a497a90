"""Somebody changes the hotline while callers are in it: nobody is cut off, nobody is lost."""

import shutil
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.callers import Caller, HangUp, Keys, Quiet, Wait
from lab.hotline import Plan
from lab.partners import PartnerSite, takes
from tests.fixtures.hotline import HOTLINE
from tests.real.overflow_rig import Sites, partner, with_partners
from tests.real.rig import WAIT, Hotline

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Callable[..., Hotline]]:
    """A hotline with recordings of its own."""
    labs: list[Hotline] = []

    def start(**plan: Any) -> Hotline:
        config, sounds = tmp_path / "of" / "config", tmp_path / "of" / "sounds"
        shutil.copytree(HOTLINE, config)
        shutil.copytree((HOTLINE / "../../../sounds").resolve(), sounds)
        path = config / "ivrd.yaml"
        path.write_text(path.read_text("utf-8").replace("../../../sounds", "../sounds"), "utf-8")
        lab = Hotline(Plan(tmp_path / "lab", config=config, **plan))
        lab.start()
        labs.append(lab)
        return lab

    yield start
    for lab in labs:
        lab.stop()
        assert "Traceback" not in lab.ivrd.log_text()
        assert lab.asterisk.complaints(lab.tolerated) == []


def edit(lab: Hotline, name: str, change: Edit) -> None:
    path = lab.config / name
    settings = yaml.safe_load(path.read_text("utf-8"))
    change(settings)
    path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")


def rename(of: str, before: str, after: str) -> Edit:
    """Another name for a queue or a pool."""

    def change(settings: dict[str, Any]) -> None:
        names = settings[of]
        settings[of] = {after if name == before else name: names[name] for name in names}

    return change


def record(path: Path, seconds: float) -> None:
    """A recording of a tone that is loud enough to be heard."""
    with wave.open(str(path), "wb") as file:
        file.setframerate(8000)
        file.setsampwidth(2)
        file.setnchannels(1)
        file.writeframes(b"\x00\x20\x00\xe0" * round(seconds * 4000))


def everybody_counted(lab: Hotline, people: list[Caller], ledger: Any) -> None:
    assert [row for row in lab.rows(people, ledger) if not row.agrees] == []
    assert lab.ivrd.scrape().total("ivrd_events_refused_total") == 0


@pytest.mark.lasts(60)
def test_a_longer_recording_is_heard_to_its_end_without_a_reload(lab):
    lab = lab(agents=2, talk=1.0, ring=0.2)
    people = [Caller(1, "listens", (Wait(16), Keys("111")))]
    for language in ("th", "en"):
        record(lab.sounds / language / "welcome.wav", 10.0)
    ledger = lab.calling(people, rate=5.0).wait(WAIT)
    assert ledger.outcomes() == {"answered": 1}
    assert [talk.topic for talk in lab.agents.ledger()] == ["hi-register"]
    assert lab.ivrd.status()["calls"]["unattended"] == 0
    everybody_counted(lab, people, ledger)
