"""A trunk that fails, as Asterisk, its log and calls tell of it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.facts import AttemptReport, PartnerLegEvent, TrunkAddress, TrunkRegistration
from ivrd.asterisk.trunk_log import PasswordRefused, RegistrationRefused, SoundRefused
from ivrd.config.network_settings import NetworkSettings
from ivrd.config.trunk_settings import TCP, TLS, TrunkSettings
from ivrd.core.report import PartnerEventKind
from ivrd.core.trunk_fault import FaultReason
from ivrd.trunks import monitor as monitors
from ivrd.trunks.certificate import Certificate
from ivrd.trunks.known import UNAVAILABLE_IN_A_ROW, UNTOLD_SECONDS, known_trunk
from ivrd.trunks.monitor import TrunkMonitor
from ivrd.trunks.probe import Finding, Place

NOW = 1_795_312_060.0
SHOWN = Certificate(
    "CN=bank", "CN=ca", (), datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
)
PLAIN = TrunkSettings(addresses=("192.0.2.1",))
TWO = TrunkSettings(addresses=("192.0.2.1", "192.0.2.2:5080"), transport=TCP)
OVER_TLS = TrunkSettings(addresses=("bank.example",), transport=TLS, srtp="required")
HERE = TrunkSettings(user="partner-bank", network=NetworkSettings(registers_here=True))
REGISTERS = TrunkSettings(user="hotline", registrars=("sip.carrier.example",))
URIS = ("sip:sip.carrier.example", "sip:hotline@sip.carrier.example")
Messages = list[SimpleNamespace]


class Link:
    """Asterisk's functions and lists; what is not there is refused."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.asked: list[str] = []
        self.rows: Messages = []

    async def ask(self, action: str, **headers: str) -> Any:
        self.asked.append(f"{action} {' '.join(headers.values())}")
        return SimpleNamespace(value=self.values.get(headers.get("Variable", ""), ""))

    async def ask_list(self, action: str, **_headers: str) -> Any:
        if not self.rows:
            raise ActionRefused(f"{action}: none")
        return self.rows

    def address(self, aor: str, status: str, rtt: str = "3210") -> None:
        self.values[f"PJSIP_AOR({aor},contact)"] = f"{aor}@@1"
        self.values[f"PJSIP_CONTACT({aor}@@1,status)"] = status
        self.values[f"PJSIP_CONTACT({aor}@@1,rtt)"] = rtt


class Prober:
    """Finds what it is told."""

    def __init__(self) -> None:
        self.found: dict[str, Finding] = defaultdict(lambda: Finding(FaultReason.SILENT, "silent"))
        self.probed: list[str] = []

    async def probe(self, place: Place) -> Finding:
        self.probed.append(str(place))
        return self.found[place.host]


class Rig:
    def __init__(self, **trunks: TrunkSettings) -> None:
        self.now = NOW
        self.link, self.prober = Link(), Prober()
        named = {name.replace("_", "-"): settings for name, settings in trunks.items()}
        self.monitor = TrunkMonitor(named, "1330", self.prober, self.link, lambda: self.now)

    async def look(self) -> None:
        """A second's look, and all that it has begun."""
        self.monitor.look()
        while self.monitor._tasks:
            await asyncio.gather(*self.monitor._tasks)

    def leg(self, kind: PartnerEventKind, status: int = 0) -> None:
        event = PartnerLegEvent("bank", "bank/01", kind, self.now, "1.1", sip_status=status)
        self.monitor.leg_event(event)


