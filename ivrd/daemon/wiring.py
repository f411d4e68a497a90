"""All parts of one ivrd, built and wired together: the only place that does.

Configuration, Asterisk, books, store, partners, metrics and log know one another only as far as
they must; who hears of what is written here.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping

from ivrd import __version__
from ivrd.api import server
from ivrd.api.day_report import DayReport
from ivrd.api.operations import Operations, conversation_settings, partner_setup
from ivrd.api.partner_operations import PartnerOperations
from ivrd.asterisk.ami_client import AmiAddress, AmiClient
from ivrd.asterisk.async_agi import Sessions
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.asterisk.translate import EVENTS, PartnerLegEvent
from ivrd.calls.caller_hash import Hasher, load_key
from ivrd.calls.tracker import CallTracker
from ivrd.config import AMI_SECRET, Settings, read_secret
from ivrd.core.call import Notice
from ivrd.core.recent import Recent
from ivrd.daemon import systemd
from ivrd.ha.call_repository import CallRepository
from ivrd.ha.failover import Failover
from ivrd.metrics.calls import CallMetrics
from ivrd.metrics.observer import Observer
from ivrd.metrics.partners import PartnerMetrics
from ivrd.metrics.persistence import PersistenceMetrics
from ivrd.partners.controller import PartnerController
from ivrd.partners.recorder import PartnerRecorder
from ivrd.partners.repository import PartnerRepository
from ivrd.partners.test_calls import DrillCalls
from ivrd.store.factory import open_store


class Wiring:
    """Built from settings.  `gave_up(why)` is called when another ivrd acts."""

    def __init__(self, settings: Settings, gave_up: Callable[[str], None]) -> None:
        self.settings = settings
        self.reports = self._reports()
        self.link = AmiClient(
            _address(settings),
            self._event,
            self._up,
            self._down,
            self.reports.link_says,
            wanted=EVENTS,
        )
        self.seating = QueueMembers(self.link, settings.pools)
        self.hotline = self._hotline()
        self.continuity = self._continuity(gave_up)
        self.partners = PartnerController(
            partner_setup(settings), self.hotline.ledger, self.seating
        )
        self.drills = DrillCalls()
        self.book = self._book()
        self.partner_desk = self._partner_desk()
        self._partner_watch = self._watch_partners()
        self.desk = Operations(
            settings,
            self.link,
            self.hotline,
            self.seating,
            self.reports,
            self.partners,
            self.continuity.leading,
        )
        self.desk.taken = self._configured
        self.desk.audit = lambda who, what, detail: self.book.audit(who, what, "", detail)
        self.hurry = asyncio.Event()  # partners' seats are to be looked at before their time
        self.partners.hurry = self.hurry.set
        self._tell_each_other()

    # --- building --------------------------------------------------------------------------

    def _reports(self) -> Observer:
        settings = self.settings
        metrics = CallMetrics(
            [queue.name for queue in settings.queues],
            settings.service_level_seconds,
            __version__,
            pools=[pool.name for pool in settings.pools],
        )
        metrics.reload(True, time.time())
        return Observer(metrics, Recent(settings.service_level_seconds))

    def _hotline(self) -> CallTracker:
        settings = self.settings
        hotline = CallTracker(
            self.link,
            conversation_settings(settings),
            self.seating,
            Sessions(self.link, self.reports.metrics.agi, self.reports.metrics.decision),
            self.reports.watch(),
            Hasher(load_key(settings.caller_key_file)).hash_number,
            time.time,
        )
        hotline.menus.most = settings.menus_at_most
        hotline.menus.late = self._late
        return hotline

    def _continuity(self, gave_up: Callable[[str], None]) -> Failover:
        """The store, and what rests on it."""
        settings = self.settings
        return Failover(
            f"{socket.gethostname()}:{settings.web_port}",
            *open_store(settings.store),
            settings.asterisk.queue_log,
            self.link,
            self.hotline,
            lambda keeper: CallRepository(
                keeper, settings.zone, settings.store.keep_days.calls, time.time
            ),
            gave_up,
        )

    def _book(self) -> PartnerRepository:
        days, keeper = self.settings.store.keep_days, self.continuity.keeper
        return PartnerRepository(keeper, days.history, days.audit, time.time, self.acts)

    def _partner_desk(self) -> PartnerOperations:
        return PartnerOperations(
            self.partners,
            self.book,
            self.settings.zone,
            self.drills.wait,
            snapshot=lambda: self.partners.snapshot,
        )

    def _watch_partners(self) -> PartnerRecorder:
        metrics = PartnerMetrics(self.reports.metrics.registry, self.partner_desk.moments)
        return PartnerRecorder(self.hotline.ledger, metrics, self.book, self.acts)

    def _tell_each_other(self) -> None:
        """Who hears of what."""
        registry, menus = self.reports.metrics.registry, self.hotline.menus
        PersistenceMetrics(registry, self.continuity, lambda: menus.turned_on)
        self.reports.counts = self.acts
        self.reports.moved = self.continuity.moved
        self.reports.also = self._call_news
        self.hotline.partner_news = self.partners.news
        self.partners.told = self._partner_news
        self.partners.learned = self.book.breaker
        self.continuity.also_begin = self.partner_desk.begin
        self.continuity.also_back = self.partner_desk.back

    # --- what the control socket can ask ---------------------------------------------------

    def reads(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        day = DayReport(
            self.hotline.ledger,
            self.continuity.keeping,
            self.continuity.keeper.flush,
            lambda: self.desk.settings.service_level_seconds,
            time.time,
        )
        answers = {**self.desk.reads(), **self.partner_desk.reads()}
        return {**answers, "day": self._for_who_acts(day.answer)}

    def asked_to_do(self, hand_over: server.Control) -> Mapping[str, server.Control]:
        """What POST does."""
        acts = {**self.desk.acts(), **self.partner_desk.acts(), "handover": hand_over}
        either = {"reload"}
        return {
            name: act if name in either else self._for_who_acts(act) for name, act in acts.items()
        }

    def _for_who_acts(self, control: server.Control) -> server.Control:
        """What only the ivrd that acts can answer or do; the other one says so."""

        async def answer(query: Mapping[str, str]) -> server.Answer:
            if not self.acts():
                who = self.continuity.leading.who_acts
                ask = f"ask {who}, which acts" if who else "nobody is known to act"
                raise server.RequestRejected(f"this ivrd stands by; {ask}")
            return await control(query)

        return answer

    def scrape(self) -> bytes:
        """The metrics of this moment."""
        return self.reports.scrape(self.hotline.ledger, self.seating)

    # --- who hears of what -----------------------------------------------------------------

    def acts(self) -> bool:
        """Whether this ivrd speaks to callers, moves seats and counts."""
        return self.continuity.acts

    def _late(self) -> bool:
        """Whether we hear Asterisk so late that a menu would be no help."""
        return self.link.behind_seconds > self.desk.settings.behind_seconds

    def _partner_news(self, news: PartnerLegEvent) -> None:
        self._partner_watch.news(news)
        self.drills.news(news)

    def _call_news(self, notice: Notice) -> None:
        self.partners.notice(notice)
        self.continuity.notice(notice)
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
        self.hurry.set()  # seats that were wanted when the link went are due at once
        systemd.status("connected to Asterisk")

    def _down(self) -> None:
        self.reports.link(False)
        self.hotline.menus.let_go("the link to Asterisk was lost")
        systemd.status("waiting for Asterisk")


def _address(settings: Settings) -> AmiAddress:
    ami = settings.asterisk
    secret = read_secret(ami.ami_secret_file, AMI_SECRET)
    return AmiAddress(ami.ami_host, ami.ami_port, ami.ami_user, secret)
