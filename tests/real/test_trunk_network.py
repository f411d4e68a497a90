"""Trunks that are reached otherwise: SRV, IPv6, NAT, 302, by registering here; limits, timers."""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.callers import Caller, Keys, Wait
from lab.hotline import NUMBER
from lab.ivrd import PROJECT
from lab.name_server import NameServer
from lab.nat import Nat
from lab.network_exchange import EARLY, ELSEWHERE, LONG, REDIRECTED, REGISTERED, NetworkExchange
from lab.ports import free_port
from lab.running import LabError
from tests.real.overflow_rig import calls, drill, partner, with_partners
from tests.real.rig import WAIT, Hotline

CALLER_PITCH, OFF = 1150, 30  # Hz
LATE_SECONDS = 60.0


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[NetworkExchange]:
    """A second Asterisk, by IPv4 and IPv6."""
    with NetworkExchange(tmp_path / "bank", PROJECT / "sounds", ipv6=True) as exchange:
        yield exchange


def secret(folder: Path, name: str, value: str) -> str:
    path = folder / name
    path.touch(0o600)
    path.write_text(value)
    return str(path)


def trunk(number: str, *addresses: str, **more: object) -> dict[str, object]:
    """A partner with one seat there."""
    times = {"response_seconds": 5, "ring_seconds": 8}
    return partner({"addresses": [*addresses], "number": number, **more}, 1, cap=1, **times)


def changed(
    partners: dict[str, dict[str, object]], **asterisk: Any
) -> Callable[[str, dict[str, Any]], None]:
    """Plan.change: these partners, and more of `asterisk:`."""
    usual = with_partners(partners)

    def change(name: str, settings: dict[str, Any]) -> None:
        usual(name, settings)
        if name == "ivrd.yaml":
            sip = {**settings["asterisk"]["sip"], **asterisk.pop("sip", {})}
            settings["asterisk"].update(asterisk, sip=sip)

    return change


