"""Calls back go through the carrier that takes them, and no more at once than it has lines."""

import time
from itertools import pairwise

import pytest

from lab.called import CalledPeople, comes
from lab.callers import Caller
from lab.exchange import USER, Exchange
from lab.ivrd import PROJECT
from tests.real.rig import WAIT
from tests.real.test_callback import BOOKS, booked, closed, number, until
from tests.real.test_trunks import change as over_tls
from tests.real.test_trunks import trunk, within, write_password

LANDLINE = ("022345001", "+6622345001")  # as its caller's exchange shows it, and as it is dialled


@pytest.mark.verify
@pytest.mark.lasts(40)
def test_a_mobile_goes_by_one_carrier_encrypted_and_a_landline_by_another(hotline, tmp_path):
    mobile = number(1)
    with (
        CalledPeople(tmp_path / "people", {LANDLINE[1]: comes()}) as people,
        Exchange(tmp_path / "carrier", PROJECT / "sounds") as carrier,
    ):
        secret = str(write_password(carrier))
        tls = {"addresses": [carrier.tls], "transport": "tls", "srtp": "required"}
        routes = {
            "mobile": {"trunk": {**tls, "user": USER, "secret_file": secret}, "kinds": ["mobile"]}
        }
        # A partner, which this is not about, has the same exchange.
        with_tls = over_tls(carrier, {"bank": trunk(carrier, "0261234568", carrier.udp)})

        def change(name, settings) -> None:
            closed(name, settings)
            with_tls(name, settings)
            people.change(name, settings, routes=routes)

        lab = hotline(agents=2, talk=12.0, ring=0.2, change=change)
        both = [Caller(n, "books", BOOKS, number=of[0]) for n, of in enumerate((mobile, LANDLINE))]
        lab.calling(both, rate=1.0)
        booked(lab, 2)
        lab.ivrd.once("seats", "open", "base")
        until(lab, {"reached": 2})
        assert dict(people.reached()) == {LANDLINE[1]: 1}
        within(30, "the carrier's call ends", lambda: len(carrier.calls()) == 1)
        (call,) = carrier.calls()
        assert (call.number, call.signalling, call.sound) == (mobile[1], True, True)
        lab.settled()
        ended = [line for line in lab.ivrd.log_text().splitlines() if " call ended" in line]
        for leg in ("clear", "tls+srtp"):
            assert len([line for line in ended if f" caller_leg={leg} " in f"{line} "]) == 1, ended


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_a_carrier_with_one_line_gets_one_call_at_a_time(hotline, tmp_path):
    numbers = [number(n) for n in range(1, 4)]
    with CalledPeople(tmp_path / "people", {to: comes() for _, to in numbers}) as people:

        def change(name, settings) -> None:
            closed(name, settings)
            one_line = {"addresses": [people.trunk], "at_once": 1}
            people.change(name, settings, trunk=one_line)

        lab = hotline(agents=3, talk=2.0, ring=0.2, change=change)
        callers = [Caller(n, "books", BOOKS, number=of[0]) for n, of in enumerate(numbers)]
        lab.calling(callers, rate=5.0)
        booked(lab, 3)
        lab.ivrd.once("seats", "open", "base")
        until(lab, {"reached": 3}, WAIT)
        deadline = time.monotonic() + 30
        while len(people.ledger()) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        times = sorted((one.rung_at, one.rang + (one.talked or 0.0)) for one in people.ledger())
        assert all(began + lasted <= after for (began, lasted), (after, _) in pairwise(times))
        assert len(times) == 3  # who found no line is called later, once
