"""Which of two ivrd acts, when they share a Redis; the other one watches and takes over.

Theory of operation
-------------------
Two witnesses.  *Redis* says who may become the leader: a lease with a time to live, and an epoch
that grows by one with each leader.  *Asterisk*, on which the leader acts, says who is: the leader
writes its epoch and name into a global variable and reads it back all the time.  Leave to act
(asterisk/leader_guard.py) follows from Asterisk's word alone and lasts `TOKEN_SECONDS` from the
moment the question was sent; so whoever was frozen meanwhile has none when it wakes.

Who takes over writes the word first and then waits until any leave that was given on the word
before it has run out; so does a leader who finds no word, or one of an earlier epoch: Asterisk was
restarted.  A leader that was asked to hand over takes its name back, and nobody waits.

While Redis is frozen or gone nobody can become leader, and the one that acts goes on with
Asterisk's word alone.  If it dies then, the dialplan has the callers until Redis is back.  A Redis
that is back may have forgotten the lease: who stands by gives the one that acts time to take it up
again.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

from ivrd.asterisk.ami_client import ActionRefused, AmiClient
from ivrd.asterisk.ami_protocol import ConnectionLost
from ivrd.asterisk.dialplan_names import LEADER
from ivrd.asterisk.leader_guard import LeaderGuard, boot_seconds
from ivrd.store import Lease, StoreDown

TURN_SECONDS = 0.2  # from one look at both witnesses to the next
LEASE_SECONDS = 1.0  # a leader that renews its lease no more has lost it after that
TOKEN_SECONDS = 1.0  # Asterisk's word holds for so long
NOBODY = "nobody"  # what a leader that hands over leaves in place of its name, HOST:PORT
MOST_DIGITS = 16  # of an epoch: Redis counts exactly so far


class Role(StrEnum):
    """What this ivrd does."""

    ALONE = "alone"
    LEADER = "leader"
    STANDBY = "standby"


class Election:
    """Runs beside the link.  Without a lease this ivrd is alone and always acts.

    `fence(epoch)` is told of each epoch of ours: what is written into the store carries it.
    `lead()` is called when this ivrd is to act, and has leave to.  `stepped_down(why)` is called
    when it acts no more: then it should end, and begin anew as the one that stands by.
    """

    def __init__(
        self,
        name: str,
        lease: Lease | None,
        link: AmiClient,
        fence: Callable[[int], None],
        lead: Callable[[], None],
        stepped_down: Callable[[str], None],
        clock: Callable[[], float] = boot_seconds,
    ) -> None:
        self.name = name
        self.role = Role.ALONE if lease is None else Role.STANDBY
        self.epoch = 0
        self._lease = lease
        self._link = link
        self._guard: LeaderGuard = link.guard
        self._fence = fence
        self._lead = lead
        self._stepped_down = stepped_down
        self._clock = clock
        self._done = False
        self._seen = ""  # what Asterisk said last of who acts, while this one stands by
        self._soon = asyncio.Event()
        self._renewing: asyncio.Future[bool] | None = None
        self._patient_until = 0.0  # the lease may be without its holder until then
        if lease is not None:
            self._guard.refuse()
            self._guard.wanted = self._soon.set

    @property
    def token(self) -> str:
        """What Asterisk says while this ivrd acts."""
        return f"{self.epoch} {self.name}"

    @property
    def leader(self) -> str:
        """The name of the one that acts, as far as this one knows; empty when nobody does."""
        if self.role is not Role.STANDBY:
            return self.name
        name = self._seen.partition(" ")[2]
        return "" if name == NOBODY else name

    async def run(self) -> None:
        """Look at both witnesses again and again, until cancelled."""
        while True:
            lease = self._lease
            if lease is not None and self._link.logged_in and not self._done:
                with suppress(ActionRefused, ConnectionLost, TimeoutError, StoreDown):
                    await (self._stay() if self.role is Role.LEADER else self._watch(lease))
            with suppress(TimeoutError):
                async with asyncio.timeout(TURN_SECONDS):
                    await self._soon.wait()
            self._soon.clear()

    # --- leader ----------------------------------------------------------------------------

    async def _stay(self) -> None:
        """Ask Asterisk whether it is still us, and keep the lease."""
        asked = self._clock()
        token = await self._link.get_global(LEADER)
        if token == self.token:
            self._guard.allow(asked + TOKEN_SECONDS)
            await self._keep_lease()
        elif _epoch(token) >= self.epoch:
            self.step_down(f"{token.partition(' ')[2]} is the leader now")
        else:  # Asterisk was restarted and has forgotten, or one woke up that thought it had
            await self._say()

    async def _say(self) -> None:
        """Write our word, and wait until any leave given on another one has run out."""
        await self._link.announce_leader(self.token)
        await asyncio.sleep(TOKEN_SECONDS)

    async def _keep_lease(self) -> None:
        """Renew the lease beside everything else: Redis may take its time, callers do not."""
        assert self._lease is not None
        done = self._renewing
        if done is not None and not done.done():
            return
        self._renewing = None
        if done is not None and done.exception() is None and not done.result():
            self.step_down("another ivrd has the lease")
        else:
            renew = self._lease.renew(self.name, self.epoch, LEASE_SECONDS)
            self._renewing = asyncio.ensure_future(renew)
            self._renewing.add_done_callback(_seen)

    def _begin(self, epoch: int) -> None:
        self.epoch = epoch
        self._fence(epoch)

    def step_down(self, why: str) -> None:
        """Act no more, from this moment."""
        if self.role is Role.LEADER:
            self._act_no_more()
            self._stepped_down(why)

    def _act_no_more(self) -> None:
        self.role = Role.STANDBY
        self._done = True
        self._guard.refuse()

    # --- standby ---------------------------------------------------------------------------

    async def _watch(self, lease: Lease) -> None:
        """Become the leader if there is none."""
        before = self._seen = await self._link.get_global(LEADER)
        epoch = await self._claim(lease, _epoch(before) + 1)
        if epoch is None:
            return
        self._begin(epoch)
        if _handed_over(before):  # nobody has leave on that
            await self._link.announce_leader(self.token)
        else:
            await self._say()
            if not await lease.renew(self.name, epoch, LEASE_SECONDS):
                return
        asked = self._clock()
        if await self._link.get_global(LEADER) == self.token:
            self.role = Role.LEADER
            self._guard.allow(asked + TOKEN_SECONDS)
            self._lead()

    async def _claim(self, lease: Lease, least: int) -> int | None:
        """The lease, if nobody has it and nobody is about to take it up again."""
        asked = self._clock()
        try:
            await lease.stand_by(self.name, LEASE_SECONDS)
            if asked < self._patient_until:
                return None
            epoch = await lease.claim(self.name, LEASE_SECONDS + TOKEN_SECONDS, least)
        except StoreDown:
            self._patient_until = self._clock() + LEASE_SECONDS
            raise
        # Frozen meanwhile: another one may have claimed it since.
        return epoch if self._clock() < asked + LEASE_SECONDS else None

    # --- handing over ----------------------------------------------------------------------

    async def successor(self) -> str:
        """Who would take over; empty when nobody stands by.  Raises `StoreDown`."""
        return await self._lease.standing_by() if self._lease else ""

    async def hand_over(self, successor: str) -> None:
        """Let the one who stands by act, at once: this one should end.

        Raises StoreDown, LinkLost or TimeoutError; then, too, it acts no more.
        """
        assert self._lease is not None
        self._act_no_more()
        await self._link.announce_leader(f"{self.epoch} {NOBODY}")
        await self._lease.release(self.name, self.epoch, successor)


def _epoch(token: str) -> int:
    """The epoch in what Asterisk says; 0 when there is none, or it is no word of ours."""
    first = token.partition(" ")[0]
    return int(first) if first.isdecimal() and len(first) < MOST_DIGITS else 0


def _handed_over(token: str) -> bool:
    """Whether who acted has said that it acts no more."""
    return token == f"{_epoch(token)} {NOBODY}"


def _seen(future: "asyncio.Future[bool]") -> None:
    """Mark a failure as seen: the next look asks for the result, if there is a next."""
    if not future.cancelled():
        future.exception()
