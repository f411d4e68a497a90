"""What the peers are made from: their Asterisk files agree with what the benchmark gives them."""

import re

import pytest

from bench.peers.hotline import CONF, filled, written
from bench.peers.ivrd import partners
from bench.peers.partners import manner
from bench.scenarios import AGENTS, SCENARIOS, SEATS, SHORT
from ivrd.core.partner import KEY_SECONDS, RESPONSE_SECONDS, RING_SECONDS
from lab.agents import Manner
from lab.partners import KINDS

PEERS = ("stock", "always_open")
ALWAYS_OPEN = written(CONF / "always_open")


@pytest.mark.parametrize("peer", PEERS)
def test_the_files_ask_for_nothing_that_the_benchmark_does_not_give(peer):
    values = dict.fromkeys(["sip", "agents", "music", *SEATS], "x")
    for text in written(CONF / peer).values():
        assert "{{" not in filled(text, values).replace("{{...}}", "")


def test_a_blank_without_a_value_is_told():
    with pytest.raises(KeyError, match="port"):
        filled("bind={{port}}", {})


@pytest.mark.parametrize("peer", PEERS)
def test_all_agents_are_in_the_queue(peer):
    members = re.findall(r"^member => \w+/base-\d\d", written(CONF / peer)["queues.conf"], re.M)
    assert len(set(members)) == AGENTS


def test_every_pledged_seat_is_a_member_of_the_queue_that_is_always_open():
    found = re.findall(
        r"^member => Local/(\d\d)@partner-(\w+)/n,10,(\w+-\d\d)$", ALWAYS_OPEN["queues.conf"], re.M
    )
    seats = {(f"{n:02}", name) for name, count in SEATS.items() for n in range(1, count + 1)}
    assert {(number, name) for number, name, _ in found} == seats
    assert len(found) == len(seats)


def test_every_seat_that_was_paused_is_tried_again():
    tried = re.findall(r"Gosub\(partner-again,s,1\((\w+),(\d)\)\)", ALWAYS_OPEN["extensions.conf"])
    assert {name: int(seats) for name, seats in tried} == SEATS


def test_a_leg_to_a_partner_has_ivrds_times():
    dialplan = ALWAYS_OPEN["extensions.conf"]
    assert f",{RING_SECONDS}^{RESPONSE_SECONDS},gU(confirm))" in dialplan
    assert f"about {KEY_SECONDS} s gets the caller" in dialplan


def test_the_stock_dialplan_knows_every_partner():
    dialled = re.findall(r"Dial\(PJSIP/partner-(\w+),", written(CONF / "stock")["extensions.conf"])
    assert dialled == list(SEATS)


def test_ivrd_has_the_seats_that_are_pledged_and_no_more():
    made = partners({"alpha": "127.0.0.2:5060"})
    assert (made["alpha"]["pledged"], made["alpha"]["cap"]) == (SEATS["alpha"], SEATS["alpha"])


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_scenario_is_about_partners_and_seats_that_there_are(scenario):
    assert set(scenario.bad) <= set(SEATS)
    assert set(scenario.bad.values()) <= set(KINDS)
    assert set(scenario.absent) <= {f"base-{n:02}" for n in range(1, AGENTS + 1)}
    assert sum(scenario.good.values()) >= 2 * AGENTS  # enough for a load of three times AGENTS


def test_a_partner_takes_as_many_callers_as_it_has_seats():
    choice = manner("", seats=2)
    assert not isinstance(choice, Manner)
    assert [choice(others).code for others in (0, 1, 2)] == [200, 200, 486]


def test_a_kind_that_there_is_not_is_told():
    with pytest.raises(ValueError, match="'moody'"):
        manner("moody", 2)


def test_the_short_run_has_a_good_a_bad_and_an_absent_one():
    short = [SCENARIOS[name] for name in SHORT]
    assert [(bool(of.bad), bool(of.absent)) for of in short] == [
        (False, False),
        (True, False),
        (False, True),
    ]