def run(body: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await body()

    asyncio.run(main())


def test_an_address_that_stops_answering_is_probed_at_once_and_the_reason_told() -> None:
    rig = Rig(partner_bank=PLAIN)
    rig.prober.found["192.0.2.1"] = Finding(FaultReason.NOT_LISTENING, "nothing listens there")

    async def body() -> None:
        await rig.look()
        assert rig.monitor.fault("partner-bank") is None
        assert rig.prober.probed == []
        rig.monitor.trunk(TrunkAddress("partner-bank", False))
        await rig.look()
        fault = rig.monitor.fault("partner-bank")
        assert fault is not None
        assert (fault.reason, fault.at) == (FaultReason.NOT_LISTENING, NOW)
        assert rig.monitor.words_of_partner("bank") == "nothing listens there"
        rig.now += 5
        await rig.look()
        assert len(rig.prober.probed) == 1
        rig.now += monitors.AGAIN_SECONDS
        await rig.look()
        assert len(rig.prober.probed) == 2
        rig.monitor.trunk(TrunkAddress("partner-bank", True))
        assert rig.monitor.words_of_partner("bank") == ""

    run(body)


def test_asterisk_decides_whether_and_the_probe_only_says_why() -> None:
    rig = Rig(partner_bank=OVER_TLS)
    rig.prober.found["bank.example"] = Finding(FaultReason.CERTIFICATE, "refused", SHOWN)

    async def body() -> None:
        rig.monitor.trunk(TrunkAddress("partner-bank", True))
        await rig.look()
        assert rig.monitor.fault("partner-bank") is None
        assert [*rig.monitor.certificates()] == [("partner-bank", "bank.example:5061", SHOWN)]
        rig.now += 60
        await rig.look()
        assert len(rig.prober.probed) == 1  # a certificate is looked at once an hour
        rig.monitor.trunk(TrunkAddress("partner-bank", False))
        await rig.look()
        assert rig.monitor.words_of_partner("bank") == "refused"

    run(body)


def test_one_of_two_addresses_and_then_both() -> None:
    rig = Rig(partner_bank=TWO)

    async def body() -> None:
        rig.monitor.trunk(TrunkAddress("partner-bank.2", False))
        await rig.look()
        assert rig.prober.probed == ["192.0.2.2:5080"]
        assert rig.monitor.faults("partner-bank").calls_pass
        assert "another of its addresses" in rig.monitor.words_of_partner("bank")
        rig.monitor.trunk(TrunkAddress("partner-bank.1", False))
        rig.monitor.trunk(TrunkAddress("partner-bank.9", False))  # none of ours
        await rig.look()
        assert not rig.monitor.faults("partner-bank").calls_pass

    run(body)


def test_what_asterisk_knew_before_is_read_when_it_is_connected() -> None:
    rig = Rig(partner_bank=TWO)
    rig.link.address("partner-bank.1", "Unreachable")
    rig.link.address("partner-bank.2", "Reachable")

    async def body() -> None:
        await rig.look()
        await rig.look()
        assert rig.prober.probed == ["192.0.2.1:5060"]
        assert rig.monitor.faults("partner-bank").calls_pass
        rig.link.address("partner-bank.1", "Reachable")
        rig.now += monitors.READ_SECONDS + 1
        await rig.look()
        assert rig.monitor.fault("partner-bank") is None

    run(body)


def test_many_trunks_are_asked_for_at_once_when_it_is_connected_and_then_little_by_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    rig = Rig(**{f"partner_{n}": TWO for n in range(10)})

    async def body() -> None:
        monkeypatch.setattr(asyncio, "sleep", sleep)
        await rig.look()
        first = len(rig.link.asked)
        assert (first, pauses) == (20, [])
        rig.now += monitors.READ_SECONDS + 1
        await rig.look()
        assert len(rig.link.asked) == 2 * first
        assert pauses == [monitors.SPREAD_SECONDS / 10] * 9

    run(body)


def test_a_password_that_is_refused_is_told_until_it_is_not_refused_any_more() -> None:
    rig = Rig(partner_bank=PLAIN)

    async def body() -> None:
        for _ in range(3):
            rig.monitor.complaints([PasswordRefused("noendpoint", "192.0.2.1")])
            rig.now += 5
            await rig.look()
            fault = rig.monitor.fault("partner-bank")
            assert fault is not None
            assert (fault.reason, fault.at) == (FaultReason.PASSWORD, NOW)
        rig.now += monitors.PASSWORD_SECONDS
        await rig.look()
        assert rig.monitor.fault("partner-bank") is None

    run(body)


def test_whose_password_is_refused_by_the_trunks_name_or_by_its_address() -> None:
    named = TrunkSettings(addresses=("bank.example",))
    rig = Rig(partner_bank=PLAIN, partner_same=PLAIN, partner_named=named)
    found = Finding(FaultReason.SILENT, "", addresses=frozenset({"192.0.2.9"}))
    rig.prober.found["bank.example"] = found

    async def body() -> None:
        await rig.look()
        rig.monitor.complaints([PasswordRefused("noendpoint", "192.0.2.1")])
        assert not any(map(rig.monitor.fault, rig.monitor.names()))  # either may be meant
        rig.monitor.complaints([PasswordRefused("partner-same", "192.0.2.1")])
        rig.monitor.complaints([PasswordRefused("noendpoint", "192.0.2.9")])
        faulty = [name for name in rig.monitor.names() if rig.monitor.fault(name)]
        assert faulty == ["partner-same", "partner-named"]

    run(body)


def test_a_call_that_was_refused_is_told_until_one_is_not() -> None:
    rig = Rig(partner_bank=PLAIN)
    rig.leg(PartnerEventKind.OFFERED)
    rig.leg(PartnerEventKind.REFUSED, 488)
    fault = rig.monitor.fault("partner-bank")
    assert fault is not None
    assert fault.reason is FaultReason.CODEC
    assert "alaw, ulaw without SRTP" in fault.text
    rig.leg(PartnerEventKind.OFFERED)
    rig.leg(PartnerEventKind.REFUSED)  # nobody says why: what was known stays
    assert rig.monitor.fault("partner-bank") == fault
    rig.leg(PartnerEventKind.REFUSED, 486)
    assert rig.monitor.fault("partner-bank") is None
    rig.leg(PartnerEventKind.REFUSED, 404)
    rig.leg(PartnerEventKind.CONFIRMED)
    assert rig.monitor.fault("partner-bank") is None


def test_an_exchange_that_is_full_has_no_fault_and_one_that_takes_no_call_has() -> None:
    rig = Rig(partner_bank=PLAIN)
    for _ in range(UNAVAILABLE_IN_A_ROW - 1):
        rig.leg(PartnerEventKind.REFUSED, 503)
    rig.leg(PartnerEventKind.CONFIRMED)
    for _ in range(UNAVAILABLE_IN_A_ROW):
        assert rig.monitor.fault("partner-bank") is None
        rig.leg(PartnerEventKind.REFUSED, 503)
    fault = rig.monitor.fault("partner-bank")
    assert fault is not None
    assert fault.reason is FaultReason.UNAVAILABLE


def test_what_calls_back_come_to_tells_of_their_trunk_and_not_of_the_number() -> None:
    rig = Rig(callback_trunk=PLAIN, callback_trunk_mobile=PLAIN)

    def failed(status: int, trunk: str = "callback-trunk") -> str:
        detail = f"CHANUNAVAIL:21:no:{status}"
        rig.monitor.attempt(AttemptReport("t", "failed", detail, NOW, trunk))
        fault = rig.monitor.fault(trunk)
        return fault.reason if fault else ""

    assert [failed(status) for status in (404, 403, 486, 488)] == ["", "", "", "codec"]
    rig.monitor.attempt(AttemptReport("t", "announcement", "1.1", NOW, "callback-trunk"))
    assert rig.monitor.fault("callback-trunk") is None
    assert failed(401, "callback-trunk-mobile") == "password"
    assert rig.monitor.fault("callback-trunk") is None
    Rig().monitor.attempt(AttemptReport("t", "failed", "CHANUNAVAIL:21:no:488", NOW, ""))


@pytest.mark.parametrize("log_first", [True, False])
def test_a_registration_that_is_refused_has_its_reason_whoever_tells_it_first(
    log_first: bool,
) -> None:
    rig = Rig(carrier=REGISTERS)
    rejected = TrunkRegistration(*URIS, registered=False)
    forbidden = RegistrationRefused(*URIS, 403)
    if log_first:
        rig.monitor.complaints([forbidden])
        rig.monitor.trunk(rejected)
    else:
        rig.monitor.trunk(rejected)
        rig.monitor.complaints([forbidden])
    fault = rig.monitor.fault("carrier")
    assert fault is not None
    assert fault.reason is FaultReason.REGISTRATION
    assert fault.text == "sip.carrier.example:5060 refuses to register us (403)"
    rig.monitor.trunk(TrunkRegistration(*URIS, registered=True))
    assert rig.monitor.fault("carrier") is None


def test_a_registrar_that_says_nothing_is_probed_and_what_is_found_stays() -> None:
    rig = Rig(carrier=REGISTERS)
    rig.prober.found["sip.carrier.example"] = Finding(FaultReason.NAME, "not found")

    async def body() -> None:
        rig.monitor.complaints([RegistrationRefused(*URIS, 0)])
        await rig.look()
        rig.monitor.complaints([RegistrationRefused(*URIS, 0)])
        rig.monitor.trunk(TrunkRegistration(*URIS, registered=False))
        fault = rig.monitor.fault("carrier")
        assert fault is not None
        assert (fault.reason, fault.text) == (FaultReason.NAME, "not found")

    run(body)


def test_a_registration_that_is_refused_again_and_again_is_told_in_the_same_words() -> None:
    rig = Rig(carrier=REGISTERS)
    rejected = TrunkRegistration(*URIS, registered=False)
    told = []

    async def body() -> None:
        for _ in range(3):
            # The event comes at once, the log is read two seconds later.
            rig.monitor.trunk(rejected)
            for _ in range(2):
                await rig.look()
                fault = rig.monitor.fault("carrier")
                told.append(fault.text if fault else "")
                rig.now += 1
            rig.monitor.complaints([RegistrationRefused(*URIS, 0)])
            for _ in range(40):  # it is probed meanwhile, in vain
                await rig.look()
                fault = rig.monitor.fault("carrier")
                told.append(fault.text if fault else "")
                rig.now += 1
        assert rig.prober.probed
        assert [*dict.fromkeys(told)] == [
            "",
            "sip.carrier.example:5060 does not answer our REGISTER",
        ]

    run(body)


def test_registrations_are_read_when_it_is_connected() -> None:
    rig = Rig(carrier=REGISTERS)
    names = dict(zip(("serveruri", "clienturi"), URIS, strict=True))
    detail = {"event": "OutboundRegistrationDetail", **names}
    rig.link.rows = [SimpleNamespace(**detail, status="Rejected"), SimpleNamespace(event="Other")]

    async def body() -> None:
        await rig.look()
        rig.now += UNTOLD_SECONDS + 1
        await rig.look()
        fault = rig.monitor.fault("carrier")
        assert fault is not None
        assert (fault.text, fault.at) == ("sip.carrier.example:5060 does not register us", NOW)
        rig.link.rows = [SimpleNamespace(**detail, status="Registered")]
        rig.monitor.connected()
        await rig.look()
        assert rig.monitor.fault("carrier") is None

    run(body)


def test_a_reload_forgets_what_calls_came_to_and_keeps_what_is_known_of_addresses() -> None:
    rig = Rig(partner_bank=PLAIN, partner_other=PLAIN)

    async def body() -> None:
        rig.leg(PartnerEventKind.REFUSED, 401)
        rig.monitor.trunk(TrunkAddress("partner-other", False))
        await rig.look()
        rig.monitor.configure({"partner-bank": PLAIN, "partner-other": PLAIN}, "1330")
        assert rig.monitor.fault("partner-bank") is None
        assert rig.monitor.fault("partner-other") is not None
        rig.monitor.configure({"partner-other": TWO}, "1330")
        assert [*rig.monitor.names()] == ["partner-other"]
        assert rig.monitor.fault("partner-other") is None
        rig.leg(PartnerEventKind.REFUSED, 401)  # a partner that is gone

    run(body)


def test_tried_now_asterisk_asks_and_the_dead_one_is_probed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(monitors, "QUALIFY_TIMEOUT", 0)
    monkeypatch.setattr(monitors, "SPARE_SECONDS", 0)
    rig = Rig(partner_bank=TWO)
    rig.link.address("partner-bank.1", "Unreachable")
    rig.link.address("partner-bank.2", "Reachable")

    async def body() -> None:
        state = await rig.monitor.try_now("partner-bank")
        assert (state.reachable, state.round_trip_ms) == (True, 3.21)
        assert rig.link.asked[0] == "PJSIPQualify partner-bank"
        assert rig.prober.probed == ["192.0.2.1:5060"]

    run(body)


@pytest.mark.parametrize(
    ("text", "transport", "host", "port", "srv"),
    [
        ("192.0.2.1", "udp", "192.0.2.1", 5060, False),
        ("192.0.2.1:5080", "tcp", "192.0.2.1", 5080, False),
        ("bank.example", TLS, "bank.example", 5061, True),
        ("bank.example:5071", TLS, "bank.example", 5071, False),
        ("[2001:db8::1]:5080", "udp", "2001:db8::1", 5080, False),
        ("[2001:db8::1]", "udp", "2001:db8::1", 5060, False),
    ],
)
def test_where_an_address_leads(text: str, transport: str, host: str, port: int, srv: bool) -> None:
    (one,) = known_trunk(TrunkSettings(addresses=(text,), transport=transport), "1330").addresses
    assert one.place == Place(host, port, transport, srv)


def test_an_exchange_that_registers_here_and_has_not_or_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(monitors, "QUALIFY_TIMEOUT", 0)
    monkeypatch.setattr(monitors, "SPARE_SECONDS", 0)
    rig = Rig(partner_bank=HERE)

    async def body() -> None:
        await rig.look()
        assert rig.monitor.words_of_partner("bank") == "its exchange is not registered here"
        assert not rig.monitor.faults("partner-bank").calls_pass
        rig.link.address("partner-bank", "Unreachable")
        rig.monitor.connected()
        await rig.look()
        fault = rig.monitor.fault("partner-bank")
        assert fault is not None
        assert (fault.reason, fault.at) == (FaultReason.SILENT, NOW)
        assert "does not answer OPTIONS" in fault.text
        rig.monitor.trunk(TrunkAddress("partner-bank", True))
        assert rig.monitor.fault("partner-bank") is None
        rig.monitor.trunk(TrunkAddress("partner-bank", False))
        assert rig.monitor.fault("partner-bank") is not None
        rig.link.address("partner-bank", "Reachable")
        assert (await rig.monitor.try_now("partner-bank")).reachable
        assert rig.monitor.faults("partner-bank").calls_pass
        assert rig.prober.probed == []

    run(body)


def test_after_a_reload_nobody_is_told_that_a_trunk_works_again_of_which_that_is_not_known(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    rig = Rig(partner_bank=PLAIN)

    async def body() -> None:
        refused = PasswordRefused("partner-bank", "192.0.2.1")
        for again in (1, 2):
            rig.monitor.complaints([refused])
            await rig.look()
            assert caplog.messages == ["a trunk does not work as it should"] * again
            rig.monitor.configure({"partner-bank": PLAIN}, "1330")
            await rig.look()
            assert len(caplog.messages) == again
        rig.monitor.complaints([refused])
        await rig.look()
        rig.now += monitors.PASSWORD_SECONDS + 1
        await rig.look()
        assert caplog.messages[-1] == "a trunk works again"

    run(body)


def test_after_a_reload_the_number_that_is_not_known_is_the_new_one() -> None:
    rig = Rig(partner_bank=PLAIN)
    rig.monitor.configure({"partner-bank": PLAIN}, "1669")
    rig.leg(PartnerEventKind.REFUSED, 404)
    assert "the number 1669" in rig.monitor.words_of_partner("bank")


MISMATCH = SoundRefused(FaultReason.CERTIFICATE, "sound by DTLS is refused: its certificate")
DTLS_TRUNK = TrunkSettings(addresses=("192.0.2.1",), srtp="dtls")


def test_sound_that_is_refused_is_told_of_the_trunk_with_dtls_until_a_call_is_confirmed() -> None:
    rig = Rig(partner_bank=DTLS_TRUNK, partner_other=OVER_TLS)

    async def body() -> None:
        rig.monitor.complaints([MISMATCH])
        rig.leg(PartnerEventKind.UNCONFIRMED)  # it was answered, which says nothing of sound
        rig.now += 5
        rig.monitor.complaints([MISMATCH])
        await rig.look()
        fault = rig.monitor.fault("partner-bank")
        assert fault is not None
        assert (fault.reason, fault.text, fault.at) == (*found_of(MISMATCH), NOW)
        assert not rig.monitor.faults("partner-bank").calls_pass
        assert rig.monitor.fault("partner-other") is None
        rig.leg(PartnerEventKind.CONFIRMED)
        assert rig.monitor.fault("partner-bank") is None

    run(body)


def test_sound_that_is_refused_is_told_for_a_while_and_forgotten_by_a_reload() -> None:
    rig = Rig(carrier=TrunkSettings(srtp="dtls_savpf"))

    async def body() -> None:
        rig.monitor.complaints([MISMATCH])
        rig.now += monitors.SOUND_SECONDS
        await rig.look()
        assert rig.monitor.fault("carrier") is not None
        rig.now += 1
        await rig.look()
        assert rig.monitor.fault("carrier") is None
        rig.monitor.complaints([MISMATCH])
        rig.monitor.configure({"carrier": TrunkSettings(srtp="dtls_savpf")}, "1330")
        assert rig.monitor.fault("carrier") is None

    run(body)


def test_of_several_trunks_with_dtls_nobody_knows_whose_sound_it_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig(partner_bank=DTLS_TRUNK, carrier=TrunkSettings(srtp="dtls_savpf"))
    rig.monitor.complaints([MISMATCH])
    assert rig.monitor.fault("partner-bank") is None
    (record,) = caplog.records
    assert record.getMessage() == "a call has no sound"
    assert vars(record)["fields"]["one_of"] == "partner-bank, carrier"


def found_of(complaint: SoundRefused) -> tuple[FaultReason, str]:
    return complaint.reason, complaint.text
