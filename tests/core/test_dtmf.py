"""Keys as Asterisk tells them: each press counts once, whatever is told twice."""

from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.dtmf import AGAIN_SECONDS, BOTH_WAYS_SECONDS, DtmfDecoder

DIGITS = st.sampled_from("0123456789*#")
GAPS = st.floats(0.06, 2.0)  # from one key to the next; nobody and nothing presses faster


@given(st.lists(st.tuples(DIGITS, GAPS, st.booleans()), max_size=30))
def test_a_key_that_is_told_again_counts_once(presses: list[tuple[str, float, bool]]) -> None:
    """Asterisk tells the end of some keys a second time, before the next one is up or after."""
    pad, heard, now, again = DtmfDecoder(), [], 0.0, ""

    def up(digit: str, at: float) -> None:
        if pad.up(digit, at):
            heard.append(digit)

    for digit, gap, told_twice in presses:
        soon = gap < AGAIN_SECONDS / 2
        if again and not soon:
            up(again, now + 0.1)
        now += gap
        pad.down(digit, now)
        pad.down(digit, now)  # the event itself comes twice
        if again and soon:  # put back, and read again while the next one is down
            up(again, now)
        now += 0.04
        up(digit, now)
        again = digit if told_twice else ""
    if again:
        up(again, now + 0.1)
    assert heard == [digit for digit, _gap, _twice in presses]


@given(st.lists(DIGITS, max_size=30))
def test_where_only_ends_are_told_all_of_them_count(digits: list[str]) -> None:
    """As after the start of an ivrd, in the middle of a call."""
    pad = DtmfDecoder()
    assert all(pad.up(digit, n * 0.08) for n, digit in enumerate(digits))


def test_a_key_whose_beginning_was_lost_counts() -> None:
    pad = DtmfDecoder()
    pad.down("1", 0.9)
    assert pad.up("1", 1.0)
    assert pad.up("2", 1.1)
    assert pad.up("1", 1.0 + 2 * AGAIN_SECONDS)


def test_one_that_goes_down_without_end_takes_no_more_room() -> None:
    pad = DtmfDecoder()
    for n in range(10_000):
        pad.down(str(n), n * 0.1)
    assert len(pad._down) < 100


@given(
    st.lists(
        st.tuples(DIGITS, st.floats(0.35, 2.0), st.floats(-0.1, BOTH_WAYS_SECONDS - 0.01)),
        max_size=30,
    )
)
def test_a_key_that_is_sent_by_info_and_by_rfc_4733_counts_once(
    presses: list[tuple[str, float, float]],
) -> None:
    """Two presses of a person are further apart than the two reports of one; either comes first."""
    pad, received, now = DtmfDecoder(), [], 10.0
    for digit, gap, later in presses:
        now += gap
        reports = [(now, "end"), (now + later, "down"), (now + later + 0.1, "up")]
        for at, what in sorted(reports):
            if what == "down":
                pad.down(digit, at)
            elif pad.up(digit, at):
                received.append(digit)
    assert received == [digit for digit, _gap, _later in presses]


@given(st.lists(DIGITS, min_size=1, max_size=12), st.booleans())
def test_keys_that_are_typed_ahead_both_ways_count_once(
    digits: list[str], info_first: bool
) -> None:
    """At 80 ms a key; Asterisk reports those by INFO one in 170 ms, and some by RFC 4733 again."""
    pad, received = DtmfDecoder(), []
    reports = []
    for n, digit in enumerate(digits):
        began = n * 0.08
        info = max(began + (-0.01 if info_first else 0.05), n * 0.17)
        reports += [(info, "up", digit), (began, "down", digit), (began + 0.04, "up", digit)]
        reports += [(n * 0.34 + 0.15, "up", digit)] if n else []
    for at, what, digit in sorted(reports, key=lambda report: report[0]):
        if what == "down":
            pad.down(digit, at)
        elif pad.up(digit, at):
            received.append(digit)
    assert received == digits
