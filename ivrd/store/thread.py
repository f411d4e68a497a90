"""One thread for work that may hang, such as a file on a disk that does not answer."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Thread:
    """Runs one job at a time, away from the event loop.

    A job that hangs holds up nothing but later jobs: those are refused until it is done.  The
    thread is a daemon, so that it does not hold up the end of the process either; the threads of
    `concurrent.futures` would.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._turn = asyncio.Lock()
        self._last: Future[Any] | None = None
        self._started = False

    async def do(self, job: Callable[[], T], deadline: float) -> T:
        """What `job` returns or raises; `TimeoutError` after `deadline` seconds.

        A job that was begun goes on after its deadline, and nobody learns its result.
        """
        async with asyncio.timeout(deadline), self._turn:
            if self._last is not None and not self._last.done():
                raise TimeoutError
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
            future: Future[T] = Future()
            self._last = future
            self._jobs.put((future, job))
            return await asyncio.wrap_future(future)

    def end(self) -> None:
        """Let the thread end after what it does now.  The next `do` starts another one."""
        if self._started:
            self._started = False
            self._jobs.put(None)
            self._jobs = SimpleQueue()

    def _run(self) -> None:
        jobs = self._jobs
        while (item := jobs.get()) is not None:
            future, job = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(job())
            except BaseException as error:  # it belongs to who awaits it
                future.set_exception(error)
