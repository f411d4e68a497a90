"""Asterisk's side of the requests for calls (ivrd/asterisk/call_request.py)."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ivrd.asterisk.call_request import HOST

Answers = Callable[[int, str], list[str]]  # (how many INVITEs so far, the text) -> statuses


class FakeSip(asyncio.DatagramProtocol):
    """Answers requests for calls, and keeps what came."""

    def __init__(self, answers: Answers) -> None:
        self.came: list[str] = []
        self.acknowledged = asyncio.Event()
        self._answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        self.came.append(text)
        if text.startswith("ACK"):
            self.acknowledged.set()
            return
        for status in self._answers(len(self.came), text):
            head = text.split("\r\n")
            kept = [line for line in head if re.match("(Via|From|Call-ID|CSeq):", line)]
            to = next(line for line in head if line.startswith("To:")) + ";tag=theirs"
            answer = "\r\n".join([f"SIP/2.0 {status}", *kept, to, "Content-Length: 0", "", ""])
            self.transport.sendto(answer.encode(), addr)  # type: ignore[attr-defined]


@asynccontextmanager
async def fake_sip(answers: Answers = lambda _n, _text: ["100 Trying"]) -> AsyncIterator[FakeSip]:
    """One that listens; it takes every request, unless it is told what else to answer."""
    loop = asyncio.get_running_loop()
    transport, asterisk = await loop.create_datagram_endpoint(
        lambda: FakeSip(answers), local_addr=(HOST, 0)
    )
    try:
        yield asterisk
    finally:
        transport.close()
