"""What ships in config/ as a product: it is whole, and 1330 is as its prompts say.

All other tests have the small hotline of tests/fixtures/hotline.
"""

import re
import shutil
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivrd.asterisk.render import rendered
from ivrd.config import model
from ivrd.config.field_types import FURTHER
from ivrd.config.languages import not_reviewed
from ivrd.config.load import load
from ivrd.config.prompts import (
    LanguageFile,
    defaults_in,
    file_name,
    said_in,
    unused_prompts,
    used_prompts,
)
from ivrd.config.sounds import (
    PRESS_SECONDS,
    long_whispers,
    missing_defaults,
    missing_music,
    prompt_files,
    spare_files,
)
from ivrd.core import menu
from ivrd.core.commands import AtInfo, Command, Say, ToPerson
from ivrd.core.inputs import Key
from ivrd.core.menu import Visit
from ivrd.core.menu_tree import ToMenu, ToTopic
from ivrd.core.overflow import Policy
from ivrd.core.partner import PartnerState, trained_for
from ivrd.core.priority import Urgency

CONFIG = Path(__file__).parents[2] / "config"
SHIPPED = load(CONFIG)
TREE = SHIPPED.tree
DOCUMENTATION = [ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


def test_it_is_the_thai_hotline_1330() -> None:
    assert (SHIPPED.number, SHIPPED.country, SHIPPED.languages[0]) == ("1330", "TH", "th")
    assert SHIPPED.zone == ZoneInfo("Asia/Bangkok")
    assert SHIPPED.policy == Policy()  # the section names the usual values


def test_every_prompt_is_recorded_and_said_and_every_recording_has_a_prompt() -> None:
    faults = [*prompt_files(SHIPPED), *missing_defaults(SHIPPED), *missing_music(SHIPPED)]
    assert [str(fault) for fault in faults] == []
    assert [str(fault) for fault in [*unused_prompts(SHIPPED), *spare_files(SHIPPED)]] == []


def test_every_topic_can_be_chosen_and_is_told_to_partners_people() -> None:
    chosen = {
        choice.topic
        for each in TREE.menus.values()
        for choice in each.keys.values()
        if isinstance(choice, ToTopic)
    }
    assert chosen | {TREE.operator} == set(TREE.queue_of)
    assert {f"topic-{topic}" for topic in TREE.queue_of} <= set(SHIPPED.prompts)


def test_no_partner_is_called_before_somebody_has_put_in_what_was_agreed() -> None:
    assert SHIPPED.partners
    for partner in SHIPPED.partners:
        assert any(ip_address(partner.trunk) in net for net in DOCUMENTATION)
        assert partner.state is PartnerState.ONBOARDING


def test_every_partner_could_help_somebody() -> None:
    topics = {queue.name: tuple(queue.topics) for queue in SHIPPED.queues}
    for partner in SHIPPED.partners:
        assert trained_for(partner, topics)


def test_partners_names_differ() -> None:
    for names in ([p.name_th for p in SHIPPED.partners], [p.name_en for p in SHIPPED.partners]):
        assert len(names) == len(set(names))


@pytest.mark.parametrize(("first", "language"), [("1", "th"), ("2", "en")])
@pytest.mark.parametrize(
    ("keys", "queue", "topic"),
    [
        ("11", "home_isolation", "hi-register"),
        ("12", "home_isolation", "hi-symptoms"),
        ("9", "home_isolation", "hi-danger"),
        ("19", "home_isolation", "hi-danger"),
        ("21", "vaccination", "vaccine-register"),
        ("22", "vaccination", "vaccine-trouble"),
        ("23", "vaccination", "lab-results"),
        ("32", "benefits", "change-hospital"),
        ("33", "benefits", "benefits-other"),
        ("4", "other", "other"),
        ("0", "other", "other"),
        ("1*4", "other", "other"),
        ("13*1", "home_isolation", "hi-register"),
    ],
)
def test_the_keys_of_1330_lead_to_people(
    first: str, language: str, keys: str, queue: str, topic: str
) -> None:
    visit, commands = dial(first + keys)
    assert (visit.language, commands) == (language, (ToPerson(queue, topic),))


@pytest.mark.parametrize("keys", ["", "1"])
def test_who_cannot_breathe_hears_the_key_first_and_is_served_first(keys: str) -> None:
    _, commands = dial("1" + keys)
    (say,) = [of for of in commands if isinstance(of, Say)]
    assert say.prompts[0] == ("th", "danger-key")
    (to,) = dial("1" + keys + "9")[1]
    assert isinstance(to, ToPerson)
    assert to.topic in TREE.red_flags
    assert SHIPPED.priority.topics[to.topic] is Urgency.RED_FLAG


@pytest.mark.parametrize(("first", "language"), [("1", "th"), ("2", "en")])
@pytest.mark.parametrize(
    ("keys", "info"), [("13", "hi-care"), ("24", "certificate"), ("31", "rights")]
)
def test_the_keys_of_1330_lead_to_messages(first: str, language: str, keys: str, info: str) -> None:
    _, commands = dial(first + keys)
    words = Say(((language, f"{info}-info"), (language, "info-again")))
    assert commands == (AtInfo(info), words)


def test_1330_greets_in_both_languages() -> None:
    _, commands = menu.enter(TREE)
    both = [(language, p) for language in ("th", "en") for p in ("welcome", "choose-language")]
    assert commands == (Say(tuple(both)),)


def test_burmese_and_malay_are_switched_on_by_one_setting_and_those_without_recordings_are_off(
    tmp_path: Path,
) -> None:
    folder = shutil.copytree(CONFIG, tmp_path / "config")
    (tmp_path / "sounds").symlink_to(CONFIG.parent / "sounds")
    program = folder / "ivrd.yaml"
    text = program.read_text("utf-8").replace("[th, en]", "[th, en, my, km, lo, ms]")
    program.write_text(text, "utf-8")
    settings = load(folder)
    assert settings.languages == ("th", "en", "my", "ms")
    assert set(settings.languages_off) == {"km", "lo"}
    for name in ("language", "home-isolation-first"):
        chosen = settings.tree.menus[name].keys.values()
        spoken = [to.language for to in chosen if isinstance(to, ToMenu)]
        assert spoken == ["th", "en", "my", "ms"]
    for language in FURTHER:
        said = said_in(used_prompts(settings) & settings.prompts.keys(), language)
        texts = model.read(folder / file_name(language), LanguageFile).parsed.prompts
        assert said <= texts.keys() | defaults_in(language).keys()
    assert [str(problem) for problem in prompt_files(settings)] == []
    assert len(not_reviewed(settings)) == 2


def dial(keys: str) -> tuple[Visit, tuple[Command, ...]]:
    """Where a caller comes to with these keys, and what the last one did."""
    visit, commands = menu.enter(TREE)
    for digit in keys:
        visit, commands = menu.step(TREE, visit, Key(digit))
    return visit, commands


def test_partners_have_time_to_press_the_key_after_the_longest_whisper() -> None:
    assert long_whispers(SHIPPED) == []
    (short, *_others) = SHIPPED.partners
    hasty = replace(SHIPPED, partners=(replace(short, key_seconds=5),))
    (problem,) = long_whispers(hasty)
    assert problem.key == f"partners.{short.id}.key_seconds"
    said = re.fullmatch(
        r"expected ([\d.]+) or more, got 5: to tell of a call takes ([\d.]+) s, and to press the "
        r"key 2 s",
        problem.message,
    )
    assert said is not None
    assert float(said[1]) == pytest.approx(float(said[2]) + 2.0)
    dialplan = rendered(SHIPPED, "ami", "seats")["partners.conf"]
    assert f"Read(IVRD_KEY,${{IVRD_SAYS}},1,,1,{PRESS_SECONDS:g})" in dialplan
    machine = replace(short, confirm=False, key_seconds=5)
    assert long_whispers(replace(SHIPPED, partners=(machine,))) == []
