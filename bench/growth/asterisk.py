"""A made Asterisk in a process of its own: what it costs is not ivrd's.

It keeps queues' members, callers and global variables, carries out what ivrd sends at once, and
sends recorded events as fast as they are taken.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import time
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from typing import Any

from bench.growth import people as made
from bench.growth.size import Size

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
END = b"\r\n\r\n"
LIVES = 6  # calls of the recording
RECORDED_ID = re.compile(r"1795312\d{3}\.(\d+)")
OWN_COMMANDS = "AsyncAGIExec"  # of the recorded ivrd; those of this one get answers of their own
MARK = "@mark@"  # stands for the id of the action that a row answers

Headers = dict[str, str]


def block(**headers: str) -> str:
    """One message as it stands on the wire."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"


class Manager(asyncio.Protocol):
    """One connection to the made Asterisk's manager port."""

    def __init__(self, hotline: Hotline) -> None:
        self._hotline = hotline
        self._rest = b""
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._hotline.open.add(self)
        transport.write(GREETING)

    def connection_lost(self, _error: Exception | None) -> None:
        self._hotline.open.discard(self)

    def data_received(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(END)
        for text in whole:
            lines = (line.partition(": ") for line in text.decode().split("\r\n"))
            action = {name: value for name, _colon, value in lines}
            self.send(self._hotline.answer(action))

    def send(self, text: str) -> None:
        """Send messages."""
        self.transport.write(text.encode())


class Hotline:
    """The state of the made Asterisk, and its answers."""

    def __init__(self, size: Size) -> None:
        self.people = made.people(size)
        self.open: set[Manager] = set()
        self._lists: dict[tuple[str, str], str] = {}  # written already; a change clears them
        self._globals: dict[str, str] = {}
        self._variables: dict[str, Headers] = {}  # by channel
        self._lives = 10_000_000  # the number of the next call that comes
        self._answers: dict[str, Callable[[Headers], str]] = {
            "Login": self._login,
            "Ping": lambda a: self._done(a, Ping="Pong", Timestamp=f"{time.time():.6f}"),
            "Setvar": self._setvar,
            "Getvar": self._getvar,
            "CoreShowChannels": lambda a: self._list(a, made.channels),
            "QueueStatus": lambda a: self._list(
                a, lambda people: made.queue_status(people, a.get("Queue", ""))
            ),
            "DeviceStateList": lambda a: self._list(a, made.devices),
            "AGI": self._agi,
            "Redirect": self._redirect,
            "QueueAdd": self._add,
            "QueueRemove": self._remove,
            "QueuePause": self._pause,
            "QueuePenalty": self._penalty,
        }

    def answer(self, action: Headers) -> str:
        """What follows from an action: its answer, and events."""
        return self._answers.get(action["Action"], self._done)(action)

    def emit(self, text: str) -> None:
        """Send events to everybody: something has changed."""
        self._lists.clear()
        for manager in self.open:
            manager.send(text)

    def _list(self, action: Headers, rows: Callable[[made.People], Iterable[str]]) -> str:
        """The answer to an action that answers with a list."""
        key, mark = (action["Action"], action.get("Queue", "")), action["ActionID"]
        if key not in self._lists:
            text = "".join(rows(self.people))
            self._lists[key] = re.sub(r"(?m)^ActionID: .*?\r$", f"ActionID: {MARK}\r", text)
        start = block(Response="Success", ActionID=mark, EventList="start", Message="will follow")
        end = block(Event="ListComplete", ActionID=mark, EventList="Complete")
        return start + self._lists[key].replace(MARK, mark) + end

    def _done(self, action: Headers, **more: str) -> str:
        return block(Response="Success", ActionID=action["ActionID"], **more)

    def _login(self, action: Headers) -> str:
        return self._done(action) + block(Event="FullyBooted", Privilege="system,all")

    def _setvar(self, action: Headers) -> str:
        where = self._globals
        if "Channel" in action:
            where = self._variables.setdefault(action["Channel"], {})
        where[action["Variable"]] = action.get("Value", "")
        return self._done(action)

    def _getvar(self, action: Headers) -> str:
        where = self._variables.get(action["Channel"], {}) if "Channel" in action else self._globals
        return self._done(action, Value=where.get(action["Variable"], ""))

    def _agi(self, action: Headers) -> str:
        """All is carried out at once; a prompt plays for ever.

        A command that nobody waits for has no id, and its result is not sent (manager.conf).
        """
        if action["Command"].startswith(("STREAM FILE", "EXEC")) or "CommandID" not in action:
            return self._done(action)
        ran = {"CommandID": action["CommandID"], "Result": "200%20result%3D1%0A"}
        return self._done(action) + block(
            Event=OWN_COMMANDS, Timestamp=f"{time.time():.6f}", Channel=action["Channel"], **ran
        )

    def _redirect(self, action: Headers) -> str:
        """Into the queue that was set on the channel."""
        caller = self.people.callers.get(action["Channel"])
        if caller is None:
            return self._done(action)
        caller.queue = self._variables[caller.channel]["IVRD_QUEUE"]
        self.emit(_event("QueueCallerJoin", caller, Queue=caller.queue))
        return self._done(action)

    # --- members -----------------------------------------------------------------------------

    def _add(self, action: Headers) -> str:
        key = (action["Queue"], action["Interface"])
        self.people.members[key] = made.Member(action.get("Penalty", "0"))
        self._emit("QueueMemberAdded", key)
        return self._done(action)

    def _remove(self, action: Headers) -> str:
        key = (action["Queue"], action["Interface"])
        if key in self.people.members:
            self._emit("QueueMemberRemoved", key)
            del self.people.members[key]
        return self._done(action)

    def _pause(self, action: Headers) -> str:
        key = (action["Queue"], action["Interface"])
        if member := self.people.members.get(key):
            member.paused = str(int(action["Paused"] == "true"))
            member.reason = action["Reason"]
            self._emit("QueueMemberPause", key)
        return self._done(action)

    def _penalty(self, action: Headers) -> str:
        key = (action["Queue"], action["Interface"])
        if member := self.people.members.get(key):
            member.penalty = action["Penalty"]
            self._emit("QueueMemberPenalty", key)
        return self._done(action)

    def _emit(self, event: str, key: tuple[str, str]) -> None:
        (queue, seat), member = key, self.people.members[key]
        self.emit(
            block(
                Event=event,
                Timestamp=f"{time.time():.6f}",
                Queue=queue,
                Interface=seat,
                Penalty=member.penalty,
                Paused=member.paused,
                PausedReason=member.reason,
                Status="2" if seat in self.people.busy else "1",
            )
        )

    # --- what the measurement orders -----------------------------------------------------------

    def play(self, times: int) -> None:
        """Play the recording so many times, each time with other calls."""
        rows = [row for row in made.recorded("calls") if ("Event", OWN_COMMANDS) not in row]
        text = "".join(made.written(row) for row in rows).replace("base-01", "pool1-001")
        for _ in range(times):
            now, first = time.time(), self._lives
            played = RECORDED_ID.sub(
                lambda found, second=int(now), first=first: f"{second}.{first + int(found[1])}",  # type: ignore[misc]
                text,
            )
            self.emit(re.sub(r"Timestamp: [0-9.]+", f"Timestamp: {now:.6f}", played))
            self._lives += 10

    def seats_change(self, _arg: object) -> None:
        """Every phone of the hotline's own rings, and is busy or free again."""
        names = sorted({s for _queue, s in self.people.members if s.startswith("PJSIP/")})
        for state in ("RINGING", "INUSE", "NOT_INUSE"):
            for name in names:
                stamp = f"{time.time():.6f}"
                self.emit(
                    block(Event="DeviceStateChange", Timestamp=stamp, Device=name, State=state)
                )

    def misses(self, _arg: object) -> None:
        """Every phone of the hotline's own is rung twice and not answered."""
        names = sorted({s for _queue, s in self.people.members if s.startswith("PJSIP/")})
        for _ in range(2):
            for name in names:
                stamp = f"{time.time():.6f}"
                about = {"Interface": name, "RingTime": "15000", "Uniqueid": "1.1"}
                self.emit(block(Event="AgentRingNoAnswer", Timestamp=stamp, **about))

    def hang_up(self, _arg: object) -> None:
        """Every caller hangs up."""
        for caller in self.people.callers.values():
            self.emit(_event("Hangup", caller, Cause="16"))
        self.people.callers.clear()

    def forget(self, _arg: object) -> None:
        """Every caller is gone, and no event says so."""
        self._lists.clear()
        self.people.callers.clear()

    def cut(self, _arg: object) -> None:
        """The link is lost."""
        for manager in list(self.open):
            manager.transport.abort()


def _event(name: str, caller: made.Caller, **more: str) -> str:
    about = {"Uniqueid": caller.call_id, "Channel": caller.channel}
    return block(Event=name, Timestamp=f"{time.time():.6f}", **about, **more)


def serve(size: Size, orders: Connection) -> None:
    """Be that Asterisk until the pipe is closed; the first thing to come through it is the port."""
    asyncio.run(_serve(size, orders))


async def _serve(size: Size, orders: Connection) -> None:
    loop, hotline, over = asyncio.get_running_loop(), Hotline(size), asyncio.Event()

    def take() -> None:
        try:
            what, argument = orders.recv()
        except EOFError:
            loop.remove_reader(orders.fileno())
            over.set()
        else:
            getattr(hotline, what)(argument)

    server = await loop.create_server(lambda: Manager(hotline), "127.0.0.1", 0)
    orders.send(server.sockets[0].getsockname()[1])
    loop.add_reader(orders.fileno(), take)
    await over.wait()
    server.close()


class MadeAsterisk:
    """The process; `order(what, argument)` calls a method of its `Hotline`."""

    def __init__(self, size: Size) -> None:
        context = multiprocessing.get_context("spawn")
        self._orders, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(size, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.port: int = self._orders.recv()

    def order(self, what: str, argument: object = None) -> None:
        """Have something happen there."""
        self._orders.send((what, argument))

    def stop(self) -> None:
        """End it."""
        self._orders.close()
        self._process.join(10)
