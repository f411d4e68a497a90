"""The daemon's life: begin, serve, hand over or bring callers to a person, end."""

import asyncio
import logging
import platform
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from pathlib import Path

from aiohttp.web import AppRunner

from ivrd import __version__, log
from ivrd.api import peercred, server
from ivrd.asterisk.ami_client import ActionRefused
from ivrd.asterisk.ami_protocol import ConnectionLost
from ivrd.calls.ivr import HAND_OVER_SECONDS
from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.settings import Settings
from ivrd.config.sounds import prompt_files
from ivrd.daemon import systemd
from ivrd.daemon.wiring import Wiring
from ivrd.store import StoreDown, claim

LAG_SECONDS = 0.5  # how often the loop's own lag is measured
SEATS_SECONDS = 1.0  # how often seats are decided on and compared with Asterisk

logger = logging.getLogger("ivrd")


class Daemon:
    """One ivrd: built from settings, run until told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._stop = asyncio.Event()
        self.parts = Wiring(settings, self._stepped_down)
        self._runners: list[AppRunner] = []

    def _stepped_down(self, why: str) -> None:
        """Another ivrd acts: what this one knows grows old, so it ends and begins anew."""
        log.event(logger, logging.WARNING, "no longer the leader: ends", why=why)
        self._stop.set()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; then bring callers in menus to a person and end.

        Raises `web.CannotListen` before anything has begun.
        """
        self._watch_signals()
        try:
            await self._listen()
            python = platform.python_version()
            log.event(logger, logging.INFO, "ivrd started", version=__version__, python=python)
            tasks = [
                asyncio.create_task(self.parts.link.run()),
                asyncio.create_task(self._measure_lag()),
                asyncio.create_task(self._keep_seats()),
                asyncio.create_task(self.parts.failover.run()),
            ]
            systemd.ready()
            try:
                await self._until_stopped(tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            for runner in self._runners:
                await runner.cleanup()
            await self.parts.failover.close()

    async def _until_stopped(self, tasks: list["asyncio.Task[None]"]) -> None:
        stop = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait({stop, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        for task in done - {stop}:
            task.result()  # a task that ends by itself is a fault: let it be seen
        if self.parts.failover.is_leader and not await self._handed_over():
            await self._drain()
        in_progress = len(self.parts.tracker.ledger.calls)
        log.event(logger, logging.INFO, "stopped", in_progress=in_progress)

    async def _handed_over(self) -> bool:
        """Whether another ivrd takes the callers over as they are."""
        with suppress(StoreDown, ConnectionLost, TimeoutError):
            if successor := await self.parts.failover.hand_over():
                log.event(logger, logging.INFO, "handed over", to=successor)
                return True
        return not self.parts.failover.is_leader

    async def _drain(self) -> None:
        """Bring the callers in menus to a person."""
        drain = self.parts.operations.settings.drain_seconds
        systemd.stopping(drain + 2 * HAND_OVER_SECONDS)
        log.event(logger, logging.INFO, "stopping", ivr=len(self.parts.tracker.ivr))
        with suppress(ActionRefused, ConnectionLost, TimeoutError):
            await self.parts.link.withdraw()
        await self.parts.tracker.ivr.drain(drain)

    async def _listen(self) -> None:
        parts, settings = self.parts, self.parts.settings
        public = server.public_app(parts.scrape, parts.operations.ready, parts.shortage)
        runner, _port = await server.listen(public, settings.web_host, settings.web_port)
        self._runners.append(runner)
        control = server.control_app(parts.queries(), parts.commands(self._hand_over))
        control.middlewares.append(peercred.named)
        self._runners.append(
            await server.listen_unix(control, settings.control_socket, settings.control_mode)
        )

    async def _hand_over(self, query: Mapping[str, str]) -> server.Answer:
        """Let the ivrd that stands by act; this one ends."""
        self.parts.operations.audit(peercred.asked_by(query), "handover", "")
        try:
            successor = await self.parts.failover.hand_over()
        except (StoreDown, ConnectionLost, TimeoutError) as error:
            raise server.RequestRejected(f"cannot hand over: {error}") from None
        finally:
            if not self.parts.failover.is_leader:
                self._stop.set()
        if not successor:
            raise server.RequestRejected("no other ivrd stands by")
        return {"leader": successor}

    def _watch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up_signal)

    def _hang_up_signal(self) -> None:
        systemd.reloading()
        self._reloading = asyncio.ensure_future(self.parts.operations.reload("SIGHUP"))
        self._reloading.add_done_callback(lambda _done: systemd.ready())

    async def _measure_lag(self) -> None:
        """How late the loop is; and a sign of life for systemd."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(LAG_SECONDS)
            self.parts.observer.metrics.loop_lag(max(0.0, time.monotonic() - before - LAG_SECONDS))
            systemd.watchdog()

    async def _keep_seats(self) -> None:
        """Each second: decide how many seats partners lend, and send Asterisk the difference."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SEATS_SECONDS):
                    await self.parts.hurry.wait()
            self.parts.hurry.clear()
            if self.parts.observer.linked:
                self.parts.partners.evaluate(time.time())
                if self.parts.failover.is_leader:
                    with suppress(ActionRefused, ConnectionLost, TimeoutError):
                        await self.parts.queue_members.reconcile()


async def run(folder: Path) -> None:
    """Load the configuration and run one daemon.

    Raises `ConfigError`, `web.CannotListen`, `privacy.PrivacyError` or `store.Claimed`, each with
    plain words.
    """
    settings = load(folder)
    if problems := prompt_files(settings):
        raise ConfigError(problems)
    log.setup(settings.log_format, settings.log_level, sys.stdout, zone=settings.zone)
    file = settings.store.file
    with claim(file) if file else nullcontext():
        await Daemon(settings).run()
