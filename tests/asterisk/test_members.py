"""Members found by seat and by partner are those that a look at all of them finds."""

from hypothesis import given
from hypothesis import strategies as st

from ivrd.asterisk.dialplan_names import partner_of
from ivrd.asterisk.members import Members
from ivrd.core.seats import Member

QUEUES = ("red", "green")
SEATS = ("base-01", "base-02", "bank/01", "bank/02", "college/01")
CHANGES = st.lists(
    st.tuples(st.booleans(), st.sampled_from(QUEUES), st.sampled_from(SEATS), st.booleans())
)


@given(CHANGES)
def test_whoever_comes_and_goes(changes: list[tuple[bool, str, str, bool]]) -> None:
    members, all_of_them = Members(), dict[tuple[str, str], Member]()
    for comes, queue, seat, paused in changes:
        if comes:
            all_of_them[queue, seat] = Member(queue, seat, paused)
            members.put(Member(queue, seat, paused))
        else:
            all_of_them.pop((queue, seat), None)
            members.remove(queue, seat)
    assert members.all == all_of_them
    for seat in SEATS:
        assert {m.queue: m for m in members.of(seat)} == {
            m.queue: m for m in all_of_them.values() if m.seat == seat
        }
    for partner in ("bank", "college", "none"):
        mine = {m.seat for m in all_of_them.values() if partner_of(m.seat) == partner}
        assert set(members.lent(partner)) == mine
    lent = {(queue, seat) for seat, queues in members.all_lent() for queue in queues}
    assert lent == {key for key in all_of_them if partner_of(key[1])}
    assert {s: set(q) for s, q in members.seats()} == {
        seat: {q for q, s in all_of_them if s == seat} for _queue, seat in all_of_them
    }
