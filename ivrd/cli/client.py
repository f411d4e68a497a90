"""Speaks to a running ivrd over its control socket: HTTP with JSON over a Unix socket."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ivrd.cli.failure import WRONG, CommandFailed
from ivrd.config import control_socket

UNAVAILABLE = 503
SECONDS = 150.0  # a drill takes as long as a partner may take until the key, and some


class NotRunning(CommandFailed):
    """No ivrd answers; the message says where it was looked for."""


class RequestRefused(CommandFailed):
    """What was asked makes no sense to ivrd; the message says why."""

    status = WRONG


class NotPossible(CommandFailed):
    """ivrd cannot do what was asked as things are; the message says why."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(SECONDS)
        self.sock.connect(str(self._path))


def client_of(folder: Path) -> "Client":
    """Asks the ivrd whose configuration is in `folder`.  Raises `ConfigError`."""
    return Client(control_socket.read(folder))


class Client:
    """Asks the ivrd behind one control socket."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, name: str, **query: str) -> Any:
        """Read something. Raises `NotRunning`, `NotPossible` or `RequestRefused`."""
        return self._ask("GET", name, query)

    def post(self, name: str, **query: str) -> Any:
        """Have something done. Raises as `get` does."""
        return self._ask("POST", name, query)

    def _ask(self, method: str, name: str, query: dict[str, str]) -> Any:
        connection = _Connection(self.path)
        try:
            # A word that the locale cannot read goes on as it was typed.
            asked = urlencode(query, errors="surrogateescape")
            connection.request(method, f"/{name}?{asked}")
            response = connection.getresponse()
            body = response.read()
        except PermissionError:
            raise NotRunning(f"you may not use {self.path}: ask to join its group") from None
        except (OSError, http.client.HTTPException) as error:
            raise NotRunning(f"no ivrd answers at {self.path}: is it running? ({error})") from None
        finally:
            connection.close()
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if response.status == UNAVAILABLE and isinstance(answer, dict) and "error" in answer:
            raise NotPossible(str(answer["error"]))
        if response.status >= 500:
            raise NotRunning(f"ivrd at {self.path} could not answer; its log says why")
        if not isinstance(answer, dict):
            raise NotRunning(f"what answers at {self.path} is not ivrd")
        if response.status != 200:
            raise RequestRefused(str(answer.get("error", f"status {response.status}")))
        return answer
