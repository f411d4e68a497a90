"""How trunks stand with Asterisk now: which addresses answer, where we are registered.

Events tell of changes alone.  The list of contacts (PJSIPShowContacts) is for users with the right
`system`, which ivrd has not; two functions of the dialplan tell the same of each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from panoramisk.message import Message

from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.facts import TrunkRegistration

STATES = {"Reachable": True, "Unreachable": False}


class Link(Protocol):
    """The connection to Asterisk; see ami_client.py."""

    async def ask(self, action: str, **headers: str) -> Message:
        """Send one action and return the answer."""

    async def ask_list(self, action: str, **headers: str) -> Sequence[Message]:
        """Send an action that answers with a list."""


@dataclass(frozen=True)
class AddressState:
    """Whether an address answers OPTIONS (None: Asterisk does not know), and how fast.

    `there`: whether there is one; of an exchange that registers here there is none before it has.
    """

    reachable: bool | None = None
    round_trip_ms: float | None = None
    there: bool = True


async def address_state(link: Link, aor: str, timed: bool = False) -> AddressState:
    """How the address stands that is this AOR; `timed`: and how fast it answers.

    Raises what `AmiClient.ask` raises.
    """
    contacts = await _function(link, f"PJSIP_AOR({aor},contact)")
    contact = contacts.partition(",")[0]
    if not contact:
        return AddressState(there=False)
    state = STATES.get(await _function(link, f"PJSIP_CONTACT({contact},status)"))
    if not (state and timed):
        return AddressState(state)
    took = await _function(link, f"PJSIP_CONTACT({contact},rtt)")
    return AddressState(state, int(took) / 1000.0 if took.isdecimal() else None)


async def _function(link: Link, name: str) -> str:
    """What a function of the dialplan says; empty if it is not there."""
    try:
        answer = await link.ask("Getvar", Variable=name)
    except ActionRefused:
        return ""
    return str(answer.value or "")


async def qualify(link: Link, endpoint: str) -> None:
    """Have Asterisk ask all addresses of a trunk now.  Raises what `AmiClient.ask` raises."""
    await link.ask("PJSIPQualify", Endpoint=endpoint)


async def registrations(link: Link) -> list[TrunkRegistration]:
    """Where we are to be registered, and whether we are.  Raises what `AmiClient.ask` raises."""
    try:
        rows = await link.ask_list("PJSIPShowRegistrationsOutbound")
    except ActionRefused:  # there is none
        return []
    return [*_registrations(rows)]


def _registrations(rows: Sequence[Message]) -> Iterator[TrunkRegistration]:
    for row in rows:
        if row.event == "OutboundRegistrationDetail" and row.status != "Unregistered":
            yield TrunkRegistration(row.serveruri, row.clienturi, row.status == "Registered")
