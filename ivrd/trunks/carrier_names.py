"""Tells Asterisk from where carriers call that are given by name.

Asterisk would look up such a name once, when it reads its files, by the system's DNS, and one that
is not found costs it all of the carrier's addresses (docs/decisions/0065).  So ivrd asks DNS each
minute, compares with what Asterisk's database has, and has the dialplan put it right there
(render/dialplan.py); nothing is reloaded.  A name that is not found takes no address away.
"""

import asyncio
import json
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from ivrd import log
from ivrd.asterisk.ami_action import BadValue, ConnectionLost
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.call_request import NotPlaced
from ivrd.asterisk.dialplan_names import (
    HOST_EXTENSION,
    NO_SOURCES,
    SOURCES,
    SOURCES_END,
    SOURCES_OF,
)
from ivrd.asterisk.trunk_states import Link
from ivrd.config.settings import Settings
from ivrd.trunks.names import Finding, TrunkName, source

LOOK_SECONDS = 60.0
TURN_SECONDS = 1.0  # within which a change of leader or of the configuration is noticed
NOT_TAKEN = (
    "Asterisk has not taken over where a carrier's names lead: it has to be restarted after the "
    "first carrier has got a name"
)
MOST_SOURCES = 64  # of a carrier: a line of the dialplan has room for 4,096 characters

logger = logging.getLogger("ivrd")


class Database(Link, Protocol):
    """The connection to Asterisk; see ami_client.py."""

    async def set_global(self, name: str, value: str) -> None:
        """Set a global variable of the dialplan."""


class Placer(Protocol):
    """Has the dialplan do something; see call_request.py."""

    async def place(self, port: int, token: str) -> None:
        """Call an extension.  Raises `NotPlaced`."""


class Leadership(Protocol):
    """Whether this ivrd is the leader; see ha/leadership.py."""

    @property
    def is_leader(self) -> bool:
        """Whether it may change anything on Asterisk."""


class Told(Protocol):
    """Who is told what is wrong with names; see monitor.py."""

    def named(self, trunk: str, fault: str) -> None:
        """Why a carrier's name leads nowhere; empty when all do."""


class CarrierNames:
    """Of all carriers.  Only the leader changes anything.  `look_up` does not raise."""

    def __init__(
        self,
        settings: Settings,
        link: Database,
        placer: Placer,
        leadership: Leadership,
        look_up: Callable[[TrunkName], Awaitable[Finding]],
        told: Told,
    ) -> None:
        self._settings = settings
        self._link = link
        self._placer = placer
        self._leadership = leadership
        self._look_up = look_up
        self._told = told
        self._written: dict[str, frozenset[str]] = {}  # last, by the carriers' names
        self._look_at = math.inf  # nothing before there is a connection

    def configure(self, settings: Settings) -> None:
        """From now on these carriers."""
        self._settings = settings
        self.connected()

    def connected(self) -> None:
        """Asterisk may be another one: look at once."""
        self._look_at = -math.inf

    async def run(self) -> None:
        """Look each minute while this ivrd is the leader, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            if self._leadership.is_leader and loop.time() >= self._look_at:
                self._look_at = loop.time() + LOOK_SECONDS
                await self.look()
            await asyncio.sleep(TURN_SECONDS)

    async def look(self) -> None:
        """Look up all names, and have Asterisk know what they lead to.  Does not raise."""
        names = self._settings.asterisk.carrier_names
        if not names:  # Asterisk does not read the database then (sorcery.conf)
            return
        found = dict(zip(names, await asyncio.gather(*map(self._found, names)), strict=True))
        try:
            known = await self._known()
            for carrier, before in known.items():
                if carrier not in names:
                    await self._tell(carrier, before, frozenset())
            for carrier, (sources, fault) in found.items():
                before = known.get(carrier, frozenset())
                # What was not found may be gone or not: nothing is taken away then.
                await self._tell(carrier, before, sources | before if fault else sources)
        except (ActionRefused, ConnectionLost, TimeoutError):
            return  # looked at again once there is a connection
        except (NotPlaced, BadValue) as error:
            what = "Asterisk does not take over where a carrier's names lead"
            log.event(logger, logging.ERROR, what, why=str(error))

    async def _found(self, carrier: str) -> tuple[frozenset[str], str]:
        """The addresses of a carrier's names, and what is wrong with one of these; tells it."""
        names = self._settings.asterisk.carrier_names[carrier]
        trunk = self._settings.trunks[carrier]
        findings = await asyncio.gather(*(self._look_up(source(trunk, one)) for one in names))
        pairs = zip(names, findings, strict=True)
        fault = "; ".join(f"{name}: {of.text}" for name, of in pairs if not of.found)
        sources = frozenset(address for of in findings for address in of.addresses)
        if len(sources) > MOST_SOURCES:
            fault = f"its names have {len(sources)} addresses; {MOST_SOURCES} count"
            sources = frozenset(sorted(sources)[:MOST_SOURCES])
        self._told.named(carrier, fault)
        return sources, fault

    async def _known(self) -> Mapping[str, frozenset[str]]:
        """The addresses that Asterisk has, by the carriers' names."""
        known = {}
        for row in await self._link.ask_list("DBGetTree", Family=SOURCES):
            carrier = str(row.key).rpartition("/")[2].removesuffix(SOURCES_END)
            try:
                sources = str(json.loads(str(row.val))["match"])
            except (ValueError, KeyError, TypeError):
                sources = ""  # not ours, and written anew
            known[carrier] = frozenset(filter(None, sources.split(",")))
        return known

    async def _tell(self, carrier: str, before: frozenset[str], now: frozenset[str]) -> None:
        if now == before:
            return
        wanted = ",".join(sorted(now))
        await self._link.set_global(SOURCES_OF + carrier, wanted or NO_SOURCES)
        await self._placer.place(self._settings.callback.port, HOST_EXTENSION + carrier)
        level, what = logging.INFO, "a carrier's names lead elsewhere"
        if self._written.get(carrier) == now:
            level, what = logging.ERROR, NOT_TAKEN
        self._written[carrier] = now
        was = ",".join(sorted(before))
        log.event(logger, level, what, carrier=carrier, before=was, now=wanted)
