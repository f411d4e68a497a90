"""A telephone that sends exactly what a test wants: SIP over UDP, sound and keys over RTP.

For what SIPp does not do comfortably: odd headers and addresses, requests inside a call (REFER,
INFO), and an agent's phone that transfers.  One call at a time; everything blocks, with a limit.
"""

from __future__ import annotations

import re
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

HOST = "127.0.0.1"
LIMIT_SECONDS = 30.0  # for anything that is waited for: generous, nothing is judged by it
PACKET_SECONDS = 0.02
SILENCE = b"\xd5" * 160  # A-law
EVENT = 101  # the payload type of keys (RFC 4733)
COMFORT_NOISE = 13  # that of RFC 3389; its payload is the level of the noise


@dataclass(frozen=True)
class Message:
    """One SIP message: its first line, its headers (the first of each name), its body."""

    first: str
    headers: Mapping[str, str]
    body: str
    text: str

    @property
    def status(self) -> int:
        """Of a response; 0 for a request."""
        return int(self.first.split(" ")[1]) if self.first.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """Of a request, or of the request that is answered."""
        return self.headers["cseq"].split(" ")[1]

    def all(self, name: str) -> list[str]:
        """Each value of a header."""
        return re.findall(rf"^{name}: (.*?)\r?$", self.text, re.MULTILINE | re.IGNORECASE)


