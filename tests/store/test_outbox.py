"""The outbox in both stores: an hour of simulated time in which everything fails, over kills."""

import asyncio
import base64
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ivrd.config.outbox_settings import FileSettings, MessageSettings, OutboxSettings
from ivrd.config.outbox_template import Template
from ivrd.core.outbox import Delivered, EntryState, Failed, Refused, Result
from ivrd.outbox.channel import Channel
from ivrd.outbox.message import Message
from ivrd.outbox.outbox import OUTBOX, Outbox
from ivrd.outbox.sender import Sender
from ivrd.store import WriteBehind
from tests.store.conftest import MakeStore

NOW = 1_795_312_060.0
PATIENCE = 60.0  # seconds; only a machine that is stuck takes so long
HOUR, USE, RECIPIENTS = 3600, "callback_booked", 700
WITHIN = 1800.0
NUMBER = "+66812345678"


def settings(channel: str = "gateway", most: int = 50_000) -> OutboxSettings:
    message = MessageSettings(channel, WITHIN, {"th": Template("x")})
    file = FileSettings(Path("/nowhere"))
    return OutboxSettings(most, 7 * 86_400.0, {channel: file}, {USE: message})


class Moment:
    """The clock."""

    second = 0

    def __call__(self) -> float:
        return NOW + self.second


class Vault:
    def seal(self, text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    def open(self, text: str) -> str:
        return base64.b64decode(text).decode()


@dataclass
class Told:
    """What metrics are told."""

    results: Counter[str] = field(default_factory=Counter)
    lost_ones: Counter[str] = field(default_factory=Counter)

    def attempt_ended(self, _channel: str, result: Result) -> None:
        self.results[type(result).__name__] += 1

    def delivered(self, _channel: str, seconds: float) -> None:
        assert seconds >= 0

    def reached(self, _channel: str) -> None:
        self.results["reached"] += 1

    def lost(self, _channel: str, cause: str) -> None:
        self.lost_ones[cause] += 1


class Gateway:
    """Another system, which knows each key that it has taken; `fails()`: what it does instead."""

    at_once = 4
    per_second = 1000.0

    def __init__(self, fails: Callable[[], tuple[Result, bool] | None]) -> None:
        self.taken: dict[str, str] = {}  # key -> text, in the order in which they were taken
        self.refused: set[str] = set()
        self.attempts: Counter[str] = Counter()
        self._fails = fails

    async def send(self, key: str, message: Message) -> Result:
        await asyncio.sleep(0)
        self.attempts[key] += 1
        result, taken = self._fails() or (Delivered(), True)
        if isinstance(result, Refused):
            self.refused.add(key)
        if taken:
            self.taken.setdefault(key, message.text)
        return result

    async def close(self) -> None: ...


class Ivrd:
    """One ivrd's outbox on a store that others have as well; of two, each with its epoch."""

    is_leader = True

    def __init__(
        self,
        make: MakeStore,
        channel: Channel,
        clock: Callable[[], float],
        epoch: int = 0,
        of: OutboxSettings | None = None,
    ) -> None:
        self.epoch, self.told = epoch, Told()
        self.was_fenced = False
        self.store = make()
        self.write_behind = WriteBehind(self.store, self, lambda _up, _why: None, pause=0.0)
        chance, wake = random.Random(epoch).random, asyncio.Event()
        self.outbox = Outbox(
            of or settings(),
            self.write_behind,
            Vault(),
            self.told,
            clock,
            lambda: 0.0,
            chance,
            wake.set,
        )
        self.sender = Sender(self.outbox, {"gateway": channel}, self, clock, chance, wake)

    def fenced(self) -> None:
        self.was_fenced = True

    async def start(self) -> "Ivrd":
        self._writing = asyncio.create_task(self.write_behind.run(self.outbox.write_again))
        await self.outbox.restore()
        assert self.outbox.complete
        return self

    async def die(self) -> None:
        """kill -9: what is not written is lost, and attempts end as they may."""
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)
        await self.store.close()

    def post(self, number: int, at: float = NOW) -> None:
        message = Message(USE, NUMBER, f"{number}", at, {})
        self.outbox.post(message, f"{number}", f"person {number % RECIPIENTS}")


