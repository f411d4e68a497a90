"""What outlives a process: every call is counted by exactly one ivrd, exactly once."""

import asyncio
from pathlib import Path

import pytest
from panoramisk.message import Message

from ivrd.asterisk.leader_guard import NotLeader
from ivrd.core.call import Call, CallState, Outcome, Stage
from ivrd.core.seats import CLOSED_BY_US, Pool
from ivrd.ha.call_repository import CALLS
from tests.calls.rig import NOW, answered, arrived, gone, joined, offered, pressed
from tests.ha.failover_rig import (
    CALL,
    FOURTH,
    SECOND,
    THIRD,
    Held,
    Ivrd,
    Shelves,
    line,
    live,
    until,
)

# --- one ivrd alone ------------------------------------------------------------------------


def test_a_restart_knows_where_everybody_was(tmp_path: Path) -> None:
    async def body(store: Shelves) -> None:
        first = Ivrd(tmp_path, store)
        await first.failover.up()
        await first.rig.take(arrived(CALL), offered(CALL), pressed(CALL, "2"))
        await first.rig.take(arrived(SECOND), joined(SECOND), arrived(THIRD), gone(THIRD))
        position = first.tracker.ivr.position(CALL)
        here = dict(first.ledger.calls)
        await first.written()
        await first.die()

        second = Ivrd(tmp_path, store)
        second.asterisk_has(*here.values())
        await second.failover.up()
        assert second.ledger.calls[SECOND] == here[SECOND]
        assert second.counted() == {"received": 2, "ended": 0, "here": 2}
        assert second.tracker.ivr.position(CALL) == position
        assert second.ledger.calls[CALL] == here[CALL]
        await second.rig.take(pressed(CALL, "4"))
        assert second.ledger.calls[CALL].topic == "other"
        said = second.link.commands(f"PJSIP/c-{CALL}")
        assert not any("welcome" in command for command in said)

    live(body)


def test_a_call_that_ended_between_two_lives_is_booked_once(tmp_path: Path) -> None:
    async def body(store: Shelves) -> None:
        first = Ivrd(tmp_path, store)
        first.record.write_text(line("0.1", "RECEIVED|") + line("0.1", "ENDED|ivr|"))
        await first.failover.up()
        await first.rig.take(arrived(CALL), arrived(SECOND), gone(SECOND))
        with first.record.open("a") as record:
            record.write(line(CALL, "RECEIVED|") + line(SECOND, "RECEIVED|"))
            record.write(line(SECOND, "ENDED|ivr|"))
        await first.written()  # in the very first second of its life
        await first.die()
        with first.record.open("a") as record:
            record.write(line(CALL, "ENTERQUEUE||0200000001|1", "other"))
            record.write(line(CALL, "CONNECT|3||1", "other", "PJSIP/base-01"))
            record.write(line(CALL, "ENDED|queue|") + line(THIRD, "RECEIVED|"))
            record.write(line(THIRD, "ENDED|ivr|"))

        second = Ivrd(tmp_path, store)
        await second.failover.up()
        await second.reconcile(0.0)
        await second.reconcile(5.0)
        assert second.rig.ends() == {
            CALL: (Outcome.ANSWERED, Stage.TALK),
            THIRD: (Outcome.ABANDONED, Stage.IVR),
        }
        await second.written()
        assert store.ended() == [CALL, SECOND, THIRD]
        assert store.entries[CALLS] == {}

    live(body)


def test_what_happens_while_the_store_is_read_is_booked_and_written_once(tmp_path: Path) -> None:
    async def body(store: Shelves) -> None:
        first = Ivrd(tmp_path, store)
        await first.failover.up()
        await first.rig.take(arrived(CALL))
        await first.written()
        await first.die()

        second = Ivrd(tmp_path, store)
        store.slow.clear()
        store.reading.clear()
        beginning = asyncio.create_task(second.failover.up())
        await store.reading.wait()
        for message in (gone(CALL), arrived(SECOND), arrived(THIRD), gone(THIRD)):
            second.tracker.take(message)
        store.slow.set()
        second.asterisk_has(Call(SECOND, NOW))
        await beginning
        await second.reconcile(60)  # where CALL was when it ended nobody saw
        await second.written()
        assert second.counted() == {"received": 3, "ended": 2, "here": 1}
        assert store.ended() == [CALL, THIRD]
        assert set(store.entries[CALLS]) == {SECOND}

    live(body)


