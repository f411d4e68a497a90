"""Tasks for calls, of which nobody waits for the result."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class CallTasks:
    """Tasks that are running.  `fault(call_id, error)` receives what broke one."""

    def __init__(self, fault: Callable[[str, BaseException], None]) -> None:
        self._fault = fault
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, call_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Run this for a call."""
        task = asyncio.create_task(work, name=call_id)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(self._ended)

    async def wait(self, seconds: float) -> None:
        """Until those that are running now have ended, but no longer than so many seconds."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """A fault in one conversation costs its caller the menu, not the call: the lease."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fault(task.get_name(), error)
