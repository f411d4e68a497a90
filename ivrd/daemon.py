"""The only place that wires: configuration, Asterisk, books, metrics, log and sockets together."""

import asyncio
import logging
import platform
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from aiohttp.web import AppRunner

from ivrd import __version__, log, notify, peer, web
from ivrd.asterisk.agi import Sessions
from ivrd.asterisk.link import Address, Link, Refused
from ivrd.asterisk.seating import Seating
from ivrd.asterisk.translate import EVENTS, PartnerNews
from ivrd.asterisk.wire import LinkLost
from ivrd.config import AMI_SECRET, ConfigError, Settings, load, prompt_files, read_secret
from ivrd.continuity import Continuity
from ivrd.core.call import Notice
from ivrd.core.recent import Recent
from ivrd.day import DayBook
from ivrd.desk import Desk, script_of, setup_of
from ivrd.drills import Drills
from ivrd.hotline import Hotline
from ivrd.keeping import PARTNERS, Keeping
from ivrd.leading import Role
from ivrd.menus import HAND_OVER_SECONDS
from ivrd.metrics import Metrics
from ivrd.partner_book import Book
from ivrd.partner_desk import PartnerDesk
from ivrd.partner_metrics import PartnerMetrics
from ivrd.partner_watch import PartnerWatch
from ivrd.partners import Partners
from ivrd.privacy import Hasher, load_key
from ivrd.reports import Reports
from ivrd.store import StoreDown
from ivrd.store.chosen import chosen
from ivrd.store_metrics import StoreMetrics

LAG_SECONDS = 0.5  # how often the loop's own lag is measured
KEPT_DAYS = 92  # of ended calls, for the reports of a quarter
SEATS_SECONDS = 1.0  # how often seats are decided on and compared with Asterisk

logger = logging.getLogger("ivrd")