def test_a_store_that_is_down_costs_no_start_and_is_told_all_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(store: Shelves) -> None:
        store.down = True
        ivrd = Ivrd(tmp_path, store)
        ivrd.asterisk_has(Call(SECOND, NOW))
        await ivrd.failover.up()
        await ivrd.rig.take(arrived(CALL), gone(CALL), arrived(THIRD))
        assert ivrd.counted() == {"received": 3, "ended": 1, "here": 2}
        await until(lambda: not ivrd.write_behind.up)
        store.down = False
        await until(lambda: ivrd.write_behind.up)
        await ivrd.written()
        assert store.ended() == [CALL]
        assert set(store.entries[CALLS]) == {SECOND, THIRD}

    with caplog.at_level("INFO", "ivrd"):
        live(body)
    said = [r.getMessage() for r in caplog.records if "the store is" in r.getMessage()]
    assert [words.split(";")[0].split(" why")[0] for words in said] == [
        "the store is down",
        "the store is back",
    ]


def test_calls_that_ended_before_a_start_without_the_store_are_booked_as_they_ended(
    tmp_path: Path,
) -> None:
    """CALL was answered and SECOND hung up between two lives; THIRD comes and goes without it."""

    async def body(store: Shelves) -> None:
        first = Ivrd(tmp_path, store)
        first.record.write_text(line("0.1", "RECEIVED|") + line("0.1", "ENDED|ivr|"))
        await first.failover.up()
        await first.rig.take(arrived(CALL), joined(CALL), arrived(SECOND), arrived(FOURTH))
        await first.rig.take(gone(FOURTH))
        with first.record.open("a") as record:
            record.write(line(CALL, "RECEIVED|") + line(SECOND, "RECEIVED|"))
            record.write(line(CALL, "ENTERQUEUE||0200000001|1", "other"))
            record.write(line(FOURTH, "RECEIVED|") + line(FOURTH, "ENDED|ivr|"))
        await first.written()
        await first.die()
        with first.record.open("a") as record:
            record.write(line(CALL, "CONNECT|3||1", "other", "PJSIP/base-01"))
            record.write(line(CALL, "ENDED|queue|") + line(SECOND, "ENDED|ivr|"))

        store.down = True
        second = Ivrd(tmp_path, store)
        await second.failover.up()
        with second.record.open("a") as record:
            record.write(line(THIRD, "RECEIVED|") + line(THIRD, "ENDED|ivr|"))
        await second.rig.take(arrived(THIRD), gone(THIRD))
        for seconds in (1.0, 5.0):
            await second.reconcile(seconds)
        assert second.counted() == {"received": 1, "ended": 1, "here": 0}
        store.down = False
        await until(lambda: len(second.ledger.calls) == 2)
        for seconds in (6.0, 12.0):
            await second.reconcile(seconds)
        await second.written()
        assert second.rig.ends() == {
            CALL: (Outcome.ANSWERED, Stage.TALK),
            SECOND: (Outcome.ABANDONED, Stage.IVR),
            THIRD: (Outcome.ABANDONED, Stage.IVR),
        }
        assert store.ended() == [CALL, SECOND, THIRD, FOURTH]
        assert store.entries[CALLS] == {}
        await second.die()

        third = Ivrd(tmp_path, store)  # the mark went on with all that
        await third.failover.up()
        await third.reconcile(0.0)
        await third.reconcile(5.0)
        assert third.counted() == {"received": 0, "ended": 0, "here": 0}

    live(body)


def test_the_mark_of_an_earlier_life_stays_until_it_is_read(tmp_path: Path) -> None:
    async def body(store: Shelves) -> None:
        first = Ivrd(tmp_path, store)
        first.record.write_text(line("0.1", "RECEIVED|") + line("0.1", "ENDED|ivr|"))
        await first.failover.up()
        await first.written()
        await first.die()
        before = dict(store.entries["marks"])
        with first.record.open("a") as record:
            record.write(line(CALL, "RECEIVED|") + line(CALL, "ENDED|ivr|"))

        store.unreadable = True
        second = Ivrd(tmp_path, store)
        await second.failover.up()
        await second.reconcile(5.0)
        await second.rig.take(arrived(SECOND))
        await second.written()
        assert set(store.entries[CALLS]) == {SECOND}
        assert store.entries["marks"] == before

    live(body)