def failures(chance: random.Random, now: Callable[[], float]) -> tuple[Result, bool] | None:
    """What there is in an hour; ten minutes of it the gateway is down, five it has too much."""
    minute = (now() - NOW) / 60
    if 10 <= minute < 20:
        return Failed("cannot be reached", whole_channel=True), False
    if 30 <= minute < 35:
        return Failed("answered 429", retry_after=20.0, whole_channel=True), False
    sort = chance.random()
    for share, result in (
        (0.04, Failed("answered 500")),
        (0.04, Failed("no whole answer within 10 s")),
        (0.04, Failed("its answer broke off")),
        (0.01, Failed("answered 429", retry_after=5.0, whole_channel=True)),
        (0.01, Failed("answered 302, a redirect", whole_channel=True)),
        (0.01, Failed("no TLS with it", whole_channel=True)),
        (0.01, Refused("answered 422")),
    ):
        sort -= share
        if sort < 0:
            taken = result.why.startswith(("no whole", "its answer")) and chance.random() < 0.5
            return result, taken
    return None


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(500, marks=pytest.mark.lasts(3)),
        pytest.param(10_000, marks=[pytest.mark.verify, pytest.mark.lasts(15)]),
    ],
)
@pytest.mark.timeout(600)
def test_an_hour_of_failures_and_kills_and_each_is_taken_once_or_listed(
    make: MakeStore, count: int
) -> None:
    chance = random.Random(20220221)
    moment = Moment()
    gateway = Gateway(lambda: failures(chance, moment))

    async def body() -> None:
        last = await an_hour(make, gateway, moment, count, chance)
        check(last, gateway.taken, gateway.refused, count)
        await last.die()

    asyncio.run(body())


async def nothing(_second: int) -> None:
    """What happens in a second where nothing does."""