class Daemon:
    """One ivrd: built from settings, run until told to stop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._stop = asyncio.Event()
        metrics = Metrics(
            [queue.name for queue in settings.queues],
            settings.service_level_seconds,
            __version__,
            pools=[pool.name for pool in settings.pools],
        )
        metrics.reload(True, time.time())
        self.reports = Reports(metrics, Recent(settings.service_level_seconds))
        self.link = Link(
            _address(settings),
            self._event,
            self._up,
            self._down,
            self.reports.link_says,
            wanted=EVENTS,
        )
        self.seating = Seating(self.link, settings.pools)
        self.hotline = Hotline(
            self.link,
            script_of(settings),
            self.seating,
            Sessions(self.link, metrics.agi),
            self.reports.watch(),
            Hasher(load_key(settings.caller_key_file)).hash_number,
            time.time,
        )
        self.hotline.menus.most = settings.menus_at_most
        self.hotline.menus.late = self._late
        self.continuity = self._continuity()
        StoreMetrics(metrics.registry, self.continuity, lambda: self.hotline.menus.turned_on)
        self.reports.counts = lambda: self.continuity.acts
        self.reports.moved = self.continuity.moved
        self.partners = Partners(setup_of(settings), self.hotline.ledger, self.seating)
        self.drills = Drills()
        self.book = book = Book(settings.state_dir)
        self.partner_desk = PartnerDesk(
            self.partners,
            book,
            settings.zone,
            self.drills.wait,
            snapshot=lambda: self.partners.snapshot,
        )
        self._partner_watch = PartnerWatch(
            self.hotline.ledger,
            PartnerMetrics(metrics.registry, self.partner_desk.moments, lambda: book.lost),
            book,
        )
        self.hotline.partner_news = self.partners.news
        self.partners.told = self._partner_news
        self.reports.also = self._call_news
        self.desk = Desk(
            settings, self.link, self.hotline, self.seating, self.reports, self.partners
        )
        self.desk.taken = self._configured
        self.partner_desk.acting = lambda: self.continuity.acts
        self.partner_desk.keep = partial(self.continuity.keeper.put, PARTNERS)
        if settings.store.redis:  # alone, the book's own file is the newer one
            self.continuity.also_begin = self._read_pins
        self._day = DayBook(
            self.hotline.ledger,
            self.continuity.keeping,
            self.continuity.keeper.flush,
            lambda: self.desk.settings.service_level_seconds,
            time.time,
            lambda: self.continuity.acts,
        )
        self._hurry = asyncio.Event()
        self.partners.hurry = self._hurry.set
        self._runners: list[AppRunner] = []

    def _continuity(self) -> Continuity:
        """The store, and what rests on it."""
        settings = self.settings
        return Continuity(
            f"{socket.gethostname()}:{settings.web_port}",
            *chosen(settings.store),
            settings.asterisk.queue_log,
            self.link,
            self.hotline,
            lambda keeper: Keeping(keeper, settings.zone, KEPT_DAYS, time.time),
            self._gave_up,
        )

    async def _read_pins(self) -> None:
        """Pins and drills as the ivrd that acted before us has left them."""
        kept = await self.continuity.keeper.load(PARTNERS)
        for partner, text in kept.items():
            self.partner_desk.told(partner, text)

    def _late(self) -> bool:
        """Whether we hear Asterisk so late that a menu would be no help."""
        return self.link.behind_seconds > self.desk.settings.behind_seconds

    def _gave_up(self, why: str) -> None:
        """Another ivrd acts: what this one knows grows old, so it ends and begins anew."""
        log.event(logger, logging.WARNING, "acts no more, and ends", why=why)
        self._stop.set()

    def _partner_news(self, news: PartnerNews) -> None:
        if self.continuity.acts:
            self._partner_watch.news(news)
        self.drills.news(news)

    def _call_news(self, notice: Notice) -> None:
        self.partners.notice(notice)
        self.continuity.notice(notice)
        if self.continuity.acts:
            self._partner_watch.notice(notice)

    def _configured(self, settings: Settings) -> None:
        """A new configuration is in use: a partner that is back has its pin and its drill."""
        for partner in settings.partners:
            self.partner_desk.recall(partner.id)

    # --- the link --------------------------------------------------------------------------

    def _event(self, message: object) -> None:
        self.hotline.take(message)

    async def _up(self) -> None:
        await self.continuity.up()
        self.reports.link(True)
        notify.status("connected to Asterisk")

    def _down(self) -> None:
        self.reports.link(False)
        self.hotline.menus.let_go("the link to Asterisk was lost")
        notify.status("waiting for Asterisk")

    # --- life ------------------------------------------------------------------------------

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
                asyncio.create_task(self.link.run()),
                asyncio.create_task(self._measure_lag()),
                asyncio.create_task(self._keep_seats()),
                asyncio.create_task(self.continuity.run()),
            ]
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
            await self.continuity.close()
            await asyncio.to_thread(self.book.close)

    async def _until_stopped(self, tasks: list["asyncio.Task[None]"]) -> None:
        stop = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait({stop, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        for task in done - {stop}:
            task.result()  # a task that ends by itself is a fault: let it be seen
        if self.continuity.acts and not await self._handed_over():
            await self._drain()
        in_progress = len(self.hotline.ledger.calls)
        log.event(logger, logging.INFO, "stopped", in_progress=in_progress)

    async def _handed_over(self) -> bool:
        """Whether another ivrd takes the callers over as they are."""
        with suppress(StoreDown, LinkLost, TimeoutError):
            if successor := await self.continuity.hand_over():
                log.event(logger, logging.INFO, "handed over", to=successor)
                return True
        return not self.continuity.acts

    async def _drain(self) -> None:
        """Bring the callers in menus to a person."""
        drain = self.desk.settings.drain_seconds
        notify.stopping(drain + 2 * HAND_OVER_SECONDS)
        log.event(logger, logging.INFO, "stopping", menus=len(self.hotline.menus))
        with suppress(Refused, LinkLost, TimeoutError):
            await self.link.withdraw()
        await self.hotline.menus.drain(drain)

    async def _listen(self) -> None:
        public = web.public_app(
            lambda: self.reports.scrape(self.hotline.ledger, self.seating), self.desk.ready
        )
        settings = self.settings
        runner, _port = await web.listen(public, settings.web_host, settings.web_port)
        self._runners.append(runner)
        control = web.control_app(
            {**self.desk.reads(), **self.partner_desk.reads(), "day": self._day.answer},
            {**self.desk.acts(), **self.partner_desk.acts(), "handover": self._hand_over},
        )
        control.middlewares.append(peer.named)
        self._runners.append(
            await web.listen_unix(control, settings.control_socket, settings.control_mode)
        )

    async def _hand_over(self, _query: Mapping[str, str]) -> web.Answer:
        """Let the ivrd that stands by act; this one ends."""
        if self.continuity.leading.role is Role.STANDING_BY:
            raise web.Rejected("this ivrd stands by already")
        try:
            successor = await self.continuity.hand_over()
        except (StoreDown, LinkLost, TimeoutError) as error:
            raise web.Rejected(f"cannot hand over: {error}") from None
        finally:
            if not self.continuity.acts:
                self._stop.set()
        if not successor:
            raise web.Rejected("no other ivrd stands by")
        return {"acts_now": successor}

    def _watch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up_signal)

    def _hang_up_signal(self) -> None:
        notify.reloading()
        self._reloading = asyncio.ensure_future(self.desk.reload())
        self._reloading.add_done_callback(lambda _done: notify.ready())

    async def _measure_lag(self) -> None:
        """How late the loop is; and a sign of life for systemd."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(LAG_SECONDS)
            self.reports.metrics.loop_lag(max(0.0, time.monotonic() - before - LAG_SECONDS))
            notify.watchdog()

    async def _keep_seats(self) -> None:
        """Each second: decide how many seats partners lend, and send Asterisk the difference."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SEATS_SECONDS):
                    await self._hurry.wait()
            self._hurry.clear()
            if self.reports.linked:
                self.partners.look(time.time())
                if self.continuity.acts:
                    with suppress(Refused, LinkLost, TimeoutError):
                        await self.seating.reconcile()


def _address(settings: Settings) -> Address:
    ami = settings.asterisk
    secret = read_secret(ami.ami_secret_file, AMI_SECRET)
    return Address(ami.ami_host, ami.ami_port, ami.ami_user, secret)


async def run(folder: Path) -> None:
    """Load the configuration and run one daemon.

    Raises `ConfigError`, `web.CannotListen` or `privacy.PrivacyError`, each with plain words.
    """
    settings = load(folder)
    if problems := prompt_files(settings):
        raise ConfigError(problems)
    log.setup(settings.log_format, settings.log_level, sys.stdout, zone=settings.zone)
    await Daemon(settings).run()