def test_a_store_that_is_back_empty_gets_the_calls_that_are_here(tmp_path: Path) -> None:
    async def body(store: Shelves) -> None:
        ivrd = Ivrd(tmp_path, store)
        await ivrd.failover.up()
        await ivrd.rig.take(arrived(CALL), arrived(SECOND), gone(SECOND))
        await ivrd.written()
        await loses_all(store, ivrd, arrived(THIRD))  # CALL stays where it is
        assert set(store.entries[CALLS]) == {CALL, THIRD}
        assert store.ended() == [SECOND]
        assert ivrd.partners.written_again == 1

    live(body)


def test_a_store_that_is_back_empty_gets_how_far_the_record_is_booked(tmp_path: Path) -> None:
    async def body(store: Shelves) -> None:
        ivrd = Ivrd(tmp_path, store)
        ivrd.record.write_text(line("0.1", "RECEIVED|") + line("0.1", "ENDED|ivr|"))
        await ivrd.failover.up()
        await ivrd.written()
        before = dict(store.entries["marks"])
        await loses_all(store, ivrd, arrived(THIRD))
        assert store.entries["marks"] == before  # though nothing was recorded since

    live(body)


def test_the_last_words_are_written_at_the_end(tmp_path: Path) -> None:
    async def body(store: Shelves) -> None:
        ivrd = Ivrd(tmp_path, store)
        await ivrd.failover.up()
        await ivrd.rig.take(arrived(CALL), gone(CALL))
        await ivrd.die()  # the task that writes has ended, but the process lives on a little
        assert store.ended() == []
        await ivrd.failover.close()
        assert store.ended() == [CALL]

    live(body)


# --- two of them ---------------------------------------------------------------------------


def test_one_that_stands_by_follows_counts_nothing_and_changes_nothing(tmp_path: Path) -> None:
    async def body(store: Shelves) -> None:
        standby = Ivrd(tmp_path, store, Held())
        lent = Pool("p", ("p/01",), ("other",), fixed=False)
        standby.tracker.queue_members.lend([(lent, True)], {})  # one that acts would send QueueAdd
        standby.asterisk_has(Call(SECOND, NOW))
        await standby.failover.up()
        await standby.rig.take(arrived(CALL), offered(CALL), pressed(CALL, "1"), joined(CALL))
        await standby.rig.take(answered(CALL), arrived(THIRD), gone(THIRD))
        assert standby.rig.places() == {CALL: CallState.TALK, SECOND: CallState.MENU}
        assert standby.counted() == {"received": 0, "ended": 0, "here": 0}
        assert (standby.link.told, standby.link.changed) == ([], [])
        await standby.write_behind.flush(0.2)
        assert store.entries == {}
        assert not standby.leadership.is_leader

    live(body)


def test_whoever_takes_over_counts_everybody_once(tmp_path: Path) -> None:
    """CALL ends before the takeover, SECOND during it, THIRD goes on."""

    async def body(store: Shelves) -> None:
        lease = Held()
        first, standby = Ivrd(tmp_path, store), Ivrd(tmp_path, store, lease)
        for one in (first, standby):
            await one.failover.up()
        for message in (arrived(CALL), arrived(SECOND), arrived(THIRD), offered(THIRD)):
            await first.rig.take(message)
            await standby.rig.take(message)
        await first.rig.take(gone(CALL))
        await standby.rig.take(gone(CALL))
        await first.written()
        await first.die()
        await standby.rig.take(gone(SECOND))
        with standby.record.open("a") as record:
            for call_id in (CALL, SECOND, THIRD):
                record.write(line(call_id, "RECEIVED|"))
            record.write(line(CALL, "ENDED|ivr|") + line(SECOND, "ENDED|ivr|"))
        standby.asterisk_has(Call(THIRD, NOW))
        lease.free = True
        await until(lambda: standby.tracker.ivr.active and standby.tracker._held is None)
        await until(lambda: len(standby.tracker.ivr) == 1)
        assert standby.link.token == "2 me:1"
        assert standby.link.beats == 1  # callers who come now do not have to wait for it
        await standby.reconcile(10.0)
        await standby.written()
        assert standby.counted() == {"received": 2, "ended": 1, "here": 1}
        assert store.ended() == [CALL, SECOND]
        assert set(store.entries[CALLS]) == {THIRD}

    live(body)


