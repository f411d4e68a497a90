"""The only place that wires: configuration, Asterisk, books, metrics, log and sockets together."""

import asyncio
import logging
import platform
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web as aiohttp_web

from ivrd import __version__, log, notify, status, web
from ivrd.asterisk.agi import Sessions
from ivrd.asterisk.conversation import Script
from ivrd.asterisk.link import Address, Link, Refused
from ivrd.asterisk.seating import Seating
from ivrd.asterisk.wire import LinkLost
from ivrd.config import (
    AMI_SECRET,
    ConfigError,
    Settings,
    closed_queues,
    durations,
    load,
    prompt_files,
    read_secret,
)
from ivrd.core.board import Status
from ivrd.core.call import Call, Notice
from ivrd.core.recent import Recent
from ivrd.hotline import Hotline, Watch
from ivrd.metrics import Metrics
from ivrd.privacy import Hasher, load_key

LAG_SECONDS = 0.5  # how often the loop's own lag is measured
SEATS_SECONDS = 30.0  # how often seats are compared with Asterisk, with or without cause

logger = logging.getLogger("ivrd")


def script_of(settings: Settings) -> Script:
    """What conversations need of the configuration."""
    label = {
        topic: texts[settings.languages[0]]
        for queue in settings.queues
        for topic, texts in queue.topics.items()
    }

    def closed() -> frozenset[str]:
        return closed_queues(settings, datetime.now(settings.zone))

    return Script(settings.tree, durations(settings), label, settings.lease_seconds, closed)


