"""Where carriers' names lead, told to Asterisk's database: over a fake of it."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.call_request import NotPlaced
from ivrd.asterisk.dialplan_names import SOURCES_OF
from ivrd.config.load import load
from ivrd.config.settings import Settings
from ivrd.trunks.carrier_names import MOST_SOURCES, CarrierNames
from ivrd.trunks.names import Finding, TrunkName
from tests.fixtures.hotline import HOTLINE

SETTINGS = load(HOTLINE)
A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"
CARRIER = SETTINGS.asterisk.carriers[0][0]
ONE, OTHER = "one.example", "other.example"


def configured(**carriers: Sequence[str]) -> Settings:
    """These carriers, each with a trunk like the usual one's."""
    trunk = SETTINGS.trunks[CARRIER]
    asterisk = replace(
        SETTINGS.asterisk, carriers=tuple((name, tuple(of)) for name, of in carriers.items())
    )
    trunks = {**SETTINGS.trunks, **dict.fromkeys(carriers, trunk)}
    return replace(SETTINGS, asterisk=asterisk, trunks=trunks)


@dataclass
class Asterisk:
    """Its database and the dialplan that writes it, DNS, and who is told of faults."""

    dns: dict[str, Finding]
    is_leader: bool = True
    lost: bool = False
    refuses: bool = False
    database: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    written: int = 0
    faults: dict[str, str] = field(default_factory=dict)
    looked: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, action: str, **headers: str) -> Any:
        raise AssertionError(action)

    async def ask_list(self, action: str, **headers: str) -> Any:
        assert (action, headers) == ("DBGetTree", {"Family": "carriers/identify"})
        self.looked.set()
        if self.lost:
            raise ConnectionLost("gone")
        return [SimpleNamespace(key=key, val=value) for key, value in self.database.items()]

    async def set_global(self, name: str, value: str) -> None:
        self.variables[name] = value

    async def place(self, port: int, token: str) -> None:
        """As [callback-dial] does."""
        assert port == SETTINGS.callback.port
        if self.refuses:
            raise NotPlaced("Asterisk refused")
        carrier = token.removeprefix("host")
        wanted = self.variables.pop(f"{SOURCES_OF}{carrier}")
        key = f"/carriers/identify/{carrier}@dns"
        self.written += 1
        if wanted == "none":
            self.database.pop(key, None)
        else:
            self.database[key] = json.dumps({"endpoint": carrier, "match": wanted})

    async def look_up(self, name: TrunkName) -> Finding:
        assert name.calls
        return self.dns[name.host]

    def named(self, trunk: str, fault: str) -> None:
        self.faults[trunk] = fault

    def sources(self) -> Mapping[str, str]:
        """What Asterisk has of each carrier."""
        found = (json.loads(value) for value in self.database.values())
        return {of["endpoint"]: of["match"] for of in found}

    def names(self, settings: Settings) -> CarrierNames:
        return CarrierNames(settings, self, self, self, self.look_up, self)


def leads(*addresses: str) -> Finding:
    return Finding(True, "A", addresses)


GONE = Finding(False, "name not found")


def test_each_carrier_has_the_addresses_of_its_names_and_no_change_is_not_written() -> None:
    async def body() -> None:
        ast = Asterisk({ONE: leads(B, A), OTHER: leads(C)})
        names = ast.names(configured(a=[ONE, "198.51.100.0/24"], b=[OTHER], c=["198.51.100.1"]))
        await names.look()
        assert ast.sources() == {"a": f"{A},{B}", "b": C}
        assert ast.faults == {"a": "", "b": ""}
        await names.look()
        assert ast.written == 2
        ast.dns[ONE] = leads(B)
        await names.look()
        assert (ast.sources(), ast.written) == ({"a": B, "b": C}, 3)

    asyncio.run(body())


def test_a_name_that_is_not_found_takes_nothing_away_and_harms_no_other() -> None:
    async def body() -> None:
        ast = Asterisk({ONE: leads(A), OTHER: leads(B)})
        settings = configured(a=[ONE, OTHER], b=["third.example"])
        ast.dns["third.example"] = GONE
        await ast.names(settings).look()
        assert ast.sources() == {"a": f"{A},{B}"}
        assert ast.faults == {"a": "", "b": "third.example: name not found"}
        ast.dns = {ONE: leads(C), OTHER: GONE, "third.example": leads(B)}
        await ast.names(settings).look()  # also by an ivrd that has not seen it before
        assert ast.sources() == {"a": f"{A},{B},{C}", "b": B}
        assert ast.faults == {"a": "other.example: name not found", "b": ""}

    asyncio.run(body())


def test_who_has_no_names_any_more_calls_from_their_addresses_no_more() -> None:
    async def body() -> None:
        ast = Asterisk({ONE: leads(A), OTHER: leads(B)})
        names = ast.names(configured(a=[ONE], b=[OTHER]))
        await names.look()
        names.configure(configured(a=["198.51.100.1"], b=[OTHER]))
        await names.look()
        assert ast.sources() == {"b": B}
        ast.database["/carriers/identify/b@dns"] = "not ours"
        await names.look()
        assert ast.sources() == {"b": B}

    asyncio.run(body())


def test_of_many_addresses_some_count_and_it_is_told() -> None:
    async def body() -> None:
        ast = Asterisk({ONE: leads(*(f"192.0.2.{n}" for n in range(1, MOST_SOURCES + 2)))})
        await ast.names(configured(a=[ONE])).look()
        assert len(ast.sources()["a"].split(",")) == MOST_SOURCES
        assert ast.faults["a"] == f"its names have {MOST_SOURCES + 1} addresses; 64 count"

    asyncio.run(body())


def test_an_asterisk_that_is_gone_or_does_not_take_it_is_asked_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body() -> None:
        ast = Asterisk({ONE: leads(A)}, lost=True)
        names = ast.names(configured(a=[ONE]))
        await names.look()
        ast.lost, ast.refuses = False, True
        await names.look()
        assert "does not take over" in caplog.text
        ast.refuses = False
        await names.look()
        assert ast.sources() == {"a": A}
        assert "restarted" not in caplog.text
        ast.database.clear()  # as one that does not know the dialplan's function
        await names.look()
        assert "it has to be restarted" in caplog.text

    asyncio.run(body())


@pytest.mark.parametrize("again", ["connected", "configure"])
def test_the_leader_looks_at_once_after_a_connect_and_a_reload(again: str) -> None:
    async def body() -> None:
        ast = Asterisk({ONE: leads(A)}, is_leader=False)
        settings = configured(a=[ONE])
        names = ast.names(settings)
        task = asyncio.create_task(names.run())
        names.connected()
        await asyncio.sleep(0)
        assert not ast.looked.is_set()
        ast.is_leader = True
        tells: Callable[[], None] = {
            "connected": names.connected,
            "configure": lambda: names.configure(settings),
        }[again]
        for _ in range(2):
            async with asyncio.timeout(30):
                await ast.looked.wait()
            ast.looked.clear()
            tells()
        task.cancel()
        assert ast.sources() == {"a": A}

    asyncio.run(body())
