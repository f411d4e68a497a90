"""The daemon: start, serve, hand over or bring callers to a person, stop."""

import asyncio
import gc
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
from ivrd.api.reload import log_languages
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.refusal_log import refused
from ivrd.asterisk.trunk_log import complaints
from ivrd.calls.ivr import HAND_OVER_SECONDS
from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.settings import Settings
from ivrd.config.sounds import missing_defaults, prompt_files
from ivrd.daemon import systemd
from ivrd.daemon.wiring import Wiring
from ivrd.store import StoreDown, claim

LAG_SECONDS = 0.5  # how often the event loop's lag is measured
LOG_SECONDS = 2.0  # between two looks into Asterisk's log
WAITS_SECONDS = 2.0  # how often it is seen to that waiting callers hear the wait of this moment
SEATS_SECONDS = 1.0  # how often seats are decided on and compared with Asterisk

logger = logging.getLogger("ivrd")


class Daemon:
    """One ivrd: built from settings, run until told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._stop = asyncio.Event()
        self.wiring = Wiring(settings, self._stepped_down)
        self._runners: list[AppRunner] = []

    def _stepped_down(self, why: str) -> None:
        """Another ivrd is the leader: what this one knows grows old, so it stops."""
        log.event(logger, logging.WARNING, "no longer the leader: stops", why=why)
        self._stop.set()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; then bring callers in menus to a person and end.

        Raises `server.CannotListen` before anything has started.
        """
        self._watch_signals()
        try:
            await self._listen()
            python = platform.python_version()
            log.event(logger, logging.INFO, "ivrd started", version=__version__, python=python)
            tasks = [
                asyncio.create_task(self.wiring.link.run(self.wiring.connection)),
                asyncio.create_task(self._measure_lag()),
                asyncio.create_task(self._evaluate_seats()),
                asyncio.create_task(self._announce_waits()),
                asyncio.create_task(self._read_log()),
                asyncio.create_task(self.wiring.trunks.monitor.run()),
                asyncio.create_task(self.wiring.trunks.carrier_names.run()),
                asyncio.create_task(self.wiring.outbox.sender.run()),
                asyncio.create_task(self.wiring.failover.run()),
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
            await self.wiring.failover.close()
            await self.wiring.cases.look_ups.close()
            self.wiring.requests.close()

    async def _until_stopped(self, tasks: list["asyncio.Task[None]"]) -> None:
        stop = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait({stop, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        for task in done - {stop}:
            task.result()  # a task that ends by itself is a fault
        if self.wiring.leadership.is_leader and not await self._handed_over():
            await self._drain()
        in_progress = len(self.wiring.ledger.calls)
        log.event(logger, logging.INFO, "stopped", in_progress=in_progress)

    async def _handed_over(self) -> bool:
        """Whether another ivrd takes the callers over as they are."""
        with suppress(StoreDown, ConnectionLost, TimeoutError):
            if successor := await self.wiring.failover.hand_over():
                log.event(logger, logging.INFO, "handed over", to=successor)
                return True
        return not self.wiring.leadership.is_leader

    async def _drain(self) -> None:
        """Bring the callers in menus to a person."""
        drain = self.wiring.operations.settings.drain_seconds
        systemd.stopping(drain + 2 * HAND_OVER_SECONDS)
        log.event(logger, logging.INFO, "stopping", menus=len(self.wiring.tracker.ivr))
        with suppress(ActionRefused, ConnectionLost, TimeoutError):
            await self.wiring.link.withdraw()
        await self.wiring.tracker.ivr.drain(drain)

    async def _listen(self) -> None:
        wiring, settings = self.wiring, self.wiring.settings
        public = server.public_app(
            wiring.scrape,
            wiring.operations.ready,
            wiring.asterisk.capacity.shortage,
            wiring.partners.call_out_operations.answered,
            wiring.outbox.line_webhook.received,
        )
        runner, _port = await server.listen(public, settings.web_host, settings.web_port)
        self._runners.append(runner)
        control = server.control_app(
            wiring.control.queries(), wiring.control.commands(self._hand_over)
        )
        control.middlewares.append(peercred.named)
        self._runners.append(
            await server.listen_unix(control, settings.control_socket, settings.control_mode)
        )

    async def _hand_over(self, query: Mapping[str, str]) -> server.Answer:
        """Let the standby be the leader; this ivrd stops."""
        who = peercred.asked_by(query)
        self.wiring.repositories.partners.audit(who, "handover", "", "")
        try:
            successor = await self.wiring.failover.hand_over()
        except (StoreDown, ConnectionLost, TimeoutError) as error:
            raise server.NotNow(f"cannot hand over: {error}") from None
        finally:
            if not self.wiring.leadership.is_leader:
                self._stop.set()
        if not successor:
            raise server.NotNow("there is no standby")
        return {"leader": successor}

    def _watch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up_signal)

    def _hang_up_signal(self) -> None:
        systemd.reloading()
        self._reloading = asyncio.ensure_future(self.wiring.operations.reload("SIGHUP"))
        self._reloading.add_done_callback(lambda _done: systemd.ready())

    async def _measure_lag(self) -> None:
        """Measure how late the event loop is, and reset systemd's watchdog."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(LAG_SECONDS)
            self.wiring.observer.metrics.loop_lag(max(0.0, time.monotonic() - before - LAG_SECONDS))
            systemd.watchdog()

    async def _read_log(self) -> None:
        """Count the calls, and hear of the trunks, of which only Asterisk's log tells."""
        wiring = self.wiring
        lines = await asyncio.to_thread(wiring.asterisk.messages_log.before)
        wiring.trunks.monitor.registration_complaints(complaints(lines))
        while True:
            lines = await asyncio.to_thread(wiring.asterisk.messages_log.read)
            for (carrier, cause), times in refused(lines).items():
                wiring.asterisk.refusals.calls(carrier, cause, wiring.timeline.now(), times)
            wiring.trunks.monitor.complaints(complaints(lines))
            await asyncio.sleep(LOG_SECONDS)

    async def _announce_waits(self) -> None:
        """Have waiting callers hear how long it will be."""
        while True:
            await asyncio.sleep(WAITS_SECONDS)
            if self.wiring.observer.connected and self.wiring.leadership.is_leader:
                await self.wiring.waiting.announcer.reconcile(self.wiring.tracker.ivr)

    async def _evaluate_seats(self) -> None:
        """Each second, or when asked: decide on partners' seats, and reconcile all seats.

        Callers whose queue a reload has taken are moved as well, all are kept in the order of their
        effective arrivals, those on whom Asterisk's clock was set back begin their wait anew, and
        those whose turn has come leave the queue's menu.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SEATS_SECONDS):
                    await self.wiring.reevaluate.wait()
            self.wiring.reevaluate.clear()
            if self.wiring.observer.connected:
                self.wiring.tracker.read_clock()
                self.wiring.partners.controller.evaluate(self.wiring.timeline.now())
                await asyncio.sleep(0)  # with hundreds of seats that takes a while: events first
                self.wiring.waiting.look()
                await asyncio.sleep(0)
                # A new leader changes nothing before it has read what the one before had stored.
                if self.wiring.leadership.is_leader and self.wiring.failover.began:
                    self.wiring.plans.controller.look()
                    self.wiring.tracker.queue_menus.reconcile()
                    self.wiring.links.regret.look()
                    await self.wiring.agents.controller.look()
                    self.wiring.agents.collector.look()
                    await self.wiring.agents.line.look()
                    self.wiring.agents.reminders.look()
                    for reconcile in (
                        self.wiring.queue_members.reconcile,
                        self.wiring.requeue.reconcile,
                        self.wiring.tracker.placement.reconcile,
                        self.wiring.rejoin.reconcile,
                        self.wiring.partners.tell_second_calls,
                    ):
                        with suppress(ActionRefused, ConnectionLost, TimeoutError):
                            await reconcile()
                    await self.wiring.callbacks.scheduler.evaluate()
                    self.wiring.outbox.messages.reconcile()
                    await self.wiring.partners.call_out()


def spare_collections() -> None:
    """Take what there is now, which stays, out of what the garbage collector looks through: a whole
    collection would keep all events waiting for a tenth of a second."""
    gc.collect()
    gc.freeze()


async def run(folder: Path) -> None:
    """Load the configuration and run one daemon.

    Raises `ConfigError`, `server.CannotListen`, `key_file.KeyFileError` or `store.Claimed`,
    each with a message for the operator.
    """
    settings = load(folder)
    if problems := prompt_files(settings):
        raise ConfigError(problems)
    log.setup(settings.log_format, settings.log_level, sys.stdout, zone=settings.zone)
    for problem in missing_defaults(settings):
        log.event(logger, logging.WARNING, "a recording cannot be played", problem=str(problem))
    log_languages(settings)
    file = settings.store.file
    with claim(file) if file else nullcontext():
        daemon = Daemon(settings)
        spare_collections()
        await daemon.run()