class Daemon:
    """One ivrd: built from settings, run until told to stop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.started = time.monotonic()
        self.loaded = time.monotonic()
        self.reload_ok = True
        self.unattended = 0
        self.recent = Recent(settings.service_level_seconds)
        self.metrics = Metrics(
            [queue.name for queue in settings.queues],
            settings.service_level_seconds,
            __version__,
            pools=[pool.name for pool in settings.pools],
        )
        self.metrics.reload(True, time.time())
        ami = settings.asterisk
        secret = read_secret(ami.ami_secret_file, AMI_SECRET)
        address = Address(ami.ami_host, ami.ami_port, ami.ami_user, secret)
        self.link = Link(address, self._event, self._up, self._report)
        self.seating = Seating(self.link, settings.pools)
        self.hotline = Hotline(
            self.link,
            script_of(settings),
            self.seating,
            Sessions(self.link, self.metrics.agi),
            Watch(
                self._received,
                self._notice,
                self.metrics.lag,
                self._unattended,
                self._refused,
                self._broken,
            ),
            Hasher(load_key(settings.caller_key_file)).hash_number,
            time.time,
        )
        self._stop = asyncio.Event()
        self._linked = False
        self._link_changed = time.monotonic()
        self._runners: list[aiohttp_web.AppRunner] = []

    # --- what happens ----------------------------------------------------------------------

    def _event(self, message: Any) -> None:
        self.hotline.take(message)

    def _received(self, _call: Call) -> None:
        self.recent.received(time.time())

    def _notice(self, notice: Notice) -> None:
        """A call joined a queue, was answered, or ended: count it, write it down."""
        self.metrics.notice(notice)
        self.recent.notice(time.time(), notice)
        log.notice(logger, notice)

    def _unattended(self, call: Call) -> None:
        self.unattended += 1
        self.metrics.unattended(call)
        log.event(
            logger, logging.WARNING, "the dialplan took the caller to the queue", call=call.id
        )

    def _refused(self, event: str, why: str) -> None:
        self.metrics.refused(event)
        log.event(logger, logging.DEBUG, "event not taken into the books", why=why)

    def _broken(self, call_id: str, error: BaseException) -> None:
        self.metrics.fault()
        log.event(
            logger,
            logging.ERROR,
            "a conversation failed; the dialplan takes the caller to the queue",
            call=call_id,
            error=error,
        )

    # --- the link --------------------------------------------------------------------------

    async def _up(self) -> None:
        await self.hotline.rebuild()
        self._link(True)
        notify.status("connected to Asterisk")

    def _report(self, kind: str, text: str) -> None:
        log.event(logger, logging.INFO if kind == "up" else logging.ERROR, text)
        if kind == "down":
            self._link(False)
            self.hotline.lost()
            notify.status("waiting for Asterisk")

    def _link(self, up: bool) -> None:
        self._linked, self._link_changed = up, time.monotonic()
        self.metrics.link(up)

    def ready(self) -> str:
        """What is missing before we can take calls; empty when nothing is."""
        if self.hotline.draining:
            return "stopping"
        return "" if self._linked else "not connected to Asterisk"

    # --- the sockets -----------------------------------------------------------------------

    def text(self) -> bytes:
        """The metrics as Prometheus reads them; books and gauges of one moment."""
        counts = {
            pool.name: Counter(self.seating.here(pool).values()) for pool in self.seating.pools
        }
        self.metrics.seats(counts, self.seating.open or ())
        return self.metrics.text(self.hotline.ledger)

    async def _status(self, _query: Mapping[str, str]) -> web.Answer:
        return self.status()

    def status(self) -> Status:
        """The whole picture of this moment."""
        now, mono, ledger = time.time(), time.monotonic(), self.hotline.ledger
        closed = self.hotline.script.closed()
        return {
            "version": __version__,
            "up_seconds": mono - self.started,
            "draining": self.hotline.draining,
            "asterisk": {
                "up": self._linked,
                "version": self.link.version,
                "since_seconds": mono - self._link_changed,
            },
            "calls": status.calls_of(ledger, self.unattended),
            "queues": status.queues_of(self.settings.queues, closed, ledger.calls.values(), now),
            "pools": status.pools_of(self.seating),
            "outcomes": status.outcomes_of(ledger),
            "hour": status.hour_of(self.recent.totals(now)),
            "service_level_seconds": self.settings.service_level_seconds,
            "config": {
                "folder": str(self.settings.folder),
                "loaded_seconds_ago": mono - self.loaded,
                "last_reload_ok": self.reload_ok,
            },
        }

    async def _seats(self, query: Mapping[str, str]) -> web.Answer:
        """Open or close a pool: ?pool=NAME&open=true|false."""
        pools = {pool.name: pool for pool in self.seating.pools}
        pool = pools.get(query.get("pool", ""))
        if pool is None:
            known = ", ".join(pools)
            raise web.Rejected(f"no pool {query.get('pool', '')!r}; there are: {known}")
        if self.seating.open is None or not self._linked:
            raise web.Rejected("not connected to Asterisk: nothing was changed")
        wanted = query.get("open") == "true"
        (self.seating.open.add if wanted else self.seating.open.discard)(pool.name)
        try:
            changes = await self.seating.reconcile()
        except (Refused, LinkLost, TimeoutError) as error:
            raise web.Rejected(f"Asterisk did not take it: {error}") from None
        log.event(
            logger, logging.INFO, "seats opened" if wanted else "seats closed", pool=pool.name
        )
        return {
            "pool": pool.name,
            "open": wanted,
            "seats": len(pool.seats),
            "changes": len(changes),
        }

    async def _reload_asked(self, _query: Mapping[str, str]) -> web.Answer:
        problems = await self.reload()
        return {"ok": not problems, "problems": problems}

    async def reload(self) -> list[str]:
        """Read the configuration anew: all of it, or none and the problems."""
        try:
            settings = await asyncio.to_thread(load, self.settings.folder)
            problems = [str(p) for p in await asyncio.to_thread(prompt_files, settings)]
            script = None if problems else await asyncio.to_thread(script_of, settings)
        except ConfigError as error:
            problems, script = str(error).splitlines(), None
        self.reload_ok = script is not None
        self.metrics.reload(self.reload_ok, time.time())
        if script is None:
            for problem in problems:
                log.event(logger, logging.ERROR, "configuration not taken", problem=problem)
            return problems
        self._adopt(settings, script)
        with suppress(Refused, LinkLost, TimeoutError):
            await self.seating.reconcile()
        log.event(logger, logging.INFO, "configuration reloaded")
        return []

    def _adopt(self, settings: Settings, script: Script) -> None:
        """From now on the new configuration; conversations that are on keep theirs."""
        fixed = ("web_host", "web_port", "control_socket", "caller_key_file", "log_format")
        for name in fixed:
            if getattr(settings, name) != getattr(self.settings, name):
                log.event(logger, logging.WARNING, "takes effect after a restart", setting=name)
        if settings.asterisk != self.settings.asterisk:
            log.event(logger, logging.WARNING, "takes effect after a restart", setting="asterisk")
        self.settings = settings
        self.loaded = time.monotonic()
        self.hotline.script = script
        self.seating.pools = settings.pools
        self.metrics.queues([queue.name for queue in settings.queues])

    # --- life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; then bring callers in menus to a person and end.

        Raises `web.CannotListen` before anything has begun.
        """
        self._watch_signals()
        try:
            await self._listen()
            tasks = [
                asyncio.create_task(self.link.run()),
                asyncio.create_task(self._measure_lag()),
                asyncio.create_task(self._watch_seats()),
            ]
            log.event(
                logger,
                logging.INFO,
                "ivrd started",
                version=__version__,
                python=platform.python_version(),
            )
            notify.ready()
            try:
                await self._until_stopped(tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            for runner in self._runners:
                await runner.cleanup()
            self.settings.control_socket.unlink(missing_ok=True)

    async def _until_stopped(self, tasks: list["asyncio.Task[None]"]) -> None:
        stop = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait({stop, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        for task in done - {stop}:
            task.result()  # a task that ends by itself is a fault: let it be seen
        notify.stopping()
        log.event(logger, logging.INFO, "stopping", menus=self.hotline.talking())
        with suppress(Refused, LinkLost, TimeoutError):
            await self.link.withdraw()
        await self.hotline.drain(self.settings.drain_seconds)
        log.event(logger, logging.INFO, "stopped", in_progress=len(self.hotline.ledger.calls))

    async def _listen(self) -> None:
        public = web.public_app(self.text, self.ready)
        runner, self.port = await web.listen(public, self.settings.web_host, self.settings.web_port)
        self._runners.append(runner)
        control = web.control_app(
            {"status": self._status}, {"seats": self._seats, "reload": self._reload_asked}
        )
        self._runners.append(
            await web.listen_unix(control, self.settings.control_socket, self.settings.control_mode)
        )

    def _watch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up_signal)

    def _hang_up_signal(self) -> None:
        notify.reloading()
        task = asyncio.ensure_future(self.reload())
        task.add_done_callback(lambda _done: notify.ready())

    async def _measure_lag(self) -> None:
        """How late the loop is; and a sign of life for systemd."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(LAG_SECONDS)
            self.metrics.loop_lag(max(0.0, time.monotonic() - before - LAG_SECONDS))
            notify.watchdog()

    async def _watch_seats(self) -> None:
        while True:
            await asyncio.sleep(SEATS_SECONDS)
            with suppress(Refused, LinkLost, TimeoutError):
                await self.seating.reconcile()


async def run(folder: Path) -> None:
    """Load the configuration and run one daemon.

    Raises `ConfigError`, `web.CannotListen` or `privacy.PrivacyError`, each with plain words.
    """
    settings = load(folder)
    if problems := prompt_files(settings):
        raise ConfigError(problems)
    log.setup(settings.log_format, settings.log_level, sys.stdout, zone=settings.zone)
    await Daemon(settings).run()
