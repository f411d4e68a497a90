"""Callers who are sent a link instead of waiting: real Asterisk, a gateway, kills."""

import json
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ivrd.cli.client import Client
from lab.callers import Caller, Hear, Keys, Meet, Quiet, Wait
from lab.changes import long_lease
from tests.outbox.receiver import HANGS, Receiver, ReceiverThread, answer
from tests.real.rig import WAIT
from tests.real.test_callback import closed, number
from tests.real.test_outbox import until

ASKS = Keys("5")
STAYS = Quiet(120)
# Opens the menu while waiting, and asks there.
ASKS_WHILE_WAITING = (Keys("0"), Hear(), Wait(3), Keys("9"), Hear(), Wait(1), Keys("4"), STAYS)
TAKES = answer(200)


def with_links(url: str, key: str = ASKS.keys) -> Callable[..., None]:
    def change(name: str, settings: dict[str, Any]) -> None:
        closed(name, settings)
        if name == "ivrd.yaml":
            settings["waiting"] = {"menu_key": "9", "menu_key_seconds": 20}
        if name == "menus.yaml":
            keys = settings["menus"][settings["start"]]["keys"]
            keys[key] = {"link": "other", "prompt": "queue-menu-link"}
        if name == "outbox.yaml":
            body = {"to": "{number}", "message": "{text}"}
            settings["sms"] = {"gateway": {"url": url, "body": body}}
            text = {"th": "{hotline} https://form.example", "en": "https://form.example"}
            message = {"channel": "gateway", "text": text}
            settings.setdefault("messages", {}).update(link=message)

    return change


def told(receiver: Receiver) -> list[str]:
    """To whom messages were sent; one that comes again after a kill has its key again."""
    keys = {request.headers["idempotency-key"]: request for request in receiver.requests}
    return sorted(json.loads(request.body)["to"] for request in keys.values())


def deflected(lab: Any) -> float:
    return float(lab.ivrd.status()["outcomes"]["deflected"])


def day(lab: Any) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in lab.ivrd.get("day")["rows"]:
        found[row["outcome"]] += row["calls"]
    return found


@pytest.mark.lasts(20)
def test_who_asks_has_the_link_or_a_person(hotline: Any, tmp_path: Path) -> None:
    """In the menu, while waiting, with no mobile number, and who wants a person as well."""
    with ReceiverThread(TAKES) as receiver:
        lab = hotline(agents=2, talk=1.0, ring=0.2, change=with_links(receiver.url))
        of = [number(n) for n in range(3)]
        people = [
            Caller(1, "asks", (ASKS, STAYS), number=of[0][0]),
            Caller(2, "asks while waiting", ASKS_WHILE_WAITING, number=of[1][0]),
            Caller(3, "asks, and wants a person", (ASKS, Hear(), Wait(4), Keys("0"), Meet()),
                   number=of[2][0]),
            Caller(4, "has no mobile", (ASKS, Meet())),
        ]  # fmt: skip
        calling = lab.calling(people, rate=5.0)
        lab.until("two have the link", lambda s: s["outcomes"]["deflected"] == 2)
        lab.until("two wait", lambda s: s["calls"]["queue"] == 2)
        lab.ivrd.once("seats", "open", "base")
        entries = {entry.id: entry for entry in calling.wait(WAIT).entries}
        assert [entries[n].ended for n in (1, 2)] == ["network"] * 2  # the hotline said goodbye
        assert [entries[n].outcome for n in (3, 4)] == ["answered"] * 2
        lab.settled()
        assert told(receiver) == [dialled for _shown, dialled in of]
        status = lab.ivrd.status()
        assert status["outcomes"] == {
            **dict.fromkeys(status["outcomes"], 0), "answered": 2, "deflected": 2,
        }  # fmt: skip
        assert status["hour"]["deflected"] == 2
        scrape = lab.ivrd.scrape()
        assert scrape.total("ivrd_queue_log_differences_total") == 0
        assert scrape.total("ivrd_links_asked_total") == 4
        assert day(lab) == {"deflected": 2, "answered": 2}


@pytest.mark.verify
@pytest.mark.lasts(25)
def test_a_plan_offers_it_to_whoever_asks_for_a_person_and_0_leads_on(hotline: Any) -> None:
    with ReceiverThread(TAKES) as receiver:
        links = with_links(receiver.url)

        def change(name: str, settings: dict[str, Any]) -> None:
            links(name, settings)
            if name == "plans.yaml":
                plan = {"ends_after_minutes": 60, "menu_mode": "links_first"}
                settings["plans"] = {"flood": plan}

        lab = hotline(agents=2, talk=1.0, ring=0.2, change=change)
        Client(lab.ivrd.control).post("plan-start", plan="flood")
        of = [number(n) for n in range(2)]
        people = [
            Caller(1, "takes it", (Keys("0"), Hear(), Wait(2), Keys("1"), STAYS), number=of[0][0]),
            Caller(2, "wants a person", (Keys("0"), Hear(), Wait(2), Keys("0"), Meet()),
                   number=of[1][0]),
        ]  # fmt: skip
        calling = lab.calling(people, rate=5.0)
        lab.until("one has the link", lambda s: s["outcomes"]["deflected"] == 1)
        lab.until("one waits", lambda s: s["calls"]["queue"] == 1)
        lab.ivrd.once("seats", "open", "base")
        entries = {entry.id: entry for entry in calling.wait(WAIT).entries}
        assert (entries[1].ended, entries[2].outcome) == ("network", "answered")
        lab.settled()
        assert told(receiver) == [of[0][1]]


@pytest.mark.verify
@pytest.mark.lasts(35)
def test_it_is_the_same_over_a_kill_and_a_gateway_that_hangs(hotline: Any, tmp_path: Path) -> None:
    """Whoever has the link has it; whoever has not goes on to a person."""

    with ReceiverThread(TAKES) as receiver:
        links = with_links(receiver.url)

        def change(name: str, settings: dict[str, Any]) -> None:
            links(name, settings)
            long_lease(name, settings)

        lab = hotline(agents=1, talk=1.0, ring=0.2, change=change)
        shown, dialled = number(1)
        asks = Caller(1, "asks", (ASKS, STAYS), number=shown, hangs_up_after=15.0)
        calling = lab.calling([asks], rate=5.0)
        until("sent", lambda: lab.ivrd.scrape().total("ivrd_links_asked_total") == 1)
        lab.ivrd.kill()
        calling.wait(WAIT)
        lab.ivrd.start()
        lab.until("it is reconciled", lambda s: s["outcomes"]["deflected"] == 1)
        receiver.answers = deque([HANGS])
        other = Caller(2, "asks", (ASKS, Meet()), number=number(2)[0])
        calling = lab.calling([other], rate=5.0, name="other")
        lab.until("the person's turn", lambda s: s["calls"]["queue"] == 1)
        lab.ivrd.once("seats", "open", "base")
        assert [entry.outcome for entry in calling.wait(WAIT).entries] == ["answered"]
        lab.settled()
        assert told(receiver) == [dialled, number(2)[1]]
        assert deflected(lab) == 1
        assert day(lab) == {"deflected": 1, "answered": 1}
