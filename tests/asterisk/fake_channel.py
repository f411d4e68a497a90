"""One channel in AsyncAGI as res_agi.c runs it, in virtual time: stands where the link stands.

Commands run one after the other.  A stop (ControlPlayback) ends the prompt that plays; one that
comes between two commands is read and dropped, or, when the next prompt begins before it was
read, hits that.  `Troubles` says how long everything takes on its way, and what gets lost.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from panoramisk.message import Message

from ivrd.asterisk.async_agi import Session, Sessions
from ivrd.asterisk.caller_media import RECEIVED

POLL_SECONDS = 0.02
SAMPLES_A_SECOND = 8000
PATH = "{0}/ivrd/{1}"


@dataclass(frozen=True)
class Stop:
    """What becomes of one stop: it arrives after `delay` seconds, or never."""

    delay: float = 0.0
    lost: bool = False
    lingers: bool = False  # between two prompts it is kept for the next one


@dataclass
class Troubles:
    """What goes wrong, in order; when a list is used up, nothing more does."""

    stops: list[Stop] = field(default_factory=list)
    results: list[float] = field(default_factory=list)  # seconds each result is late
    mute_from: int | None = None  # from this result on nothing is reported any more
    frozen_from: float = math.inf  # from then on ivrd says nothing more
    shorter: Mapping[str, float] = field(default_factory=dict)  # path -> the file's real length
    missing: frozenset[str] = frozenset()  # paths of files that are not there
    received: Callable[[], str] = lambda: "50"  # packets from the caller's phone, as Asterisk says


@dataclass(frozen=True)
class Played:
    """A prompt that was heard: whole or not, and the time-out set when it began."""

    path: str
    whole: bool
    timeout: float
    until: float  # when it ended


class FakeChannel:
    """Takes the place of the Link of one Session."""

    received_at = 0.0

    def __init__(
        self, seconds: Mapping[tuple[str, str], float], troubles: Troubles | None = None
    ) -> None:
        self.session: Session = Sessions(self, lambda _s: None, lambda _s: None).begin("PJSIP/c-1")  # type: ignore[arg-type]
        self.executed: list[str] = []
        self.played: list[Played] = []
        self.variables: dict[str, str] = {}  # set beside AsyncAGI's commands
        self.sent_to: list[str] = []  # contexts, by a redirection
        self.ended_at: float | None = None
        self.expired_at: float | None = None
        self.told_after_end: list[dict[str, str]] = []
        self._lengths = {PATH.format(*prompt): length for prompt, length in seconds.items()}
        self._troubles = troubles or Troubles()
        self._stops = iter(self._troubles.stops)
        self._delays: Iterator[float] = iter(self._troubles.results)
        self._commands: deque[tuple[str, str]] = deque()
        self._arrived = asyncio.Event()
        self._stop = asyncio.Event()
        self._playing = False
        self._timeout = 0.0
        self._lease: asyncio.TimerHandle | None = None
        self._results = 0
        self._runs = asyncio.ensure_future(self._run())

    # --- the link's side -------------------------------------------------------------------

    def tell(self, action: str, **headers: str) -> "asyncio.Future[Message]":
        """Take an action; it is acknowledged at once."""
        if _now() >= self._troubles.frozen_from:
            pass
        elif self.ended_at is not None:
            self.told_after_end.append({"Action": action, **headers})
        elif action == "AGI":
            self._commands.append((headers["Command"], headers.get("CommandID", "")))
            self._arrived.set()
        elif action == "ControlPlayback":
            self._take_stop(next(self._stops, Stop()))
        elif action == "Setvar":
            self.variables[headers["Variable"]] = headers["Value"]
        elif action == "Redirect":
            self.sent_to.append(headers["Context"])
            asyncio.get_running_loop().call_later(0.01, self._end, "the dialplan has the call")
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        answer.set_result(Message({"Response": "Success"}))
        return answer

    def _take_stop(self, stop: Stop) -> None:
        if not stop.lost:
            asyncio.get_running_loop().call_later(stop.delay, self._stop_arrives, stop.lingers)

    def _stop_arrives(self, lingers: bool) -> None:
        if self._playing or lingers:
            self._stop.set()

    # --- the channel's side ----------------------------------------------------------------

    def hang_up(self) -> None:
        """The caller's line is gone."""
        self._end("the caller hung up")

    def play(self, path: str) -> None:
        """Begin as a channel that still plays what an earlier session asked for."""
        self._commands.append((f'STREAM FILE "{path}" ""', "earlier.1"))
        self._arrived.set()

    async def _run(self) -> None:
        while self.ended_at is None:
            await self._arrived.wait()
            await asyncio.sleep(POLL_SECONDS)
            while self._commands and self.ended_at is None:
                command, command_id = self._commands.popleft()
                result = await self._execute(command)
                self._report(command_id, result)
            self._arrived.clear()

    async def _execute(self, command: str) -> str:
        self.executed.append(command)
        words = command.split('"')
        if command.startswith("STREAM FILE"):
            return await self._play(words[1])
        if command.startswith("SET VARIABLE TIMEOUT(absolute)"):
            self._set_lease(float(words[1]))
        elif command == "ASYNCAGI BREAK":
            self._end("the dialplan has the call")
        elif command == "HANGUP":
            self._end("the caller was hung up")
        elif command == f"GET VARIABLE {RECEIVED}":
            return f"200 result=1 ({self._troubles.received()})"
        return "200 result=1"

    async def _play(self, path: str) -> str:
        if path in self._troubles.missing:
            self._commands.clear()  # Asterisk is done with AsyncAGI, and tells a moment later
            asyncio.get_running_loop().call_later(0.05, self._end, "the dialplan has the call")
            return "200 result=-1 endpos=0"
        begun, length = _now(), self._troubles.shorter.get(path, self._lengths[path])
        self._playing = True
        try:
            async with asyncio.timeout(length):
                await self._stop.wait()
        except TimeoutError:
            pass
        self._playing = False
        whole = not self._stop.is_set()
        self._stop.clear()
        received_at = length if whole else _now() - begun
        self.played.append(Played(path, whole, self._timeout, _now()))
        return f"200 result=0 endpos={int(received_at * SAMPLES_A_SECOND)}"

    def _report(self, command_id: str, result: str) -> None:
        if not command_id:
            return
        self._results += 1
        mute = self._troubles.mute_from
        if mute is None or self._results <= mute:
            delay = next(self._delays, 0.0)
            asyncio.get_running_loop().call_later(delay, self.session.result, command_id, result)

    def _set_lease(self, seconds: float) -> None:
        self._timeout = seconds
        if self._lease is not None:
            self._lease.cancel()
        self._lease = asyncio.get_running_loop().call_later(seconds, self._expire)

    def _expire(self) -> None:
        self.expired_at = _now()
        self._end("the lease ran out")

    def _end(self, why: str) -> None:
        if self.ended_at is not None:
            return
        self.ended_at = _now()
        self._stop.set()
        if self._lease is not None:
            self._lease.cancel()
        if self._troubles.mute_from is None:
            self.session.end(why)


def _now() -> float:
    return asyncio.get_running_loop().time()


def whole(played: Iterable[Played]) -> list[str]:
    """The paths of the prompts that were heard to their end."""
    return [one.path for one in played if one.whole]
