"""Callers on whom Asterisk's clock was set back enter their queue again, each at the same place."""

import asyncio

from panoramisk.message import Message

from ivrd.asterisk.ami_link import ActionRefused
from ivrd.calls.rejoin import Rejoin
from ivrd.core.call import AnsweredBy, Call
from ivrd.core.call_events import Connected, JoinedQueue
from ivrd.core.clock import AsteriskClock, Timeline
from ivrd.core.ledger import Ledger


class Rig:
    """Takes redirects as app_queue does: out of the line, and in again at the place."""

    def __init__(self, *callers: tuple[str, str]) -> None:
        self.ledger = Ledger()
        self.lines: dict[str, list[str]] = {}
        for at, (call, queue) in enumerate(callers):
            self.ledger.receive(Call(call, 0.0))
            self.ledger.apply(call, JoinedQueue(float(at), queue))
            self.lines.setdefault(queue, []).append(call)
        self.variables: dict[str, dict[str, str]] = {}
        self.redirected: list[tuple[str, str, str]] = []
        self.gone: set[str] = set()
        self.clock = AsteriskClock(Timeline(lambda: 1000.0, lambda: 0.0))
        self.rejoin = Rejoin(
            self,  # type: ignore[arg-type]
            self.ledger,
            self,  # type: ignore[arg-type]
            self.clock,
            lambda call: {"IVRD_EFFECTIVE": str(call.effective_at)},
        )

    def channel(self, call_id: str) -> str:
        return call_id

    def begin_again(self) -> list[tuple[str, str]]:
        return [("in-a-menu", "hotline"), ("in-a-queue's-menu", "hotline-queue-menu")]

    async def ask(self, action: str, **headers: str) -> Message:
        call = headers["Channel"]
        if call in self.gone:
            raise ActionRefused(f"{action}: No such channel")
        if action == "Setvar":
            self.variables.setdefault(call, {})[headers["Variable"]] = headers["Value"]
            return Message({})
        self.redirected.append((call, headers["Context"], headers["Exten"]))
        if call in self.ledger.calls:
            of = self.variables[call]
            line = self.lines[of["IVRD_QUEUE"]]
            line.remove(call)
            line.append(call)
            line.sort(key=lambda one: float(self.variables.get(one, {}).get("IVRD_EFFECTIVE", 1e9)))
            self.ledger.apply(call, JoinedQueue(99.0, of["IVRD_QUEUE"]))
        return Message({})

    def reconcile(self) -> None:
        asyncio.run(self.rejoin.reconcile())

    def set_back(self) -> None:
        self.clock.answered(1000.0 - 3600.0 * (self.clock.set_back + 1), -0.1, self.clock.set_back)


def test_each_has_the_same_place_and_the_same_wait() -> None:
    rig = Rig(("a", "care"), ("b", "care"), ("c", "other"), ("d", "care"))
    before = {queue: list(line) for queue, line in rig.lines.items()}
    rig.set_back()
    rig.reconcile()
    assert rig.lines == before
    menus = ["in-a-menu", "in-a-queue's-menu"]
    assert sorted(call for call, _, _ in rig.redirected) == ["a", "b", "c", "d", *menus]
    assert ("in-a-menu", "hotline", "again") in rig.redirected
    assert ("in-a-queue's-menu", "hotline-queue-menu", "again") in rig.redirected
    assert [call.joined_at for call in rig.ledger.waiting("care")] == [0.0, 1.0, 3.0]
    assert rig.ledger.offered == {"care": 3, "other": 1}


def test_it_is_done_once_for_each_time_and_never_without() -> None:
    rig = Rig(("a", "care"))
    rig.reconcile()
    assert rig.redirected == []
    rig.set_back()
    rig.reconcile()
    rig.reconcile()
    assert len(rig.redirected) == 3
    rig.set_back()
    rig.reconcile()
    assert len(rig.redirected) == 6


def test_talks_are_left_alone_and_whoever_has_gone_keeps_nobody_up() -> None:
    rig = Rig(("a", "care"), ("b", "care"), ("c", "care"))
    rig.ledger.apply("a", Connected(5.0, AnsweredBy.INHOUSE, "base-01"))
    rig.gone.add("b")
    rig.set_back()
    rig.reconcile()
    assert [call for call, _, _ in rig.redirected] == ["in-a-menu", "in-a-queue's-menu", "c"]
