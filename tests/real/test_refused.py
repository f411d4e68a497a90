"""Calls that are refused before they are ours: each is counted, and told to the operator."""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from lab.callers import Caller, Wait
from lab.phone import Phone

ELSEWHERE = "127.0.0.9"  # an address of no carrier


@pytest.fixture(scope="module")
def lab(shared_hotline):
    lab = shared_hotline(agents=1)
    lab.tolerated = ("Couldn't negotiate stream", "Error parsing/validating SDP body")
    return lab


def refused(lab, carrier: str, cause: str) -> int:
    found = re.search(
        rf'^ivrd_calls_refused_total{{carrier="{carrier}",cause="{cause}"}} (\S+)$',
        lab.ivrd.http("/metrics"),
        re.MULTILINE,
    )
    return int(float(found[1]))


def call(lab, number="1330", host="127.0.0.1", **how) -> int:
    """One call; the answer's status."""
    phone = Phone(lab.sip, host=host)
    try:
        return phone.invite(number, **how).status
    finally:
        phone.close()


def one_more(lab, carrier: str, cause: str, before: int) -> None:
    lab.until(
        f"a call of {carrier} is counted as refused with {cause}",
        lambda _status: refused(lab, carrier, cause) == before + 1,
    )


@pytest.mark.parametrize("number", ["1331", "h", "*8", "s", "hotline", "+1330", "13x30", "1330*"])
def test_a_number_that_is_not_ours_is_404_and_counted(lab, number):
    before = refused(lab, "carrier", "404")
    assert call(lab, number) == 404
    one_more(lab, "carrier", "404", before)


@pytest.mark.parametrize("codec", ["18", "9", "3", "4"])  # G.729, G.722, GSM, G.723
def test_a_codec_that_we_do_not_take_is_488_and_counted(lab, codec):
    before = refused(lab, "carrier", "488")
    assert call(lab, payloads=codec) == 488
    one_more(lab, "carrier", "488", before)
    status = lab.ivrd.status()["refused"]
    assert ("carrier", "488") in [(row["carrier"], row["cause"]) for row in status["calls"]]


