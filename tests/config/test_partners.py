import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ivrd.config.field_types import NETWORK, TRUNK, Address
from ivrd.config.load import load
from ivrd.config.partners import not_spoken
from ivrd.core.overflow import Policy
from ivrd.core.partner import Partner, PartnerState

Change = Callable[[str, str, str], None]

BANGKOK = ZoneInfo("Asia/Bangkok")
A_BANK = "    cap: 20\n    hours: office\n    topics: all\n"

# What may go with an address into Asterisk's files, and what would do harm there.
HARM = " ,;&/@?=<>[]{}()|\"'\\$%#!^~`*+_\t\r\n\x00\x85\u2028ก１"
HOSTS = st.sampled_from(["192.0.2.1", "sip.bank.example", "[2001:db8::1]", "2001:db8::1"])
OPTIONS = (
    "",
    ":5060",
    ";transport=tcp",
    ";lr",
    "?a=b",
    "&PJSIP/x",
    "/x",
    "\nx=y",
    "%;x",
    "@x",
    " ",
)
TEXTS = st.text() | st.lists(
    HOSTS | st.sampled_from(OPTIONS) | st.text(f"{HARM}a0:.-", max_size=4), max_size=4
).map("".join)


def test_what_is_left_out_of_a_partner_has_its_usual_value(folder: Path) -> None:
    assert load(folder).partners[1] == Partner(
        id="b-bank",
        name_th="ธนาคาร ข",
        name_en="B Bank",
        trunk="sip.b-bank.example:5080",
        pledged=5,
        cap=5,
        state=PartnerState.ONBOARDING,
        hours="office",
        topics=("register", "other"),
        languages=("th",),
        weight=1.0,
        confirm=True,
        response_seconds=3,
        ring_seconds=8,
        key_seconds=11,
    )


def test_everything_a_partner_may_say(folder: Path, change: Change) -> None:
    parsed = "    cap: 200\n    hours: always\n    topics: [other]\n"
    parsed += "    languages: [en, th]\n    weight: 0.5\n    confirm: false\n"
    change("partners.yaml", A_BANK, parsed)
    found = load(folder).partners[0]
    assert (found.pledged, found.cap, found.state) == (10, 200, PartnerState.ACTIVE)
    assert (found.hours, found.topics, found.languages) == ("always", ("other",), ("en", "th"))
    assert (found.weight, found.confirm) == (0.5, False)


def test_a_partner_has_the_times_that_its_people_need(folder: Path, change: Change) -> None:
    times = "    response_seconds: 10\n    ring_seconds: 30\n    key_seconds: 60\n"
    change("partners.yaml", A_BANK, A_BANK + times)
    slow, usual = load(folder).partners
    assert (slow.response_seconds, slow.ring_seconds, slow.key_seconds) == (10, 30, 60)
    assert (slow.offer_seconds, usual.offer_seconds) == (90, 19)
    assert replace(slow, confirm=False).offer_seconds == 30


def test_a_partner_that_does_not_speak_every_language_is_told(folder: Path, change: Change) -> None:
    change("partners.yaml", A_BANK, A_BANK + "    languages: [en, th]\n")
    (note,) = not_spoken(load(folder))
    assert str(note) == (
        f"{folder}/partners.yaml:11: partners.b-bank.languages: its people speak th; callers who "
        "chose en are put through to them all the same"
    )
    change("partners.yaml", "    languages: [en, th]\n", "    languages: [en]\n")
    assert not_spoken(load(folder)) == []  # by now they are not put through to them


def test_partners_keep_their_hours_and_the_holidays(folder: Path, change: Change) -> None:
    change("partners.yaml", A_BANK, A_BANK.replace("office", "always"))
    schedules = load(folder).partner_schedules
    office = schedules["b-bank"]
    assert list(schedules) == ["a-bank", "b-bank"]
    assert schedules["a-bank"] is None
    assert office is not None
    assert office.is_open(datetime(2026, 11, 23, 10, 0, tzinfo=BANGKOK))
    assert not office.is_open(datetime(2027, 12, 10, 10, 0, tzinfo=BANGKOK))  # Constitution Day


def test_the_policy_without_a_section_is_the_cores_own(folder: Path, change: Change) -> None:
    change("ivrd.yaml", "service_level_seconds: 20", "service_level_seconds: 30")
    assert load(folder).policy == Policy(target_seconds=30)


def test_the_policy_as_the_section_says(folder: Path, change: Change) -> None:
    keys = (
        "target_percent: 90, drain_seconds: 60, reach_seconds: 3, floor_seats: 2, "
        "ceiling_seats: 40, hold_seconds: 30, slack_percent: 20, "
        "expected_talk_seconds: 240, expected_patience_seconds: 90"
    )
    change("ivrd.yaml", "drain_seconds: 20\n", f"drain_seconds: 20\noverflow: {{{keys}}}\n")
    found = load(folder)
    assert found.policy == Policy(0.9, 20, 60, 3, 2, 40, 30, 0.2, 240, 90)
    assert found.drain_seconds == 20  # a stop's, another thing


def test_the_state_is_kept_where_ivrd_yaml_says(folder: Path, change: Change) -> None:
    assert load(folder).state_dir == Path("/var/lib/ivrd")
    change("ivrd.yaml", "sounds: sounds\n", "sounds: sounds\nstate_dir: state\n")
    assert load(folder).state_dir == folder / "state"


@pytest.mark.parametrize(
    ("text", "trunk"),
    [
        ("198.51.100.1:5060", "198.51.100.1"),
        ("198.51.100.1:15060", "198.51.100.1:15060"),
        ("SIP.Bank.Example:05080", "sip.bank.example:5080"),
        ("localhost", "localhost"),
    ],
)
def test_a_trunk_is_written_in_one_way(folder: Path, change: Change, text: str, trunk: str) -> None:
    change("partners.yaml", "trunk: 198.51.100.1", f'trunk: "{text}"')
    assert load(folder).partners[0].trunk == trunk


@given(TEXTS)
@example("[2001:db8::1%;transport=tcp]:5080")
@example("sip.bank.example:5080")
def test_a_trunk_that_passes_is_a_host_and_a_port_and_nothing_else(text: str) -> None:
    try:
        address = TypeAdapter(Annotated[Address, TRUNK]).validate_python(text)
    except ValidationError:
        return
    for written in (text, str(address)):
        assert re.fullmatch(r"([A-Za-z0-9.-]+|\[[A-Fa-f0-9:.]+\])(:[0-9]{1,5})?", written)
    assert 0 < address.port <= 65535


@given(st.sampled_from(["", "[2001:db8::1", "2001:db8::1", "192.0.2.1"]), st.text(f"{HARM}a0:."))
@example("2001:db8::1", "%\nmatch=0.0.0.0/0")
def test_a_network_that_passes_is_numbers_and_nothing_else(start: str, rest: str) -> None:
    try:
        network = TypeAdapter(Annotated[str, NETWORK]).validate_python(start + rest)
    except ValidationError:
        return
    assert re.fullmatch(r"[0-9A-Fa-f.:]+(/[0-9.]+)?", network)
