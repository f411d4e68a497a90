"""Somebody changes the hotline while callers are in it: nobody is cut off, nobody is lost."""

import os
import shutil
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.callers import Caller, Keys, Quiet, Wait
from lab.changes import long_lease  # a busy machine would bring callers to the queue instead
from lab.hotline import Plan
from lab.partners import takes
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


def is_open(lab: Hotline, file: str) -> bool:
    """Whether Asterisk plays this recording now."""
    names = Path(f"/proc/{lab.asterisk.pid}/fd").iterdir()
    return any(os.path.realpath(name).endswith(f"/{file}") for name in names)


def waiting_for(status: Any, queue: str) -> int:
    return sum(row["waiting"] for row in status["queues"] if row["name"] == queue)


def everybody_counted(lab: Hotline, people: list[Caller], ledger: Any) -> None:
    assert [row for row in lab.rows(people, ledger) if not row.agrees] == []
    assert lab.ivrd.scrape().total("ivrd_events_refused_total") == 0


@pytest.mark.lasts(25)
def test_a_longer_recording_is_heard_to_its_end_without_a_reload(lab):
    lab = lab(agents=2, talk=1.0, ring=0.2)
    before = [Caller(1, "knows the short one", (Wait(1), Keys("111")))]
    assert lab.calling(before, rate=5.0).wait(WAIT).outcomes() == {"answered": 1}
    for language in ("th", "en"):
        record(lab.sounds / language / "welcome.wav", 14.0)
    after = [Caller(2, "listens", (Wait(16), Keys("111")))]  # and after the lease of the short one
    ledger = lab.calling(after, rate=5.0, name="after").wait(WAIT)
    assert ledger.outcomes() == {"answered": 1}
    lab.over()
    assert [talk.topic for talk in lab.agents.ledger()] == ["hi-register"] * 2
    assert lab.ivrd.status()["calls"]["unattended"] == 0
    assert lab.settled().ended("answered") == 2


@pytest.mark.lasts(25)
def test_callers_in_menus_are_led_to_where_topics_lead_after_a_reload(lab):
    """The queue gets another name, a topic goes, a prompt goes, and so does a language."""
    lab = lab(agents=4, talk=1.0, ring=0.2, change=long_lease)
    late = (Wait(12),)
    people = [
        Caller(1, "renamed queue", (Keys("11"), *late, Keys("1"))),
        Caller(2, "topic that goes", (Keys("11"), *late, Keys("2"))),
        Caller(3, "menu that goes", (Keys("1"), *late, Keys("23"))),
        Caller(4, "language that goes", (Keys("2"), *late, Keys("0"))),
    ]
    calling = lab.calling(people, rate=5.0)
    lab.until("all are in menus", lambda s: s["calls"]["menu"] == len(people))
    edit(lab, "queues.yaml", rename("queues", "home_isolation", "home_care"))
    edit(lab, "queues.yaml", lambda s: s["queues"]["home_care"]["topics"].pop("hi-symptoms"))
    edit(lab, "menus.yaml", lambda s: s["menus"]["home-isolation"]["keys"].pop("2"))
    edit(lab, "menus.yaml", lambda s: s["menus"]["language"]["keys"].pop("2"))
    edit(lab, "ivrd.yaml", lambda s: s.update(languages=["th"]))
    lab.ivrd.once("reload")
    # Not in the moment between ivrd's word and Asterisk's opening of the file.
    lab.until("the last menu is being told", lambda _status: is_open(lab, "en/main-menu.wav"))
    for prompt in ("main-menu", "home-isolation-menu", "vaccination-menu"):
        (lab.sounds / "en" / f"{prompt}.wav").unlink()
    ledger = calling.wait(WAIT)
    assert ledger.outcomes() == {"answered": len(people)}
    assert lab.nobody_was_in_silence(ledger, 6.0)
    topics = {talk.number: talk.topic for talk in lab.talks()}
    assert topics[people[0].shown] == "hi-register"
    assert topics[people[2].shown] in ("lab-results", "other")
    scrape = lab.settled()
    assert scrape.total("ivrd_calls_offered_total", queue="home_care") == 1
    assert scrape.total("ivrd_calls_offered_total", queue="home_isolation") == 0
    assert scrape.total("ivrd_unattended_total") == 0
    everybody_counted(lab, people, ledger)


