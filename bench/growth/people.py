"""Who is on the made Asterisk: its callers, its queues' members, and the rows that tell of them.

The rows are those of a recording of Asterisk (tests/asterisk/recorded), with other values.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bench.growth.size import OPEN_SEATS, Size

RECORDED = Path(__file__).parents[2] / "tests" / "asterisk" / "recorded"
QUEUES = ("home_isolation", "vaccination", "benefits", "other")
POOL_SEATS = 500  # a pool has no more
FIRST_CALL = 600.0  # seconds ago

Row = tuple[tuple[str, str], ...]


@dataclass
class Caller:
    """One call; `seat`: the interface of who talks with it, `queue` is empty in a menu."""

    number: int
    began: int  # seconds since the epoch
    queue: str = ""
    seat: str = ""

    @property
    def call_id(self) -> str:
        """Asterisk's id."""
        return f"{self.began}.{self.number}"

    @property
    def channel(self) -> str:
        """Asterisk's name of the caller's channel."""
        return f"PJSIP/carrier-{self.number:08x}"


@dataclass
class Member:
    """A seat in a queue."""

    penalty: str = "0"
    paused: str = "0"
    reason: str = ""


@dataclass
class People:
    """All of them."""

    callers: dict[str, Caller] = field(default_factory=dict)  # by channel
    members: dict[tuple[str, str], Member] = field(default_factory=dict)  # by queue, interface
    busy: set[str] = field(default_factory=set)  # interfaces
    trunks: tuple[str, ...] = ()


def pools(seats: int) -> dict[str, int]:
    """Seats by pool."""
    full, rest = divmod(seats, POOL_SEATS)
    sizes = [POOL_SEATS] * full + [rest] * bool(rest)
    return {f"pool{number}": size for number, size in enumerate(sizes, 1)}


def seat_names(seats: int) -> list[str]:
    """The hotline's own seats, as ivrd names them."""
    digits = {pool: max(2, len(str(size))) for pool, size in pools(seats).items()}
    return [
        f"{pool}-{number:0{digits[pool]}}"
        for pool, size in pools(seats).items()
        for number in range(1, size + 1)
    ]


def partner_names(partners: int) -> list[str]:
    """The partners."""
    return [f"partner{number:03}" for number in range(1, partners + 1)]


def people(size: Size) -> People:
    """A hotline of this size; the callers came evenly over the last ten minutes."""
    own = [f"PJSIP/{seat}" for seat in seat_names(size.seats)]
    lent = {
        name: [f"Local/{number:02}@partner-{name}/n" for number in range(1, OPEN_SEATS + 1)]
        for name in partner_names(size.partners)
    }
    talking = own[: size.talks] + [seat for of in lent.values() for seat in of[: OPEN_SEATS // 2]]
    began, made = time.time() - FIRST_CALL, People()
    for number in range(size.calls):
        caller = Caller(number, int(began + FIRST_CALL * number / size.calls))
        if number < len(talking):
            caller.seat = talking[number]
        if number < size.calls - size.menus:
            caller.queue = QUEUES[number % len(QUEUES)]
        made.callers[caller.channel] = caller
    made.busy = set(talking)
    made.trunks = tuple(f"PJSIP/partner-{name}" for name in lent)
    for queue in QUEUES:
        made.members |= {(queue, seat): Member() for seat in own}
        made.members |= {(queue, seat): Member("10") for of in lent.values() for seat in of}
    return made


# --- rows ----------------------------------------------------------------------------------------


@cache
def recorded(name: str) -> tuple[Row, ...]:
    """The messages of a recording, each as its headers."""
    blocks = (RECORDED / f"{name}.txt").read_text("utf-8").strip("\n").split("\n\n")
    return tuple(
        tuple((line.partition(":")[0], line.partition(": ")[2]) for line in block.split("\n"))
        for block in blocks
    )


def pattern(name: str, *values: str) -> Row:
    """The first recorded message that has all these values."""
    return next(row for row in recorded(name) if set(values) <= {value for _header, value in row})


def written(row: Row, **changed: str) -> str:
    """A message as it stands on the wire, with other values for some headers."""
    return "".join(f"{name}: {changed.get(name, value)}\r\n" for name, value in row) + "\r\n"


def channels(of: People) -> Iterator[str]:
    """CoreShowChannels."""
    waiting = pattern("channels", "Queue", "hotline-queue", "1795312057.2")
    menu, leg = pattern("channels", "AGI"), pattern("channels", "from-seat")
    now = time.time()
    for caller in of.callers.values():
        seconds = max(0, int(now) - caller.began)
        about = {
            "Channel": caller.channel,
            "Uniqueid": caller.call_id,
            "Linkedid": caller.call_id,
            "AccountCode": f"08{caller.number:08}",
            "Duration": f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
            "BridgeId": f"bridge-{caller.number}" if caller.seat else "",
        }
        if not caller.queue:
            yield written(menu, **about)
            continue
        yield written(waiting, **about, ApplicationData=f"{caller.queue},b(seat-headers^s^1(x))")
        if caller.seat:
            name = caller.seat.removesuffix("/n")
            yield written(
                leg,
                Channel=f"{name}-{caller.number:08x}",
                Uniqueid=f"{caller.began}.{caller.number + 1_000_000}",
                BridgeId=about["BridgeId"],
            )


def queue_status(of: People, queue: str = "") -> Iterator[str]:
    """QueueStatus, of all queues or of one."""
    params, member = pattern("queues", "QueueParams"), pattern("queues", "QueueMember")
    entry, now = pattern("queues", "QueueEntry"), time.time()
    for name in (queue,) if queue else QUEUES:
        yield written(params, Queue=name)
    for (name, seat), is_ in of.members.items():
        if queue in ("", name):
            yield written(
                member,
                Queue=name,
                Location=seat,
                Name=seat,
                StateInterface=seat,
                Penalty=is_.penalty,
                Paused=is_.paused,
                PausedReason=is_.reason,
                InCall=str(int(seat in of.busy)),
                Status="2" if seat in of.busy else "1",
            )
    for caller in of.callers.values():
        if caller.queue and not caller.seat and queue in ("", caller.queue):
            yield written(
                entry,
                Queue=caller.queue,
                Channel=caller.channel,
                Uniqueid=caller.call_id,
                Wait=str(int(now) - caller.began),
            )


def devices(of: People) -> Iterator[str]:
    """DeviceStateList."""
    row = (("Event", "DeviceStateChange"), ("Device", ""), ("State", ""), ("ActionID", ""))
    names = {seat for _queue, seat in of.members if seat.startswith("PJSIP/")}
    for name in (*sorted(names), *of.trunks):
        yield written(row, Device=name, State="INUSE" if name in of.busy else "NOT_INUSE")
