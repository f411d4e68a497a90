"""Whether this ivrd is the leader: state that the election changes and everybody else reads."""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from ivrd.asterisk.leader_guard import LeaderGuard

NOBODY = "nobody"  # what a leader that hands over leaves in place of its name, HOST:PORT


class Role(StrEnum):
    """What this ivrd does."""

    ALONE = "alone"
    LEADER = "leader"
    STANDBY = "standby"


class LeaderStatus(Protocol):
    """For those who only ask whether this ivrd is the leader."""

    @property
    def is_leader(self) -> bool:
        """Whether this ivrd speaks to callers, changes seats and counts."""


class Leadership:
    """The role of this ivrd, its epoch, and what Asterisk last had as the leader token.

    One that is `alone` is the leader from the start and stays it.  `guard` holds back what a
    standby must not send.  `stepped_down(why)` is called when this ivrd is no longer the leader:
    then it should end, and start again as the standby.
    """

    def __init__(
        self, name: str, alone: bool, guard: LeaderGuard, stepped_down: Callable[[str], None]
    ) -> None:
        self.name = name
        self.role = Role.ALONE if alone else Role.STANDBY
        self.epoch = 0  # of this ivrd's last claim; goes with all that it writes
        self.token_seen = ""  # in Asterisk, while this ivrd is the standby
        self.gained = asyncio.Event()  # this ivrd has become the leader
        self.over = False  # it was the leader, and will not be again
        self._guard = guard
        self._stepped_down = stepped_down
        if not alone:
            guard.refuse()

    @property
    def is_leader(self) -> bool:
        """Whether this ivrd speaks to callers, changes seats and counts."""
        return self.role is not Role.STANDBY

    @property
    def token(self) -> str:
        """The leader token in Asterisk while this ivrd is the leader."""
        return f"{self.epoch} {self.name}"

    @property
    def leader(self) -> str:
        """The leader's name, as far as this ivrd knows; empty when there is none."""
        if self.is_leader:
            return self.name
        name = self.token_seen.partition(" ")[2]
        return "" if name == NOBODY else name

    def grant(self, until: float) -> None:
        """This ivrd is the leader, and may change things on Asterisk until then."""
        if self.role is Role.STANDBY:
            self.role = Role.LEADER
            self.gained.set()
        self._guard.allow(until)

    def release(self) -> None:
        """Be the leader no more, from this moment."""
        self.role = Role.STANDBY
        self.over = True
        self._guard.refuse()

    def step_down(self, why: str) -> None:
        """Another ivrd is the leader, or may be."""
        if self.role is Role.LEADER:
            self.release()
            self._stepped_down(why)

    def fenced(self) -> None:
        """The store has refused this ivrd's epoch."""
        self.step_down("another ivrd has written to the store")