@pytest.mark.lasts(25)
def test_a_reload_says_whom_it_moved_and_a_pool_by_another_name_works_on(lab):
    lab = lab(agents=2, talk=6.0, ring=0.2, change=long_lease)
    first = [Caller(n, "talks", (Keys("111"),)) for n in (1, 2)]
    talking = lab.calling(first, rate=5.0, name="talking")
    lab.until("both talk", lambda s: s["calls"]["talk"] == 2)
    lab.ivrd.once("seats", "close", "base", "--yes")  # nobody else is answered before the reload
    second = [Caller(n, "waits", (Keys("2"), Wait(1), Keys("11"))) for n in (3, 4, 5)]
    waiting = lab.calling(second, rate=5.0, name="waiting")
    lab.until("three wait", lambda s: waiting_for(s, "home_isolation") == 3)
    edit(lab, "queues.yaml", rename("queues", "home_isolation", "home_care"))
    said = lab.ivrd.once("reload")
    assert "3 callers moved from home_isolation to home_care." in said
    entries = lab.ivrd.get("audit")["entries"]
    assert "3 callers moved from home_isolation to home_care" in entries[-1]["detail"]
    lab.ivrd.once("seats", "open", "base")
    edit(lab, "queues.yaml", rename("pools", "surge", "extra"))
    lab.ivrd.once("seats", "open", "surge")
    lab.until("the surge seats are free", lambda s: s["pools"][1]["free"] == 70)
    lab.ivrd.once("reload")
    pools = lab.until("they are free by another name", lambda s: s["pools"][1]["free"] == 70)
    assert [(pool["name"], pool["open"]) for pool in pools["pools"]] == [
        ("base", True),
        ("extra", True),
    ]
    assert "surge-" not in lab.asterisk.cli("queue show")
    for calling in (talking, waiting):
        assert set(calling.wait(WAIT).outcomes()) == {"answered"}
    assert lab.settled().ended("answered") == 5


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Sites]:
    sites = Sites(tmp_path / "sites")
    yield sites
    sites.stop()


def by_partner(lab: Hotline) -> int:
    return int(lab.ivrd.scrape().total("ivrd_calls_total", by="partner"))


@pytest.mark.lasts(30)
def test_partners_that_go_change_or_get_another_name_with_callers_on_the_line(lab, sites):
    """One talks, one rings; the first is removed, the second gets another trunk and another name.

    Talks go on, whoever was ringing is rung elsewhere, and the seats of what is gone are gone.
    """
    leaving = sites("leaving", takes(talk=15.0))
    ringing = sites("ringing", takes(ring=7.0, talk=7.0))
    other = sites("other", takes(talk=7.0))
    partners = {
        "leaving": partner(leaving.trunk, 1, cap=1),
        "ringing": partner(ringing.trunk, 1, cap=1),
    }
    lab = lab(agents=1, talk=25.0, ring=0.2, change=with_partners(partners, floor_seats=2))
    people = [Caller(n, "key 0", (Keys("0"), Quiet(120))) for n in (1, 2, 3)]
    calling = lab.calling(people, rate=0.5)
    lab.until("an agent and a partner talk", lambda s: s["calls"]["talk"] == 2)
    lab.until("the other partner rings", lambda s: len(ringing.ledger()) + ringing_now(s) > 0)

    def change(settings: dict[str, Any]) -> None:
        settings["partners"] = {"renamed": partner(other.trunk, 2, cap=2)}

    edit(lab, "partners.yaml", change)
    lab.ivrd.once("reload")
    assert [row["id"] for row in lab.ivrd.get("partners")["partners"]] == ["renamed"]
    ledger = calling.wait(WAIT)
    assert ledger.outcomes() == {"answered": 3}
    assert lab.nobody_was_in_silence(ledger, 6.0)
    assert [talk.ended for talk in leaving.taken()] == ["agent"]  # it was not cut off
    assert "@partner-leaving" not in lab.asterisk.cli("queue show")
    assert "@partner-ringing" not in lab.asterisk.cli("queue show")
    assert lab.settled().ended("answered") == 3
    assert by_partner(lab) == 2


def ringing_now(status: Any) -> int:
    return sum(row.get("ringing", 0) for row in status["partners"])
