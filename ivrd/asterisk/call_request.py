"""Has Asterisk make a call: an INVITE from this machine to a context that does nothing else.

So ivrd needs neither AMI's right `originate` nor Asterisk's console, each of which can do much more
(docs/decisions/0034-callbacks.md).  Asterisk knows ivrd by the address `SOURCE`, which is this
machine's alone, on a port that listens to this machine only.  The request is a call by itself that
the dialplan never answers: it carries no sound, lasts while the other side rings, and ends with a
status that says nothing, for how the attempt goes is told by events.  It needs nobody meanwhile: an
ivrd that is gone leaves the attempt as it is.

What is implemented of RFC 3261 is what a client needs for that over UDP: an INVITE that is sent
again until it is taken (17.1.1), and the ACK for each final answer.
"""

import asyncio
import re
import secrets
from typing import cast

from ivrd.asterisk.dialplan_names import CALLBACK_DIAL

HOST = "127.0.0.1"  # where Asterisk listens for it
SOURCE = "127.0.0.130"  # from where it comes; no network has such a sender
AGAIN_SECONDS = (0.5, 1.0, 1.0)  # T1, doubled once: Asterisk is on the same machine
KEPT_SECONDS = 40.0  # a final answer is sent again for 32 seconds while no ACK has come
ANSWER = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2})")


class NotPlaced(Exception):
    """Asterisk has not taken the request; the message says why."""


class _Request:
    """One INVITE: its parts, and what has come for it."""

    def __init__(self, host: str, source: tuple[str, int], exten: str) -> None:
        self.call = secrets.token_hex(12)
        self._uri = f"sip:{exten}@{host}"
        self._via = f"SIP/2.0/UDP {source[0]}:{source[1]};rport;branch=z9hG4bK{self.call}"
        self._from = f"<sip:{CALLBACK_DIAL}@{source[0]}>;tag={self.call[:8]}"
        self._contact = f"<sip:{CALLBACK_DIAL}@{source[0]}:{source[1]}>"
        self.taken: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def invite(self) -> bytes:
        """Without an offer of sound: there is to be none."""
        return self._text("INVITE", f"<{self._uri}>", f"Contact: {self._contact}")

    def ack(self, to: str) -> bytes:
        """For a final answer whose To was this."""
        return self._text("ACK", to)

    def _text(self, method: str, to: str, *more: str) -> bytes:
        lines = (
            f"{method} {self._uri} SIP/2.0",
            f"Via: {self._via}",
            f"From: {self._from}",
            f"To: {to}",
            f"Call-ID: {self.call}",
            f"CSeq: 1 {method}",
            "Max-Forwards: 10",
            *more,
            "Content-Length: 0",
        )
        return "\r\n".join((*lines, "", "")).encode("ascii")


class CallRequests(asyncio.DatagramProtocol):
    """Places requests at the Asterisk that listens at `port` of this machine."""

    def __init__(self, source: str = SOURCE) -> None:
        self._source = source
        self._transport: asyncio.DatagramTransport | None = None
        self._requests: dict[str, _Request] = {}

    async def place(self, port: int, token: str) -> None:
        """Have the attempt of this token made; return as soon as Asterisk has taken it.

        Raises `NotPlaced`: it has not, or it is not known.
        """
        transport = await self._open()
        source = cast("tuple[str, int]", transport.get_extra_info("sockname")[:2])
        request = _Request(f"{HOST}:{port}", source, token)
        self._requests[request.call] = request
        loop = asyncio.get_running_loop()
        loop.call_later(KEPT_SECONDS, self._requests.pop, request.call, None)
        for seconds in AGAIN_SECONDS:
            transport.sendto(request.invite(), (HOST, port))
            done, _ = await asyncio.wait([request.taken], timeout=seconds)
            if done:
                break
        else:
            raise NotPlaced(f"Asterisk does not answer at {HOST}:{port}")
        if (status := request.taken.result()) >= 300:
            raise NotPlaced(f"Asterisk refused to make a call: status {status}")

    def close(self) -> None:
        """No answer is of interest any more."""
        if self._transport is not None:
            self._transport.close()

    async def _open(self) -> asyncio.DatagramTransport:
        if self._transport is None or self._transport.is_closing():
            loop = asyncio.get_running_loop()
            try:
                self._transport, _ = await loop.create_datagram_endpoint(
                    lambda: self, local_addr=(self._source, 0)
                )
            except OSError as error:
                raise NotPlaced(f"cannot send from {self._source}: {error.strerror}") from None
        return self._transport

    # --- asyncio's side --------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        """An answer: the first shows that it was taken, and each final one gets its ACK."""
        found = ANSWER.match(data)
        lines = data.decode("utf-8", "replace").split("\r\n")[1:]
        parts = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in parts}
        request = self._requests.get(headers.get("call-id", ""))
        if not found or request is None:
            return
        status = int(found[1])
        if not request.taken.done():
            request.taken.set_result(status)
        if status >= 200 and self._transport is not None:
            self._transport.sendto(request.ack(headers.get("to", "")), addr)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there: it is sent again, and then given up."""
