"""300 callers help themselves by keys, over kills of all that takes part; nothing is lost or told.

The callers' own ledger says who has heard what; the records of the webhook, the gateway and the
system that knows the cases say what came there.  See self_service_rig.py.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ivrd.core.case_code import long_case_code
from lab.callers import Caller, Callers, Entry
from lab.ivrd import PROJECT
from tests.outbox.receiver import Request, answer
from tests.outbox.receiver_process import ReceiverProcess
from tests.real.intake_rig import citizen, nowhere, received, tickets
from tests.real.rig import WAIT, Hotline
from tests.real.self_service_rig import of_kind, outcome, people, with_everything
from tests.real.test_callback import number
from tests.real.test_cases import STATE
from tests.real.test_links import day
from tests.real.test_outbox import until

HUNDREDS, RATE = 3, 2.5
TICKETS = 4  # of a wave, until something happens in its midst
TAKES = answer(200)
UNSURE = ("registers and hangs up", "asks for a link and hangs up")


class Others:
    """The other systems, each a process with a record of what it has taken."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.webhook = ReceiverProcess(folder / "webhook.jsonl", TAKES)
        self.gateway = ReceiverProcess(folder / "gateway.jsonl", TAKES)
        self.cases = ReceiverProcess(folder / "cases.jsonl", answer(200, STATE))

    @property
    def tickets(self) -> int:
        """How many the webhook has, by their keys."""
        return len(received(self.webhook.requests(), "intake"))


@pytest.fixture
def others(tmp_path: Path) -> Iterator[Others]:
    others = Others(tmp_path / "others")
    with ExitStack() as ending:
        for one in (others.webhook, others.gateway, others.cases):
            ending.enter_context(one)
        yield others


@pytest.mark.verify
@pytest.mark.lasts(300)
def test_whoever_was_told_so_has_it_over_kills_of_everything_and_no_number_is_left(
    hotline: Any, tmp_path: Path, others: Others
) -> None:
    urls = (others.webhook.url, others.gateway.url, others.cases.url)
    change = with_everything(tmp_path, *urls)
    lab: Hotline = hotline(agents=8, talk=2.0, ring=0.2, rtp_ports=1600, change=change)
    callers = people(HUNDREDS)
    waves = Waves(lab, others, callers)
    until("all wait or have gone", lambda: waves.through)
    lab.ivrd.once("seats", "open", "base")
    entries = waves.entries()
    lab.settled()
    lab.until("nothing is to be sent", lambda _s: lab.ivrd.get("outbox")["entries"] == [])
    print("\n", *{wave.limited or "the callers were in time" for wave in waves.calling}, sep="\n")
    check_tickets(lab, entries, others.webhook.requests())
    check_links(lab, entries, others.gateway.requests())
    check_look_ups(entries, others.cases.requests())
    check_outcomes(entries, day(lab))
    assert lab.ivrd.get("day")["received"] == len(callers)
    assert lab.ivrd.scrape().total("ivrd_queue_log_differences_total") == 0
    print(f"longest silence {max(entry.silence for entry in entries):.1f} s")
    lab.stop()
    nowhere(tmp_path, [citizen(caller.id) for caller in callers], others.webhook.record.name)
    check_keys(lab)


class Waves:
    """Callers in waves, and what happens in the midst of each; the next one when all is well again,
    however slow the machine is: else most would dial while nobody is there.
    """

    def __init__(self, lab: Hotline, others: Others, callers: list[Caller]) -> None:
        self.lab = lab
        self.others = others
        self.callers = callers
        self.calling: list[Callers] = []
        acts = (self.first, self.second, self.third, self.fourth)
        for n, act in enumerate(acts):
            wave = callers[n :: len(acts)]
            self.calling.append(lab.calling(wave, rate=RATE, name=f"wave{n}"))
            before = others.tickets
            self.until_over_or(lambda before=before: others.tickets >= before + TICKETS)
            act()
            self.until_over_or(lambda: False)

    def first(self) -> None:
        """ivrd dies while the webhook is dead, and tickets wait."""
        self.others.webhook.kill()
        self.until_over_or(lambda: len(self.waiting()) >= 2)
        again(self.lab)
        self.others.webhook.start()

    def second(self) -> None:
        """Who knows the cases dies, and callers ask."""
        self.others.cases.kill()
        self.until_over_or(lambda: False)
        self.others.cases.start()

    def third(self) -> None:
        """ivrd dies, and the webhook in the moment in which another one comes."""
        again(self.lab)
        self.others.webhook.kill()
        self.others.webhook.start()

    def fourth(self) -> None:
        """ivrd dies once more, and again as soon as it is back."""
        again(self.lab)
        again(self.lab)

    def waiting(self) -> list[Any]:
        """Messages that wait."""
        found: list[Any] = self.lab.ivrd.get("outbox", state="waiting")["entries"]
        return found

    def until_over_or(self, true: Callable[[], bool]) -> None:
        """Wait for it, or until all of this wave have dialled and nobody is in a menu."""
        until("the wave is over", lambda: true() or (self.dialled and self.through))

    @property
    def dialled(self) -> bool:
        """Whether all of the wave have dialled, and been answered."""
        progress = self.calling[-1].progress()
        answered = progress["done"] + progress["listening"] + progress["with_person"]
        return answered == progress["planned"]

    @property
    def through(self) -> bool:
        """Whether nobody is in a menu any more."""
        calls = self.lab.ivrd.status()["calls"]
        return not (calls["menu"] or self.lab.ivrd.scrape().total("ivrd_queue_menu_callers"))

    def entries(self) -> list[Entry]:
        """What became of all."""
        return [entry for wave in self.calling for entry in wave.wait(WAIT).entries]