async def an_hour(
    make: MakeStore,
    channel: Channel,
    moment: Moment,
    count: int,
    chance: random.Random,
    begins: Callable[[int], Awaitable[None]] = nothing,
) -> Ivrd:
    """So many are put in in an hour of kills and takeovers; the ivrd that is there when the time of
    the last is over.  `begins(second)` is awaited before each second.
    """
    deaths = {chance.randrange(60, HOUR): n % 2 == 0 for n in range(8)}
    posted: dict[int, float] = {}
    ivrd, epoch = await Ivrd(make, channel, moment).start(), 0
    for second in range(HOUR + int(WITHIN) + 1):
        moment.second = second
        await begins(second)
        for n in range(second * count // HOUR, min(count, (second + 1) * count // HOUR)):
            posted[n] = moment()
            ivrd.post(n)
        ivrd.sender.look()
        if second in deaths:
            epoch += deaths[second]  # a takeover, else the same one starts again
            await ivrd.die()  # in the midst of its attempts
            ivrd = await Ivrd(make, channel, moment, epoch).start()
            for n, at in posted.items():
                if at >= moment() - 60:  # as who has something to say does on a start
                    ivrd.post(n)
        if second % 20 == 0:
            assert await ivrd.write_behind.flush(PATIENCE)
        for _ in range(5):  # what has ended makes room for others in the same second
            await ivrd.sender.idle()
            ivrd.sender.look()
        await ivrd.sender.idle()
    assert await ivrd.write_behind.flush(PATIENCE)
    await ivrd.die()
    return await Ivrd(make, channel, moment, epoch).start()


def check(ivrd: Ivrd, taken: Mapping[str, str], refused: Collection[str], count: int) -> None:
    """`refused`: those that were refused at one of their attempts, which a kill may have had
    forgotten: tried again, they come after what had to wait for them no longer.
    """
    entries = {one.id: one for one in ivrd.outbox.backlog}
    assert len(entries) == count
    by_state = defaultdict(set)
    for one in entries.values():
        by_state[one.state].add(one.id)
    assert not by_state[EntryState.WAITING]
    # Whatever is not known to have been taken is listed; all else was taken, once for its key.
    assert by_state[EntryState.DELIVERED] <= set(taken)
    assert set(taken) | by_state[EntryState.DEAD] == set(entries)
    assert len(set(taken.values())) == len(taken)
    assert len(by_state[EntryState.DEAD]) < count * 0.06
    assert all(not entries[one].sealed for one in by_state[EntryState.DELIVERED])
    assert all(entries[one].sealed and entries[one].why for one in by_state[EntryState.DEAD])
    last: dict[str, int] = {}
    for key in taken:  # in the order in which they came there
        one = entries[key]
        if one.state is EntryState.DELIVERED and key not in refused:
            assert last.get(one.recipient, 0) < one.order
            last[one.recipient] = one.order


def test_what_is_full_says_so_and_the_oldest_dead_letters_make_room(make: MakeStore) -> None:
    async def body() -> None:
        refuses = Gateway(lambda: (Refused("answered 422"), False))
        ivrd = await Ivrd(make, refuses, lambda: NOW, of=settings(most=3)).start()
        for n in range(5):
            ivrd.post(n)
        assert ivrd.told.lost_ones == {"refused": 2}
        ivrd.sender.look()
        await ivrd.sender.idle()
        ivrd.post(7)
        assert ivrd.told.lost_ones == {"refused": 2, "forgotten": 1}
        assert len(ivrd.outbox.backlog) == 3
        assert await ivrd.write_behind.flush(PATIENCE)
        assert len(await ivrd.write_behind.load(OUTBOX)) == 3
        await ivrd.die()

    asyncio.run(body())


def test_delivered_ones_are_remembered_and_then_go_from_the_store(make: MakeStore) -> None:
    moment = [NOW]

    async def body() -> None:
        gateway = Gateway(lambda: None)
        ivrd = await Ivrd(make, gateway, lambda: moment[0]).start()
        for _ in range(2):
            ivrd.post(1)
            ivrd.sender.look()
            await ivrd.sender.idle()
        assert len(gateway.taken) == 1
        assert sum(gateway.attempts.values()) == 1
        moment[0] += 8 * 86_400.0
        ivrd.sender.look()
        assert await ivrd.write_behind.flush(PATIENCE)
        assert await ivrd.write_behind.load(OUTBOX) == {}
        await ivrd.die()

    asyncio.run(body())


@pytest.mark.parametrize("delivered", [False, True])
def test_who_does_not_know_of_the_first_takes_its_place_only_where_both_say_the_same(
    make: MakeStore, delivered: bool
) -> None:
    """As after a takeover with a store that is down."""

    def says(ivrd: Ivrd, text: str) -> None:
        for once in (True, False):
            message = Message(USE, NUMBER, f"{text} {once}", NOW, {})
            ivrd.outbox.post(message, f"call {once}", "somebody", once=once)

    async def body() -> None:
        gateway = Gateway(lambda: None)
        first = await Ivrd(make, gateway, lambda: NOW).start()
        says(first, "one")
        says(first, "one more, and it knows")
        while delivered and len(gateway.taken) < 2:
            first.sender.look()
            await first.sender.idle()
        assert await first.write_behind.flush(PATIENCE)
        await first.die()
        second = Ivrd(make, gateway, lambda: NOW)
        says(second, "other")
        await second.start()
        assert second.outbox.holds(USE, "call True")
        assert second.outbox.holds(USE, "call False")
        assert len([*second.outbox.backlog]) == 3
        for _ in range(4):
            second.sender.look()
            await second.sender.idle()
        # What is put in once has one key; the gateway keeps what came first under it.
        texts = {"one False", "other False", "one True" if delivered else "other True"}
        assert sorted(gateway.taken.values()) == sorted(texts)
        assert await second.write_behind.flush(PATIENCE)
        await second.die()
        third = await Ivrd(make, gateway, lambda: NOW).start()
        says(third, "last")
        assert len([*third.outbox.backlog]) == 3
        await third.die()

    asyncio.run(body())


def test_nothing_that_is_stored_has_a_number_in_clear(make: MakeStore) -> None:
    async def body() -> None:
        down = Gateway(lambda: (Failed("cannot be reached"), False))
        ivrd = await Ivrd(make, down, lambda: NOW).start()
        ivrd.post(1)
        assert await ivrd.write_behind.flush(PATIENCE)
        (text,) = (await ivrd.write_behind.load(OUTBOX)).values()
        assert NUMBER[1:] not in text
        await ivrd.die()

    asyncio.run(body())
