"""The list of faults, the row of each, and what the strikes themselves do to bytes."""

import argparse
from random import Random

import pytest

from chaos import table
from chaos.faults import FAULTS
from chaos.faults.callers import Unfinished
from chaos.faults.link import Disorder, says_pong
from chaos.run import orders
from lab.hotline import LabError


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


def test_a_fault_that_there_is_not_is_refused_by_name():
    with pytest.raises(LabError, match="no fault 'storm'; there are: kill-9"):
        orders(asked("storm"))


PAGE = f"# Title\n\n{table.BEGIN}{table.END}\nafter\n"


def test_a_row_replaces_its_own_and_no_other():
    page = table.replaced(PAGE, "one", "| one | 1 |\n")
    page = table.replaced(page, "two", "| two | 1 |\n")
    page = table.replaced(page, "one", "| one | 2 |\n")
    rows = "| one | 2 |\n| two | 1 |\n"
    assert page == f"# Title\n\n{table.BEGIN}{table.HEAD}{rows}{table.END}\nafter\n"


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
