"""Two that lead at once, told from what each of them sends."""

from lab.recorder import Sent, overlaps

ACT = {"Action": "AGI", "Command": "ANSWER"}
LOOK = {"Action": "Ping"}
CLAIM = {"Action": "Setvar", "Variable": "IVRD_LEADER", "Value": "2 b"}


def sent(*row: tuple[int, dict[str, str]]) -> list[Sent]:
    """Actions of several lives, one second after the other."""
    return [Sent(float(at), ("a", life), headers) for at, (life, headers) in enumerate(row)]


def test_one_after_the_other_is_as_it_should_be():
    assert overlaps(sent((1, ACT), (1, ACT), (2, ACT), (3, ACT), (3, ACT))) == []


def test_one_that_acts_once_more_after_the_other_has_begun_is_found():
    row = sent((1, ACT), (2, ACT), (1, ACT), (2, ACT))
    assert overlaps(row) == [(row[1], row[2]), (row[2], row[3])]


def test_the_order_is_that_of_time():
    row = sent((1, ACT), (2, ACT))
    late = Sent(5.0, ("a", 1), ACT)
    assert overlaps([*row[1:], late, row[0]]) == [(row[1], late)]


def test_looking_and_claiming_is_not_acting():
    assert overlaps(sent((1, ACT), (2, ACT), (1, LOOK), (1, CLAIM), (2, ACT))) == []