def sound(transport: str = "RTP/AVP", payloads: str = "8", *attributes: str) -> str:
    """A body that offers sound in this way."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
    lines += [f"m=audio 40000 {transport} {payloads}".rstrip(), *attributes]
    return "".join(f"{line}\r\n" for line in lines)


KEY = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
FINGERPRINT = f"a=fingerprint:SHA-256 {':'.join(['AB'] * 32)}"


def why(lab) -> str:
    """What an operator reads of the last call that was refused with 488."""
    rows = lab.ivrd.status()["refused"]["calls"]
    return next(row["why"] for row in rows if row["cause"] == "488")


@pytest.mark.parametrize(
    ("transport", "attribute"),
    [("RTP/SAVP", KEY), ("UDP/TLS/RTP/SAVP", FINGERPRINT)],  # SDES, DTLS
)
def test_sound_that_has_to_be_encrypted_is_488_counted_and_told(lab, transport, attribute):
    before = refused(lab, "carrier", "488")
    assert call(lab, sdp=sound(transport, "8", attribute)) == 488
    one_more(lab, "carrier", "488", before)
    assert why(lab) == "because its sound, or how that is encrypted, is not agreed"
    assert call(lab) == 200  # others are not harmed


def test_what_a_caller_speaks_alone_is_told(lab):
    assert call(lab, payloads="18") == 488
    lab.until("G.729", lambda _s: why(lab) == "in g729, which cannot be transcoded here")
    assert call(lab, payloads="9") == 488
    lab.until("G.722", lambda _s: why(lab) == "in g722, which is not among its carrier's codecs")
    assert 'ivrd_calls_refused_codec_total{carrier="carrier",codec="g729"}' in lab.ivrd.http(
        "/metrics"
    )


FORTY = range(96, 128)


def many(*known: str) -> str:
    """Codecs that nobody knows, and these."""
    numbers = [str(n) for n in (*FORTY, *range(35, 43))]
    named = [f"a=rtpmap:{n} X-CODEC-{n}/8000" for n in numbers]
    return sound("RTP/AVP", " ".join([*numbers, *known]), *named)


@pytest.mark.parametrize(
    ("sdp", "status"),
    [(many(), 488), (many("8"), 200), (sound(payloads=""), 400), ("", 200)],
    ids=["forty unknown", "forty and A-law", "none", "no offer"],
)
def test_an_offer_of_forty_codecs_or_none_has_a_clear_answer_and_harms_no_others(lab, sdp, status):
    assert call(lab, sdp=sdp) == status
    assert call(lab) == 200


def test_who_offers_nothing_and_chooses_a_codec_that_we_do_not_take_is_told(lab):
    """As some exchanges do; what they choose is known when the call is answered."""
    lab.tolerated += ("No translator path", "Unable to find a codec translation path")
    before = refused(lab, "carrier", "488")
    phone = Phone(lab.sip)
    assert phone.invite(sdp="", payloads="18 101").status == 200
    with phone.sending(kind=18, payload=bytes(20)):
        phone.wait_for("BYE")
    phone.close()
    one_more(lab, "carrier", "488", before)


def test_a_codec_of_ours_is_taken_whatever_else_is_offered(lab):
    phone = Phone(lab.sip)
    answer = phone.invite(payloads="18 9 8 101")
    assert re.search(r"m=audio \d+ RTP/AVP 8 101\r?$", answer.body, re.MULTILINE)
    phone.hang_up()
    phone.close()


def test_an_unlisted_border_controller_is_told_with_its_address_and_what_to_change(lab):
    before = refused(lab, "unknown", "401")
    assert call(lab, host=ELSEWHERE) == 401
    one_more(lab, "unknown", "401", before)
    status = lab.ivrd.status()["refused"]
    (sender,) = status["senders"]
    assert (sender["address"], sender["seat"]) == (ELSEWHERE, "")
    file, line, key = re.fullmatch(r"(\S+):(\d+): (\S+)", status["carriers_at"]).groups()
    assert key == "asterisk.carriers"
    assert "carriers:" in Path(file).read_text().splitlines()[int(line) - 1]
    said = lab.ivrd.once("status")
    assert f"REFUSED: {ELSEWHERE}, no carrier of ivrd.yaml:{line}" in said
    log = lab.ivrd.log_text()
    assert f"address={ELSEWHERE}" in log
    assert "0200000001" not in log  # the caller's number


def test_the_same_call_over_and_over_is_a_few_lines_in_the_log(lab):
    before = refused(lab, "unknown", "401")
    for _ in range(30):
        call(lab, host="127.0.0.10")
    lab.until("all are counted", lambda _s: refused(lab, "unknown", "401") == before + 30)
    lines = [line for line in lab.ivrd.log_text().splitlines() if "127.0.0.10" in line]
    assert len(lines) == 2  # the first and the tenth


def digest(challenge: str, user: str, password: str, uri: str) -> str:
    """The answer to a challenge, RFC 7616."""
    asks = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))

    def md5(*words: str) -> str:
        return hashlib.md5(":".join(words).encode()).hexdigest()

    mine, what = md5(user, asks["realm"], password), md5("REGISTER", uri)
    response = md5(mine, asks["nonce"], "00000001", "0a4f113b", "auth", what)
    return (
        f'Digest username="{user}",realm="{asks["realm"]}",nonce="{asks["nonce"]}",uri="{uri}",'
        f'response="{response}",algorithm=MD5,qop=auth,nc=00000001,cnonce="0a4f113b",'
        f'opaque="{asks["opaque"]}"'
    )


def register(lab, seat: str, password: str) -> int:
    """The final answer to a phone that registers from an address of its own."""
    phone = Phone(lab.sip, user=seat, host="127.0.0.50")
    try:
        first = phone.register({})
        asks = first.headers["www-authenticate"]
        return phone.register(
            {"Authorization": digest(asks, seat, password, f"sip:{lab.sip}")}
        ).status
    finally:
        phone.close()


def test_a_phone_with_a_wrong_password_is_told_with_its_seat(hotline, tmp_path):
    secret = tmp_path / "seats.secret"
    secret.touch(0o600)
    secret.write_text("the-seats-secret")

    def registering(name, settings):
        if name == "ivrd.yaml":
            settings["asterisk"]["seats"] = {"secret_file": str(secret)}

    lab = hotline(agents=2, change=registering)
    assert register(lab, "base-01", "not the password") == 401
    lab.until("it is told", lambda s: [x["seat"] for x in s["refused"]["senders"]] == ["base-01"])
    assert "SEAT base-01: wrong password, from 127.0.0.50" in lab.ivrd.once("status")
    assert "seat=base-01" in lab.ivrd.log_text()
    assert "ivrd_registrations_refused_total 1.0" in lab.ivrd.http("/metrics")


@pytest.mark.lasts(20)
def test_calls_to_an_asterisk_that_stops_are_503_and_counted(hotline):
    lab = hotline(agents=1)
    lab.tolerated = ("shutting down", "active shutdown", "Failed to allocate new PJSIP channel")
    staying = lab.calling([Caller(1, "stays", (Wait(60.0),))], rate=10.0)
    lab.until("a caller is here", lambda s: s["calls"]["menu"] == 1)
    console = [*lab.asterisk.console(lab.asterisk.folder), "-rx", "core stop gracefully"]
    stopping = subprocess.Popen(console)  # it waits for the end
    lab.until("it is known", lambda s: s["asterisk"]["stopping"])
    before = refused(lab, "carrier", "503")
    for _ in range(3):
        assert call(lab) == 503
    lab.until("all are counted", lambda _s: refused(lab, "carrier", "503") == before + 3)
    assert "ivrd_asterisk_stopping 1.0" in lab.ivrd.http("/metrics")
    assert "ASTERISK IS STOPPING" in lab.ivrd.once("status")
    staying.stop()
    stopping.wait(30)
