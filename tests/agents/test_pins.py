"""PINs that are tried, by whomever and however many at a time."""

import asyncio
from collections.abc import Iterator

import pytest

from ivrd.agents.pins import PinCheck
from ivrd.agents.repository import AgentRepository
from ivrd.config.settings import AgentSettings
from ivrd.core.agent_call import PinResult
from ivrd.core.pin_lock import WRONG_PINS
from tests.agents.test_controller import Rig
from tests.fixtures.agents import HASH, PIN

AGENT = AgentSettings("a-101", "Somchai", HASH, "base-01")
OTHER = AgentSettings("a-102", "Somsri", HASH, "base-01")


class Door:
    """Where PINs are tried; `audited`: what is kept of that."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.rig, self.runner = Rig(), runner
        self.audited: list[tuple[str, str, str]] = []
        self.pins = self._pins(self.rig.repository)
        runner.run(self.rig.repository.restore())

    def _pins(self, repository: AgentRepository) -> PinCheck:
        return PinCheck(repository, self, lambda: self.rig.now)

    def audit(self, who: str, what: str, _partner: str, detail: str) -> None:
        self.audited.append((who, what, detail))

    def tries(self, *pins: str, agent: AgentSettings = AGENT) -> list[PinResult]:
        async def all_at_once() -> list[PinResult]:
            checks = (self.pins.check(agent, pin, "phone base-01") for pin in pins)
            return list(await asyncio.gather(*checks))

        return self.runner.run(all_at_once())

    def restarted(self) -> None:
        """ivrd is killed and begins anew with what is written."""
        self.runner.run(self.rig.written())
        self.rig.begin()
        self.runner.run(self.rig.repository.restore())
        self.pins = self._pins(self.rig.repository)


@pytest.fixture
def door() -> Iterator[Door]:
    with asyncio.Runner() as runner:
        yield Door(runner)


def test_five_wrong_pins_lock_the_right_one_out_for_a_minute_and_no_longer(door: Door) -> None:
    assert door.tries(*["1111"] * WRONG_PINS, PIN) == [
        *[PinResult.WRONG] * WRONG_PINS,
        PinResult.LOCKED,
    ]
    assert door.pins.locked_seconds(AGENT.id) == 60
    door.rig.now += 60
    assert door.tries(PIN) == [PinResult.RIGHT]
    assert door.tries("1111") == [PinResult.WRONG]  # it is counted anew
    assert door.pins.locked_seconds(AGENT.id) == 0


def test_a_hundred_at_once_have_no_more_guesses_than_one(door: Door) -> None:
    found = door.tries(*(f"{pin:04}" for pin in range(100)))
    assert found.count(PinResult.WRONG) == WRONG_PINS
    assert found.count(PinResult.LOCKED) == 100 - WRONG_PINS


def test_another_agents_pin_is_not_locked(door: Door) -> None:
    door.tries(*["1111"] * WRONG_PINS)
    assert door.tries(PIN, agent=OTHER) == [PinResult.RIGHT]


def test_a_lock_outlives_ivrd_and_is_audited_without_the_pin(door: Door) -> None:
    door.tries(*["1111"] * WRONG_PINS)
    door.restarted()
    assert door.tries(PIN) == [PinResult.LOCKED]
    assert door.audited[-1] == (
        "phone base-01",
        "PIN locked",
        "a-101: 5 wrong ones in a row, for 60 s",
    )
    assert not any("1111" in "".join(entry) for entry in door.audited)
    door.rig.now += 60
    assert door.tries("1111") == [PinResult.WRONG]
    assert door.pins.locked_seconds(AGENT.id) == 120


def test_the_right_pin_takes_away_what_is_stored_of_wrong_ones(door: Door) -> None:
    door.tries("1111", PIN)
    door.restarted()
    door.tries(*["1111"] * (WRONG_PINS - 1))
    assert door.pins.locked_seconds(AGENT.id) == 0
