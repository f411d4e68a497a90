"""A small DNS server of loopback: answers for trunks' hosts, late or with fifty addresses.

with NameServer({"sip.bank.example": {"A": ["127.0.0.2"]}}, late={"slow.example": 20}) as names:
    ...  # asterisk.dns_servers: [names.address]
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from lab.ports import HOST
from lab.running import Running

TTL = 60
Records = Mapping[str, Mapping[str, Sequence[str]]]  # name -> type -> what is answered


class NameServer(Running):
    """Answers over UDP.  `late`: names that are answered after so many seconds."""

    def __init__(self, records: Records, late: Mapping[str, float] | None = None) -> None:
        self._records = records
        self._late = late or {}
        self._waiting: list[threading.Timer] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self.asked: set[tuple[str, str]] = set()  # (name, type)

    @property
    def address(self) -> str:
        """The address for `asterisk.dns_servers`."""
        return f"{HOST}:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        for timer in self._waiting:
            timer.cancel()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                data, peer = self._socket.recvfrom(4096)
            except OSError:
                return
            answer, name = self._answer(data)
            timer = threading.Timer(self._late.get(name, 0), self._send, (answer, peer))
            timer.daemon = True
            self._waiting.append(timer)
            timer.start()

    def _send(self, answer: bytes, peer: tuple[str, int]) -> None:
        try:
            self._socket.sendto(answer, peer)
        except OSError:  # it has been stopped meanwhile
            return

    def _answer(self, data: bytes) -> tuple[bytes, str]:
        """The answer, and the name that was asked for."""
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.add((name, kind))
        answer = dns.message.make_response(query)
        if name not in self._records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif texts := self._records[name].get(kind):
            answer.answer.append(dns.rrset.from_text(question.name, TTL, "IN", kind, *texts))
        return answer.to_wire(), name
