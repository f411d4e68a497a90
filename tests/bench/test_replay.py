"""The arithmetic of the benchmarks of calls: what is replayed, and quantiles."""

from math import inf
from pathlib import Path

import pytest

from bench.quantiles import quantile
from bench.recording import Piece, Recording, read
from bench.stand_in import prepared

NONE = [(0.001, 0.0), (0.002, 0.0), (inf, 0.0)]
SOME = [(0.001, 50.0), (0.002, 100.0), (inf, 100.0)]


@pytest.mark.parametrize(
    ("share", "before", "after", "found"),
    [
        (0.5, NONE, SOME, 0.001),
        (0.99, NONE, SOME, 0.00198),
        (0.25, NONE, SOME, 0.0005),
        (0.99, SOME, [(0.001, 50.0), (0.002, 100.0), (inf, 110.0)], 0.002),  # beyond the last
        (0.99, SOME, SOME, 0.0),  # nothing happened
    ],
)
def test_a_quantile_is_that_of_what_happened_between_two_scrapes(share, before, after, found):
    assert quantile(share, before, after) == pytest.approx(found)


def said(ours: bool, *lines: str) -> Piece:
    return Piece(ours, "".join(f"{line}\r\n" for line in (*lines, "")).encode())


RECORDED = Recording(
    1,
    Path("config"),
    (
        Piece(False, b"Asterisk Call Manager/11.0.0\r\n"),
        said(True, "Action: Ping", "ActionID: a.1"),
        said(True, "Action: AGI", "Command: ANSWER", "ActionID: a.2", "CommandID: s.1"),
        said(False, "Response: Success", "ActionID: a.1", "Ping: Pong"),
        said(False, "Response: Success", "ActionID: a.2"),
        said(False, "Event: AsyncAGIExec", "CommandId: s.1", "Result: 200 result=0"),
        said(False, "Event: Hangup", "Uniqueid: 1.1"),
    ),
)


def test_what_is_replayed_is_in_its_order_and_has_no_keepalives() -> None:
    first, second, third = prepared(RECORDED)
    (answer,) = first.after
    assert answer.key == {"Action": "AGI", "Command": "ANSWER"}
    assert [action for _, action in first.messages + second.messages] == [answer, answer]
    assert third.messages[0][1] is None
    assert second.after == third.after == []


def test_a_recording_that_was_kept_is_the_same(tmp_path: Path) -> None:
    RECORDED.write(tmp_path / "kept")
    assert read(tmp_path / "kept") == RECORDED
