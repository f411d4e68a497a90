"""A FastAGI server on asyncio, as somebody would write it: one command, one answer, in turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

HOST = "127.0.0.1"


class FastAgi:
    """Carries out the same commands for each call; `took`: in how many seconds, each time."""

    def __init__(self, commands: Sequence[str]) -> None:
        self.took: list[float] = []
        self._commands = commands

    async def start(self) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (await reader.readline()).strip():
            pass  # what Asterisk tells of the call
        began = time.perf_counter()
        for command in self._commands:
            writer.write(f"{command}\n".encode())
            if not (await reader.readline()).startswith(b"200"):
                break  # the caller is gone
        else:
            self.took.append(time.perf_counter() - began)
        writer.close()

    async def stop(self) -> None:
        """Listen no more."""
        self._server.close()
