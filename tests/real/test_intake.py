"""Callers who register by keys: real Asterisk, a webhook, hang-ups at every step, kills."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lab.callers import Caller, HangUp, Hear, Keys, Meet, Quiet, Wait
from lab.changes import long_lease
from tests.outbox.receiver import ReceiverThread, Request, answer
from tests.real.rig import WAIT
from tests.real.test_callback import closed, number
from tests.real.test_outbox import until

TAKES, FAILS = answer(200), answer(500)
ZONE = ZoneInfo("Asia/Bangkok")
FLAGS = {
    "breath": {
        "ask": "intake-ask-breath",
        "said": "intake-said-breath",
        "note": "short of breath",
        "red": True,
    },
    "over-60": {"ask": "intake-ask-over-60", "said": "intake-said-over-60", "note": "over 60"},
}
STAYS = Quiet(120)
BEGINS = "5"


def citizen(n: int) -> str:
    """A made-up number of 13 digits with its check digit; no two alike."""
    digits = f"1101{n:08}"
    check = (11 - sum((13 - at) * int(digit) for at, digit in enumerate(digits)) % 11) % 10
    return f"{digits}{check}"


def day() -> str:
    """Yesterday, as callers key it in."""
    return f"{datetime.now(ZONE) - timedelta(days=1):%d%m}"


def typed(n: int) -> str:
    """Consent, no flag but age, all of it right, the number, right, the day, right."""
    return f"1211{citizen(n)}1{day()}1"


def keys(text: str) -> Keys:
    """As fast as a telephone that dials by itself."""
    return Keys(text, tone=0.06, gap=0.06)


# Where callers hang up, in keys of `typed`: at each step, in the midst of it and at its end.
STEPS = (0, 1, 2, 3, 4, 10, 17, 18, 20, 22)


def with_intake(folder: Path, url: str, *, seats_open: bool) -> Callable[..., None]:
    secret = folder / "crm.secret"
    secret.touch(0o600)
    secret.write_text("not-really-a-secret")

    def change(name: str, settings: dict[str, Any]) -> None:
        long_lease(name, settings)  # so that a busy machine brings nobody to the queue instead
        if not seats_open:
            closed(name, settings)
        if name == "ivrd.yaml":
            settings["waiting"] = {"menu_key": "9", "menu_key_seconds": 20}
            settings["log"] = {"format": "json", "level": "debug"}
            settings.setdefault("limits", {})["behind_seconds"] = 2
        if name == "menus.yaml":
            to = {"intake": "other", "prompt": "intake-offer"}
            settings["menus"][settings["start"]]["keys"][BEGINS] = to
            settings["intake"] = {"flags": FLAGS}
        if name == "outbox.yaml":
            settings["webhooks"] = {"crm": {"url": url, "secret_file": str(secret)}}
            settings["messages"] = {
                use: {"channel": "crm", "text": {"th": "{hotline} {case}", "en": "{case}"}}
                for use in ("intake", "intake_code")
            }

    return change


def received(requests: Iterable[Request], use: str) -> dict[str, list[dict[str, Any]]]:
    """The data of what was taken, by idempotency key."""
    found: dict[str, list[dict[str, Any]]] = {}
    for request in requests:
        body = json.loads(request.body)
        if body["type"] == use:
            found.setdefault(request.headers["idempotency-key"], []).append(body["data"])
    return found


def tickets(requests: Iterable[Request]) -> list[dict[str, Any]]:
    """Each once, however often it was sent; what was sent again is the same."""
    several = received(requests, "intake").values()
    assert all(one == same[0] for same in several for one in same)
    return [same[0] for same in several]


def nowhere(folder: Path, numbers: Sequence[str]) -> None:
    """None of these is in any file below, but in what the simulated callers wrote themselves."""
    wanted, found = [number.encode() for number in numbers], set()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix != ".wav":
            data = path.read_bytes()
            found |= {path.name} if any(one in data for one in wanted) else set()
    assert found == {"callers.jsonl"}


@pytest.mark.lasts(15)
def test_who_completes_has_a_ticket_and_who_hangs_up_has_left_nothing(
    hotline: Any, tmp_path: Path
) -> None:
    with ReceiverThread(TAKES) as receiver:
        change = with_intake(tmp_path, receiver.url, seats_open=True)
        lab = hotline(agents=2, talk=1.0, ring=0.2, change=change)
        people = [
            Caller(n, f"hangs up after {at} keys", (keys(BEGINS + typed(n)[:at]), HangUp()))
            for n, at in enumerate(STEPS, 1)
        ]
        whole, red = 20, 30
        shown, dialled = number(whole)
        people += [
            Caller(
                whole,
                "completes, and wants a person",
                (keys(BEGINS + typed(whole)), keys("0"), Meet()),
                number=shown,
            ),
            Caller(red, "cannot breathe", (keys(BEGINS + "111"), Meet())),
        ]
        entries = {e.id: e for e in lab.calling(people, rate=20.0).wait(WAIT).entries}
        assert [entries[n].outcome for n in (whole, red)] == ["answered"] * 2
        lab.settled()
        lab.until("nothing waits", lambda _s: lab.ivrd.get("outbox")["entries"] == [])
        found = {ticket["to"]: ticket for ticket in tickets(receiver.requests)}
        ticket = found[dialled]
        assert (ticket["citizen_number"], ticket["flags"]) == (citizen(whole), "over-60")
        assert (ticket["whole"], ticket["topic"]) == ("yes", "other")
        assert [t["flags"] for t in found.values() if t["whole"] == "no"] == ["breath"]
        assert len(found) == 2
        shown_to_agents = {talk.number: talk.note for talk in lab.talks()}
        assert sorted(shown_to_agents.values()) == [
            "over 60; registration keyed in",
            "red flag: short of breath",
        ]
        scrape = lab.ivrd.scrape()
        started, left = (scrape.total(f"ivrd_intakes_{what}_total") for what in ("started", "left"))
        assert 2 <= started <= len(people)  # some have gone before ivrd could ask
        assert scrape.total("ivrd_intakes_completed_total") == started - left == 1
        assert scrape.total("ivrd_intake_red_flags_total") == 1
        assert scrape.total("ivrd_queue_log_differences_total") == 0
    lab.ivrd.stop()
    nowhere(lab.folder, [citizen(n) for n in (*range(1, 11), whole)])


@pytest.mark.verify
@pytest.mark.lasts(200)
def test_tickets_are_those_that_callers_completed_over_kills(hotline: Any, tmp_path: Path) -> None:
    """100 callers, of whom a third while waiting; ivrd is killed twice, the webhook goes down."""
    callers, over = range(1, 101), {n: STEPS[n % len(STEPS)] for n in range(1, 101) if n % 2}

    def script(n: int) -> tuple[Any, ...]:
        if n % 3:
            begin: tuple[Any, ...] = (Hear(), Wait(0.2 * (n % 7)), Keys(BEGINS))
        else:
            begin = (Keys("0"), Hear(), Wait(3), Keys("9"), Hear(), Wait(1), Keys(BEGINS))
        if n in over:
            return (*begin, Hear(), keys(typed(n)[: over[n]]), Wait(0.1), HangUp())
        return (*begin, Hear(), Keys(typed(n)), STAYS)

    with ReceiverThread(FAILS) as first:
        change = with_intake(tmp_path, first.url, seats_open=False)
        lab = hotline(agents=1, talk=0.5, ring=0.2, rtp_ports=800, change=change)
        people = [
            Caller(n, f"{n}", script(n), number=number(n)[0], hangs_up_after=150.0) for n in callers
        ]
        calling = lab.calling(people, rate=2.0)
        until("attempts", lambda: len(first.requests) >= 3)
        lab.ivrd.kill()
        lab.ivrd.start()
        until("another one", lambda: len(received(first.requests, "intake")) >= 2)
    with ReceiverThread(TAKES, port=first.port) as second:
        until("some are there", lambda: len(received(second.requests, "intake")) >= 15)
        lab.ivrd.kill()
        lab.ivrd.start()
        entries = {entry.id: entry for entry in calling.wait(WAIT).entries}
        lab.settled()
        lab.until("nothing waits", lambda _s: lab.ivrd.get("outbox")["entries"] == [])
        whole = [t for t in tickets(second.requests) if t["whole"] == "yes"]
        have = {ticket["citizen_number"]: ticket["to"] for ticket in whole}
        assert len(have) == len(whole)  # each once
        all_typed = {n for n in callers if n not in over}
        assert {*have} <= {citizen(n) for n in all_typed}
        # Who was told so: the hotline said goodbye, or brought who waits back to the queue.
        told = {n for n in all_typed if n % 3 and entries[n].ended == "network"}
        print(f"{len(told)} were told, {len(whole)} tickets, {len(all_typed)} typed all")
        assert {citizen(n) for n in told} <= {*have}
        assert all(have[citizen(n)] == number(n)[1] for n in told)
        assert len(told) >= 10
        scrape = lab.ivrd.scrape()
        assert scrape.total("ivrd_queue_log_differences_total") == 0
    lab.ivrd.stop()
    nowhere(lab.folder, [citizen(n) for n in callers])