def parsed(data: bytes) -> Message:
    """A message as it came."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return Message(first, headers, body, head)


class Phone:
    """`target`: where calls go, as HOST:PORT; not needed by one that only takes calls.

    `host`: where it is, any address of loopback.
    """

    def __init__(self, target: str = "", user: str = "0200000001", host: str = HOST) -> None:
        self.host = host
        self.signal = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.signal.bind((host, 0))
        self.sound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sound.bind((host, 0))
        self.port = self.signal.getsockname()[1]
        self.user = user
        self.inbox: list[Message] = []  # requests and responses that nobody has waited for yet
        at, _, port = target.partition(":")
        self.peer = (at, int(port)) if port else (HOST, 0)
        self.call_id = f"{secrets.token_hex(6)}@{self.host}"
        self.tag = secrets.token_hex(4)
        # The final answer to each request that came, by Call-ID and CSeq; empty before it is given.
        self._replies: dict[tuple[str, str], bytes] = {}
        self._number = 0
        self._mine = self._theirs = self._remote = ""
        self._far: tuple[str, int] | None = None
        self._packets = 0

    def close(self) -> None:
        """Vanish without a word, as when the power fails."""
        self.signal.close()
        self.sound.close()

    # --- calling ---------------------------------------------------------------------------

    def invite(
        self,
        number: str = "1330",
        *,
        uri: str = "",
        sender: str = "",
        headers: Mapping[str, str] | None = None,
        payloads: str = "8 101",
        sdp: str | None = None,
    ) -> Message:
        """Call, acknowledge, and return the final answer.

        `uri`: what is dialled instead of the number at the target; `sender`: the whole From,
        without its tag; `payloads`: the codecs that are offered; `sdp`: all that is, empty for an
        INVITE that offers nothing.
        """
        where = f"{self.peer[0]}:{self.peer[1]}"
        self._remote = uri or f"sip:{number}@{where}"
        self._mine = f"{sender or f'<sip:{self.user}@{self.host}>'};tag={self.tag}"
        self._theirs = f"<sip:{number}@{where}>"
        self._send("INVITE", headers or {}, self._offer(payloads) if sdp is None else sdp)
        answer = self.answer_to("INVITE")
        self._theirs = answer.headers["to"]
        if answer.status == 200:
            self._take_in(answer)
        # Who offered nothing answers the other side's offer.
        late = sdp == "" and answer.status == 200
        self._acknowledge(answer, self._offer(payloads) if late else "")
        return answer

    def request(
        self, method: str, headers: Mapping[str, str] | None = None, body: str = ""
    ) -> Message:
        """Send a request inside the call; its final answer."""
        self._send(method, headers or {}, body)
        return self.answer_to(method)

    def register(self, headers: Mapping[str, str]) -> Message:
        """Say where this telephone is; the final answer."""
        self._remote = f"sip:{self.peer[0]}:{self.peer[1]}"
        self._mine = f"<sip:{self.user}@{self.host}>;tag={self.tag}"
        self._theirs = f"<sip:{self.user}@{self.peer[0]}:{self.peer[1]}>"
        return self.request("REGISTER", headers)

    def hang_up(self) -> None:
        """Say BYE."""
        assert self.request("BYE").status == 200

    # --- being called ----------------------------------------------------------------------

    def take(self, ring_seconds: float = 0.0) -> Message:
        """Wait for a call and answer it; the INVITE."""
        invite = self.wait_for("INVITE")
        self.reply(invite, 180)
        time.sleep(ring_seconds)  # a person who is in no hurry
        self.call_id = invite.headers["call-id"]
        self._mine = f"{invite.headers['to']};tag={self.tag}"
        self._theirs = invite.headers["from"]
        self._take_in(invite)
        self.reply(invite, 200, self._offer("8 101"))
        self.wait_for("ACK")
        return invite

    def reply(self, request: Message, status: int, body: str = "") -> None:
        """Answer a request."""
        to = request.headers["to"]
        lines = [f"SIP/2.0 {status} Whatever", *(f"Via: {via}" for via in request.all("Via"))]
        lines += [f"Record-Route: {route}" for route in request.all("Record-Route")]
        lines += [
            f"From: {request.headers['from']}",
            f"To: {to}" + ("" if ";tag=" in to else f";tag={self.tag}"),
            f"Call-ID: {request.headers['call-id']}",
            f"CSeq: {request.headers['cseq']}",
            f"Contact: <sip:{self.user}@{self.host}:{self.port}>",
        ]
        packet = self._write(lines, body)
        if status >= 200:
            self._replies[request.headers["call-id"], request.headers["cseq"]] = packet

    # --- waiting ---------------------------------------------------------------------------

    def answer_to(self, method: str) -> Message:
        """The final answer to the last request of this method."""
        number = f"{self._number} {method}"
        return self._wait(lambda m: m.status >= 200 and m.headers["cseq"] == number, method)

    def wait_for(self, method: str, seconds: float = LIMIT_SECONDS) -> Message:
        """A request from the other side; each but the INVITE is answered with 200 as it comes."""
        return self._wait(lambda m: not m.status and m.method == method, method, seconds)

    def nobody_hangs_up(self, seconds: float) -> None:
        """The call goes on for so long: no BYE comes."""
        try:
            self.wait_for("BYE", seconds)
        except AssertionError:
            return
        raise AssertionError(f"BYE within {seconds:g} s")

    def _wait(
        self, wanted: Callable[[Message], bool], what: str, seconds: float = LIMIT_SECONDS
    ) -> Message:
        deadline = time.monotonic() + seconds
        while True:
            for message in self.inbox:
                if wanted(message):
                    self.inbox.remove(message)
                    return message
            left = deadline - time.monotonic()
            assert left > 0, f"not within {seconds:g} s: {what}; {[m.first for m in self.inbox]}"
            self.signal.settimeout(left)
            try:
                data, self.peer = self.signal.recvfrom(65535)
            except TimeoutError:
                continue
            self._sort(parsed(data))

    def _sort(self, message: Message) -> None:
        if message.status:
            if message.status >= 200:
                self.inbox.append(message)
            return
        if not {"call-id", "cseq"} <= message.headers.keys():
            return  # sound that is still sent to whoever had this port before
        transaction = (message.headers["call-id"], message.headers["cseq"])
        if transaction in self._replies and message.method != "ACK":  # sent again
            if reply := self._replies[transaction]:
                self.signal.sendto(reply, self.peer)
            return
        self._replies.setdefault(transaction, b"")
        inside = ";tag=" in message.headers.get("to", "")
        if message.method == "INVITE" and inside:
            self.reply(message, 200, self._offer("8 101"))
            return
        if message.method not in ("INVITE", "ACK"):
            self.reply(message, 200)
        self.inbox.append(message)

    # --- sound and keys --------------------------------------------------------------------

    def speak(self, seconds: float = 0.1) -> None:
        """Send silence for so long, at the pace of a telephone."""
        for _ in range(round(seconds / PACKET_SECONDS)):
            self._packet(8, SILENCE, moment=160 * self._packets)

    @contextmanager
    def sending(
        self, every: float = PACKET_SECONDS, kind: int = 8, payload: bytes = SILENCE
    ) -> Iterator[None]:
        """Meanwhile send a packet each `every` seconds; press no keys then."""
        with self._each(every, lambda: self._send_packet(kind, payload, 160 * self._packets)):
            yield

    @contextmanager
    def reporting(self, every: float = 5.0) -> Iterator[None]:
        """Meanwhile send no sound, but an empty report of what was received (RFC 3550, 6.4.2)."""
        with self._each(every, self._report):
            yield

    @contextmanager
    def _each(self, seconds: float, send: Callable[[], None]) -> Iterator[None]:
        over = threading.Event()

        def run() -> None:
            while not over.is_set():
                send()
                over.wait(seconds)

        sender = threading.Thread(target=run, daemon=True)
        sender.start()
        try:
            yield
        finally:
            over.set()
            sender.join()

    def hold(self) -> None:
        """Put the other side on hold, without music: nothing is sent from now on."""
        answer = self.request("INVITE", body=self._offer("8 101") + "a=sendonly\r\n")
        assert answer.status == 200
        self._acknowledge(answer)

    def press(self, keys: str) -> None:
        """Keys of 100 ms by RFC 4733 (2.5), with 100 ms of silence before and after each."""
        for key in keys:
            self.speak(0.1)
            digit = "0123456789*#".index(key)
            began = 160 * self._packets
            for n in range(1, 6):
                self._packet(EVENT, struct.pack("!BBH", digit, 10, 160 * n), began, mark=n == 1)
            for _ in range(3):
                self._packet(EVENT, struct.pack("!BBH", digit, 0x8A, 800), began)
            self.speak(0.1)

    def press_by_info(self, key: str) -> Message:
        """A key by SIP INFO."""
        body = f"Signal={key}\r\nDuration=100\r\n"
        return self.request("INFO", {"Content-Type": "application/dtmf-relay"}, body)

    def _packet(self, kind: int, payload: bytes, moment: int, mark: bool = False) -> None:
        self._send_packet(kind | (0x80 if mark else 0), payload, moment)
        time.sleep(PACKET_SECONDS)

    def _send_packet(self, kind: int, payload: bytes, moment: int) -> None:
        assert self._far is not None
        head = struct.pack("!BBHII", 0x80, kind, self._packets % 65536, moment % 2**32, 1330)
        self.sound.sendto(head + payload, self._far)
        self._packets += 1

    def _report(self) -> None:
        assert self._far is not None
        host, port = self._far
        report = struct.pack("!BBHI", 0x80, 201, 1, 1330)
        name = struct.pack("!BBHI4s", 0x81, 202, 2, 1330, b"\x01\x01p\x00")  # CNAME, then the end
        self.sound.sendto(report + name, (host, port + 1))

    # --- messages --------------------------------------------------------------------------

    def _offer(self, payloads: str) -> str:
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {self.host}\r\nt=0 0\r\n"
            f"m=audio {self.sound.getsockname()[1]} RTP/AVP {payloads}\r\n"
            "a=rtpmap:8 PCMA/8000\r\na=rtpmap:18 G729/8000\r\na=rtpmap:107 opus/48000/2\r\n"
            "a=rtpmap:101 telephone-event/8000\r\n"
        )

    def _take_in(self, message: Message) -> None:
        """Where requests and sound go from now on."""
        if contact := re.search(r"<?(sip:[^>;]+)", message.headers.get("contact", "")):
            self._remote = contact[1]
        if port := re.search(r"^m=audio (\d+)", message.body, re.MULTILINE):
            self._far = (self.peer[0], int(port[1]))

    def _send(self, method: str, headers: Mapping[str, str], body: str) -> None:
        self._number += 1
        self._write(self._head(method, self._number, headers), body)

    def _acknowledge(self, answer: Message, body: str = "") -> None:
        self._write(self._head("ACK", int(answer.headers["cseq"].split(" ")[0]), {}), body)

    def _head(self, method: str, number: int, headers: Mapping[str, str]) -> list[str]:
        branch = f"z9hG4bK{secrets.token_hex(6)}"
        return [
            f"{method} {self._remote} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:{self.port};rport;branch={branch}",
            f"From: {self._mine}",
            f"To: {self._theirs}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{self.user}@{self.host}:{self.port}>",
            "Max-Forwards: 70",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]

    def _write(self, lines: list[str], body: str) -> bytes:
        if body and not any(line.lower().startswith("content-type:") for line in lines):
            lines = [*lines, "Content-Type: application/sdp"]
        text = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])
        packet = text.encode("utf-8", "surrogateescape")
        self.signal.sendto(packet, self.peer)
        return packet
