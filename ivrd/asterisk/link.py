"""The link to Asterisk's management interface: connect, log in, notice silence, come back.

Every second the link asks Asterisk for a sign of life and tells it that ivrd lives (the global
variable IVRD_SEEN): the dialplan sends new callers straight to the queue when that grows old.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from panoramisk import Manager
from panoramisk.actions import Action
from panoramisk.message import Message

from ivrd.asterisk import names
from ivrd.asterisk.wire import LinkLost, Wire

ANSWER_SECONDS = 5.0
PING_SECONDS = 1.0
SILENT_SECONDS = 2.0  # a ping unanswered for this long: the other side is gone
BACK_OFF = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds between attempts; the last one for ever
REFUSED_BACK_OFF = 15.0  # a wrong secret does not get right by asking often


@dataclass(frozen=True)
class Address:
    """Where Asterisk's management interface is and who logs in."""

    host: str
    port: int
    user: str
    secret: str


class Refused(Exception):
    """Asterisk refused an action; the message is Asterisk's own."""


class LoginRefused(Refused):
    """Asterisk does not take user and secret."""


Report = Callable[[str, str], None]  # (kind, text); kind: up, down, unreachable, refused


class Link:
    """Keeps one AMI connection up for as long as `run` runs.

    `on_event(message)` is called for each event, in order, and must only take it in.
    `on_up()` is awaited after each login, before anything else: rebuild there.
    `report(kind, text)` is told of each change of state once, in words for the log.
    """

    def __init__(
        self,
        address: Address,
        on_event: Callable[[Message], None],
        on_up: Callable[[], Awaitable[None]],
        report: Report,
    ) -> None:
        self.address = address
        self.up = False
        self.version = ""
        self._on_event = on_event
        self._on_up = on_up
        self._report = report
        self._said = ""
        self._withdrawn = False
        self._wire: Wire | None = None
        self._manager: Any = None

    async def run(self) -> None:
        """Connect, and come back whenever the connection is lost, until cancelled."""
        attempt = 0
        while True:
            lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            pause = BACK_OFF[min(attempt, len(BACK_OFF) - 1)]
            attempt += 1
            try:
                await self._connect(lost)
                attempt = 0
                self._say("up", f"connected to Asterisk (AMI {self.version})")
                await self._hold(lost)
                pause = BACK_OFF[0]
            except LoginRefused:
                self._say(
                    "refused",
                    f"Asterisk refuses the login of user {self.address.user!r}: "
                    "the secret differs from the one in manager.conf",
                )
                pause = REFUSED_BACK_OFF
            except (OSError, LinkLost, TimeoutError, Refused) as error:
                self._say("unreachable", f"cannot reach Asterisk at {self._where}: {_why(error)}")
            finally:
                self._drop()
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))

    @property
    def _where(self) -> str:
        return f"{self.address.host}:{self.address.port}"

    def _say(self, kind: str, text: str) -> None:
        """Report a change of state; the same state again is not news."""
        if kind != self._said:
            self._said = kind
            self._report(kind, text)

    async def _connect(self, lost: "asyncio.Future[str]") -> None:
        def on_lost(reason: str) -> None:
            if not lost.done():
                lost.set_result(reason)

        loop = asyncio.get_running_loop()
        async with asyncio.timeout(ANSWER_SECONDS):
            _, wire = await loop.create_connection(
                lambda: Wire(on_lost), self.address.host, self.address.port
            )
        self._wire = wire
        self._adopt(wire)
        try:
            await self._ask(
                "Login", Username=self.address.user, Secret=self.address.secret, Events="on"
            )
        except Refused as error:
            raise LoginRefused(str(error)) from None
        self.version = wire.version or "?"
        await self._beat()

    def _adopt(self, wire: Wire) -> None:
        """Give the wire to panoramisk's Manager, which dispatches events to us."""
        self._manager = Manager(loop=asyncio.get_running_loop())
        self._manager.protocol = wire
        self._manager.dispatch = self._on_event  # in order, and nothing else
        wire.queue = deque()
        wire.factory = self._manager
        wire.encoding = "utf8"

    async def _hold(self, lost: "asyncio.Future[str]") -> None:
        """Rebuild, then stay until the connection ends or falls silent."""
        self.up = True
        beat = asyncio.create_task(self._keep_beating())
        rebuilt = asyncio.ensure_future(self._on_up())
        try:
            ends: set[asyncio.Future[Any]] = {lost, beat}
            await asyncio.wait({*ends, rebuilt}, return_when=asyncio.FIRST_COMPLETED)
            if rebuilt.done():
                rebuilt.result()
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            reason = lost.result() if lost.done() else "Asterisk does not answer any more"
            self._say("down", f"lost Asterisk: {reason}")
        finally:
            beat.cancel()
            rebuilt.cancel()

    async def _keep_beating(self) -> None:
        """Ends when Asterisk stops answering."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            try:
                await self._beat()
            except (TimeoutError, LinkLost, Refused):
                return

    async def _beat(self) -> None:
        """One sign of life in each direction; on Asterisk's own clock."""
        pong = await self._ask("Ping", seconds=SILENT_SECONDS)
        seconds = str(pong.timestamp).partition(".")[0] or "0"
        if not self._withdrawn:
            await self.set_global(names.SEEN, seconds)

    async def withdraw(self) -> None:
        """Tell the dialplan that ivrd is going: new callers go straight to the queue."""
        self._withdrawn = True
        await self.set_global(names.SEEN, "0")

    async def set_global(self, name: str, value: str) -> None:
        """Set a global variable of the dialplan."""
        await self._ask("Setvar", seconds=SILENT_SECONDS, Variable=name, Value=value)

    async def ask(self, action: str, **headers: str) -> Message:
        """Send one action and return the answer.

        Raises `Refused` (Asterisk's own words), `LinkLost`, TimeoutError (after 5 s) or
        `wire.BadValue` (nothing was sent).
        """
        return await self._ask(action, **headers)

    async def ask_list(self, action: str, **headers: str) -> Sequence[Message]:
        """Send an action that answers with a list; the list's events, without the frame."""
        if self._wire is None:
            raise LinkLost("not connected to Asterisk")
        future = self._wire.send(Action({"Action": action, **headers}), as_list=True)
        async with asyncio.timeout(ANSWER_SECONDS):
            answer: list[Message] = await future  # type: ignore[misc]
        if answer[0].response == "Error":
            raise Refused(str(answer[0].message))
        return [message for message in answer[1:-1] if message.event]

    def tell(self, action: str, **headers: str) -> "asyncio.Future[Message]":
        """Send one action without waiting; the future holds the answer.

        Raises `LinkLost` or `wire.BadValue` with nothing sent.
        """
        if self._wire is None:
            raise LinkLost("not connected to Asterisk")
        return self._wire.send(Action({"Action": action, **headers}), as_list=False)  # type: ignore[return-value]

    async def _ask(self, action: str, seconds: float = ANSWER_SECONDS, **headers: str) -> Message:
        async with asyncio.timeout(seconds):
            answer = await self.tell(action, **headers)
        if answer.response == "Error":
            raise Refused(str(answer.message))
        return answer

    def _drop(self) -> None:
        self.up = False
        if self._wire is not None:
            self._wire.fail("the link was closed")
            self._wire = None


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
