"""Which entry comes next: in the order of each recipient, one at a time, and none is forgotten."""

from collections import Counter
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ivrd.core.outbox import (
    Delivered,
    Entry,
    EntryState,
    Failed,
    Refused,
    Result,
    after,
    expired,
    sent_again,
)
from ivrd.core.outbox_backlog import Backlog

CHANNELS, RECIPIENTS = ("sms", "crm"), ("a", "b", "c")
ABOUT = ("1.1", "1.2")
RESULTS = st.sampled_from(
    (Delivered(), Failed("500"), Failed("429", retry_after=90.0), Refused(""))
)


def entry(n: int, channel: str = "sms", recipient: str = "a", at: float = 0.0) -> Entry:
    return Entry(f"e{n}", channel, "use", recipient, "sealed", n, at, at + 600.0, at)


def filled(*entries: Entry) -> Backlog:
    backlog = Backlog(1000)
    for each in entries:
        backlog.put(each)
    return backlog


def test_one_recipient_gets_what_came_first_first_and_the_next_when_it_has_ended() -> None:
    one, two = entry(1), entry(2)
    backlog = filled(one, two)
    assert backlog.take("sms", 0.0) is one
    assert backlog.take("sms", 0.0) is None  # not the second while the first is on its way
    waits = after(one, Failed("500"), 0.0, 1.0)
    backlog.put(waits)
    assert backlog.take("sms", 1.0) is None  # nor while the first waits for another attempt
    assert backlog.take("sms", waits.next_at) is waits
    backlog.put(after(waits, Delivered(), 9.0, 1.0))
    assert backlog.take("sms", 9.0) is two


def test_a_dead_letter_holds_nobody_up_and_comes_first_when_it_is_sent_again() -> None:
    one, two = entry(1), entry(2)
    backlog = filled(one, two)
    backlog.take("sms", 0.0)
    dead = after(one, Refused(""), 0.0, 1.0)
    backlog.put(dead)
    again = sent_again(dead, 5.0)
    backlog.put(again)
    assert backlog.take("sms", 5.0) is again
    backlog.put(after(again, Delivered(), 6.0, 1.0))
    assert backlog.take("sms", 6.0) is two


def test_other_recipients_and_channels_do_not_wait() -> None:
    one, two, three = entry(1), entry(2, recipient="b"), entry(3, channel="crm")
    backlog = filled(one, two, three)
    assert [backlog.take("sms", 0.0), backlog.take("sms", 0.0)] == [one, two]
    assert backlog.take("crm", 0.0) is three


def test_what_is_dropped_on_its_way_is_not_there_any_more_and_the_next_has_its_turn() -> None:
    one, two = entry(1), entry(2)
    backlog = filled(one, two)
    backlog.take("sms", 0.0)
    backlog.forget(one)
    assert backlog.get("e1") is None
    assert backlog.take("sms", 0.0) is two


def test_deadlines_are_seen_also_of_those_who_are_not_the_first() -> None:
    backlog = filled(entry(1), entry(2))
    backlog.take("sms", 0.0)
    assert [one.id for one in backlog.expired(600.0, 100)] == ["e2"]  # the first is on its way


def test_of_thousands_that_expire_together_a_few_do_at_a_time_and_none_is_sent_meanwhile() -> None:
    backlog = filled(*(entry(n, recipient=str(n)) for n in range(10)))
    assert [one.id for one in backlog.expired(600.0, 4)] == ["e0", "e1", "e2", "e3"]
    assert backlog.take("sms", 600.0) is None
    assert len(backlog.expired(600.0, 100)) == 6


def test_how_old_the_oldest_is() -> None:
    one, two = entry(1, at=10.0), entry(2, at=20.0)
    backlog = filled(one, two)
    assert backlog.oldest("sms") == 10.0
    backlog.put(after(one, Delivered(), 30.0, 1.0))
    assert backlog.oldest("sms") == 20.0
    backlog.forget(two)
    assert backlog.oldest("sms") is None


def test_one_that_is_sent_again_is_as_old_as_that() -> None:
    first, one = entry(1, at=5.0), entry(2, at=10.0)
    backlog = filled(first, one)
    letter = expired(one, 20.0)
    backlog.put(letter)
    backlog.put(sent_again(letter, 600.0))
    backlog.forget(first)
    assert backlog.oldest("sms") == 600.0


