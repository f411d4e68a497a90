"""One entry and one channel: how long after a failure, and when no more."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.outbox import (
    CHANNELS,
    ENTRIES,
    FAILURES_OF_A_CHANNEL,
    RETRY_AFTER_AT_MOST,
    Allowance,
    ChannelHealth,
    Delivered,
    Entry,
    EntryState,
    Failed,
    Refused,
    Result,
    after,
    expired,
    reached,
    sent_again,
)

NOW = 1000.0
ENTRY = Entry("id", "sms", "callback_booked", "person", "sealed", 1, NOW, NOW + 3600.0, NOW)
CHANCE = st.floats(0.0, 1.0)


def failed_times(count: int, entry: Entry = ENTRY, chance: float = 1.0) -> Entry:
    now = entry.next_at
    for _ in range(count):
        entry = after(entry, Failed("answered 500"), now, chance)
        now = entry.next_at
    return entry


def test_what_was_delivered_is_not_kept() -> None:
    entry = after(ENTRY, Delivered(), NOW + 1, 0.5)
    assert (entry.state, entry.sealed, entry.ended_at) == (EntryState.DELIVERED, "", NOW + 1)


@pytest.mark.parametrize(
    "before",
    [
        ENTRY,
        after(ENTRY, Failed("no answer"), NOW, 0.5),
        after(ENTRY, Refused("answered 422"), NOW, 0.5),
        after(ENTRY, Delivered(), NOW, 0.5),
    ],
)
def test_what_has_reached_its_recipient_is_delivered_whatever_was_known(before: Entry) -> None:
    entry = reached(before, NOW + 9)
    assert (entry.state, entry.sealed, entry.why) == (EntryState.DELIVERED, "", "")
    assert entry.reached_at == NOW + 9
    ended_at = NOW if before.state is EntryState.DELIVERED else NOW + 9
    assert entry.ended_at == ended_at


def test_what_is_refused_is_a_dead_letter_at_once_and_is_kept() -> None:
    entry = after(ENTRY, Refused("answered 422"), NOW, 0.5)
    assert (entry.state, entry.sealed, entry.why) == (EntryState.DEAD, "sealed", "answered 422")


@given(st.integers(1, 2000), CHANCE)
def test_pauses_double_up_to_the_longest_and_differ_by_half(failures: int, chance: float) -> None:
    for backoff in (ENTRIES, CHANNELS):
        pause = backoff.pause(failures, chance)
        whole = min(backoff.longest, backoff.first * 2 ** min(failures - 1, 60))
        assert whole / 2 <= pause <= whole


def test_those_who_failed_together_do_not_come_again_together() -> None:
    moments = {failed_times(4, chance=n / 100).next_at for n in range(100)}
    assert len(moments) == 100


def test_nothing_is_tried_after_its_deadline() -> None:
    entry = ENTRY
    attempts = 0
    while entry.state is EntryState.WAITING:
        assert entry.next_at < entry.give_up_at
        entry = after(entry, Failed("answered 500"), entry.next_at, 1.0)
        attempts += 1
    assert entry.state is EntryState.DEAD
    assert entry.why == "answered 500"
    assert attempts == entry.attempts
    assert 8 < attempts < 20  # within an hour


def test_a_receiver_is_left_alone_for_as_long_as_it_asks_within_reason() -> None:
    asked = after(ENTRY, Failed("answered 429", retry_after=120.0), NOW, 0.5)
    assert asked.next_at == NOW + 120.0
    patient = replace(ENTRY, give_up_at=NOW + 100_000.0)
    ever = after(patient, Failed("answered 429", retry_after=1e9), NOW, 0.5)
    assert ever.next_at == NOW + RETRY_AFTER_AT_MOST
    assert after(ENTRY, Failed("", retry_after=3600.0), NOW, 0.5).state is EntryState.DEAD


def test_an_entry_that_never_had_its_turn_says_so_and_another_why_it_failed() -> None:
    assert expired(ENTRY, NOW).why == "its turn had not come before its deadline"
    assert expired(failed_times(1), NOW).why == "answered 500"


def test_a_dead_letter_that_is_sent_again_has_as_long_as_before_and_its_key() -> None:
    dead = after(ENTRY, Refused("answered 422"), NOW + 10, 0.5)
    again = sent_again(dead, NOW + 9999)
    assert (again.id, again.state, again.sealed) == (dead.id, EntryState.WAITING, "sealed")
    assert (again.next_at, again.give_up_at) == (NOW + 9999, NOW + 9999 + 3600.0)
    assert again.ended_at is None


# --- channels ------------------------------------------------------------------------------


def of(*results: Result) -> ChannelHealth:
    health, now = ChannelHealth(), NOW
    for result in results:
        health = health.after(result, now, 1.0)
        now = max(now, health.rests_until)
    return health


def test_a_channel_rests_after_failures_in_a_row_and_not_for_one_message_that_fails() -> None:
    bad = Failed("answered 500")
    assert of(*[bad] * (FAILURES_OF_A_CHANNEL - 1)).well
    assert not of(*[bad] * FAILURES_OF_A_CHANNEL).well
    assert of(*[bad, bad, Delivered()] * 5).well
    assert of(*[bad, bad, Refused("")] * 5).well  # an answer


@pytest.mark.parametrize(
    "result", [Failed("cannot be reached", whole_channel=True), Failed("", retry_after=7.0)]
)
def test_a_channel_rests_at_once_when_the_failure_is_its_own(result: Failed) -> None:
    health = of(result)
    assert not health.well
    assert health.rests_until >= NOW + result.retry_after


def test_a_channel_that_works_again_is_well_at_once() -> None:
    assert of(*[Failed("", whole_channel=True)] * 9, Delivered()) == ChannelHealth()


def test_a_channel_is_tried_again_within_a_minute_however_long_it_was_down() -> None:
    health = of(*[Failed("", whole_channel=True)] * 50)
    last = health.after(Failed("", whole_channel=True), health.rests_until, 1.0)
    assert last.rests_until - health.rests_until == CHANNELS.longest


def test_attempts_that_were_on_when_the_rest_began_do_not_make_it_longer() -> None:
    health = of(Failed("", whole_channel=True))
    assert health.after(Failed("", whole_channel=True), NOW, 1.0).rests_until == health.rests_until


@given(st.lists(st.floats(0.0, 5.0), max_size=60), st.floats(0.1, 100.0))
def test_a_channel_has_no_more_attempts_than_it_may(pauses: list[float], rate: float) -> None:
    allowance, now, taken = Allowance(float("inf"), 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        allowance = allowance.filled(rate, now)
        while allowance.tokens >= 1.0:
            allowance = allowance.taken()
            taken += 1
    assert taken <= max(1.0, rate) + rate * now + 0.001
    assert allowance.filled(rate, now + 1.0 / rate + 0.001).tokens >= 1.0
