"""A flood of calls from one number, and a message that has ended: what callers hear instead."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from lab.callers import Caller, HangUp, Keys, Meet, Wait
from lab.phone import Phone
from tests.real.rig import WAIT

FLOOD = "0299999999"  # who calls so often
A_MINUTE = 5


@pytest.fixture(scope="module")
def lab(shared_hotline):
    def change(name, settings):
        if name == "ivrd.yaml":
            settings["limits"] = {"challenge": {"number": {"a_minute": A_MINUTE}}}
        if name == "prompts.yaml":
            yesterday = datetime.now(UTC).date() - timedelta(days=1)
            ends = {"valid_until": str(yesterday), "then": "person", "owner": "Health"}
            settings["prompts"]["certificate-info"].update(ends)

    return shared_hotline(agents=3, talk=1.0, change=change)


def metric(lab, name: str) -> int:
    found = re.search(rf"^{re.escape(name)} (\S+)$", lab.ivrd.http("/metrics"), re.MULTILINE)
    assert found, name
    return int(float(found[1]))


@pytest.mark.lasts(12)
def test_whoever_chooses_a_message_that_has_ended_talks_to_a_person(lab):
    keys = Keys("124")  # Thai, vaccination, certificate
    people = [Caller(1, "message", (Wait(0.5), keys, Meet(), HangUp()))]
    (entry,) = lab.calling(people, rate=1.0, name="message").wait(WAIT).entries
    assert entry.outcome == "answered"
    assert "Health" in lab.ivrd.http("/metrics")


@pytest.mark.lasts(20)
def test_a_flood_is_asked_for_a_key_and_nobody_else_notices_it(lab):
    """Of forty calls from one number none gets further without a key; all others are served."""
    silent = tuple(Caller(n, "flood", (Wait(5.0), HangUp()), number=FLOOD) for n in range(100, 140))
    others = [Caller(n, "other", (Wait(0.5), Keys("0"), Meet(), HangUp())) for n in range(200, 210)]
    flood = lab.calling(silent, rate=20.0, name="flood")
    beside = lab.calling(others, rate=4.0, name="others").wait(WAIT)
    assert flood.wait(WAIT).outcomes() == {"abandoned": len(silent)}  # by themselves, all of them
    assert beside.outcomes() == {"answered": len(others)}
    assert metric(lab, 'ivrd_calls_challenged_total{limit="number"}') == len(silent) - A_MINUTE
    assert metric(lab, "ivrd_challenges_passed_total") == 0

    phone = Phone(lab.sip, user=FLOOD)  # still within the minute: a person among them
    try:
        assert phone.invite().status == 200
        lab.until("the board tells", lambda s: any("for a key" in of for of in s["limits"]))
        phone.press("5")
        lab.until("the menu begins", lambda s: not s["limits"])
        phone.press("0")
        lab.until("they talk", lambda s: s["calls"]["talk"] == 1)
        phone.hang_up()
    finally:
        phone.close()
    lab.settled()
    assert metric(lab, "ivrd_challenges_passed_total") == 1
