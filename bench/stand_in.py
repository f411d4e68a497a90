"""What stands in for Asterisk when a recording is replayed: it speaks AMI, and carries no call.

It sends what Asterisk sent, piece by piece and as fast as ivrd answers: a piece goes out when ivrd
has sent all that it had sent before that piece.  Answers get the ids of the actions of now.  What
ivrd sends today and did not send then is taken, and said to be done.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from multiprocessing.connection import Connection

from bench.recording import Recording
from ivrd.asterisk.dialplan_names import RECEIVED_EVENT, SEEN
from lab.ports import HOST

END = b"\r\n\r\n"
GREETING = b"Asterisk Call Manager/"
IDS = re.compile(rb"^(?:ActionID|CommandID): (.*?)\r?$", re.MULTILINE | re.IGNORECASE)
TIME = re.compile(rb"(?<=\nTimestamp: )[0-9.]+")
FIRST_CALL = b"UserEvent: " + RECEIVED_EVENT.encode()
OVERDUE_SECONDS = 0.2  # so long an action is waited for that was sent when this was recorded
SETTLE_SECONDS = 0.5  # after the last piece, for what ivrd writes behind

Headers = dict[str, str]


@dataclass
class _Action:
    """An action of the recording. `now`: its ids, old to new, once ivrd has sent it again."""

    headers: Headers
    now: dict[bytes, bytes] | None = None

    @property
    def key(self) -> Headers:
        """What it is without its ids: the same in each run."""
        ids = ("ActionID", "CommandID")
        return {name: value for name, value in self.headers.items() if name not in ids}

    @property
    def by_the_clock(self) -> bool:
        """Whether ivrd sends it each second, so that it has no place in an order."""
        return self.headers["Action"] == "Ping" or self.headers.get("Variable") == SEEN


@dataclass(frozen=True)
class _Piece:
    """Messages that came together, each with the action that it answers.

    `after`: the actions that ivrd had sent since the piece before.
    """

    messages: list[tuple[bytes, _Action | None]]
    after: list[_Action]


def _headers(message: bytes) -> Headers:
    lines = message.decode("utf-8", "replace").split("\r\n")
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def _of_now(message: bytes, action: _Action | None) -> bytes:
    """The message with the ids and the time of now."""
    for old, new in (action.now or {}).items() if action else ():
        message = message.replace(old, new, 1)
    return TIME.sub(b"%.6f" % time.time(), message, count=1)


def prepared(recording: Recording) -> list[_Piece]:
    """The recording as it is to be replayed, without the keep-alives."""
    known: dict[bytes, _Action] = {}
    rests = {True: b"", False: b""}
    made: list[_Piece] = []
    after: list[_Action] = []
    for piece in recording.pieces:
        text = rests[piece.from_ivrd] + piece.data
        if not piece.from_ivrd and text.startswith(GREETING):
            _, _, text = text.partition(b"\r\n")
        *messages, rests[piece.from_ivrd] = text.split(END)
        if piece.from_ivrd:
            for message in messages:
                action = _Action(_headers(message))
                known |= {found[1]: action for found in IDS.finditer(message)}
                if not action.by_the_clock:
                    after.append(action)
            continue
        answers = [
            (m, next((known[found[1]] for found in IDS.finditer(m) if found[1] in known), None))
            for m in messages
        ]
        if kept := [(m, action) for m, action in answers if not (action and action.by_the_clock)]:
            made.append(_Piece(kept, after))
            after = []
    return made


class StandIn:
    """Replays a recording to the first who connects.

    `missing`: actions of the recording that ivrd did not send this time; `further`: others that it
    did.
    """

    def __init__(self, recording: Recording) -> None:
        self.missing = self.further = 0
        self._pieces = prepared(recording)
        self._expected: dict[str, deque[_Action]] = defaultdict(deque)
        for piece in self._pieces:
            for action in piece.after:
                self._expected[repr(sorted(action.key.items()))].append(action)
        self._rest = b""
        self._server = socket.create_server((HOST, 0))
        self.port: int = self._server.getsockname()[1]

    def serve(self, parent: Connection) -> None:
        """Tell `parent` "began" when the first call comes, and "ended" when all is said; go on with
        the keep-alives until nobody is there any more."""
        self._link, _ = self._server.accept()
        self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._link.sendall(GREETING + b"11.0.0\r\n")
        began = False
        for piece in self._pieces:
            self._await(piece.after)
            if not began and any(FIRST_CALL in message for message, _ in piece.messages):
                began = True
                parent.send("began")
            self._say(piece)
        settled = time.monotonic() + SETTLE_SECONDS
        while (left := settled - time.monotonic()) > 0:
            self._listen(left)
        parent.send(("ended", self.missing, self.further))
        while self._listen(None):
            pass

    def _await(self, actions: list[_Action]) -> None:
        """Until ivrd has sent all of these, or they are overdue."""
        overdue = time.monotonic() + OVERDUE_SECONDS
        while any(action.now is None for action in actions):
            left = overdue - time.monotonic()
            if left <= 0:
                break
            self._listen(left)
        self.missing += sum(action.now is None for action in actions)

    def _say(self, piece: _Piece) -> None:
        said = []
        for message, action in piece.messages:
            if action is not None and action.now is None:
                continue  # nobody has asked
            said.append(_of_now(message, action) + END)
        if said:
            self._link.sendall(b"".join(said))

    def _listen(self, seconds: float | None) -> bool:
        """Take in what comes within that time; False when ivrd is gone."""
        if not select.select([self._link], [], [], seconds)[0]:
            return True
        try:
            data = self._link.recv(65536)
        except ConnectionResetError:
            return False
        *messages, self._rest = (self._rest + data).split(END)
        for message in messages:
            self._take(_Action(_headers(message)))
        return bool(data)

    def _take(self, action: _Action) -> None:
        if action.by_the_clock:
            pong = {"Ping": "Pong", "Timestamp": f"{time.time():.6f}"}
            self._answer(action, pong if action.headers["Action"] == "Ping" else {})
            return
        expected = self._expected[repr(sorted(action.key.items()))]
        if expected:
            then = expected.popleft()
            ids = ("ActionID", "CommandID")
            then.now = {
                then.headers[name].encode(): action.headers[name].encode()
                for name in ids
                if name in then.headers and name in action.headers
            }
            return
        self.further += 1
        self._answer(action, {"Message": "Done"})
        if command := action.headers.get("CommandID"):
            done = f"Event: AsyncAGIExec\r\nCommandID: {command}\r\nResult: 200%20result%3D1%0A"
            self._link.sendall(done.encode() + END)

    def _answer(self, action: _Action, more: Headers) -> None:
        of = {"Response": "Success", "ActionID": action.headers["ActionID"], **more}
        self._link.sendall("\r\n".join(f"{k}: {v}" for k, v in of.items()).encode() + END)
