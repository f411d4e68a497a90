"""Which of two ivrd is the leader, when they share a Redis; the standby watches and takes over.

Theory of operation
-------------------
Two places.  *Redis* says who may become the leader: a lease with a time to live, and an epoch that
grows by one with each leader.  *Asterisk* says who is: the leader writes its epoch and name, the
leader token, into a global variable and reads it back every `TURN_SECONDS`.  The leadership grant
(asterisk/leader_guard.py) follows from the token in Asterisk alone and lasts `TOKEN_SECONDS` from
the moment the question was sent; so an ivrd that was frozen meanwhile has none when it wakes.

A standby that takes over writes its token first and then waits until any grant on an earlier token
has expired; so does a leader that finds no token, or one of an earlier epoch: Asterisk was
restarted.  A leader that was asked to hand over removes its name, and nobody waits.

While Redis is frozen or gone nobody can become leader, and the leader goes on with the token in
Asterisk alone.  If it dies then, the dialplan has the callers until Redis is back.  A Redis that is
back may have forgotten the lease: a standby gives the leader time to claim it again.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from ivrd.asterisk.ami_action import ConnectionLost, mark_retrieved
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.dialplan_names import LEADER
from ivrd.asterisk.leader_guard import LeaderGuard, boot_seconds
from ivrd.ha.leadership import NOBODY, Leadership, Role
from ivrd.store import Lease, StoreDown

TURN_SECONDS = 0.2  # between two looks at Asterisk and Redis
LEASE_SECONDS = 1.0  # a leader that does not renew its lease has lost it after that
TOKEN_SECONDS = 1.0  # how long a leadership grant lasts
CLAIM_SECONDS = LEASE_SECONDS + TOKEN_SECONDS  # a lease that is claimed, until it is renewed
MOST_DIGITS = 16  # of an epoch: Redis counts exactly so far


class Election:
    """Runs beside the connection to Asterisk.  Without a lease this ivrd is alone, and the leader.

    `clock` is that of `guard`: the times of grants are on it.
    """

    def __init__(
        self,
        leadership: Leadership,
        lease: Lease | None,
        link: AmiClient,
        guard: LeaderGuard,
        clock: Callable[[], float] = boot_seconds,
    ) -> None:
        self.leadership = leadership
        self._lease = lease
        self._link = link
        self._guard = guard
        self._clock = clock
        self._renewing: asyncio.Future[bool] | None = None
        self._patient_until = 0.0  # the lease may be without its holder until then

    async def run(self) -> None:
        """Look at Asterisk and Redis every `TURN_SECONDS`, until cancelled."""
        while True:
            lease, leads = self._lease, self.leadership.role is Role.LEADER
            if lease is not None and self._link.logged_in and not self.leadership.over:
                with suppress(ActionRefused, ConnectionLost, TimeoutError, StoreDown):
                    await (self._stay(lease) if leads else self._watch(lease))
            with suppress(TimeoutError):
                async with asyncio.timeout(TURN_SECONDS):
                    await self._guard.requested.wait()
            self._guard.requested.clear()

    # --- leader ----------------------------------------------------------------------------

    async def _stay(self, lease: Lease) -> None:
        """Ask Asterisk whether this ivrd is still the leader, and keep the lease."""
        leadership = self.leadership
        asked = self._clock()
        token = await self._token(lease)
        if leadership.over:  # handed over, or fenced, while Asterisk answered
            return
        if token == leadership.token:
            leadership.grant(asked + TOKEN_SECONDS)
            self._keep_lease(lease)
        elif _epoch(token) >= leadership.epoch:
            leadership.step_down(f"{token.partition(' ')[2]} is the leader now")
        else:  # Asterisk was restarted and has forgotten, or a former leader has overwritten it
            await self._announce()

    async def _token(self, lease: Lease) -> str:
        """The leader token.

        Asterisk answers one action after the other.  While it still answers an earlier one with a
        long list, this ivrd and its link are alive, and the lease is kept.
        """
        asking = asyncio.ensure_future(self._link.get_global(LEADER))
        try:
            listed = self._link.listed
            while not (await asyncio.wait([asking], timeout=TURN_SECONDS))[0]:
                if self._link.listed != listed:
                    listed = self._link.listed
                    self._keep_lease(lease)
            return asking.result()
        finally:
            asking.cancel()

    async def _announce(self) -> None:
        """Write our token, and wait until any grant on another one has expired."""
        await self._link.announce_leader(self.leadership.token)
        await asyncio.sleep(TOKEN_SECONDS)

    def _keep_lease(self, lease: Lease) -> None:
        """Renew the lease in the background: a slow Redis must not hold up the grant."""
        done = self._renewing
        if done is not None and not done.done():
            return
        self._renewing = None
        if done is not None and done.exception() is None and not done.result():
            self.leadership.step_down("another ivrd has the lease")
        else:
            renew = lease.renew(self.leadership.name, self.leadership.epoch, LEASE_SECONDS)
            self._renewing = asyncio.ensure_future(renew)
            self._renewing.add_done_callback(mark_retrieved)

    # --- standby ---------------------------------------------------------------------------

    async def _watch(self, lease: Lease) -> None:
        """Become the leader if there is none."""
        leadership = self.leadership
        before = leadership.token_seen = await self._link.get_global(LEADER)
        claiming = self._clock()
        epoch = await self._claim(lease, _epoch(before) + 1)
        if epoch is None:
            return
        leadership.epoch = epoch
        if _handed_over(before):  # there is no grant on that token
            await self._link.announce_leader(leadership.token)
        else:
            await self._announce()
            if not await self._still_claimed(lease, claiming):
                return
        asked = self._clock()
        if await self._link.get_global(LEADER) == leadership.token:
            leadership.grant(asked + TOKEN_SECONDS)

    async def _claim(self, lease: Lease, least: int) -> int | None:
        """The lease's epoch, if nobody holds it and nobody is about to claim it again."""
        asked = self._clock()
        try:
            await lease.stand_by(self.leadership.name, LEASE_SECONDS)
            if asked < self._patient_until:
                return None
            epoch = await lease.claim(self.leadership.name, CLAIM_SECONDS, least)
        except StoreDown:
            self._patient_until = self._clock() + LEASE_SECONDS
            raise
        # Frozen meanwhile: another one may have claimed it since.
        return epoch if self._clock() < asked + LEASE_SECONDS else None

    async def _still_claimed(self, lease: Lease, since: float) -> bool:
        """Whether a lease that was claimed `since` then, or later, is still this ivrd's.

        If Redis has died meanwhile, nobody can have it before it runs out; and the former leader
        has read the new token and ended: if this one did not lead, nobody would until it is back.
        """
        try:
            return await lease.renew(self.leadership.name, self.leadership.epoch, LEASE_SECONDS)
        except StoreDown:
            return self._clock() < since + CLAIM_SECONDS

    # --- handing over ----------------------------------------------------------------------

    async def successor(self) -> str:
        """The standby that would take over; empty when there is none.  Raises `StoreDown`."""
        return await self._lease.standing_by() if self._lease else ""

    async def hand_over(self, successor: str) -> None:
        """Let the standby be the leader at once: this ivrd should end.

        Raises `StoreDown`, `ConnectionLost` or TimeoutError; then, too, it is no longer the leader.
        """
        assert self._lease is not None
        leadership = self.leadership
        leadership.release()
        await self._link.announce_leader(f"{leadership.epoch} {NOBODY}")
        await self._lease.release(leadership.name, leadership.epoch, successor)


def _epoch(token: str) -> int:
    """The epoch in a leader token; 0 when there is none, or it is none of ours."""
    first = token.partition(" ")[0]
    return int(first) if first.isdecimal() and len(first) < MOST_DIGITS else 0


def _handed_over(token: str) -> bool:
    """Whether the former leader has handed over."""
    return token == f"{_epoch(token)} {NOBODY}"
