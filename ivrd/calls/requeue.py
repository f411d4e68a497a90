"""Moves waiting callers whose queue is gone; see core/requeue.py.

The channel is sent to the dialplan's own way into a queue, with the queue and the place set on it
(placement.py): so whatever happens to ivrd meanwhile, the caller is in a queue, and at the place
there.

A call that is moved stays one offered call; see core/ledger.py for the queue that it is counted in.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from ivrd import log
from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.core.call import Call, Stage
from ivrd.core.ledger import Ledger
from ivrd.core.requeue import Move, in_vain, move_of
from ivrd.core.skills import SkillRouting, group_of

logger = logging.getLogger("ivrd")

AGAIN_SECONDS = 5.0  # a caller who was sent on should be in the other queue by then
AT_ONCE_SECONDS = 1.0  # so long callers are moved in one go; the others follow in the next
PAUSE_SECONDS = 0.1  # between two goes of `all`


class Channels(Protocol):
    """The channels of calls that are here; see calls/ivr.py."""

    def channel(self, call_id: str) -> str:
        """The channel of a call; empty for a stranger."""


@dataclass(frozen=True)
class Destinations:
    """Where callers can wait.

    `languages`: those that callers are spoken to in; the first when theirs is gone.
    """

    routing: SkillRouting
    languages: Sequence[str]

    @property
    def queues(self) -> Collection[str]:
        """The queues that are served."""
        return self.routing.queues


@dataclass(frozen=True)
class Route:
    """A queue that callers were in, and the one that they were moved to."""

    queue: str
    to: str


class Requeue:
    """Repeats until all are in a queue that is served.

    `place(call)`: its place, as variables of the channel (placement.py).  `clock`: seconds, any
    that goes on.

    `moved`: how many callers have been moved since this ivrd began, by where from and where to; one
    who did not arrive and was sent again counts once.
    """

    def __init__(
        self,
        link: AmiClient,
        ledger: Ledger,
        channels: Channels,
        destinations: Callable[[], Destinations],
        place: Callable[[Call], Mapping[str, str]],
        clock: Callable[[], float],
    ) -> None:
        self._link = link
        self._ledger = ledger
        self._channels = channels
        self._destinations = destinations
        self._place = place
        self._clock = clock
        self.moved: Counter[Route] = Counter()
        self._sent: dict[str, float] = {}  # by call: when it was sent to another queue
        self._left: dict[str, str] = {}  # by call, the queue that it was last sent away from
        self._asked: set[str] = set()  # calls whose topic was asked for
        self._turn = asyncio.Lock()  # two at once would send a caller twice

    def waiting_in_vain(self) -> Counter[str]:
        """How many callers still wait in which queue that is not served."""
        served, present = self._destinations().queues, self._ledger.present
        lines = {queue: present.line(queue) for queue in present.queues() if queue not in served}
        return Counter({queue: len(line) for queue, line in lines.items() if line})

    async def all(self, seconds: float) -> None:
        """Move everybody, for so long at most.  Raises what `reconcile` raises."""
        until = self._clock() + seconds
        while True:
            await self.reconcile()
            if not self.waiting_in_vain() or self._clock() >= until:
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def reconcile(self) -> Counter[str]:
        """Move whoever waits in a queue that is not served; how many went to which queue.

        Nobody is moved to a queue that Asterisk does not know yet.  Raises what the link to
        Asterisk raises.
        """
        async with self._turn:
            return await self._reconcile()

    async def _reconcile(self) -> Counter[str]:
        begun, to = self._clock(), self._destinations()
        self._sent = {
            call: at
            for call, at in self._sent.items()
            if begun - at < AGAIN_SECONDS and call in self._ledger.calls
        }
        self._left = {c: queue for c, queue in self._left.items() if c in self._ledger.calls}
        self._asked &= self._ledger.calls.keys()
        await self._learn_topics(to.queues)
        await self._speak(to.languages)
        moved: Counter[str] = Counter()
        known: dict[str, bool] = {}
        for place in in_vain(self._ledger.present, to.queues):
            if self._clock() - begun >= AT_ONCE_SECONDS:
                break
            call = self._ledger.calls.get(place.call_id)
            if call is None or not _waits_in_vain(call, to.queues) or self._on_the_way(call):
                continue
            move = move_of(call, to.routing, self._ledger.present.line)
            if move.queue not in known:
                known[move.queue] = await self._knows(move.queue)
            if known[move.queue] and await self._move(move, to.queues):
                moved[move.queue] += 1
        return moved

    def _on_the_way(self, call: Call) -> bool:
        """Whether a caller was sent away from this queue, and may just not have gone yet."""
        return call.id in self._sent and self._left.get(call.id) == call.queue

    async def _learn_topics(self, served: Collection[str]) -> None:
        """What callers chose before this ivrd knew them is on their channels."""
        for place in in_vain(self._ledger.present, served):
            call, channel = (
                self._ledger.calls.get(place.call_id),
                self._channels.channel(place.call_id),
            )
            if call is None or call.topic or not channel or call.id in self._asked:
                continue
            with suppress(ActionRefused):
                answer = await self._link.ask(
                    "Getvar", Channel=channel, Variable=dialplan_names.TOPIC
                )
                self._asked.add(call.id)
                if call.id in self._ledger.calls:
                    self._ledger.note(call.id, topic=str(answer.value or ""))

    async def _speak(self, languages: Sequence[str]) -> None:
        """Whoever waits in a language that is gone hears the first one from now on."""
        foreign = [
            call
            for call in self._ledger.calls.values()
            if call.language not in languages and call.language and call.stage is Stage.QUEUE
        ]
        for call in foreign:
            channel = self._channels.channel(call.id)
            if not channel:
                continue
            with suppress(ActionRefused):
                language = languages[0]
                await self._link.ask(
                    "Setvar", Channel=channel, Variable="CHANNEL(language)", Value=language
                )
                if call.id in self._ledger.calls:
                    self._ledger.note(call.id, language=language)

    async def _knows(self, queue: str) -> bool:
        """Whether Asterisk has the queue."""
        rows = await self._link.ask_list("QueueStatus", Queue=queue)
        return any(row.event == "QueueParams" and row.queue == queue for row in rows)

    async def _move(self, move: Move, served: Collection[str]) -> bool:
        """Whether Asterisk took it; one who has just hung up needs no queue."""
        channel, call = self._channels.channel(move.call_id), self._ledger.calls.get(move.call_id)
        if not channel or call is None:
            return False
        try:
            await into_queue(self._link, channel, move.queue, self._place(call))
            call = self._ledger.calls.get(move.call_id)
            if call is None or not _waits_in_vain(call, served):
                return False  # gone, or with a person
            await redirect(self._link, channel, dialplan_names.QUEUE_CONTEXT)
        except ActionRefused:
            return False
        self._sent[move.call_id] = self._clock()
        if self._left.get(move.call_id) != call.queue:
            self._left[move.call_id] = call.queue
            self.moved[Route(call.queue, move.queue)] += 1
        log.event(
            logger,
            logging.INFO,
            "caller moved: the queue is no longer served",
            call=move.call_id,
            queue=str(group_of(call.queue)),
            to=str(group_of(move.queue)),
            position=move.position,
        )
        return True


async def into_queue(link: AmiClient, channel: str, queue: str, place: Mapping[str, str]) -> None:
    """Say on a channel which queue it joins next, and its place there (placement.py).

    Raises what the link raises.
    """
    for variable, value in {dialplan_names.QUEUE: queue, **place}.items():
        await link.ask("Setvar", Channel=channel, Variable=variable, Value=value)


async def redirect(link: AmiClient, channel: str, context: str, exten: str = "s") -> None:
    """Have a channel go on elsewhere in the dialplan.  Raises what the link raises."""
    await link.ask("Redirect", Channel=channel, Context=context, Exten=exten, Priority="1")


def _waits_in_vain(call: Call, served: Collection[str]) -> bool:
    """Whether the caller is in a queue that is not served."""
    return call.stage is Stage.QUEUE and call.queue not in served
