"""AsyncAGI: commands to one caller's channel, and their results.

Asterisk polls for commands (res/res_agi.c, launch_asyncagi): those sent together run one after
the other without a wait between them, so `Session.send` never waits for the one before.  A
command that is queued when the caller hangs up gets no answer at all, and one that is sent after
the session's end would run in a later session of the same channel: so a session that has ended
fails what is pending and takes nothing more.
"""

import asyncio
import itertools
import secrets
from collections.abc import Callable
from typing import Any

from panoramisk.message import Message

from ivrd.asterisk.link import Link
from ivrd.asterisk.wire import LinkLost


class SessionOver(Exception):
    """The caller is no longer ours to command; the message says why."""


def quoted(text: str) -> str:
    """One AGI argument (parse_args in res/res_agi.c): control characters become spaces."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Session:
    """One stay of one channel in AsyncAGI."""

    def __init__(
        self, link: Link, channel: str, name: str, observe: Callable[[float], None]
    ) -> None:
        self.channel = channel
        self.name = name
        self.over = ""  # why it ended; empty while it lasts
        self._link = link
        self._observe = observe
        self._numbers = itertools.count(1)
        self._pending: dict[str, tuple[asyncio.Future[str], float]] = {}

    def send(self, command: str) -> "asyncio.Future[str]":
        """Queue one command; the future holds Asterisk's result line, or fails `SessionOver`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        future.add_done_callback(_seen)
        if self.over:
            future.set_exception(SessionOver(self.over))
            return future
        command_id = f"{self.name}.{next(self._numbers)}"
        self._pending[command_id] = (future, loop.time())
        try:
            answer = self._link.tell(
                "AGI", Channel=self.channel, Command=command, CommandID=command_id
            )
        except LinkLost as error:
            self.end(str(error))
            return future
        answer.add_done_callback(lambda done: self._acknowledged(command_id, done))
        return future

    def _acknowledged(self, command_id: str, answer: "asyncio.Future[Message]") -> None:
        """Asterisk took the command, or says why not (the channel is gone)."""
        if answer.cancelled() or answer.exception() is not None:
            self.end("the link to Asterisk was lost")
        elif answer.result().response == "Error":
            self.end(str(answer.result().message))

    def result(self, command_id: str, result: str) -> None:
        """Take in the result of one command."""
        future, sent = self._pending.pop(command_id, (None, 0.0))
        if future is None or future.done():
            return
        if "endpos=" not in result:  # what plays a prompt takes as long as the prompt
            self._observe(asyncio.get_running_loop().time() - sent)
        future.set_result(result)

    def end(self, why: str) -> None:
        """The session is over: fail what is pending, take nothing more."""
        if self.over:
            return
        self.over = why
        pending, self._pending = self._pending, {}
        for future, _sent in pending.values():
            if not future.done():
                future.set_exception(SessionOver(why))

    def stop_playing(self) -> None:
        """Cut short what is being played to the caller, if anything is."""
        if not self.over:
            try:
                answer = self._link.tell("ControlPlayback", Channel=self.channel, Control="stop")
            except LinkLost as error:
                self.end(str(error))
            else:
                answer.add_done_callback(_seen)


class Sessions:
    """All sessions of this process, by name; results find theirs by the CommandID."""

    def __init__(self, link: Link, observe: Callable[[float], None]) -> None:
        self._link = link
        self._observe = observe
        # Results of an earlier process's commands must match nothing here.
        self._process = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._open: dict[str, Session] = {}

    def begin(self, channel: str) -> Session:
        """A new session on a channel."""
        name = f"{self._process}.{next(self._numbers)}"
        session = Session(self._link, channel, name, self._observe)
        self._open[name] = session
        return session

    def result(self, command_id: str, result: str) -> None:
        """Hand a result to the session whose command it answers; others are not ours."""
        session = self._open.get(command_id.rpartition(".")[0])
        if session is not None:
            session.result(command_id, result)

    def end(self, session: Session, why: str) -> None:
        """End a session and forget it."""
        session.end(why)
        self._open.pop(session.name, None)

    def end_all(self, why: str) -> None:
        """The link is gone: every session is over."""
        for session in list(self._open.values()):
            self.end(session, why)


def _seen(future: "asyncio.Future[Any]") -> None:
    """Mark a failure as seen: nobody need be waiting for this result."""
    if not future.cancelled():
        future.exception()
