"""Who books a call back has it in writing: real Asterisk, and a receiver that fails, over kills."""

import json
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ivrd.outbox.webhook import signature
from lab.agents import refuses
from lab.called import CalledPeople
from lab.callers import Caller
from tests.outbox.receiver import HALF, HANGS, Receiver, ReceiverThread, Request, answer
from tests.real.pair_rig import two
from tests.real.rig import WAIT
from tests.real.test_callback import BOOKS, booked, closed, number

SECRET = "not-really-a-secret"
FAILS, TAKES = answer(500), answer(200)


def with_outbox(
    folder: Path, receiver: Receiver, people: CalledPeople, **more: float
) -> Callable[..., None]:
    secret = folder / "crm.secret"
    secret.touch(0o600)
    secret.write_text(SECRET)

    def change(name: str, settings: dict[str, Any]) -> None:
        closed(name, settings)
        people.change(name, settings)
        if name == "outbox.yaml":
            crm = {"url": receiver.url, "secret_file": str(secret), **more}
            settings["webhooks"] = {"crm": crm}
            settings["messages"] = {
                use: {"channel": "crm", "text": {"th": "{hotline}", "en": "{hotline}"}}
                for use in ("callback_booked", "callback_not_reached")
            }

    return change


def until(what: str, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)  # nothing tells when a receiver has had what it was sent


def types(requests: list[Request]) -> list[str]:
    return [json.loads(request.body)["type"] for request in requests]


@pytest.mark.lasts(25)
def test_who_books_has_it_in_writing_over_a_receiver_that_fails_and_a_kill(
    hotline: Any, tmp_path: Path
) -> None:
    shown, dialled = number(1)
    with (
        ReceiverThread(FAILS) as receiver,
        CalledPeople(tmp_path / "people", {dialled: refuses(486)}) as people,
    ):
        lab = hotline(agents=1, talk=1.0, ring=0.2, change=with_outbox(tmp_path, receiver, people))
        calling = lab.calling([Caller(1, "books", BOOKS, number=shown)], rate=5.0)
        booked(lab, 1)
        until("an attempt", lambda: bool(receiver.requests))
        calling.wait(WAIT)
        lab.ivrd.kill()
        failed = len(receiver.requests)
        receiver.answers = deque([TAKES])
        lab.ivrd.start()
        lab.ivrd.once("seats", "open", "base")  # the call is made, and the line is busy
        until("both messages", lambda: types(receiver.requests[failed:])[1:] != [])
        lab.until("nothing waits", lambda _s: lab.ivrd.get("outbox")["entries"] == [])
        first, second = receiver.requests[failed:]
        assert types([first, second]) == ["callback_booked", "callback_not_reached"]
        for request in receiver.requests[:failed]:  # the same, attempt by attempt
            assert request.headers["webhook-id"] == first.headers["webhook-id"]
            assert request.body == first.body
        for request in (first, second):
            of, body = request.headers, request.body.decode()
            at = int(of["webhook-timestamp"])
            assert of["webhook-signature"] == signature(SECRET, of["webhook-id"], at, body)
            assert json.loads(body)["data"]["to"] == dialled
        delivered = lab.ivrd.get("outbox", state="delivered")["entries"]
        assert len(delivered) == 2
        assert lab.ivrd.scrape().total("ivrd_outbox_entries") == 0
        for path in (lab.ivrd.log, *(lab.folder / "state").glob("ivrd.sqlite*")):
            assert dialled.removeprefix("+66").encode() not in path.read_bytes()


@pytest.mark.verify
@pytest.mark.lasts(40)
def test_the_standby_sends_what_the_leader_has_not(tmp_path: Path) -> None:
    """Twelve book while the receiver fails now and then, and the leader is killed among them."""
    people = [number(n) for n in range(12)]
    later = answer(429, Retry_After="1")
    manners = [HANGS, TAKES, FAILS, TAKES, TAKES, HALF, TAKES, later, TAKES, TAKES] * 2
    with (
        ReceiverThread(*manners, TAKES) as receiver,
        CalledPeople(tmp_path / "people", {dialled: refuses(486) for _, dialled in people}) as home,
    ):
        change = with_outbox(tmp_path, receiver, home, timeout_seconds=1)
        pair = two(tmp_path / "pair", agents=1, talk=1.0, ring=0.2, change=change)
        pair.start()
        try:
            pair.wait_for_standby()
            callers = [Caller(n, "books", BOOKS, number=of) for n, (of, _) in enumerate(people)]
            calling = pair.calling(callers, rate=2.0)
            pair.until("some are told", lambda: len(receiver.requests) >= 6)
            pair.leader().kill()
            # Who was in the midst of booking waits in the queue, and is answered.
            pair.of_leader(lambda of: of.once("seats", "open", "base"), seconds=WAIT)
            calling.wait(WAIT)
            rows = pair.of_leader(lambda of: of.get("callbacks"))["callbacks"]
            bookings = {row["id"] for row in rows}

            def empty() -> bool:
                return pair.of_leader(lambda of: of.get("outbox"))["entries"] == []

            pair.until("nothing waits", empty, seconds=WAIT)
        finally:
            pair.stop()
    told = {}
    for request in receiver.requests:
        if types([request]) != ["callback_booked"]:
            continue  # the line was busy, as all lines are
        key, data = request.headers["webhook-id"], json.loads(request.body)["data"]
        assert told.setdefault(key, data["booking"]) == data["booking"]
    assert len(bookings) >= 3
    assert bookings <= set(told.values())
    assert len(told) == len(set(told.values()))  # one key for each
    assert pair.complaints() == []
