"""The list of faults, the row of each, and what the strikes themselves do to bytes."""

import argparse
import subprocess
import sys
from random import Random
from typing import cast

import pytest

from chaos import table, without
from chaos.counts import Counts
from chaos.faults import FAULTS
from chaos.faults.callers import Unfinished
from chaos.faults.link import Disorder, says_pong
from chaos.run import _settled, orders
from lab.comparison import Tally
from lab.running import LabError


def asked(*names: str, **more: object) -> argparse.Namespace:
    usual = {"names": list(names), "long": False, "control": False, "seed": 1}
    return argparse.Namespace(**(usual | more))


def test_each_fault_has_a_name_of_its_own():
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)


def test_the_short_form_has_every_fault_and_the_long_one_strikes_oftener():
    short, long = orders(asked()), orders(asked(long=True))
    assert [order.fault for order in short] == [order.fault for order in long] == list(FAULTS)
    assert all(a.strikes <= b.strikes for a, b in zip(short, long, strict=True))


def test_a_control_is_another_hotline_or_another_strike():
    for order in orders(asked(control=True)):
        fault = order.fault
        assert (order.setup, order.strike) != (fault.setup, fault.strike)


PROGRAMS = sorted({f.control.setup.program for f in FAULTS if f.control} - {"ivrd.cli"})


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_a_control_takes_away_is_there_to_be_taken(program):
    command = [sys.executable, "-m", program, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ivrd ")


def test_a_control_does_not_run_with_nothing_taken_away():
    with pytest.raises(AttributeError):
        without.replace(without, "nothing of that name", None)


def test_a_fault_that_there_is_not_is_refused_by_name():
    with pytest.raises(LabError, match="no fault 'storm'; there are: kill-9"):
        orders(asked("storm"))


TABLE = table.Table("<!-- begin -->\n", "<!-- end -->\n", ("name", "count"))
PAGE = f"# Title\n\n{TABLE.begin}{TABLE.end}\nafter\n"


def test_a_row_replaces_its_own_and_no_other():
    page = TABLE.replaced(PAGE, "one", "| one | 1 |\n")
    page = TABLE.replaced(page, "two", "| two | 1 |\n")
    page = TABLE.replaced(page, "one", "| one | 2 |\n")
    rows = "| name | count |\n|---|---|\n| one | 2 |\n| two | 1 |\n"
    assert page == f"# Title\n\n{TABLE.begin}{rows}{TABLE.end}\nafter\n"


def test_the_page_has_a_place_for_results_and_for_controls():
    page = table.PAGE.read_text("utf-8")
    for each in (table.RESULTS, table.CONTROLS):
        assert "| storm |" in each.replaced(page, "storm", "| storm |\n")
    with pytest.raises(ValueError, match="results"):
        table.RESULTS.replaced("# Title\n", "storm", "")


def test_disorder_loses_nothing_and_leaves_answers_where_they_are():
    treat = Disorder(Random(2))
    sent = [b"Event: Hangup\r\nUniqueid: %d\r\n\r\n" % n for n in range(400)]
    answer = b"Response: Success\r\nActionID: 1\r\n\r\n"
    came = [part for message in sent for part in treat(message) if part]
    came += [part for part in treat(answer) if part]
    assert came[-1] == answer or came[-2] == answer
    assert set(came) == {*sent, answer}
    assert len(came) > 440  # some twice
    firsts = list(dict.fromkeys(came[:-2]))
    assert firsts != sorted(firsts, key=sent.index)


def test_two_keys_of_one_caller_stay_in_their_order():
    treat = Disorder(Random(2))
    sent = [b"Event: DTMFEnd\r\nUniqueid: 1\r\nDigit: %d\r\n\r\n" % n for n in range(400)]
    came = [part for message in sent for part in treat(message) if part]
    assert list(dict.fromkeys(came)) == sent[: len(dict.fromkeys(came))]
    assert len(came) > 440


def test_a_mute_peer_answers_the_action_that_it_was_asked():
    (said,) = says_pong(b"Action: Ping\r\nActionID: abc/1\r\n\r\n")
    assert said.startswith(b"Response: Success\r\nActionID: abc/1\r\nPing: Pong\r\nTimestamp: ")
    assert says_pong(b"Action: Logoff\r\n\r\n") == ()


def command(number: int, words: str) -> bytes:
    return (
        f"Action: AGI\r\nChannel: C-1\r\nCommand: {words}\r\nCommandID: p.{number}\r\n\r\n".encode()
    )


def test_commands_that_a_hang_up_met_are_counted_and_finished_ones_are_not():
    watch = Unfinished()
    list(watch.up(command(1, "ANSWER")))
    list(watch.up(command(2, 'STREAM FILE "x" ""')))
    list(watch.down(b"Event: AsyncAGIExec\r\nChannel: C-1\r\nCommandID: p.1\r\n\r\n"))
    list(watch.down(b"Event: AsyncAGIEnd\r\nChannel: C-1\r\n\r\n"))
    list(watch.down(b"Event: Hangup\r\nChannel: C-1\r\n\r\n"))
    assert watch.commands == {"STREAM FILE": 1}


class LateCounts:
    """Counts of an ivrd that has two of three calls until it has read queue_log."""

    def __init__(self, *counted: Tally) -> None:
        self._counted = list(counted)

    def now(self) -> Tally:
        return self._counted.pop(0) if len(self._counted) > 1 else self._counted[0]


def test_a_call_that_nobody_saw_end_has_time_to_be_recorded() -> None:
    begun, unread, read = Tally(2, in_progress=1), Tally(2), Tally(3)
    assert _settled(cast(Counts, LateCounts(begun, unread, read)), 3, 60.0) is read
    assert _settled(cast(Counts, LateCounts(begun, unread)), 3, 0.3) is unread
