"""People who were invited to seats on the line, list by list: kind `invited`, by agent's id.

They are agents as those of agents.yaml, but for where they come from: an operator invited them
on the running system, and withdraws all of a list by its name.  Of a PIN the hash is stored, and
a telephone number sealed.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from ivrd import log
from ivrd.config.settings import AgentSettings
from ivrd.people.vault import CannotOpen
from ivrd.store import StoreDown, WriteBehind

INVITED = "invited"
FIRST_ID = 1001  # four digits, which can be keyed in on any telephone

logger = logging.getLogger("ivrd")


@dataclass(frozen=True)
class Invitation:
    """One person.

    `list`: by which all of them are withdrawn.  `pin`: its hash.  `number`: of the telephone,
    sealed; `shift`: at whose beginning it is called; both may be empty.
    """

    id: str
    list: str
    name: str
    pin: str
    seat: str
    languages: tuple[str, ...] = ()
    number: str = ""
    shift: str = ""


STORED_INVITATION = TypeAdapter(Invitation)


class NumberSealer(Protocol):
    """Seals numbers; see people/vault.py."""

    def seal(self, number: str) -> str:
        """The number as it may be stored."""

    def open(self, text: str) -> str:
        """The number that was sealed.  Raises `CannotOpen`."""


class Invitations:
    """All that are not withdrawn.  `changed()` is called when there are others than before."""

    def __init__(
        self, write_behind: WriteBehind, sealer: NumberSealer, changed: Callable[[], None]
    ) -> None:
        self._write_behind = write_behind
        self._sealer = sealer
        self._changed = changed
        self._numbers: dict[str, str] = {}  # by what they are when sealed
        self._all: dict[str, Invitation] = {}
        self._withdrawn: set[str] = set()  # what the store may still have when it is read

    def __iter__(self) -> Iterator[Invitation]:
        return iter(self._all.values())

    def agents(self) -> list[AgentSettings]:
        """Everybody, as agents."""
        return [
            AgentSettings(
                one.id,
                one.name,
                one.pin,
                one.seat,
                one.languages,
                telephone=self._opened(one.number),
                shift=one.shift,
            )
            for one in self._all.values()
        ]

    def sealed(self, number: str) -> str:
        """A telephone number as it is stored."""
        return self._sealer.seal(number) if number else ""

    def _opened(self, sealed: str) -> str:
        if sealed and sealed not in self._numbers:
            try:
                self._numbers[sealed] = self._sealer.open(sealed)
            except CannotOpen:  # with another key: who called in is an agent all the same
                self._numbers[sealed] = ""
        return self._numbers.get(sealed, "")

    def of(self, name: str) -> list[Invitation]:
        """Those of a list."""
        return [invitation for invitation in self._all.values() if invitation.list == name]

    def add(self, invitation: Invitation) -> None:
        """From now on this person can come to the line."""
        self._all[invitation.id] = invitation
        self._withdrawn.discard(invitation.id)
        self._put(invitation)
        self._changed()

    def withdraw(self, name: str) -> list[Invitation]:
        """Nobody of this list is an agent any more; who was."""
        gone = self.of(name)
        for invitation in gone:
            del self._all[invitation.id]
            self._withdrawn.add(invitation.id)
            self._write_behind.remove(INVITED, invitation.id)
        self._changed()
        return gone

    async def restore(self) -> None:
        """Read what was stored before; what is here already stands.  Does not raise."""
        wrong = 0
        found: dict[str, Invitation] = {}
        try:
            stored = await self._write_behind.load(INVITED)
        except StoreDown:
            return
        for agent_id, text in stored.items():
            try:
                found[agent_id] = STORED_INVITATION.validate_json(text)
            except ValidationError:
                wrong += 1
        self._all = {i: one for i, one in found.items() if i not in self._withdrawn} | self._all
        self._changed()
        if wrong:
            what = "some stored invitations cannot be parsed and do not count"
            log.event(logger, logging.WARNING, what, entries=wrong)

    def write_again(self) -> None:
        """The store is back, and may have lost what it had."""
        for invitation in self._all.values():
            self._put(invitation)
        for agent_id in self._withdrawn:
            self._write_behind.remove(INVITED, agent_id)

    def _put(self, invitation: Invitation) -> None:
        text = STORED_INVITATION.dump_json(invitation).decode()
        self._write_behind.put(INVITED, invitation.id, text)


def free_id(taken: Collection[str]) -> str:
    """The first number that no agent keys in."""
    numbers = {"".join(c for c in agent_id if c.isdigit()) for agent_id in taken}
    number = FIRST_ID
    while str(number) in numbers:
        number += 1
    return str(number)
