"""A phone at one seat that answers calls as no phone should."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from lab.phone import HOST, Message, parsed
from tests.real.rig import Hotline

RTP = 9  # a port of loopback to which sound may go: nobody listens
Act = Callable[["OddPhone", Message], None]  # what it does when it is rung, in a thread of its own


class OddPhone:
    """Takes every call by `act`; what is not said there it answers with 200, a CANCEL with 487 too.

    `rung`: when calls came, in seconds of the monotonic clock.
    """

    def __init__(self, act: Act) -> None:
        self.rung: list[float] = []
        self.got: list[str] = []  # methods of what came
        self.cancels = True  # whether it lets a call be cancelled
        self.answers_requests = True
        self.acked = threading.Event()
        self.cancelled = threading.Event()
        self._act = act
        self._invites: dict[str, Message] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self.port = int(self._socket.getsockname()[1])
        self._peer = (HOST, 0)
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def reply(
        self, to: Message, status: str, *more: str, body: str = "", contact: str = ""
    ) -> None:
        """An answer, with more header lines, from here or as another `contact` has it."""
        tag = "" if ";tag=" in to.headers["to"] else ";tag=odd"
        lines = [f"SIP/2.0 {status}", *(f"Via: {via}" for via in to.all("Via"))]
        lines += [f"{name}: {to.headers[name.lower()]}" for name in ("From", "Call-ID", "CSeq")]
        mine = contact or f"<sip:odd@{HOST}:{self.port}>"
        lines += [f"To: {to.headers['to']}{tag}", f"Contact: {mine}", *more]
        self._send(lines, body)

    def answer(self, to: Message) -> None:
        """200, with a place for the sound."""
        self.reply(to, "200 OK", body=self.sdp())

    def sdp(self) -> str:
        return (
            f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
            f"m=audio {RTP} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )

    def request(self, of: Message, method: str, body: str = "") -> None:
        """A request inside the call."""
        uri = of.headers["contact"].strip("<>")
        self._send(
            [
                f"{method} {uri} SIP/2.0",
                f"Via: SIP/2.0/UDP {HOST}:{self.port};rport;branch=z9hG4bK{time.monotonic_ns()}",
                f"From: {of.headers['to']};tag=odd",
                f"To: {of.headers['from']}",
                f"Call-ID: {of.headers['call-id']}",
                f"CSeq: {time.monotonic_ns() // 10**6 % 10**6} {method}",
                f"Contact: <sip:odd@{HOST}:{self.port}>",
                "Max-Forwards: 70",
            ],
            body,
        )

    def _send(self, lines: list[str], body: str) -> None:
        kind = ["Content-Type: application/sdp"] if body else []
        text = "\r\n".join([*lines, *kind, f"Content-Length: {len(body)}", "", body])
        with suppress(OSError):  # it has been ended meanwhile
            self._socket.sendto(text.encode(), self._peer)

    def _listen(self) -> None:
        while True:
            try:
                data, self._peer = self._socket.recvfrom(65535)
            except OSError:
                return
            self._take(parsed(data))

    def _take(self, message: Message) -> None:
        if message.status or "call-id" not in message.headers:
            return
        call = message.headers["call-id"]
        self.got.append(message.method)
        if message.method == "INVITE" and call not in self._invites:
            self._invites[call] = message
            self.rung.append(time.monotonic())
            threading.Thread(target=self._act, args=(self, message), daemon=True).start()
        elif message.method == "ACK":
            self.acked.set()
        elif message.method == "CANCEL":
            self.cancelled.set()
            if self.cancels:
                self.reply(message, "200 OK")
                self.reply(self._invites[call], "487 Request Terminated")
        elif message.method != "INVITE" and self.answers_requests:
            self.reply(message, "200 OK")


@contextmanager
def at_seats(lab: Hotline, acts: Mapping[str, Act]) -> Iterator[dict[str, OddPhone]]:
    """Such phones stand at these seats from now on."""
    phones = {seat: OddPhone(act) for seat, act in acts.items()}
    file = lab.folder / "etc" / "pjsip.conf"
    before = text = file.read_text("utf-8")
    for seat, phone in phones.items():
        usual = f"contact=sip:{seat}@{HOST}:{lab.agents.port}\n"
        assert usual in text
        text = text.replace(usual, f"contact=sip:{seat}@{HOST}:{phone.port}\n")
    file.write_text(text, "utf-8")
    lab.asterisk.cli("module reload res_pjsip.so")
    try:
        yield phones
    finally:
        file.write_text(before, "utf-8")
        for phone in phones.values():
            phone.close()