def again(lab: Hotline) -> None:
    """kill -9, and another one."""
    lab.ivrd.kill()
    lab.ivrd.start()


def check_tickets(lab: Hotline, entries: list[Entry], requests: list[Request]) -> None:
    """Whole ones: of each who has heard so, once, and of nobody else.

    But for who was told that it may not be filed: the store was too slow on this machine.
    """
    whole = [ticket for ticket in tickets(requests) if ticket["whole"] == "yes"]
    have = {ticket["citizen_number"]: ticket["to"] for ticket in whole}
    assert len(have) == len(whole), "each once"
    told = {citizen(e.id): number(e.id)[1] for e in entries if "filed" in e.prompts}
    unsure = {citizen(entry.id) for entry in of_kind(entries, UNSURE[0])}
    late = {long_case_code(row["call"]) for row in lab.ivrd.said("ticket not filed")}
    assert told, "nobody has registered"
    assert told.items() <= have.items()
    assert {ticket["citizen_number"] for ticket in whole if ticket["case"] not in late} - {
        *told
    } <= unsure
    registering = [entry for entry in of_kind(entries, "registers") if entry.behaviour != UNSURE[0]]
    without = [entry for entry in registering if citizen(entry.id) not in told]
    assert all(entry.person for entry in without), "not told, and no person either"
    anew = [entry for entry in entries if "anew" in entry.prompts]
    print(
        f"{len(registering)} register: {len(told)} told, {len(whole)} tickets at the webhook in "
        f"{len(requests)} requests, {len(without)} with a person instead; {len(anew)} asked anew, "
        f"{sum('filed' in entry.prompts for entry in anew)} of whom keyed all again; "
        f"{len(lab.ivrd.said('ticket not filed'))} not filed"
    )


def check_links(lab: Hotline, entries: list[Entry], requests: list[Request]) -> None:
    """Accepted: of each who has heard so, under one key, and else of who hung up meanwhile."""
    accepted: dict[str, str] = {}
    for request in requests:
        to = json.loads(request.body)["to"]
        assert accepted.setdefault(request.headers["idempotency-key"], to) == to
    assert len({*accepted.values()}) == len(accepted)
    told = {number(entry.id)[1] for entry in entries if "sent" in entry.prompts}
    unsure = {number(entry.id)[1] for entry in of_kind(entries, UNSURE[1])}
    assert told <= {*accepted.values()}
    late = len(lab.ivrd.said("link not accepted in time"))  # of a machine that is too slow
    assert len({*accepted.values()} - told - unsure) <= late
    print(f"{len(told)} have a link and know it; the gateway accepted {len(accepted)}; {late} late")


def check_look_ups(entries: list[Entry], requests: list[Request]) -> None:
    """Told is only who was looked up; whoever was not is with a person."""
    asking = list(of_kind(entries, "asks for a state"))
    told = [entry for entry in asking if "told" in entry.prompts]
    assert len(told) <= len(requests)
    assert all(entry.person for entry in asking if entry not in told)
    print(f"{len(asking)} ask for a state: {len(told)} told, the others with a person")


def check_outcomes(entries: list[Entry], counted: Counter[str]) -> None:
    """ivrd's day has the callers' own account of it."""
    sure = Counter(outcome(entry) for entry in entries if entry.behaviour not in UNSURE)
    unsure = Counter(outcome(entry) for entry in entries if entry.behaviour in UNSURE)
    print(f"callers: {dict(sure + unsure)}; ivrd: {dict(counted)}")
    assert not sure["dropped"]
    assert not sure - counted
    rest = counted - sure
    assert rest.total() == unsure.total()
    assert {*rest} <= {"abandoned", "self_served", "deflected", "answered"}


def check_keys(lab: Hotline) -> None:
    """Nor do the keys of a call, one by one, make a number; and nobody has left a core."""
    pressed: dict[str, str] = {}
    for row in lab.ivrd.said(""):
        pressed[row.get("call", "")] = pressed.get(row.get("call", ""), "") + row.get("key", "")
    numbers = [citizen(n) for n in range(1, 100 * HUNDREDS + 1)]
    assert not [one for one in numbers if any(one in typed for typed in pressed.values())]
    assert "DTMF" not in "".join(
        path.read_text("utf-8", "replace") for path in lab.asterisk.log.rglob("*") if path.is_file()
    )
    assert not [path for path in PROJECT.glob("core*") if path.is_file()]