@pytest.mark.parametrize("seconds", [0.0, 3600.0])
def test_a_store_that_loses_what_the_leader_before_wrote_gets_it_from_the_next(
    tmp_path: Path, seconds: float
) -> None:
    """CALL has talked for `seconds` when it ends, and the leader dies; then the store is empty."""
    call_id = f"{int(NOW - seconds)}.1"

    async def body(store: Shelves) -> None:
        lease = Held()
        first, standby = Ivrd(tmp_path, store), Ivrd(tmp_path, store, lease)
        for one in (first, standby):
            await one.failover.up()
        first.tracker.restore(Call(call_id, NOW - seconds), None)
        await first.rig.take(gone(call_id))
        with first.record.open("a") as record:
            record.write(line(call_id, "RECEIVED|") + line(call_id, "ENDED|ivr|"))
        await first.reconcile(1.0)
        first.failover._keep_mark()
        await first.written()
        await first.die()
        lease.free = True
        await until(lambda: standby.failover.began)
        await loses_all(store, standby, arrived(SECOND))
        assert store.ended() == [call_id]

    live(body)


@pytest.mark.parametrize("readable", [True, False])
def test_whoever_takes_over_from_an_empty_store_counts_from_the_record(
    tmp_path: Path, readable: bool
) -> None:
    """The leader dies, and so does the store; CALL is recorded then, and SECOND is not."""

    async def body(store: Shelves) -> None:
        lease = Held()
        first, standby = Ivrd(tmp_path, store), Ivrd(tmp_path, store, lease)
        first.record.write_text(line("0.1", "RECEIVED|") + line("0.1", "ENDED|ivr|"))
        for one in (first, standby):
            await one.failover.up()
        await first.written()
        await until(lambda: standby.failover._followed)
        await first.rig.take(arrived(CALL), gone(CALL), arrived(SECOND))
        await first.written()
        await first.die()
        with first.record.open("a") as record:
            for call_id in (CALL, SECOND):
                record.write(line(call_id, "RECEIVED|") + line(call_id, "ENDED|ivr|"))
        store.down = not readable
        store.entries.clear()
        lease.free = True
        await until(lambda: standby.failover.began)
        store.down = False
        await until(lambda: not standby.failover._blind)
        await standby.reconcile(0.0)
        await standby.reconcile(10.0)
        await standby.written()
        assert store.ended() == [CALL, SECOND]
        assert standby.counted() == {"received": 2, "ended": 2, "here": 0}

    live(body)


def test_whoever_takes_over_leaves_open_what_an_operator_has_opened(tmp_path: Path) -> None:
    """And closed what was closed: a standby has seen the pools as they were when it began."""

    async def body(store: Shelves) -> None:
        lease = Held()
        standby = Ivrd(tmp_path, store, lease)
        members = standby.tracker.queue_members
        members.pools = tuple(
            Pool(name, (f"{name}-01",), ("other",), fixed=name == "base")
            for name in ("base", "surge")
        )
        standby.link.lists["QueueStatus"] = [seat("base-01")]
        await standby.failover.up()
        standby.link.lists["QueueStatus"] = [seat("surge-01"), seat("base-01", CLOSED_BY_US)]
        lease.free = True
        await until(lambda: standby.tracker.ivr.active and standby.tracker._held is None)
        assert members.open == {"surge"}
        assert await members.reconcile() == []

    live(body)


def test_whoever_takes_over_leaves_partners_seats_until_it_knows_what_was_stored(
    tmp_path: Path,
) -> None:
    """Decided before that: without the partner's pledge, its override and its breaker."""
    partner = Pool("bank", ("p-bank-01",), ("other",), fixed=False)

    async def body(store: Shelves) -> None:
        lease = Held()
        standby = Ivrd(tmp_path, store, lease)
        members = standby.tracker.queue_members
        await standby.failover.up()
        store.slow.clear()
        lease.free = True
        await until(lambda: standby.leadership.is_leader and standby.tracker._held is not None)
        assert not standby.failover.began
        members.lend([(partner, True)], {})
        store.slow.set()
        await until(lambda: standby.tracker.ivr.active and standby.tracker._held is None)
        await until(lambda: standby.room.told)  # what follows the takeover
        assert "QueueAdd" not in standby.link.changed
        assert standby.failover.began
        members.lend([(partner, True)], {})
        assert len(await members.reconcile()) == 1
        assert "QueueAdd" in standby.link.changed

    live(body)


