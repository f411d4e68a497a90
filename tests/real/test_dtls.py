"""Sound encrypted by DTLS (RFC 5764): with a phone and an exchange that others have written."""

import pytest

from lab.baresip import Speaks
from lab.exchange import Exchange
from lab.forger import Forger
from lab.ivrd import PROJECT
from tests.real.overflow_rig import calls, drill
from tests.real.rig import WAIT
from tests.real.test_codecs import talks
from tests.real.test_trunk_network import failed_drill
from tests.real.test_trunks import CALLER_PITCH, OFF, change, trunk, within


class DtlsExchange(Exchange):
    """Takes no call without, in the profile UDP/TLS/RTP/SAVP."""

    ENCRYPTION = (
        "media_encryption=dtls\ndtls_auto_generate_cert=yes\ndtls_verify=fingerprint\n"
        "dtls_setup=actpass"
    )


@pytest.mark.verify
@pytest.mark.lasts(12)
def test_a_caller_by_dtls_talks_with_a_person(hotline):
    """baresip's profile is the one with feedback."""

    def change(name, settings):
        if name == "ivrd.yaml":
            settings["asterisk"]["carriers"]["carrier"]["srtp"] = "dtls_savpf"

    lab = hotline(agents=1, talk=3.0, change=change)
    talks(lab, lab.sip_port, Speaks(encryption="dtls_srtp"), "dtls")
    lab.settled()
    (ended,) = (line for line in lab.ivrd.log_text().splitlines() if " call ended" in line)
    assert "caller_leg=srtp" in ended


@pytest.mark.verify
@pytest.mark.lasts(25)
def test_a_banks_exchange_by_dtls_and_tls_takes_a_call_that_nobody_can_listen_to(hotline, tmp_path):
    with DtlsExchange(tmp_path / "bank", PROJECT / "sounds") as bank:
        there = trunk(bank, "0261234567", bank.tls, transport="tls", srtp="dtls")
        lab = hotline(agents=1, change=change(bank, {"bank": there}))
        lab.ivrd.once("seats", "close", "base", "--yes")
        drill(lab, "bank")
        lab.ivrd.once("partner", "override", "open", "bank")
        (entry,) = lab.calling(calls(1, 1), rate=1.0).wait(WAIT).entries
        assert entry.person == "partner"
        within(30, "the bank's call ends", lambda: len(bank.calls()) == 1)
        (call,) = bank.calls()
        assert (call.signalling, call.sound) == (True, True)
        assert [abs(pitch - CALLER_PITCH) < OFF for pitch in bank.heard()] == [True]
        assert lab.settled().balances
        (ended,) = (line for line in lab.ivrd.log_text().splitlines() if " call ended" in line)
        assert "answer_leg=tls+srtp" in ended


@pytest.mark.verify
@pytest.mark.lasts(25)
def test_a_fingerprint_that_somebody_has_changed_is_told_of_the_trunk(hotline, tmp_path):
    """Asterisk hangs up: nothing is heard by anybody but whom the SDP names."""
    with (
        DtlsExchange(tmp_path / "bank", PROJECT / "sounds") as bank,
        Forger((bank.udp.partition(":")[0], int(bank.udp.partition(":")[2]))) as between,
    ):
        there = trunk(bank, "0261234567", between.address, srtp="dtls")
        lab = hotline(agents=1, change=change(bank, {"bank": there}))
        lab.tolerated = (
            "does not match that of peer certificate",
            "RTP Read error: Unspecified.  Hanging up.",
            "Popping routine return locations",
        )
        assert "hung up without the key" in failed_drill(lab, "bank")
        lab.until("it is told", lambda s: any(of["reason"] == "certificate" for of in s["trunks"]))
        shown = lab.ivrd.once("partner", "show", "bank")
        assert "its certificate is not the one whose fingerprint the SDP has" in shown