def test_it_is_full_of_what_waits_or_is_dead_and_remembers_what_was_delivered_beside() -> None:
    backlog = Backlog(2)
    backlog.put(replace(entry(1), state=EntryState.DELIVERED, ended_at=1.0))
    backlog.put(replace(entry(2), state=EntryState.DEAD, ended_at=2.0))
    assert not backlog.full
    backlog.put(entry(3))
    assert backlog.full
    oldest = backlog.first_ended(EntryState.DEAD)
    assert oldest is not None
    assert oldest.id == "e2"
    backlog.forget(oldest)
    assert not backlog.full
    assert backlog.remembered == 1


def test_ten_thousand_for_one_recipient_leave_in_order_and_little_is_kept_beside_them() -> None:
    backlog = filled(*(entry(n) for n in range(10_000)))
    assert len(backlog._ready["sms"]) < 5 * 10_000
    for n in range(10_000):
        one = backlog.take("sms", 0.0)
        assert one is not None
        assert one.order == n
        backlog.put(after(one, Delivered(), 0.0, 1.0))
    assert backlog.take("sms", 0.0) is None


class Lanes(RuleBasedStateMachine):
    """Whatever happens: each lane keeps its order, counts are true, and in the end all has left."""

    def __init__(self) -> None:
        super().__init__()
        self.backlog, self.now, self.made = Backlog(1000), 0.0, 0
        self.here: dict[str, Entry] = {}
        self.on: list[Entry] = []

    def put(self, one: Entry) -> None:
        self.here[one.id] = one
        self.backlog.put(one)

    def waiting(self) -> list[Entry]:
        return [one for one in self.here.values() if one.state is EntryState.WAITING]

    @rule(
        channel=st.sampled_from(CHANNELS),
        recipient=st.sampled_from(RECIPIENTS),
        about=st.sampled_from(("", *ABOUT)),
    )
    def new(self, channel: str, recipient: str, about: str) -> None:
        self.made += 1
        self.put(replace(entry(self.made, channel, recipient, self.now), about=about))

    @rule(channel=st.sampled_from(CHANNELS))
    def take(self, channel: str) -> None:
        one = self.backlog.take(channel, self.now)
        if one is None:
            return
        assert self.here[one.id] is one
        assert one.next_at <= self.now
        lane = (one.channel, one.recipient)
        still = [each for each in self.on if self.here.get(each.id) is each]
        assert lane not in [(each.channel, each.recipient) for each in still]
        orders = [o.order for o in self.waiting() if (o.channel, o.recipient) == lane]
        assert one.order == min(orders)
        self.on.append(one)

    @precondition(lambda self: self.on)
    @rule(result=RESULTS, which=st.integers(0, 5))
    def end(self, result: Result, which: int) -> None:
        one = self.on.pop(which % len(self.on))
        if self.here.get(one.id) is one:
            self.put(after(one, result, self.now, 1.0))

    @rule(seconds=st.floats(0.1, 300.0))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for one in self.backlog.expired(self.now, 100):
            assert one.give_up_at <= self.now
            self.put(expired(one, self.now))
        late = [one.id for one in self.waiting() if one.give_up_at <= self.now]
        assert set(late) <= {one.id for one in self.on}

    @precondition(lambda self: self.here)
    @rule(which=st.integers(0, 5), drop=st.booleans())
    def operator(self, which: int, drop: bool) -> None:
        one = [*self.here.values()][which % len(self.here)]
        if drop:
            self.backlog.forget(self.here.pop(one.id))
        elif one.state is EntryState.DEAD:
            self.put(sent_again(one, self.now))

    @invariant()
    def what_is_counted_is_true(self) -> None:
        for channel in CHANNELS:
            since = [one.created_at for one in self.waiting() if one.channel == channel]
            assert self.backlog.oldest(channel) == min(since, default=None)
        counts = Counter((one.channel, one.state) for one in self.here.values())
        assert +self.backlog.counts == counts

    @invariant()
    def what_is_said_to_be_there_is(self) -> None:
        here = {one.about for one in self.here.values()} - {""}
        assert {about for about in ABOUT if self.backlog.has_about("use", about)} == here
        assert not self.backlog.has_about("other", ABOUT[0])

    def teardown(self) -> None:
        while self.on:
            self.end(Delivered(), 0)
        self.wait(10_000.0)
        for channel in CHANNELS:
            self.take(channel)
            while self.on:
                self.end(Delivered(), 0)
                self.take(channel)
        assert self.waiting() == []


TestLanes = Lanes.TestCase
