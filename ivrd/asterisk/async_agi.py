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
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from panoramisk.message import Message

from ivrd.asterisk.ami_action import BadValue, ConnectionLost, mark_retrieved
from ivrd.asterisk.ami_client import AmiClient

TEXT_LIMIT = 450  # bytes; quoted at most twice that, which with its command fits a line of AMI
PATIENCE_SECONDS = 10.0  # how long a result may be overdue
OVERDUE = "Asterisk did not carry out a command in time"


class SessionOver(Exception):
    """The caller is no longer ours to command; the message says why."""


def quoted(text: str) -> str:
    """One AGI argument (parse_args in res/res_agi.c): control characters become spaces.

    What is longer than `TEXT_LIMIT` is cut.
    """
    plain = "".join(c if c.isprintable() else " " for c in text)
    cut = plain.encode()[:TEXT_LIMIT].decode(errors="ignore")
    return '"' + cut.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(slots=True)
class _Sent:
    """A command whose result is still to come."""

    result: "asyncio.Future[str]"
    at: float
    overdue: float  # from then on; on the loop's clock, as `at`


class Session:
    """One channel in AsyncAGI, from its AsyncAGIStart to its end."""

    def __init__(
        self,
        link: AmiClient,
        channel: str,
        name: str,
        observe: Callable[[float], None],
        decided: Callable[[float], None],
    ) -> None:
        self.channel = channel
        self.name = name
        self.over = ""  # why it ended; empty while it lasts
        self._link = link
        self._observe = observe
        self._decided = decided
        #: When what is not answered yet came, on the loop's clock.
        self._event_at: float | None = link.received_at
        self._numbers = itertools.count(1)
        self._pending: dict[str, _Sent] = {}
        self._watchdog: asyncio.TimerHandle | None = None
        self._busy_until = 0.0
        self._patience = PATIENCE_SECONDS
        self._on_over: Callable[[], None] = lambda: None

    def watch(self, on_over: Callable[[], None], patience: float) -> None:
        """Call `on_over` when the session ends; end it when a result is `patience` s overdue."""
        self._on_over = on_over
        self._patience = patience

    def event(self) -> None:
        """Something came from this channel just now that may need an answer."""
        if self._event_at is None:
            self._event_at = self._link.received_at

    def settled(self) -> None:
        """What came needs no answer, or has it."""
        self._event_at = None

    def _answered(self) -> None:
        """An action is in the hands of the link: the first one after an event is the answer to it.

        It is written at the end of this turn of the loop.
        """
        if self._event_at is not None:
            asyncio.get_running_loop().call_soon(self._written, self._event_at)
            self._event_at = None

    def _written(self, event_at: float) -> None:
        self._decided(asyncio.get_running_loop().time() - event_at)

    def send(self, command: str, seconds: float = 0.0) -> "asyncio.Future[str]":
        """Queue one command that takes `seconds` to run, after all that were sent before it.

        The future holds Asterisk's result line, or fails with `SessionOver`.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        future.add_done_callback(mark_retrieved)
        if self.over:
            future.set_exception(SessionOver(self.over))
            return future
        command_id = f"{self.name}.{next(self._numbers)}"
        now = loop.time()
        begins = max(now, self._busy_until) if self._pending else now
        self._busy_until = begins + seconds
        overdue = self._busy_until + self._patience
        self._pending[command_id] = _Sent(future, now, overdue)
        if self._watchdog is None:
            self._watchdog = loop.call_at(overdue, self._watch)
        self._command(Command=command, CommandID=command_id)
        return future

    def tell(self, command: str) -> None:
        """Queue one command of whose result nothing depends, after all that were sent before it.

        It has no id, and Asterisk does not report it (render/system.py).
        """
        if not self.over:
            self._command(Command=command)

    def _command(self, **headers: str) -> None:
        try:
            answer = self._link.tell("AGI", Channel=self.channel, **headers)
        except (ConnectionLost, BadValue) as error:
            self.end(str(error))
        else:
            self._answered()
            answer.add_done_callback(self._acknowledged)

    def _watch(self) -> None:
        """End the session when its oldest command is overdue; results come in order."""
        self._watchdog = None
        if oldest := next(iter(self._pending.values()), None):
            loop = asyncio.get_running_loop()
            if loop.time() >= oldest.overdue:
                self.end(OVERDUE)
            else:
                self._watchdog = loop.call_at(oldest.overdue, self._watch)

    def _acknowledged(self, answer: "asyncio.Future[Message]") -> None:
        """Asterisk took the command, or says why not (the channel is gone)."""
        if answer.cancelled() or answer.exception() is not None:
            self.end("the connection to Asterisk was lost")
        elif answer.result().response == "Error":
            self.end(str(answer.result().message))

    def result(self, command_id: str, result: str) -> None:
        """Take in the result of one command."""
        sent = self._pending.pop(command_id, None)
        if sent is None:
            return
        if sent.result.done():
            return
        if "endpos=" not in result:  # what plays a prompt takes as long as the prompt
            self._observe(asyncio.get_running_loop().time() - sent.at)
        sent.result.set_result(result)

    def end(self, why: str) -> None:
        """The session is over: fail what is pending, take nothing more."""
        if self.over:
            return
        self.over = why
        pending, self._pending = self._pending, {}
        if self._watchdog is not None:
            self._watchdog.cancel()
        for sent in pending.values():
            if not sent.result.done():
                sent.result.set_exception(SessionOver(why))
        # Whoever watches has this session: without a cycle both are gone when the last one is.
        on_over, self._on_over = self._on_over, lambda: None
        on_over()

    def stop_playing(self) -> None:
        """Cut short what is being played to the caller, if anything is."""
        self._act("ControlPlayback", Control="stop")

    def set_variables(self, variables: Mapping[str, str]) -> None:
        """Set channel variables at once, whatever is queued or runs."""
        for name, value in variables.items():
            self._act("Setvar", Variable=name, Value=value)

    def redirect(self, context: str, variables: Mapping[str, str]) -> None:
        """Have the channel go on elsewhere in the dialplan, at once: that ends the session."""
        self.set_variables(variables)
        self._act("Redirect", Context=context, Exten="s", Priority="1")

    def _act(self, action: str, **headers: str) -> None:
        """Send an action on the channel that is none of AsyncAGI's commands."""
        if not self.over:
            try:
                answer = self._link.tell(action, Channel=self.channel, **headers)
            except (ConnectionLost, BadValue) as error:
                self.end(str(error))
            else:
                self._answered()
                answer.add_done_callback(mark_retrieved)


class Sessions:
    """All sessions of this process, by name; results find theirs by the CommandID.

    `observe(seconds)`: how long each command took that plays no prompt.  `decided(seconds)`: from
    the bytes of an event to the action that answers it.
    """

    def __init__(
        self,
        link: AmiClient,
        observe: Callable[[float], None],
        decided: Callable[[float], None],
    ) -> None:
        self._link = link
        self._observe = observe
        self._decided = decided
        # Results of an earlier process's commands must match nothing here.
        self._process = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._open: dict[str, Session] = {}

    def begin(self, channel: str) -> Session:
        """A new session on a channel."""
        name = f"{self._process}.{next(self._numbers)}"
        session = Session(self._link, channel, name, self._observe, self._decided)
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
