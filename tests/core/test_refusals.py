"""What is refused is counted exactly, and who was refused is remembered in bounded memory."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.refusals import (
    ADDRESSES,
    RECENT_SECONDS,
    UNKNOWN,
    RefusalCause,
    Refusals,
    Sender,
    worth_a_line,
)

CARRIERS = ("north", "south")
CALLS = st.lists(
    st.tuples(st.sampled_from([*CARRIERS, "gone", ""]), st.sampled_from(RefusalCause)), max_size=50
)


@given(CALLS)
def test_every_call_is_in_one_row_and_only_known_carriers_have_their_own(
    calls: list[tuple[str, RefusalCause]],
) -> None:
    refusals = Refusals(CARRIERS)
    for carrier, cause in calls:
        refusals.call(carrier, cause, 1.0)
    rows = refusals.rows()
    expected = Counter((c if c in CARRIERS else UNKNOWN, cause) for c, cause in calls)
    assert {row: n for row, n in rows.items() if n} == dict(expected)
    assert len(rows) <= (len(CARRIERS) + 1) * len(RefusalCause)


def test_a_carrier_that_went_keeps_its_count() -> None:
    refusals = Refusals(CARRIERS)
    refusals.call("north", RefusalCause.NOT_FOUND, 1.0)
    refusals.configure(["south"])
    refusals.call("north", RefusalCause.NOT_FOUND, 2.0)
    assert refusals.rows()["north", RefusalCause.NOT_FOUND] == 1
    assert refusals.rows()[UNKNOWN, RefusalCause.NOT_FOUND] == 1
    assert ("north", RefusalCause.NOT_ACCEPTABLE) not in refusals.rows()


@given(st.lists(st.integers(0, 5000), max_size=400))
def test_an_exchange_that_calls_again_stays_however_many_forged_addresses_come(
    forged: list[int],
) -> None:
    refusals = Refusals(CARRIERS)
    for _ in range(2):
        refusals.stranger("192.0.2.9", 1.0)
    for at, number in enumerate(dict.fromkeys(forged)):
        refusals.stranger(f"2001:db8::{number:x}", float(at))
    assert refusals.stranger("192.0.2.9", 2.0) == 3
    assert len(refusals.senders(2.0)) <= ADDRESSES
    assert refusals.counts[UNKNOWN, RefusalCause.UNAUTHORIZED] == 3 + len(set(forged))


def test_what_is_long_ago_is_no_news() -> None:
    refusals = Refusals(CARRIERS)
    refusals.call("north", RefusalCause.NOT_FOUND, 0.0, times=3)
    refusals.seat("base-01", "192.0.2.50", 0.0)
    soon, late = RECENT_SECONDS - 1, RECENT_SECONDS + 1
    assert refusals.recent(soon) == [("north", RefusalCause.NOT_FOUND, 3)]
    assert refusals.senders(soon) == [Sender("192.0.2.50", "base-01", 1, 0.0)]
    assert (refusals.recent(late), refusals.senders(late)) == ([], [])


def test_a_line_for_the_first_the_tenth_and_the_hundredth() -> None:
    assert [n for n in range(1, 1001) if worth_a_line(n)] == [1, 10, 100, 1000]
