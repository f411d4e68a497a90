"""The calls of which only Asterisk's log tells."""

from collections import Counter
from pathlib import Path

from ivrd.asterisk.log_follower import LogFollower
from ivrd.asterisk.refusal_log import refused
from ivrd.core.refusals import RefusalCause

NORTH, SOUTH = ("north", RefusalCause.UNAVAILABLE), ("south", RefusalCause.UNAVAILABLE)

LINE = (
    "[2026-11-29 12:14:56.636] ERROR[24146] chan_pjsip.c:  {}: Failed to allocate new PJSIP "
    "channel on incoming SIP INVITE\n"
)
NEGOTIATED = (
    "[2026-11-29 12:14:56.636] ERROR[24146] res_pjsip_session.c:  {}: Couldn't negotiate stream "
    "0:audio-0:audio:sendrecv (nothing)\n"
)
OTHER = "[2026-11-29 12:14:56.636] WARNING[24146] channel.c: Channel allocation failed: Refusing\n"


def write(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_what_came_since_the_last_look_is_counted_by_carrier(tmp_path: Path) -> None:
    path = tmp_path / "messages.log"
    write(path, LINE.format("before"))
    log = LogFollower(path)
    assert refused(log.read()) == Counter()
    write(path, LINE.format("north") + OTHER + LINE.format("south") + LINE.format("north")[:70])
    assert refused(log.read()) == Counter({NORTH: 1, SOUTH: 1})
    write(path, LINE.format("north")[70:])
    assert refused(log.read()) == Counter({NORTH: 1})
    assert refused(log.read()) == Counter()


def test_what_was_there_before_the_first_look_can_be_seen_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "messages.log"
    log = LogFollower(path)
    assert log.before() == b""
    write(path, LINE.format("north"))
    assert refused(log.before()) == Counter({NORTH: 1})
    assert refused(log.read()) == Counter()


def test_sound_that_is_not_agreed_is_another_cause_and_within_a_call_no_refusal(
    tmp_path: Path,
) -> None:
    path = tmp_path / "messages.log"
    write(path, "")
    log = LogFollower(path)
    log.read()
    write(path, NEGOTIATED.format("north") + NEGOTIATED.format("PJSIP/north-00000001"))
    assert refused(log.read()) == Counter({("north", RefusalCause.NOT_ACCEPTABLE): 1})


def test_nothing_is_lost_or_counted_twice_when_the_log_is_rotated(tmp_path: Path) -> None:
    path = tmp_path / "messages.log"
    write(path, "")
    log = LogFollower(path)
    log.read()
    write(path, LINE.format("north"))
    path.rename(tmp_path / "messages.log.1")
    write(path, LINE.format("south"))
    assert refused(log.read()) == Counter({NORTH: 1, SOUTH: 1})
    path.write_text("")  # emptied in its place
    assert refused(log.read()) == Counter()
    write(path, LINE.format("north"))
    assert refused(log.read()) == Counter({NORTH: 1})


def test_a_log_that_is_not_there_yet_tells_nothing_and_then_all(tmp_path: Path) -> None:
    log = LogFollower(tmp_path / "messages.log")
    assert refused(log.read()) == Counter()
    write(tmp_path / "messages.log", LINE.format("north"))
    assert refused(log.read()) == Counter({NORTH: 1})


def test_what_a_stranger_has_sent_is_no_refusal() -> None:
    for line in (LINE, NEGOTIATED):
        told = line.format("north").partition("] ")[2].partition("] ")[2]
        assert refused(line.format("north").encode()).total() == 1
        assert refused((OTHER.rstrip() + told).encode()).total() == 0
