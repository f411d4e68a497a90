"""What the status says of partners, of limits and of recordings."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ivrd.api.status import PROMPTS_SECONDS, Limits, MissingPrompts, overflow_of, partners_of
from ivrd.config.load import load
from ivrd.core.call import Call
from ivrd.core.call_events import JoinedQueue
from ivrd.core.partner import Override
from ivrd.core.status_schema import PartnerStatus
from tests.fixtures.hotline import copied, recorded
from tests.partners.rig import Rig

QUIET = Limits(
    callers=1000, room=1002, music=100, menus=300, behind_seconds=2.0,
    callers_now=12, waiting_now=8, menus_now=4, late_seconds=0.01, challenged_now=0,
    challenge_of="ivrd.yaml",
)  # fmt: skip


def partners(rig: Rig) -> dict[str, PartnerStatus]:
    return {of["name"]: of for of in partners_of(rig.partners, rig.now)}


def wait(rig: Rig, count: int) -> None:
    for number in range(count):
        rig.ledger.receive(Call(f"w{number}", rig.now - 60, ""))
        rig.ledger.apply(f"w{number}", JoinedQueue(rig.now - 60, "q"))


def test_before_the_first_decision_nothing_is_wanted() -> None:
    rig = Rig()
    assert overflow_of(rig.partners) == {"wanted": 0, "why": "nothing was decided yet"}
    assert partners(rig)["alpha"]["wanted"] == 0


def test_the_seats_that_are_wanted_and_why() -> None:
    rig = Rig()
    wait(rig, 4)
    decision = rig.partners.evaluate(rig.now)
    assert overflow_of(rig.partners) == {"wanted": decision.wanted, "why": decision.summary}
    assert partners(rig)["alpha"]["wanted"] == decision.seats["alpha"] > 0


def test_a_partner_that_rings_talks_and_has_taken_a_call() -> None:
    rig = Rig()
    rig.begin("a", seat="alpha/03")
    rig.leg_event("offered")
    rig.leg_event("confirmed", seconds=3.0)
    wait(rig, 1)
    rig.leg_event("offered", waiting="w0")
    alpha = partners(rig)["alpha"]
    assert (alpha["ringing"], alpha["talking"], alpha["taken"]) == (1, 1, 1)
    assert (alpha["able"], alpha["breaker"], alpha["why"]) == (True, "closed", "healthy")


def test_a_partner_that_may_have_no_seats_says_why() -> None:
    rig = Rig()
    assert (partners(rig)["beta"]["able"], partners(rig)["beta"]["why"]) == (False, "onboarding")
    for _ in range(3):
        rig.leg_event("refused", status="CONGESTION", cause=21)
    alpha = partners(rig)["alpha"]
    assert (alpha["able"], alpha["breaker"]) == (False, "open")
    assert alpha["why"] == "paused 30 s: refused, declined (21), 3 in a row"


def test_a_partner_that_was_full_says_to_how_many_it_is_held() -> None:
    rig = Rig()
    rig.begin("a", seat="alpha/03")
    rig.leg_event("refused", status="BUSY", cause=17)
    alpha = partners(rig)["alpha"]
    assert (alpha["held_to"], alpha["why"]) == (1, "held to 1 call, it refused more")


def test_an_override_is_told_first_and_once() -> None:
    rig = Rig()
    rig.partners.runtime("alpha").override = Override.OPEN
    rig.partners.runtime("beta").override = Override.CLOSED
    found = partners(rig)
    assert found["alpha"]["override"] == "open"
    assert found["alpha"]["why"].startswith("open by override; healthy")
    assert found["beta"]["why"] == "closed by override"


# --- limits and recordings ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({}, []),
        ({"room": None}, []),  # what is not known is no limit
        ({"room": 64}, ["Asterisk has room for 64 callers, not 1000: see ivrd check"]),
        ({"callers_now": 1000}, ["1000 callers: the next one hears that all lines are busy"]),
        (
            {"room": 64, "callers_now": 64},
            [
                "Asterisk has room for 64 callers, not 1000: see ivrd check",
                "64 callers: the next one hears that all lines are busy",
            ],
        ),
        ({"waiting_now": 100}, []),
        (
            {"waiting_now": 101},
            [
                "101 callers wait, and music is for 100: the others have some of it with each word",
            ],
        ),
        ({"menus_now": 300}, ["300 callers in menus: the next one goes straight to a queue"]),
        ({"late_seconds": 2.5}, ["2.5 s behind Asterisk: new callers get no menu"]),
    ],
)
def test_limits_that_are_reached(now: dict[str, int | None], told: list[str]) -> None:
    assert replace(QUIET, **now).reached() == told  # type: ignore[arg-type]


def test_a_recording_that_goes_while_ivrd_runs_is_missed_within_a_minute(tmp_path: Path) -> None:
    folder = copied(tmp_path / "config")
    recorded(folder, tmp_path / "sounds")
    settings, clock = load(folder), [0.0]

    async def body() -> None:
        missing = MissingPrompts(lambda: clock[0])
        assert await missing.of(settings) == []
        (tmp_path / "sounds" / "th" / "welcome.wav").unlink()
        assert await missing.of(settings) == []  # it was looked a moment ago
        clock[0] = PROMPTS_SECONDS
        (one,) = await missing.of(settings)
        assert one.startswith(f"{tmp_path}/sounds/th/welcome.wav: missing; expected ")
        assert await missing.of(load(folder)) == [one]  # a reload is looked at at once

    asyncio.run(body())


def test_callers_who_are_asked_for_a_key_are_told_with_whose_limits_these_are() -> None:
    asked = replace(QUIET, challenged_now=7, challenge_of="the plan")
    (told,) = asked.reached()
    assert told == "7 callers are asked for a key first: too many calls (challenge in the plan)"
