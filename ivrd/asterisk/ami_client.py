"""The client of Asterisk's management interface: connect, log in, keepalives, reconnect.

Every second it pings Asterisk and sets a global variable (IVRD_SEEN): the
dialplan sends new callers straight to the queue when that grows old.
"""

import asyncio
import itertools
import random
from asyncio import FIRST_COMPLETED
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any

from panoramisk.message import Message

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_action import ConnectionLost, in_seconds, in_words
from ivrd.asterisk.ami_link import (
    NO_GREETING,
    SHUTTING_DOWN,
    STOPS,
    ActionRefused,
    AmiAddress,
    ConnectionHandler,
    LinkState,
    NoGreeting,
    Pong,
    Report,
    Timeouts,
)
from ivrd.asterisk.ami_protocol import NOT_ASTERISK, AmiProtocol
from ivrd.asterisk.leader_guard import LeaderGuard, NotLeader
from ivrd.asterisk.translate import STRANGERS_EVENTS


class AmiClient:
    """Keeps one AMI connection up for as long as `run` runs.

    `guard`: holds or refuses what a standby may not send.
    `report(state, text)` is called once for each change of state, with a text for the log.
    `wanted`: the names of the events that are read, None for all; a flood of others costs little.
    """

    def __init__(
        self,
        address: AmiAddress,
        guard: LeaderGuard,
        report: Report,
        wanted: Collection[str] | None,
        pace: Timeouts | None = None,
    ) -> None:
        self.address = address
        self.up = False  # logged in, and what is there has been read
        self.version = ""
        self.pong: Pong | None = None  # the last one
        self._guard = guard
        self._report = report
        self._pace = pace or Timeouts()
        self._wanted = wanted
        self._reported: LinkState | None = None
        self._asked: float | None = None  # when the last ping was sent, on the loop's clock
        self._took = 0.0  # seconds until the one before it was answered
        self._withdrawn = False
        self.logged_in = False
        self._booted = asyncio.Event()
        self._wire: AmiProtocol | None = None

    async def run(self, handler: ConnectionHandler) -> None:
        """Connect, and reconnect whenever the connection is lost, until cancelled."""
        clock = asyncio.get_running_loop().time
        pauses = self._pauses()
        while True:
            began = clock()
            try:
                await self._serve(handler)
            except ActionRefused as error:
                self._change(LinkState.REFUSED, f"{self._where} refuses {error}")
            except NoGreeting as error:
                self._change(LinkState.CROWDED, f"{self._where} {error}")
            except (OSError, TimeoutError) as error:
                state, text = LinkState.UNREACHABLE, "cannot reach"
                if self.up:
                    state, text = LinkState.DOWN, "lost"
                if SHUTTING_DOWN in str(error):
                    self._change(LinkState.STOPPING, f"{self._where} {STOPS}")
                else:
                    self._change(state, f"{text} {self._where}: {in_words(error)}")
            except Exception as error:  # a fault of ours, but callers need the next attempt
                self._change(
                    LinkState.FAULT, f"cannot handle what {self._where} reports: {error!r}"
                )
            finally:
                if self.up and clock() - began >= self._pace.steady:
                    pauses = self._pauses()
                self._drop(handler)
            await asyncio.sleep(self._pause(pauses) * random.uniform(0.8, 1.2))

    @property
    def stopping(self) -> bool:
        """Whether Asterisk waits for its last call to end."""
        return self._reported is LinkState.STOPPING

    @property
    def _where(self) -> str:
        return f"Asterisk at {self.address.host}:{self.address.port}"

    def _pause(self, pauses: Iterator[float]) -> float:
        """Seconds until the next attempt, by why the last one failed."""
        if self._reported is LinkState.REFUSED:
            return self._pace.refused
        return self._pace.crowded if self._reported is LinkState.CROWDED else next(pauses)

    def _pauses(self) -> Iterator[float]:
        """Seconds from each attempt to the next."""
        return itertools.chain(self._pace.backoff, itertools.repeat(self._pace.backoff[-1]))

    def _change(self, state: LinkState, text: str) -> None:
        """Report a change of state; the same state again is not news."""
        if state is not self._reported:
            self._reported = state
            self._report(state, text)

    async def _serve(self, handler: ConnectionHandler) -> None:
        """Connect, read what is there, stay until the connection ends.  Raises what ended it."""
        wire, lost = await self._connect(handler)
        keepalives = asyncio.create_task(self._keep_alive(wire))
        try:
            await self._until_booted(lost)
            await handler.up()
            if not wire.closed:
                self.up = True
                self._change(LinkState.UP, f"connected to {self._where} (AMI {self.version})")
            raise ConnectionLost(await lost)
        finally:
            keepalives.cancel()

    async def _connect(
        self, handler: ConnectionHandler
    ) -> "tuple[AmiProtocol, asyncio.Future[str]]":
        """Connect and log in; the connection, and the future that says why it ended."""
        loop = asyncio.get_running_loop()
        lost: asyncio.Future[str] = loop.create_future()
        self._booted.clear()

        def take(message: Message) -> None:
            if message.event == "FullyBooted":
                self._booted.set()
            handler.event(message)

        def on_lost(reason: str) -> None:
            if not lost.done():  # nobody waits any more when the client itself closes
                lost.set_result(reason)

        at = (self.address.host, self.address.port)
        async with asyncio.timeout(self._pace.answer):
            _, wire = await loop.create_connection(
                lambda: AmiProtocol(take, on_lost, self._wanted, STRANGERS_EVENTS, self._guard),
                *at,
            )
        self._wire = wire
        login = {"Username": self.address.user, "Secret": self.address.secret(), "Events": "on"}
        try:
            await self.ask("Login", **login)
        except ActionRefused as error:
            if SHUTTING_DOWN in str(error):  # it will soon be back
                raise ConnectionLost(SHUTTING_DOWN) from None
            raise ActionRefused(
                f"the login of user {self.address.user!r}: manager.conf has another secret for "
                "it, or no such user"
            ) from None
        except ConnectionLost:
            if wire.version is None and wire.reason != NOT_ASTERISK:
                raise NoGreeting(NO_GREETING) from None
            raise
        self.logged_in, self._took = True, 0.0
        self.version = wire.version or ""
        await self.keepalive()
        return wire, lost

    async def _until_booted(self, lost: "asyncio.Future[str]") -> None:
        """Wait for Asterisk's modules: before that it knows no queues (manager.c, action_login).

        It reports that only to a user with the right to read `system`: its absence is no fault.
        """
        booted = asyncio.ensure_future(self._booted.wait())
        either: set[asyncio.Future[Any]] = {booted, lost}
        try:
            await asyncio.wait(either, timeout=self._pace.answer, return_when=FIRST_COMPLETED)
        finally:
            booted.cancel()

    async def _keep_alive(self, wire: AmiProtocol) -> None:
        """Close the connection when Asterisk stops answering."""
        while True:
            await asyncio.sleep(self._pace.keepalive)
            try:
                await self.keepalive()
            except (OSError, TimeoutError, ActionRefused) as error:
                return wire.fail(f"no answer to a ping ({in_words(error)})")

    async def keepalive(self) -> None:
        """One sign of life in each direction, on Asterisk's clock; `run` does it each second."""
        clock = asyncio.get_running_loop().time
        asked = self._asked = clock()
        pong = await self._ask("Ping", self._pace.silent)
        answered = clock()
        self._asked, self._took = None, answered - asked
        self.pong = Pong(in_seconds(pong.timestamp), asked, answered)
        seconds = pong.timestamp.partition(".")[0]
        if not self._withdrawn:
            with suppress(NotLeader):  # the leader sends the sign of life that counts
                await self.set_global(dialplan_names.SEEN, seconds if seconds.isdecimal() else "0")

    @property
    def behind_seconds(self) -> float:
        """Seconds by which events reach us late: an answer comes after all events before it."""
        if self._asked is None:
            return self._took
        return max(self._took, asyncio.get_running_loop().time() - self._asked)

    @property
    def received_at(self) -> float:
        """When the bytes came that are being handled, or the last ones, on the loop's clock."""
        return self._wire.received_at if self._wire else asyncio.get_running_loop().time()

    @property
    def listed(self) -> int:
        """How many parts of lists have come on this connection."""
        return self._wire.listed if self._wire else 0

    def take_surplus(self) -> Counter[str]:
        """How many events of each name came over the ration since this was asked last."""
        if self._wire is None:
            return Counter()
        taken, self._wire.surplus = self._wire.surplus, Counter()
        return taken

    async def withdraw(self) -> None:
        """Tell the dialplan that ivrd is going: new callers go straight to the queue."""
        self._withdrawn = True
        await self.set_global(dialplan_names.SEEN, "0")

    async def set_global(self, name: str, value: str) -> None:
        """Set a global variable of the dialplan.  Raises like `ask`."""
        await self._ask("Setvar", self._pace.silent, Variable=name, Value=value)

    async def get_global(self, name: str) -> str:
        """A global variable of the dialplan; empty if it has none.  Raises like `ask`."""
        answer = await self._ask("Getvar", self._pace.silent, Variable=name)
        return str(answer.value or "")

    async def announce_leader(self, token: str) -> None:
        """Write the leader token into Asterisk; the one action that needs no grant."""
        setting = {"Action": "Setvar", "Variable": dialplan_names.LEADER, "Value": token}
        await self._answer(self._sent(setting, guarded=False), self._pace.silent)

    async def ask(self, action: str, **headers: str) -> Message:
        """Send one action and return the answer.

        Raises `ActionRefused` (Asterisk's own words), `ConnectionLost`, TimeoutError (after 5 s) or
        `ami_action.BadValue` (nothing was sent).
        """
        return await self._ask(action, self._pace.answer, **headers)

    async def ask_list(self, action: str, **headers: str) -> Sequence[Message]:
        """Send an action that answers with a list; the list's events, without the frame.

        Raises like `ask`.
        """
        sent = self._send(action, headers, as_list=True)
        answer: list[Message] = await self._answer(sent, self._pace.answer)
        if answer[0].response == "Error":
            raise ActionRefused(f"{action}: {answer[0].message}")
        return [message for message in answer[1:-1] if message.event]

    def tell(self, action: str, **headers: str) -> "asyncio.Future[Message]":
        """Send one action without waiting; the future holds the answer, up to a second late.

        Raises `ConnectionLost` or `ami_action.BadValue` with nothing sent.
        """
        return self._send(action, headers, hurry=False)

    async def _ask(self, action: str, within: float, **headers: str) -> Message:
        answer: Message = await self._answer(self._send(action, headers), within)
        if answer.response == "Error":
            raise ActionRefused(f"{action}: {answer.message}")
        return answer

    async def _answer(self, answer: "asyncio.Future[Any]", within: float) -> Any:
        """What Asterisk answers.  Raises TimeoutError.

        It answers one action after the other, and a list of many thousand rows takes longer than
        what waits behind it may: so the time begins anew while rows come.
        """
        seen = -1
        try:
            while not answer.done():
                before, seen = seen, self.listed
                if before == seen:
                    raise TimeoutError
                await asyncio.wait([answer], timeout=within)
        finally:
            answer.cancel()
        return answer.result()

    def _send(
        self, action: str, headers: dict[str, str], *, as_list: bool = False, hurry: bool = True
    ) -> "asyncio.Future[Any]":
        message = {"Action": action, **headers}
        return self._guard.submit(action, lambda: self._sent(message, as_list, hurry))

    def _sent(
        self,
        message: dict[str, str],
        as_list: bool = False,
        hurry: bool = True,
        *,
        guarded: bool = True,
    ) -> "asyncio.Future[Any]":
        if self._wire is None:  # it may be gone by the time that a held action goes out
            raise ConnectionLost("not connected to Asterisk")
        return self._wire.send(message, as_list, hurry=hurry, guarded=guarded)

    def _drop(self, handler: ConnectionHandler) -> None:
        self.up = False
        if self._wire is not None:
            self._wire.fail("the connection was closed")
            self._wire = None
        if self.logged_in:
            self.logged_in = False
            handler.down()