def within(seconds: float, what: str, true: Callable[[], object]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def failed_drill(lab: Hotline, name: str) -> str:
    """What a drill says that is not confirmed, of a trunk that answers."""
    while True:
        with pytest.raises(LabError) as caught:
            lab.ivrd.once("partner", "drill", name)
        if "its trunk does not answer" not in str(caught.value):
            return str(caught.value)


def open_for(lab: Hotline, *names: str) -> None:
    """Callers go to these partners, and to nobody else."""
    lab.ivrd.once("seats", "close", "base", "--yes")
    for name in names:
        lab.ivrd.once("partner", "override", "open", name)


def heard_each_other(bank: NetworkExchange, lab: Hotline, names: list[str]) -> dict[str, Any]:
    """One caller for each of these partners: all are put through, with sound both ways.

    The exchange's calls, by the number that was asked for.
    """
    for name in names:
        drill(lab, name)
    open_for(lab)
    calling = []
    for at, name in enumerate(names, 1):  # each is the only one that takes a caller then
        before = taken(lab.ivrd.status(), name)
        lab.ivrd.once("partner", "override", "open", name)
        calling.append(lab.calling(calls(at, 1), rate=1.0, name=f"for-{name}"))
        lab.until(f"{name} has it", lambda s, n=name, b=before: taken(s, n) > b)
        lab.ivrd.once("partner", "override", "closed", name)
    count = len(names)
    entries = [entry for one in calling for entry in one.wait(WAIT).entries]
    assert [entry.person for entry in entries] == ["partner"] * count
    within(30, "the bank's calls end", lambda: len(bank.calls()) == count)
    assert [abs(pitch - CALLER_PITCH) < OFF for pitch in bank.heard()] == [True] * count
    assert lab.settled().balances
    return {call.number: call for call in bank.calls()}


def taken(status: dict[str, Any], name: str) -> int:
    """How many callers a partner has taken so far."""
    return next(int(of["taken"]) for of in status["partners"] if of["name"] == name)


def refused(lab: Hotline, carrier: str, cause: str) -> int:
    found = re.search(
        rf'^ivrd_calls_refused_total{{carrier="{carrier}",cause="{cause}"}} (\S+)$',
        lab.ivrd.http("/metrics"),
        re.MULTILINE,
    )
    assert found
    return int(float(found[1]))


@pytest.mark.lasts(20)
def test_ipv6_and_a_302_to_a_listed_host_and_no_further_call_than_may_be(
    bank: NetworkExchange, hotline: Callable[..., Hotline]
) -> None:
    listen6 = f"[::1]:{free_port()}"
    partners = {
        "ipv6": trunk("0261234567", bank.udp6),
        "moved": trunk(REDIRECTED, bank.udp, redirects_to=[bank.udp]),
        "refused": trunk(REDIRECTED, bank.tcp, transport="tcp"),
    }
    carriers = {"carrier": {"addresses": ["127.0.0.1"], "at_once": 3}}
    change = changed(partners, sip={"listen_ipv6": listen6}, carriers=carriers)
    lab = hotline(agents=1, change=change)
    assert "to be called elsewhere" in failed_drill(lab, "refused")
    took = heard_each_other(bank, lab, ["ipv6", "moved"])
    assert set(took) == {"0261234567", ELSEWHERE}
    assert {call.shown for call in took.values()} == {NUMBER}

    crowd = range(11, 17)
    calling = lab.calling([Caller(n, "stays") for n in crowd], rate=20.0, name="crowd")
    within(60, "three are refused and counted", lambda: refused(lab, "carrier", "486") == 3)
    calling.hang_up(crowd)
    ledger = calling.wait(WAIT)
    assert sorted(entry.code for entry in ledger.entries)[-3:] == ["486"] * 3


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_names_that_srv_leads_to_that_are_late_wrong_or_of_fifty_addresses(
    bank: NetworkExchange, hotline: Callable[..., Hotline]
) -> None:
    host, _, port = bank.tcp.rpartition(":")
    records = {
        "_sip._tcp.bank.example": {
            "SRV": ["10 0 9 dead.bank.example.", f"20 0 {port} sip.bank.example."]
        },
        "bank.example": {},
        "dead.bank.example": {"A": [host]},
        "sip.bank.example": {"A": [host]},
        "fifty.example": {"A": [host] + [f"127.0.0.{n}" for n in range(100, 149)]},
        "late.example": {"A": [host]},
    }
    partners = {
        "srv": trunk("0261234567", "bank.example", transport="tcp"),
        "fifty": trunk("0261234568", f"fifty.example:{port}", transport="tcp"),
        "late": trunk("0261234569", f"late.example:{port}", transport="tcp"),
        "wrong": trunk("0261234570", f"nobody.example:{port}", transport="tcp"),
        "early": trunk(EARLY, bank.udp),
        "here": partner(
            {
                "addresses": [],
                "registers_here": True,
                "secret_file": secret(bank.folder, "here.secret", token := secrets.token_hex(8)),
            },
            1,
            cap=1,
        ),
    }
    with NameServer(records, late={"late.example": LATE_SECONDS}) as names:
        lab = hotline(agents=1, change=changed(partners, dns_servers=[names.address]))
        bank.register(lab.sip, "partner-here", token)
        took = heard_each_other(bank, lab, ["srv", "fifty", "here"])
        assert set(took) == {"0261234567", "0261234568", REGISTERED}
        assert ("_sip._tcp.bank.example", "SRV") in names.asked
        for name in ("late", "wrong", "early"):
            with pytest.raises(LabError):
                lab.ivrd.once("partner", "drill", name)


@pytest.mark.verify
@pytest.mark.lasts(30)
def test_a_full_trunk_is_passed_over_for_the_next_partner_and_then_the_queue(
    bank: NetworkExchange, hotline: Callable[..., Hotline]
) -> None:
    partners = {
        "narrow": {**trunk("0261234567", bank.udp, at_once=1), "cap": 5, "pledged": 1},
        "wide": {**trunk("0261234568", bank.tcp, transport="tcp"), "cap": 1},
    }
    lab = hotline(agents=1, change=changed(partners))
    lab.tolerated = ("Abnormal 'Gosub(partners-answered,s,1)' exit",)  # hung up in the whisper
    for name in partners:
        drill(lab, name)
    open_for(lab, *partners)
    ledger = lab.calling(calls(1, 4), rate=20.0).wait(WAIT)
    assert [entry.person for entry in ledger.entries] == ["partner"] * 4
    within(30, "the bank's calls end", lambda: len(bank.calls()) == 4)
    assert {call.number for call in bank.calls()} == {"0261234567", "0261234568"}
    assert lab.settled().balances


@pytest.mark.verify
@pytest.mark.lasts(90)
def test_a_call_outlasts_its_session_timer(
    bank: NetworkExchange, hotline: Callable[..., Hotline]
) -> None:
    wants = {"session_timers": "required", "session_seconds": 90, "reliable_provisional": "none"}
    lab = hotline(agents=1, change=changed({"long": trunk(LONG, bank.udp, **wants)}))
    drill(lab, "long")
    open_for(lab, "long")
    bank.watch()
    people = [Caller(1, "stays", (Keys("0"), Wait(70.0)))]
    ledger = lab.calling(people, rate=1.0).wait(WAIT)
    assert bank.refreshes() >= 1
    assert ledger.entries[0].lasted > 55


@pytest.mark.verify
@pytest.mark.lasts(30)
def test_a_hotline_behind_nat_and_its_bank_hear_each_other(
    tmp_path: Path, nat: Nat, hotline: Callable[..., Hotline]
) -> None:
    port = free_port()
    exchange = NetworkExchange(
        tmp_path / "bank",
        PROJECT / "sounds",
        host=nat.outside,
        hotline=nat.external,
        prefix=nat.outdoors,
    )
    with exchange as bank:
        change = changed(
            {"bank": trunk("0261234567", bank.udp)},
            sip={"listen": f"0.0.0.0:{port}"},
            nat={"external_address": nat.external},
        )
        lab = hotline(agents=1, change=change, sip_port=port)
        took = heard_each_other(bank, lab, ["bank"])
        assert took["0261234567"].shown == NUMBER


@pytest.fixture
def nat() -> Iterator[Nat]:
    """A gateway that this process is behind, until the test and all that it started has ended."""
    with Nat() as found:
        yield found
