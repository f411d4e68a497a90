"""One phone that registers: a small SIP user agent for what SIPp cannot do comfortably.

    with Phone(("127.0.0.1", 5060), "base-01", password, contact_host="10.0.0.7") as phone:
        phone.register()
        phone.rung.wait(10)  # set when a call came
        phone.dial("*1")     # the final status

It signs in with a password (RFC 2617), answers OPTIONS, lets calls ring, and ends them on CANCEL.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from lab.running import Running

ANSWERED_IN = 60.0  # seconds; only a machine that is stuck takes so long


@dataclass
class _Message:
    """One SIP message."""

    start: str
    headers: dict[str, str] = field(default_factory=dict)
    vias: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, data: bytes) -> _Message:
        first, *lines = data.decode("utf-8", "replace").split("\r\n\r\n")[0].split("\r\n")
        message = cls(first)
        for line in lines:
            name, _, value = line.partition(":")
            if name.lower() in ("via", "v"):
                message.vias.append(value.strip())
            message.headers.setdefault(name.lower(), value.strip())
        return message

    @property
    def status(self) -> int:
        """Of an answer; 0 for a request."""
        found = re.match(r"SIP/2.0 ([0-9]{3})", self.start)
        return int(found[1]) if found else 0


class Phone(Running):
    """A phone at `host` and any port of it; it says that it is at `contact_host`."""

    def __init__(
        self,
        server: tuple[str, int],
        seat: str,
        password: str = "",
        *,
        host: str = "127.0.0.1",
        contact_host: str = "",
    ) -> None:
        self.rung = threading.Event()
        self._server, self._seat, self._password = server, seat, password
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._host, self._port = self._socket.getsockname()
        self.contact_host = contact_host or host
        self._answers: list[_Message] = []
        self._news = threading.Condition()
        self._count = 0

    def start(self) -> None:
        """Listen."""
        threading.Thread(target=self._listen, daemon=True).start()

    def stop(self) -> None:
        """Be dead: nothing is answered any more, and nobody is told."""
        self._socket.close()

    def register(self, seconds: int = 600) -> int:
        """The final status; 0 seconds signs out."""
        domain = f"sip:{self._server[0]}:{self._server[1]}"
        return self._request("REGISTER", domain, f"sip:{self._seat}@{self._server[0]}", seconds)

    def dial(self, number: str) -> int:
        """The final status of a call; one that is answered is over when the other side says so."""
        uri = f"sip:{number}@{self._server[0]}:{self._server[1]}"
        return self._request("INVITE", uri, uri)

    # --- asking ----------------------------------------------------------------------------

    def _request(self, method: str, uri: str, to: str, expires: int | None = None) -> int:
        call, tag = secrets.token_hex(8), secrets.token_hex(4)
        via = f"SIP/2.0/UDP {self._host}:{self._port};rport;branch=z9hG4bK{tag}"
        authorization = ""
        for _ in range(2):
            self._count += 1
            lines = [
                f"{method} {uri} SIP/2.0",
                f"Via: {via}{self._count}",
                f"From: <sip:{self._seat}@{self._server[0]}>;tag={tag}",
                f"To: <{to}>",
                f"Call-ID: {call}",
                f"CSeq: {self._count} {method}",
                "Max-Forwards: 70",
                f"Contact: <sip:{self._seat}@{self.contact_host}:{self._port}>",
                *([f"Expires: {expires}"] if expires is not None else []),
                *([authorization] if authorization else []),
            ]
            body = self._sdp() if method == "INVITE" else ""
            answer = self._ask(lines, body, self._count)
            if method == "INVITE":
                self._acknowledge(lines, answer)
            if answer.status != 401 or authorization:
                break
            authorization = self._authorization(answer, method, uri)
        return answer.status

    def _ask(self, lines: list[str], body: str, count: int) -> _Message:
        """The final answer.  Raises TimeoutError."""
        kind = ["Content-Type: application/sdp"] if body else []
        text = "\r\n".join([*lines, *kind, f"Content-Length: {len(body)}", "", body])
        self._socket.sendto(text.encode(), self._server)

        def final() -> _Message | None:
            mine = (m for m in self._answers if m.headers["cseq"].split()[0] == str(count))
            return next((m for m in mine if m.status >= 200), None)

        with self._news:
            if not self._news.wait_for(lambda: final() is not None, ANSWERED_IN):
                raise TimeoutError(f"no answer to {lines[0]}")
            found = final()
        assert found is not None
        return found

    def _acknowledge(self, lines: list[str], answer: _Message) -> None:
        cseq = answer.headers["cseq"].split()[0]
        kept = [line for line in lines if line.split(":")[0] in ("Via", "From", "Call-ID")]
        uri = lines[0].split()[1]
        ack = [f"ACK {uri} SIP/2.0", *kept, f"To: {answer.headers['to']}", f"CSeq: {cseq} ACK"]
        text = "\r\n".join([*ack, "Max-Forwards: 70", "Content-Length: 0", "", ""])
        self._socket.sendto(text.encode(), self._server)

    def _authorization(self, answer: _Message, method: str, uri: str) -> str:
        asked = dict(re.findall(r'(\w+)="?([^",]+)"?', answer.headers["www-authenticate"]))

        def md5(*parts: str) -> str:
            return hashlib.md5(":".join(parts).encode()).hexdigest()

        nonce, realm = asked["nonce"], asked["realm"]
        response = md5(
            md5(self._seat, realm, self._password),
            *(nonce, "00000001", "lab", "auth", md5(method, uri)),
        )
        return (
            f'Authorization: Digest username="{self._seat}", realm="{realm}", nonce="{nonce}", '
            f'uri="{uri}", response="{response}", algorithm=MD5, qop=auth, nc=00000001, '
            f'cnonce="lab", opaque="{asked.get("opaque", "")}"'
        )

    def _sdp(self) -> str:
        lines = ["v=0", f"o=- 1 1 IN IP4 {self._host}", "s=-", f"c=IN IP4 {self._host}", "t=0 0"]
        return "\r\n".join([*lines, "m=audio 4000 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", ""])

    # --- being asked -----------------------------------------------------------------------

    def _listen(self) -> None:
        while True:
            try:
                message = _Message.read(self._socket.recv(65536))
            except OSError:
                return
            if message.status:
                with self._news:
                    self._answers.append(message)
                    self._news.notify_all()
            else:
                self._asked(message)

    def _asked(self, message: _Message) -> None:
        method = message.start.split()[0]
        if method == "INVITE":
            self._reply(message, "180 Ringing")
            self._invite = message
            self.rung.set()
        elif method == "CANCEL":
            self._reply(message, "200 OK")
            self._reply(self._invite, "487 Request Terminated")
        elif method != "ACK":
            self._reply(message, "200 OK")

    def _reply(self, to: _Message, status: str) -> None:
        lines = [f"SIP/2.0 {status}", *(f"Via: {via}" for via in to.vias)]
        lines += [f"{name}: {to.headers[name.lower()]}" for name in ("From", "Call-ID", "CSeq")]
        lines += [f"To: {to.headers['to']};tag=lab", "Content-Length: 0", "", ""]
        with suppress(OSError):  # the phone has just been ended
            self._socket.sendto("\r\n".join(lines).encode(), self._server)
