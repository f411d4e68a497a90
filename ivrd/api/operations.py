"""What an operator can ask of a running ivrd: its picture, seats, a new configuration."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from ivrd import __version__, log
from ivrd.api import server, status
from ivrd.api.peercred import asked_by
from ivrd.asterisk.ami_client import ActionRefused, AmiClient
from ivrd.asterisk.ami_protocol import ConnectionLost
from ivrd.asterisk.conversation import ConversationSettings
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.calls.tracker import CallTracker
from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.settings import Settings, closed_queues
from ivrd.config.sounds import durations, prompt_files
from ivrd.core.status_schema import AsteriskStatus, ConfigStatus, Status
from ivrd.metrics.observer import Observer
from ivrd.partners.controller import PartnerController, PartnerSetup

logger = logging.getLogger("ivrd")

# What is read once, when ivrd starts.
AT_START = (
    *("web_host", "web_port", "control_socket", "caller_key_file", "log_format", "asterisk"),
    *("state_dir", "store"),
)


def conversation_settings(settings: Settings) -> ConversationSettings:
    """What conversations need of the configuration."""
    label = {
        topic: texts[settings.languages[0]]
        for queue in settings.queues
        for topic, texts in queue.topics.items()
    }

    def closed() -> frozenset[str]:
        return closed_queues(settings, datetime.now(settings.zone))

    return ConversationSettings(
        settings.tree, durations(settings), label, settings.lease_seconds, closed
    )


def partner_setup(settings: Settings) -> PartnerSetup:
    """What the deciding on partners' seats needs of the configuration."""
    topics = {queue.name: tuple(queue.topics) for queue in settings.queues}

    def open_partners() -> frozenset[str]:
        now = datetime.now(settings.zone)
        hours = settings.partner_schedules
        return frozenset(
            p for p, schedule in hours.items() if not schedule or schedule.is_open(now)
        )

    return PartnerSetup(settings.partners, topics, settings.policy, open_partners)


@dataclass
class Operations:
    """The running parts, and what may be asked of them."""

    settings: Settings
    link: AmiClient
    tracker: CallTracker
    queue_members: QueueMembers
    observer: Observer
    partners: PartnerController
    election: status.Leader

    def __post_init__(self) -> None:
        self.started = self.loaded = time.monotonic()
        self.reload_ok = True
        self.taken: Callable[[Settings], None] = lambda _settings: None  # who else must know
        self.audit: Callable[[str, str, str], None] = lambda _who, _what, _detail: None

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        return {"status": self._status}

    def commands(self) -> Mapping[str, server.Control]:
        """What POST does."""
        return {"seats": self._seats, "reload": self._reload}

    def ready(self) -> str:
        """What is missing before callers can be served; empty when nothing is."""
        if self.tracker.ivr.draining:
            return "stopping"
        return "" if self.observer.linked else "not connected to Asterisk"

    def status(self) -> Status:
        """The whole picture of this moment."""
        now, mono, ledger = time.time(), time.monotonic(), self.tracker.ledger
        closed = self.tracker.ivr.settings.closed()
        return Status(
            version=__version__,
            up_seconds=mono - self.started,
            role=status.role_of(self.election),
            draining=self.tracker.ivr.draining,
            asterisk=AsteriskStatus(
                up=self.observer.linked,
                version=self.link.version,
                since_seconds=mono - self.observer.link_changed,
            ),
            calls=status.calls_of(ledger, self.observer.unattended),
            queues=status.queues_of(self.settings.queues, closed, ledger.calls.values(), now),
            pools=status.pools_of(self.queue_members),
            outcomes=status.outcomes_of(ledger),
            hour=self.observer.recent.totals(now),
            service_level_seconds=self.settings.service_level_seconds,
            config=ConfigStatus(
                folder=str(self.settings.folder),
                loaded_seconds_ago=mono - self.loaded,
                last_reload_ok=self.reload_ok,
            ),
        )

    async def _status(self, _query: Mapping[str, str]) -> server.Answer:
        return self.status()

    async def _seats(self, query: Mapping[str, str]) -> server.Answer:
        """Open or close a pool: ?pool=NAME&open=true or false."""
        pools = {pool.name: pool for pool in self.queue_members.pools}
        pool = pools.get(query.get("pool", ""))
        if pool is None:
            raise server.RequestRejected(
                f"no pool {query.get('pool', '')!r}; there are: {', '.join(pools)}"
            )
        if self.queue_members.open is None or not self.observer.linked:
            raise server.RequestRejected("not connected to Asterisk: nothing was changed")
        wanted = query.get("open") == "true"
        (self.queue_members.open.add if wanted else self.queue_members.open.discard)(pool.name)
        try:
            changes = await self.queue_members.reconcile()
        except (ActionRefused, ConnectionLost, TimeoutError) as error:
            raise server.RequestRejected(f"Asterisk did not take it: {error}") from None
        what = "seats opened" if wanted else "seats closed"
        who = asked_by(query)
        log.event(logger, logging.INFO, what, pool=pool.name, who=who)
        self.audit(who, what, pool.name)
        return {
            "pool": pool.name,
            "open": wanted,
            "seats": len(pool.seats),
            "changes": len(changes),
        }

    async def _reload(self, query: Mapping[str, str]) -> server.Answer:
        problems = await self.reload(asked_by(query))
        return {"ok": not problems, "problems": problems}

    async def reload(self, who: str) -> list[str]:
        """Read the configuration anew: take all of it, or none and return the problems."""
        try:
            settings, conversation = await asyncio.to_thread(_read, self.settings)
        except ConfigError as error:
            self._reloaded(False)
            problems = [str(problem) for problem in error.problems]
            for problem in problems:
                log.event(logger, logging.ERROR, f"configuration not taken: {problem}")
            self.audit(who, "reload refused", problems[0])
            return problems
        self._adopt(settings, conversation)
        with suppress(ActionRefused, ConnectionLost, TimeoutError):
            await self.queue_members.reconcile()
        self._reloaded(True)
        log.event(logger, logging.INFO, "configuration reloaded", who=who)
        self.audit(who, "reload", "")
        return []

    def _reloaded(self, ok: bool) -> None:
        self.reload_ok = ok
        self.observer.metrics.reload(ok, time.time())

    def _adopt(self, settings: Settings, conversation: ConversationSettings) -> None:
        """From now on the new configuration; conversations that are on keep theirs."""
        for name in AT_START:
            if getattr(settings, name) != getattr(self.settings, name):
                log.event(logger, logging.WARNING, "takes effect after a restart", setting=name)
        self.settings = settings
        self.loaded = time.monotonic()
        self.tracker.ivr.settings = conversation
        self.tracker.ivr.most = settings.menus_at_most
        self.queue_members.pools = settings.pools
        self.partners.setup = partner_setup(settings)
        self.taken(settings)
        self.observer.recent.service_level_seconds = settings.service_level_seconds
        self.observer.metrics.queues([queue.name for queue in settings.queues])


def _read(old: Settings) -> tuple[Settings, ConversationSettings]:
    """The configuration as it stands in its folder now.  Raises `ConfigError`."""
    settings = load(old.folder)
    if problems := prompt_files(settings):
        raise ConfigError(problems)
    return settings, conversation_settings(settings)
