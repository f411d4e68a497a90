"""Callers whose queue is gone are sent on one by one, and only where Asterisk can take them."""

import asyncio
from collections import Counter

from panoramisk.message import Message

from ivrd.asterisk.ami_link import ActionRefused
from ivrd.calls.requeue import AGAIN_SECONDS, Destinations, Requeue, Route
from ivrd.core.call import AnsweredBy, Call
from ivrd.core.call_events import Connected, HungUp, JoinedQueue
from ivrd.core.ledger import Ledger
from ivrd.core.skills import SkillRouting
from tests.work import lines


class Asterisk:
    """Queues and the callers in them; a redirected caller joins where the variables say."""

    def __init__(self, ledger: Ledger, **lines: list[str]) -> None:
        self.ledger = ledger
        self.lines = lines
        self.variables: dict[str, dict[str, str]] = {}
        self.before_redirect = lambda _call: None
        self.loses: set[str] = set()  # whose redirects come to nothing
        self.redirected: list[str] = []
        self.asked: list[str] = []  # whose variables were read

    async def ask_list(self, action: str, **headers: str) -> list[Message]:
        assert action == "QueueStatus"
        queue = headers["Queue"]
        return [Message({"Event": "QueueParams", "Queue": queue})] if queue in self.lines else []

    async def ask(self, action: str, **headers: str) -> Message:
        call = headers["Channel"].removeprefix("PJSIP/")
        if call not in self.ledger.calls:
            raise ActionRefused(f"{action}: No such channel")
        variables = self.variables.setdefault(call, {})
        if action == "Getvar":
            self.asked.append(call)
            return Message({"Value": variables.get(headers["Variable"], "")})
        if action == "Setvar":
            variables[headers["Variable"]] = headers["Value"]
            self.before_redirect(call)
            return Message({})
        assert (action, headers["Context"], headers["Exten"]) == ("Redirect", "hotline-queue", "s")
        self.redirected.append(call)
        if call not in self.loses:
            self.join(call)
        return Message({})

    def join(self, call: str) -> None:
        of = self.variables[call]
        line = self.lines[of["IVRD_QUEUE"]]
        line.append(call)
        line.sort(key=lambda one: self.ledger.calls[one].effective_at or 0.0)
        assert float(of["IVRD_EFFECTIVE"]) == self.ledger.calls[call].effective_at
        self.ledger.apply(call, JoinedQueue(1000.0, of["IVRD_QUEUE"]))


class Rig:
    def __init__(self, *callers: tuple[str, str], topic: str = "fever", **lines: list[str]) -> None:
        """`callers`: each with a queue, in the order of joining."""
        self.ledger, self.now = Ledger(), 0.0
        for at, (call, queue) in enumerate(callers):
            self.ledger.receive(Call(call, 0.0, topic=topic))
            self.ledger.apply(call, JoinedQueue(float(at), queue))
        self.asterisk = Asterisk(self.ledger, **lines)
        self.to = Destinations(SkillRouting({"fever": "care"}, "other"), ("th", "en"))
        self.requeue = Requeue(
            self.asterisk,  # type: ignore[arg-type]
            self.ledger,
            self,
            lambda: self.to,
            lambda call: {"IVRD_EFFECTIVE": str(call.effective_at)},
            lambda: self.now,
        )

    def channel(self, call_id: str) -> str:
        return f"PJSIP/{call_id}"

    def reconcile(self) -> Counter[str]:
        return asyncio.run(self.requeue.reconcile())


def test_all_are_moved_to_their_place_and_offered_once() -> None:
    rig = Rig(("a", "gone"), ("b", "care"), ("c", "gone"), ("d", "gone"), care=["b"])
    assert rig.reconcile() == {"care": 3}
    assert rig.asterisk.lines["care"] == ["a", "b", "c", "d"]
    assert rig.ledger.offered == {"gone": 3, "care": 1}
    assert rig.reconcile() == {}
    assert [call.joined_at for call in rig.ledger.waiting("care")] == [0.0, 1.0, 2.0, 3.0]


def test_nobody_is_moved_before_asterisk_knows_the_other_queue() -> None:
    rig = Rig(("a", "gone"))
    assert rig.reconcile() == {}
    assert rig.asterisk.variables == {}
    rig.asterisk.lines["care"] = []
    assert rig.reconcile() == {"care": 1}