def seat(name: str, paused: str = "") -> Message:
    """A seat in the queue, as Asterisk lists it."""
    return Message(
        {
            "Event": "QueueMember",
            "Queue": "other",
            "Name": f"PJSIP/{name}",
            "Location": f"PJSIP/{name}",
            "StateInterface": f"PJSIP/{name}",
            "Status": "1",
            "Penalty": "0",
            "Paused": str(int(bool(paused))),
            "PausedReason": paused,
        }
    )


def test_whoever_takes_over_tells_asterisk_for_how_many_there_is_room(tmp_path: Path) -> None:
    """It may have been started anew while this ivrd was the standby."""

    async def body(store: Shelves) -> None:
        lease = Held()
        standby = Ivrd(tmp_path, store, lease)
        await standby.failover.up()
        assert standby.room.told == 0  # a standby changes nothing
        lease.free = True
        await until(lambda: standby.room.told == 1)
        await standby.failover.up()  # Asterisk was started anew, and the leader is connected again
        assert standby.room.told == 2

    live(body)


def test_a_link_that_comes_up_during_a_takeover_does_not_disturb_it(tmp_path: Path) -> None:
    async def body(store: Shelves) -> None:
        lease = Held()
        standby = Ivrd(tmp_path, store, lease)
        standby.asterisk_has(Call(CALL, NOW))
        store.slow.clear()
        lease.free = True
        await store.reading.wait()
        ups = [asyncio.create_task(standby.failover.up()) for _ in range(3)]
        await asyncio.sleep(0.05)
        store.slow.set()
        await asyncio.gather(*ups)  # AnyLink sees to it that never two read at once
        assert standby.counted() == {"received": 1, "ended": 0, "here": 1}
        assert standby.tracker.ivr.active

    live(body)


def test_an_asterisk_that_does_not_answer_at_the_takeover_is_asked_again(tmp_path: Path) -> None:
    async def body(store: Shelves) -> None:
        lease = Held()
        standby = Ivrd(tmp_path, store, lease)
        await standby.failover.up()
        standby.asterisk_has(Call(CALL, NOW))
        standby.link.lost = True
        lease.free = True
        await until(lambda: standby.leadership.is_leader)
        await until(lambda: standby.link.failed)
        assert len(standby.tracker.ivr) == 0
        standby.link.lost = False
        await until(lambda: len(standby.tracker.ivr) == 1)

    live(body)


def test_one_that_has_handed_over_writes_and_sends_nothing_more(tmp_path: Path) -> None:
    async def body(store: Shelves) -> None:
        lease = Held()
        lease.free = True
        ivrd = Ivrd(tmp_path, store, lease)
        await ivrd.failover.up()
        await until(lambda: ivrd.tracker.ivr.active and ivrd.tracker._held is None)
        await ivrd.rig.take(arrived(CALL), offered(CALL))
        assert await ivrd.failover.hand_over() == ""  # there is no standby
        assert ivrd.leadership.is_leader
        lease.successor = "other:2"
        assert await ivrd.failover.hand_over() == "other:2"
        assert lease.released_to == "other:2"
        assert CALL in store.entries[CALLS]
        assert not ivrd.leadership.is_leader
        with pytest.raises(NotLeader):
            await ivrd.link.ask("QueueAdd")

    live(body)


def test_one_whose_writes_are_fenced_gives_up(tmp_path: Path) -> None:
    async def body(store: Shelves) -> None:
        lease = Held()
        lease.free = True
        ivrd = Ivrd(tmp_path, store, lease)
        await ivrd.failover.up()
        await until(lambda: ivrd.tracker.ivr.active and ivrd.tracker._held is None)
        store.epoch = 99
        await ivrd.rig.take(arrived(CALL))
        await until(lambda: ivrd.stepped_down)
        assert ivrd.stepped_down == ["another ivrd has written to the store"]
        assert store.entries.get(CALLS, {}) == {}

    live(body)


async def loses_all(store: Shelves, ivrd: Ivrd, event: Message) -> None:
    """The store is down when this happens, and back without anything that it had."""
    store.down = True
    await ivrd.rig.take(event)
    await until(lambda: not ivrd.write_behind.up)
    store.entries.clear()
    store.down = False
    await until(lambda: ivrd.write_behind.up)
    await ivrd.written()
