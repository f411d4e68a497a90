"""Each failure of a trunk, once, in the words that an operator reads, and the time until then."""

import json
import socket
import time

import pytest

from lab.exchange import HOST, USER, certificate
from lab.ivrd import PROJECT
from lab.ports import free_port
from lab.running import LabError
from lab.strict_exchange import CLOSED, StrictExchange
from tests.real.overflow_rig import DEAD, partner, until, with_partners

DEAD_TCP = "127.0.0.2:7"  # nobody listens
TOLD_SECONDS = 60  # and what a busy machine adds to it; the figures stand in the decision record
# What Asterisk says of all that is wrong here.
TOLERATED = (
    *("Authentication credentials not accepted", "There were no auth ids available"),
    *("registration attempt to", "certificate", "SSL", "tls", "TLS", "resolve", "Unable to"),
    *("Endpoint", "Call Failed", "outbound registration", "sending OPTIONS"),
)


@pytest.fixture
def bank(tmp_path):
    """A second Asterisk."""
    with StrictExchange(tmp_path / "bank", PROJECT / "sounds") as exchange:
        yield exchange


@pytest.fixture
def deaf():
    """An address over UDP at which somebody listens and says nothing."""
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.bind((HOST, 0))
        yield f"{HOST}:{one.getsockname()[1]}"


def password_file(bank, name, password):
    path = bank.folder / name
    path.touch(0o600)
    path.write_text(password)
    return str(path)


def configured(bank, partners, registrar_secret):
    """Plan.change: these partners, a carrier where we register, and whose certificates we trust."""
    usual = with_partners(partners)
    trusted = bank.folder / "trusted.pem"
    trusted.write_text(bank.certificate.read_text() + bank.old_certificate.read_text())
    own = certificate(bank.folder / "hotline.pem", "127.0.0.1")

    def changed(name, settings):
        usual(name, settings)
        if name == "ivrd.yaml":
            listen = f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"
            settings["asterisk"]["tls"] = {
                "listen": listen,
                "ca_file": str(trusted),
                "cert_file": str(own),
                "key_file": str(own.with_suffix(".key")),
            }
            settings["asterisk"]["carriers"]["north"] = {
                "addresses": ["192.0.2.77"],
                "registrar": bank.udp,
                "user": CLOSED,
                "secret_file": registrar_secret,
            }

    return changed


def one_line(lab, *arguments):
    """What an ivrd command prints, however it is wrapped."""
    return " ".join(lab.ivrd.once(*arguments).split())


def told(lab):
    """Reason and words of each trunk that does not work, as `ivrd status --json` has them."""
    return {of["name"]: (of["reason"], of["why"]) for of in lab.ivrd.get("status")["trunks"]}


def seconds_until(lab, expected, begin):
    """How long it took until each trunk had its reason; fails when it takes too long."""
    took = {}
    while missing := expected.keys() - took.keys():
        found = told(lab)
        for name in missing:
            if found.get(name, ("", ""))[0] == expected[name]:
                took[name] = round(time.monotonic() - begin, 1)
        limit = lab.lag.stretched(TOLD_SECONDS)
        assert time.monotonic() - begin < limit, (missing, found)
        time.sleep(0.05)
    return took


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_each_failure_has_its_words_in_show_explain_status_and_the_metrics(bank, deaf, hotline):
    account = {"user": USER, "secret_file": password_file(bank, "bank.secret", bank.password)}
    wrong = {"user": USER, "secret_file": password_file(bank, "wrong.secret", "not-the-password")}
    trunks = {
        "password": {"addresses": [bank.other], "number": "0261234567", **wrong},
        "stranger": {"addresses": [bank.third], "transport": "tcp", "number": "0261234567"},
        "nothing": {"addresses": [DEAD]},
        "tcp": {"addresses": [DEAD_TCP], "transport": "tcp"},
        "name": {"addresses": ["bank.invalid"]},
        "cert": {"addresses": [bank.expired], "transport": "tls"},
        "silent": {"addresses": [deaf]},
        "codec": {"addresses": [bank.tls], "transport": "tls", "codecs": ["gsm"], **account},
    }
    partners = {name: partner(of, 1, cap=1) for name, of in trunks.items()}
    secret = password_file(bank, "closed.secret", bank.password)
    lab = hotline(agents=1, change=configured(bank, partners, secret))
    begin = time.monotonic()
    lab.tolerated = TOLERATED
    expected = {
        "partner-password": ("password", f"does not accept the user {USER} with our password"),
        "partner-stranger": ("password", "wants a password"),
        "partner-nothing": ("not_listening", f"nothing listens at {DEAD} (UDP)"),
        "partner-tcp": ("not_listening", f"nothing listens at {DEAD_TCP} (TCP)"),
        "partner-name": ("name_not_found", "the name bank.invalid is not found"),
        "partner-cert": (
            "certificate",
            f"the certificate of {bank.expired} is refused: it has exp",
        ),
        "partner-silent": ("silent", f"{deaf} does not answer OPTIONS"),
        "north": ("registration", f"{bank.udp} refuses to register us (403)"),
    }
    took = seconds_until(lab, {name: reason for name, (reason, _) in expected.items()}, begin)
    found = told(lab)
    for name, (_reason, words) in expected.items():
        assert words in found[name][1]
    assert "CN=old.example, signed by CN=old.example, valid until 20" in found["partner-cert"][1]

    # A call tells what OPTIONS do not.
    lab.ivrd.once("partner", "override", "open", "codec")
    assert "partner-codec" not in found
    begin = time.monotonic()
    with pytest.raises(LabError):
        lab.ivrd.once("partner", "drill", "codec")
    took |= seconds_until(lab, {"partner-codec": "codec"}, begin)
    offer = "accepts none of what we offer, gsm without SRTP (488)"
    assert offer in told(lab)["partner-codec"][1]

    shown = one_line(lab, "partner", "show", "cert")
    assert "the certificate of" in shown
    for words in ("nothing listens at", offer):
        until(lab, words, lambda _rows, words=words: words in one_line(lab, "explain"))
    assert f"TRUNK north: {bank.udp} refuses to register us (403)" in lab.ivrd.once("status")
    scrape = lab.ivrd.http("/metrics")
    for name, (reason, _words) in {**expected, "partner-codec": ("codec", "")}.items():
        assert f'ivrd_trunk_fault{{reason="{reason}",trunk="{name}"}} 1.0' in scrape
    ends = "ivrd_trunk_certificate_not_after_timestamp_seconds"
    for trunk, where in (("own", ""), ("partner-cert", bank.expired), ("partner-codec", bank.tls)):
        assert f'{ends}{{address="{where}",trunk="{trunk}"}}' in scrape

    with pytest.raises(LabError) as failed:
        lab.ivrd.once("check", "--live")
    said = str(failed.value)
    for name, (_reason, words) in expected.items():
        assert any(name in line and words in line for line in said.splitlines()), (name, said)

    # The password is put right, and becomes wrong again.
    password_file(bank, "wrong.secret", bank.password)
    lab.ivrd.once("reload")
    # Once more it may be refused before Asterisk has the new one.
    until(lab, "it is right", lambda _rows: "partner-password" not in told(lab))
    bank.change_password()
    begin = time.monotonic()
    again = seconds_until(lab, {"partner-password": "password"}, begin)
    bank.asterisk.stop()
    begin = time.monotonic()
    gone = seconds_until(lab, {"partner-codec": "not_listening"}, begin)
    print(json.dumps({"from the start": took, "again": again, "gone": gone}))
