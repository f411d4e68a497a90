"""The made Asterisk tells of as many people as it has, and exponents are those of the figures."""

import asyncio
from collections import Counter
from collections.abc import Iterable

import pytest
from panoramisk.message import Message

from bench.growth import people as made
from bench.growth.size import AXES, BASE, CORNER, Size, exponent
from bench.growth.table import tables
from ivrd.asterisk import snapshot
from ivrd.core.call import CallState
from tests.calls.rig import FakeLink

SIZE = Size(callers=40, seats=10, partners=2)


def messages(rows: Iterable[str]) -> list[Message]:
    return [Message.from_line(row.strip("\r\n")) for row in rows]


def test_what_the_made_asterisk_has_is_what_ivrd_reads_there() -> None:
    people, link = made.people(SIZE), FakeLink()
    link.lists = {
        "CoreShowChannels": messages(made.channels(people)),
        "QueueStatus": messages(made.queue_status(people)),
        "DeviceStateList": messages(made.devices(people)),
    }
    seen = asyncio.run(snapshot.read(link))  # type: ignore[arg-type]
    assert Counter(caller.state for caller in seen.callers) == {
        CallState.QUEUE: SIZE.callers,
        CallState.MENU: SIZE.menus,
        CallState.TALK: SIZE.talks + SIZE.partner_talks,
    }
    assert len({caller.call_id for caller in seen.callers}) == SIZE.calls
    own, lent = 4 * SIZE.seats, 4 * 10 * SIZE.partners
    assert len(seen.members) == own + lent
    talking = {caller.seat for caller in seen.callers if caller.state is CallState.TALK}
    assert {"pool1-01", "partner001/01"} <= talking


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_an_exponent_is_that_of_the_costs(power: float) -> None:
    sizes = [500.0, 1000.0, 2000.0, 5000.0]
    assert exponent(sizes, [0.3 * size**power for size in sizes]) == pytest.approx(power)


def test_a_table_has_each_size_and_the_largest_of_all_beside_the_callers() -> None:
    sizes = {size: {"a look": size.callers / 1e6} for axis in AXES.values() for size in axis}
    callers, seats, _partners = tables({**sizes, CORNER: {"a look": 1.0}}, None).split("\n\n")
    assert callers.splitlines()[0].startswith("| ms, by callers | 500 | 1,000 | 2,000 | 5,000 | ")
    assert callers.splitlines()[2] == "| a look | 0.500 | 1.000 | 2.000 | 5.000 | 1.00 | 1,000 |"
    assert seats.splitlines()[2].endswith("| 0.00 |")
    assert BASE in sizes
