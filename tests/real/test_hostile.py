"""Callers' names and numbers come from outside: whatever they hold, the call goes its way."""

import re
import socket
import struct
import time

import pytest

HOST = "127.0.0.1"
NAMES = {
    "thai": "คุณสมชาย".encode(),
    "quotes": rb"\"; EXEC System \"touch /tmp/x",
    "variable": b"${SHELL(id)} ${CHANNEL(hangup_handler_push)=x}",
    "4 KB": b"A" * 4096,
    "invalid utf-8": b"\xff\xfe\xc3\x28 \xe0\xb8",
    "control characters": b"x\x1b[31m\x7f\tAction: Logoff",
    "agi": b"ASYNCAGI BREAK\\nHANGUP",
}
NUMBERS = {
    "line break": "02%0D%0AAction%3A%20Logoff%0D%0A%0D%0A",
    "long": "9" * 900,
    "letters": "%22%3Bsip%3Aevil%40example.org",
    "none": "anonymous",
}


class Phone:
    """A telephone that says what it likes: raw SIP over UDP, and one key by RFC 4733."""

    def __init__(self, target: str) -> None:
        host, _, port = target.partition(":")
        self.target = (host, int(port))
        self.signal = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.signal.bind((HOST, 0))
        self.signal.settimeout(20)
        self.sound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sound.bind((HOST, 0))
        self.id = f"{self.signal.getsockname()[1]}"

    def dial(self, name: bytes, user: str) -> None:
        """Call the hotline and acknowledge its answer."""
        me = f"{HOST}:{self.signal.getsockname()[1]}"
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
            f"m=audio {self.sound.getsockname()[1]} RTP/AVP 8 101\r\n"
            "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        )
        head = (
            f"INVITE sip:1330@{HOST} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{self.id}\r\n"
            f'From: "%NAME%" <sip:{user}@{HOST}>;tag={self.id}\r\nTo: <sip:1330@{HOST}>\r\n'
            f"Call-ID: {self.id}@{HOST}\r\nCSeq: 1 INVITE\r\nContact: <sip:me@{me}>\r\n"
            f"Max-Forwards: 70\r\nContent-Type: application/sdp\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        packet = head.encode().replace(b"%NAME%", name) + body.encode()
        self.signal.sendto(packet, self.target)
        answer = self._answer()
        to = re.search(r"^To: (.*?)\r?$", answer, re.M).group(1)
        sender = head.split("From: ")[1].split("\r\n")[0].encode().replace(b"%NAME%", name)
        ack = (
            f"ACK sip:1330@{HOST} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKa{self.id}\r\n"
            f"To: {to}\r\nCall-ID: {self.id}@{HOST}\r\nCSeq: 1 ACK\r\nMax-Forwards: 70\r\n"
            "Content-Length: 0\r\nFrom: "
        )
        self.signal.sendto(ack.encode() + sender + b"\r\n\r\n", self.target)
        self.far = (HOST, int(re.search(r"m=audio (\d+)", answer).group(1)))

    def _answer(self) -> str:
        while True:
            text = self.signal.recv(65535).decode("utf-8", "replace")
            if text.startswith("SIP/2.0 200"):
                return text
            assert not re.match(r"SIP/2.0 [3-6]", text), text

    def press(self, digit: int) -> None:
        """One key, 100 ms, between 100 ms of silence before and after (RFC 4733, 2.5)."""
        packets = [(8, b"\xd5" * 160)] * 5
        packets += [(101, struct.pack("!BBH", digit, 10, 160 * n)) for n in range(1, 6)]
        packets += [(101, struct.pack("!BBH", digit, 0x8A, 800))] * 3
        packets += [(8, b"\xd5" * 160)] * 5
        for number, (kind, payload) in enumerate(packets):
            moment = 160 * (5 if kind == 101 else number)
            mark = 0x80 if number == 5 else 0
            head = struct.pack("!BBHII", 0x80, kind | mark, number, moment, 1330)
            self.sound.sendto(head + payload, self.far)
            time.sleep(0.02)  # the pace of a telephone

    def ended(self) -> None:
        """Wait until the hotline hangs up, and confirm it."""
        while True:
            text = self.signal.recv(65535).decode("utf-8", "replace")
            if text.startswith("BYE "):
                lines = text.split("\r\n")
                keep = [ln for ln in lines if re.match(r"(Via|From|To|Call-ID|CSeq):", ln)]
                reply = "\r\n".join(["SIP/2.0 200 OK", *keep, "Content-Length: 0", "", ""])
                self.signal.sendto(reply.encode("utf-8", "replace"), self.target)
                return


def test_no_name_and_no_number_gets_through_as_it_was_sent(hotline):
    lab = hotline(agents=4, talk=2.0, ring=0.1)
    lab.tolerated = ("has invalid UTF-8 characters which were replaced",)
    calls = [(name, "0200000001") for name in NAMES.values()]
    calls += [(b"caller", user) for user in NUMBERS.values()]
    for name, user in calls:
        phone = Phone(lab.sip)
        phone.dial(name, user)
        phone.press(0)
        phone.ended()
    lab.until("all are done", lambda s: s["calls"]["ended"] == len(calls))
    lab.until("agents too", lambda _: len(lab.agents.ledger()) == len(calls))
    talks = lab.agents.ledger()
    assert [talk.name for talk in talks] == ["เรื่องอื่น"] * len(calls)
    assert [talk.topic for talk in talks] == ["other"] * len(calls)
    numbers = [talk.number for talk in talks]
    assert numbers[: len(NAMES)] == ["0200000001"] * len(NAMES)
    assert all(re.fullmatch(r"[0-9]{1,32}|anonymous", number) for number in numbers)
    scrape = lab.settled()
    assert scrape.balances
    assert scrape.ended("answered") == len(calls)
    assert scrape.total("ivrd_menu_faults_total") == 0
    assert scrape.total("ivrd_ami_reconnects_total") == 0
    assert "0200000001" not in lab.ivrd.log_text() + lab.ivrd.http("/metrics")


@pytest.mark.parametrize("garbage", [b"\0" * 2000, b"INVITE\r\n\r\n", b"\xff" * 60000, b""])
def test_garbage_on_the_sip_port_changes_nothing(hotline, garbage):
    lab = hotline(agents=1, talk=2.0, ring=0.1)
    lab.tolerated = ("sip_transport.c Dropping",)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(20):
            stranger.sendto(garbage, Phone(lab.sip).target)
    phone = Phone(lab.sip)
    phone.dial(b"caller", "0200000002")
    phone.press(0)
    phone.ended()
    assert lab.settled().ended("answered") == 1