def test_whoever_is_with_a_person_by_then_is_left_there() -> None:
    rig = Rig(("a", "gone"), ("b", "gone"), care=[])

    def connected(call: str) -> None:
        if call == "a" and rig.ledger.calls["a"].connected_at is None:
            rig.ledger.apply("a", Connected(9.0, AnsweredBy.INHOUSE, "base-01"))

    rig.asterisk.before_redirect = connected
    assert rig.reconcile() == {"care": 1}
    assert rig.asterisk.redirected == ["b"]


def test_whoever_hangs_up_meanwhile_is_no_trouble_and_nobodys_place_depends_on_it() -> None:
    rig = Rig(("a", "gone"), ("b", "care"), ("c", "gone"), care=["b"])

    def hung_up(call: str) -> None:
        if call == "a" and call in rig.ledger.calls:
            rig.ledger.apply("a", HungUp(9.0))

    rig.asterisk.before_redirect = hung_up
    assert rig.reconcile() == {"care": 1}
    assert rig.asterisk.lines["care"] == ["b", "c"]


def test_whoever_does_not_arrive_is_sent_again_and_not_at_once() -> None:
    rig = Rig(("a", "gone"), care=[])
    rig.asterisk.loses.add("a")
    assert rig.reconcile() == {"care": 1}
    assert rig.reconcile() == {}
    rig.asterisk.loses.clear()
    rig.now = AGAIN_SECONDS
    assert rig.reconcile() == {"care": 1}
    assert rig.asterisk.lines["care"] == ["a"]


def test_what_a_caller_chose_before_this_ivrd_ran_is_read_from_the_channel() -> None:
    rig = Rig(("a", "gone"), ("b", "gone"), topic="", care=[], other=[])
    rig.asterisk.variables["a"] = {"IVRD_TOPIC": "fever"}
    assert rig.reconcile() == {"care": 1, "other": 1}
    assert rig.asterisk.lines == {"care": ["a"], "other": ["b"]}


def test_how_many_went_from_where_to_where_is_known_and_nobody_counts_twice() -> None:
    rig = Rig(("a", "gone"), ("b", "care"), ("c", "gone"), ("d", "away"), care=["b"])
    assert rig.requeue.waiting_in_vain() == {"gone": 2, "away": 1}
    rig.asterisk.loses.add("c")
    rig.reconcile()
    rig.now = AGAIN_SECONDS
    rig.asterisk.loses.clear()
    asyncio.run(rig.requeue.all(20.0))
    assert rig.requeue.moved == {Route("gone", "care"): 2, Route("away", "care"): 1}
    assert rig.requeue.waiting_in_vain() == {}


def test_nobody_waits_for_those_who_cannot_be_moved_for_longer_than_that() -> None:
    rig = Rig(("a", "gone"))  # Asterisk does not know the other queue
    ticks = iter(range(100))
    rig.requeue._clock = lambda: float(next(ticks))
    asyncio.run(rig.requeue.all(3.0))
    assert rig.requeue.waiting_in_vain() == {"gone": 1}


def test_two_who_move_callers_at_once_send_nobody_twice() -> None:
    rig = Rig(("a", "gone"), ("b", "gone"), care=[])

    async def both() -> None:
        await asyncio.gather(rig.requeue.reconcile(), rig.requeue.reconcile())

    asyncio.run(both())
    assert rig.asterisk.redirected == ["a", "b"]


def test_whoever_waits_in_a_language_that_is_gone_hears_the_first_one() -> None:
    rig = Rig(("a", "care"), ("b", "care"), care=["a", "b"])
    rig.ledger.note("a", language="my")
    rig.ledger.note("b", language="en")
    rig.reconcile()
    assert rig.asterisk.variables == {"a": {"CHANNEL(language)": "th"}}
    assert [rig.ledger.calls[call].language for call in "ab"] == ["th", "en"]


def test_to_move_one_costs_the_same_however_many_others_wait() -> None:
    def work(callers: int) -> float:
        gone = [(f"g{n}", "gone") for n in range(callers)]
        others = [(f"w{n}", "care") for n in range(callers)]
        rig = Rig(*gone, *others, care=[call for call, _queue in others])
        done = lines(lambda: asyncio.run(rig.requeue.all(600.0)))
        assert rig.requeue.moved == {Route("gone", "care"): callers}
        return done / callers

    assert work(120) <= 1.5 * work(30)


def test_a_topic_that_nobody_chose_is_asked_for_once() -> None:
    rig = Rig(("a", "gone"), topic="")  # Asterisk does not know the other queue
    rig.reconcile()
    rig.reconcile()
    assert rig.asterisk.asked == ["a"]
