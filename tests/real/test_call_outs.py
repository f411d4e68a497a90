"""Partners are called out and say how many they have: Asterisk, an HTTP server, a pair on Redis."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ivrd.outbox.webhook import signature
from lab.partners import PartnerSite, takes
from tests.outbox.receiver import Receiver, ReceiverThread, answer
from tests.real.overflow_rig import calls, partner, with_partners
from tests.real.pair_rig import Two, two
from tests.real.rig import WAIT

SECRET = "not-really-a-secret"
PEOPLE, CALLERS, PARTNER = 2, 12, "bank"


def called_out(folder: Path, receiver: Receiver, trunk: str) -> Callable[[str, Any], None]:
    """One partner, told by a webhook as soon as it is wanted; what it answers it signs.

    Six seats are wanted also when these few callers have been answered.
    """
    secret = folder / "bank.secret"
    secret.touch(0o600)
    secret.write_text(SECRET)
    told = {"channel": PARTNER, "lead_minutes": 0, "secret_file": str(secret)}
    usual = with_partners({PARTNER: partner(trunk, 10, call_out=told)}, floor_seats=6)

    def change(name: str, settings: dict[str, Any]) -> None:
        usual(name, settings)
        if name == "partners.yaml":
            texts = {"th": "{people}", "en": "{people}"}
            over = dict.fromkeys(texts, "{partner}")
            settings["call_out"] = {"sure_minutes": 0, "text": texts, "over_text": over}
        if name == "outbox.yaml":
            where = {"url": receiver.url, "secret_file": str(secret)}
            settings["webhooks"] = {PARTNER: where}

    return change


def pledges(port: int, people: int) -> tuple[int, dict[str, Any]]:
    """The partner answers: the status, and what it is answered; 0 while nobody listens there."""
    body, at = json.dumps({"people": people}), int(time.time())
    signed = {"webhook-id": "m1", "webhook-timestamp": str(at)}
    signed["webhook-signature"] = signature(SECRET, "m1", at, body)
    url = f"http://127.0.0.1:{port}/partners/{PARTNER}/pledge"
    request = urllib.request.Request(url, body.encode(), signed, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as got:
            return got.status, json.loads(got.read())
    except urllib.error.HTTPError as error:
        return error.code, {}
    except OSError:
        return 0, {}


def row(pair: Two) -> dict[str, Any]:
    """The partner, as the leader has it."""
    rows = pair.of_leader(lambda of: of.get("partners"))["partners"]
    (found,) = [one for one in rows if one["id"] == PARTNER]
    return dict(found)


def rung(pair: Two) -> set[str]:
    """The partner's seats that Asterisk would ring: those that are closed go, or are paused."""
    lines = pair.asterisk.cli("queue show").splitlines()
    here = (line for line in lines if f"@partner-{PARTNER}" in line)
    return {line.split()[0] for line in here if "(paused" not in line}


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_who_is_called_out_and_pledges_two_has_two_seats_also_after_a_takeover(
    tmp_path: Path,
) -> None:
    site = PartnerSite(tmp_path / "site", takes(ring=0.3, talk=5.0))
    site.start()
    try:
        with ReceiverThread(answer(200)) as receiver:
            change = called_out(tmp_path, receiver, site.trunk)
            pair = two(tmp_path / "pair", agents=1, talk=5.0, ring=0.3, change=change)
            pair.start()
            try:
                _goes_through(pair, receiver)
            finally:
                pair.stop()
    finally:
        site.stop()
    assert pair.complaints() == []


def _goes_through(pair: Two, receiver: Receiver) -> None:
    pair.wait_for_standby()
    calling = pair.calling(calls(1, CALLERS), rate=4.0)
    pair.until("the partner is told", lambda: bool(receiver.requests), seconds=WAIT)
    told = json.loads(receiver.requests[0].body)
    assert told["type"] == "call_out"
    assert int(told["data"]["people"]) > PEOPLE

    def accepts(whose: Callable[[], int]) -> bool:
        """Whether who has this port takes the answer; else it is sent again, as partners do."""
        status, found = pledges(whose(), PEOPLE)
        assert status in (0, 200, 503)
        assert status != 200 or (found["partner"], found["people"]) == (PARTNER, PEOPLE)
        return status == 200

    assert not accepts(lambda: pair.other(pair.leader()).http_port)  # the standby
    pair.until(
        "the answer is taken", lambda: accepts(lambda: pair.leader().http_port), seconds=WAIT
    )
    pair.until("as many seats", lambda: row(pair)["open"] == PEOPLE, seconds=WAIT)
    pair.until("as many in Asterisk", lambda: len(rung(pair)) == PEOPLE, seconds=WAIT)
    pair.leader().kill()
    pair.until("it stands", lambda: (row(pair)["pledge"] or {}).get("people") == PEOPLE)
    assert calling.wait(WAIT).outcomes() == {"answered": CALLERS}
    pair.until("no more than these are wanted", lambda: row(pair)["open"] <= PEOPLE)
    begun = [one for one in receiver.requests if json.loads(one.body)["type"] == "call_out"]
    assert len({one.headers["webhook-id"] for one in begun}) == 1  # nobody is asked twice
