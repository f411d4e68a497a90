"""What `ivrd check --live` asks the daemon."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from ivrd.api import server
from ivrd.api.trunk_operations import TrunkOperations
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.config.network_settings import NetworkSettings
from ivrd.config.trunk_settings import TrunkSettings
from ivrd.trunks import monitor as monitors
from ivrd.trunks.monitor import TrunkMonitor
from ivrd.trunks.probe import Finding, Place

HERE = TrunkSettings(user="partner-bank", network=NetworkSettings(registers_here=True))


class Link:
    """An Asterisk where nobody is registered; `refuses`: an action that it does not do."""

    def __init__(self, refuses: str = "") -> None:
        self.refuses = refuses

    async def ask(self, action: str, **headers: str) -> Any:
        if action == self.refuses:
            raise ActionRefused(f"{action}: no such endpoint")
        return SimpleNamespace(value="")

    async def ask_list(self, action: str, **headers: str) -> Any:
        return []


class Prober:
    async def probe(self, place: Place) -> Finding:
        raise AssertionError(place)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitors, "QUALIFY_TIMEOUT", 0)
    monkeypatch.setattr(monitors, "SPARE_SECONDS", 0)


def tried(link: Link) -> dict[str, Any]:
    async def body() -> dict[str, Any]:
        monitor = TrunkMonitor({"partner-bank": HERE}, "1330", Prober(), link, lambda: 0.0)
        operations = TrunkOperations(monitor, lambda: None, lambda: 0.0)
        answer: dict[str, Any] = dict(await operations.queries()["try-trunks"]({}))
        return answer

    return asyncio.run(body())


def test_an_exchange_that_registers_here_is_called_and_is_not_there() -> None:
    (row,) = tried(Link())["trunks"]
    assert (row["called"], row["works"]) == (True, False)
    assert row["faults"] == ["its exchange is not registered here"]


def test_an_asterisk_that_does_not_try_is_no_asterisk_that_does_not_answer() -> None:
    with pytest.raises(server.NotNow) as caught:
        tried(Link(refuses="PJSIPQualify"))
    assert str(caught.value) == "Asterisk does not try a trunk: PJSIPQualify: no such endpoint"
