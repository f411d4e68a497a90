"""plans.yaml: what is wrong has its file, line and key; and what is in force while a plan is on."""

from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.config.plans import in_force
from ivrd.config.problem import ConfigError
from ivrd.core import menu
from ivrd.core.challenge import RateLimit
from ivrd.core.commands import Say
from ivrd.core.menu_mode import MenuMode
from ivrd.core.plan import Trigger
from tests.fixtures.hotline import copied

HEAD = "plans:\n  flood:\n    ends_after_minutes: 60\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copied(tmp_path / "config")


def wrong(folder: Path, text: str) -> list[str]:
    path = folder / "plans.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(folder)
    return [line.removeprefix(f"{path}:") for line in str(caught.value).split("\n")]


# What stands in the file, where the problem is, and what is said of it.
WRONG: dict[str, tuple[str, str, str]] = {
    "nothing": (HEAD, "2: plans.flood:", "this plan changes nothing"),
    "no end": ("plans:\n  a:\n    pools: [surge]\n", "2: plans.a.ends_after_minutes", "missing"),
    "floor over ceiling": (
        f"{HEAD}    overflow: {{floor_seats: 9, ceiling_seats: 4}}\n",
        "4: plans.flood.overflow.floor_seats:",
        "floor_seats is 9, and ceiling_seats 4",
    ),
    "floor over ivrd.yaml's ceiling": (
        f"{HEAD}    overflow: {{floor_seats: 1001}}\n",
        "4: plans.flood.overflow.floor_seats:",
        "floor_seats is 1001, and ceiling_seats 1000, of which one is ivrd.yaml's",
    ),
    "more seats than partners": (
        f"{HEAD}    overflow: {{floor_seats: 100}}\n    partners: [north-bank]\n",
        "4: plans.flood.overflow.floor_seats:",
        "expected at most 12, which `partners` have in all, got 100",
    ),
    "partner": (
        f"{HEAD}    partners: [north-bnak]\n",
        "4: plans.flood.partners:",
        "did you mean north-bank?",
    ),
    "pool": (f"{HEAD}    pools: [surg]\n", "4: plans.flood.pools:", "did you mean surge?"),
    "menu": (f"{HEAD}    menu: mian\n", "4: plans.flood.menu:", "did you mean main?"),
    "the usual menu": (
        f"{HEAD}    menu: language\n",
        "4: plans.flood.menu:",
        "callers begin in language without a plan",
    ),
    "prompt": (f"{HEAD}    message: [welcom]\n", "4: plans.flood.message:", "mean welcome?"),
    "no limit": (
        f"{HEAD}    menu: main\n    challenge: {{all: {{a_minute: 0}}}}\n",
        "5: plans.flood.challenge.all.a_minute:",
        "expected a whole number from 1 to 100000, got 0",
    ),
    "empty limits": (f"{HEAD}    challenge: {{}}\n", "2: plans.flood:", "changes nothing"),
    "links first without a link": (
        f"{HEAD}    menu_mode: links_first\n",
        "4: plans.flood.menu_mode:",
        "no link is ever sent: outbox.yaml has no message link",
    ),
    "a call back where there is none": (
        f"{HEAD}    menu_mode: callback_only\n",
        "4: plans.flood.menu_mode:",
        "nobody can be called back without callback.trunk in ivrd.yaml",
    ),
    "menu mode": (
        f"{HEAD}    menu_mode: callback\n",
        "4: plans.flood.menu_mode:",
        'expected one of full, links_first, callback_only, got "callback"',
    ),
    "the usual mode": (f"{HEAD}    menu_mode: full\n", "2: plans.flood:", "changes nothing"),
    "thresholds": (
        f"{HEAD}    menu: main\n    start_on_load: {{waiting: 5, until_waiting: 5}}\n",
        "5: plans.flood.start_on_load.until_waiting:",
        "expected less than waiting (5), got 5",
    ),
    "no threshold": (
        f"{HEAD}    menu: main\n    start_on_load: {{until_waiting: 5}}\n",
        "5: plans.flood.start_on_load:",
        "expected waiting as well",
    ),
    "two by load": (
        f"{HEAD}    menu: main\n    start_on_load: {{waiting: 5}}\n"
        "  b: {ends_after_minutes: 5, menu: main, start_on_load: {waiting: 9}}\n",
        "6: plans.b.start_on_load:",
        "load starts flood already, and two plans are never on at once",
    ),
    "key": (f"{HEAD}    mesage: [welcome]\n", "4: plans.flood.mesage:", "did you mean message?"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_where_it_stands(folder: Path, name: str) -> None:
    text, place, say = WRONG[name]
    (line,) = wrong(folder, text)
    assert line.startswith(place)
    assert say in line


def test_without_the_file_there_are_no_plans(folder: Path) -> None:
    (folder / "plans.yaml").unlink()
    assert load(folder).plans == {}


def test_what_is_in_force_while_a_plan_is_on(folder: Path) -> None:
    (folder / "plans.yaml").write_text(
        f"{HEAD}    message: [choose-language]\n    menu: main\n    pools: [surge]\n"
        "    overflow: {floor_seats: 5, target_percent: 60}\n    partners: [north-bank]\n"
        "    start_on_load: {waiting: 5}\n"
    )
    settings = load(folder)
    plan = settings.plans["flood"]
    assert plan.trigger == Trigger(5, 60, 0, 600)
    changed = in_force(settings, plan)
    _visit, (say,) = menu.enter(changed.tree, settings.number)
    assert say == Say((("th", "choose-language"), ("th", "main-menu")))
    assert (changed.policy.floor, changed.policy.target_ratio) == (5, 0.6)
    assert changed.policy.ceiling == settings.policy.ceiling
    why = "not in the plan flood"
    assert changed.left_out == {"east-college": why, "south-union": why}
    assert in_force(settings, None) is settings


def test_a_menu_mode_is_in_force_where_it_can_be_had(folder: Path) -> None:
    path = folder / "ivrd.yaml"
    path.write_text(path.read_text() + "callback: {trunk: 192.0.2.9}\n")
    (folder / "plans.yaml").write_text(f"{HEAD}    menu_mode: callback_only\n")
    settings = load(folder)
    assert in_force(settings, settings.plans["flood"]).tree.mode is MenuMode.CALLBACK_ONLY
    assert settings.tree.mode is MenuMode.FULL


def limited(folder: Path) -> None:
    path = folder / "ivrd.yaml"
    usual = "limits: {challenge: {number: {at_once: 20, a_minute: 30}}}\n"
    path.write_text(path.read_text() + usual)


def test_a_limit_that_is_no_lower_is_refused(folder: Path) -> None:
    limited(folder)
    (line,) = wrong(folder, f"{HEAD}    challenge:\n      number: {{at_once: 20}}\n")
    assert line == (
        "5: plans.flood.challenge.number.at_once: "
        "expected less than 20, which it is without the plan, got 20"
    )


def test_a_plan_lowers_the_limits_that_it_names_and_leaves_the_others(folder: Path) -> None:
    limited(folder)
    limits = "{number: {at_once: 5}, all: {a_minute: 300}}"
    (folder / "plans.yaml").write_text(f"{HEAD}    challenge: {limits}\n")
    settings = load(folder)
    changed = in_force(settings, settings.plans["flood"]).challenge
    usual = settings.challenge
    assert changed.number == RateLimit(5, usual.number.a_minute)
    assert (changed.all, changed.withheld) == (RateLimit(0, 300), usual.withheld)
    told = "5 at once or 30 a minute from one number; 300 a minute from all numbers"
    assert str(changed) == told


def test_a_number_with_a_menu_of_its_own_keeps_it(folder: Path) -> None:
    path = folder / "ivrd.yaml"
    path.write_text(path.read_text() + 'numbers: {"1201": {menu: vaccination, language: en}}\n')
    (folder / "plans.yaml").write_text(f"{HEAD}    menu: main\n    message: [welcome]\n")
    settings = load(folder)
    own = settings.numbers[1].number
    changed = in_force(settings, settings.plans["flood"])
    visit, (_speak, say) = menu.enter(changed.tree, own)
    assert (visit.menu, say) == (
        "vaccination",
        Say((("en", "welcome"), ("en", "vaccination-menu"))),
    )


def test_a_menu_to_which_only_a_plan_leads_is_reached(folder: Path) -> None:
    path = folder / "menus.yaml"
    new = 'menus:\n  short: {prompts: [main-menu], keys: {"1": {topic: other}}}\n'
    path.write_text(path.read_text().replace("menus:\n", new, 1))
    (folder / "plans.yaml").write_text(f"{HEAD}    menu: short\n")
    assert load(folder).plans["flood"].menu == "short"
