"""Sends what is due, through each channel as many at once as it may have."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

from ivrd import log
from ivrd.core.outbox import Allowance, ChannelHealth, Entry, Failed, Refused, Result
from ivrd.outbox.channel import Channel
from ivrd.outbox.outbox import Outbox

LOOK_SECONDS = 1.0
RESTORE_SECONDS = 5.0  # between two attempts to read a store that could not be read

logger = logging.getLogger("ivrd")


class Leading(Protocol):
    """Whether this ivrd is the leader; see ha/leadership.py."""

    @property
    def is_leader(self) -> bool:
        """Whether it is."""


class Sender:
    """`clock`: the timeline; `chance()`: a number drawn evenly from 0 to 1.

    `health` has how each channel is; one that has not failed is not in it.
    """

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        leadership: Leading,
        clock: Callable[[], float],
        chance: Callable[[], float],
        wake: asyncio.Event,
    ) -> None:
        self.health: dict[str, ChannelHealth] = {}
        self._outbox = outbox
        self._channels = dict(channels)
        self._leadership = leadership
        self._clock = clock
        self._chance = chance
        self._wake = wake
        self._attempts: dict[asyncio.Task[None], str] = {}  # those that are on, and their channels
        self._allowances: dict[str, Allowance] = {}
        self._closing: set[asyncio.Future[None]] = set()
        self._restore_at = float("-inf")

    @property
    def channels(self) -> Mapping[str, Channel]:
        """Those that there are."""
        return self._channels

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            while True:
                if self._leadership.is_leader and await self._restored():
                    self._look_safely()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._wake.wait()
                self._wake.clear()
        finally:
            for attempt in self._attempts:
                attempt.cancel()
            await self._close(self._channels)

    def configure(self, channels: Mapping[str, Channel]) -> None:
        """What a reload changes; attempts that are on end as they would have."""
        before, self._channels, self.health = self._channels, dict(channels), {}
        self._wake.set()
        closing = asyncio.ensure_future(self._close(before))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _close(self, channels: Mapping[str, Channel]) -> None:
        await self.idle()
        for channel in channels.values():
            await channel.close()

    def _look_safely(self) -> None:
        try:
            self.look()
        except Exception as error:  # a fault of ours: calls have nothing to do with it
            log.event(logger, logging.ERROR, "messages could not be looked at", error=error)

    def look(self) -> None:
        """Begin what is due."""
        self._outbox.look()
        now = self._clock()
        for name, channel in self._channels.items():
            health = self.health.get(name, ChannelHealth())
            full = Allowance(float("inf"), now)
            allowance = self._allowances.get(name, full).filled(channel.per_second, now)
            while now >= health.rests_until and allowance.tokens >= 1.0:
                on = sum(of == name for of in self._attempts.values())
                if on >= (channel.at_once if health.well else 1):
                    break
                entry = self._outbox.backlog.take(name, now)
                if entry is None:
                    break
                allowance = allowance.taken()
                attempt = asyncio.create_task(self._send(name, channel, entry))
                self._attempts[attempt] = name
                attempt.add_done_callback(self._ended)
            self._allowances[name] = allowance

    async def idle(self) -> None:
        """Wait until the attempts that are on have ended."""
        if self._attempts:
            await asyncio.wait(set(self._attempts))

    async def _restored(self) -> bool:
        """Whether what was stored is known; until then nothing is sent, as it may be before it."""
        if self._outbox.complete:
            return True
        now = self._clock()
        if self._outbox.readable and now >= self._restore_at:
            self._restore_at = now + RESTORE_SECONDS
            await self._outbox.restore()
        return self._outbox.complete

    def _ended(self, attempt: "asyncio.Task[None]") -> None:
        del self._attempts[attempt]
        self._wake.set()

    async def _send(self, name: str, channel: Channel, entry: Entry) -> None:
        result = await self._result(channel, entry)
        self._outbox.attempt_ended(entry, result)
        before = self.health.get(name, ChannelHealth())
        then = before.after(result, self._clock(), self._chance())
        self.health[name] = then
        if then.pauses > before.pauses and isinstance(result, Failed):
            seconds, what = then.rests_until - self._clock(), "a channel rests"
            log.event(
                logger, logging.WARNING, what, channel=name, for_seconds=seconds, why=result.why
            )
        elif before.pauses and then.well:
            log.event(logger, logging.WARNING, "a channel works again", channel=name)

    async def _result(self, channel: Channel, entry: Entry) -> Result:
        try:
            message = self._outbox.message(entry)
        except Exception:  # whatever the sealer, or a store that somebody has changed, has
            return Refused("what it says cannot be opened: another key, or changed since")
        try:
            return await channel.send(entry.id, message)
        except Exception as error:  # a fault of ours must not stop all else
            log.event(logger, logging.ERROR, "a message could not be sent", error=error)
            return Failed(f"a fault of ours: {type(error).__name__}")
