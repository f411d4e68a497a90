"""Without supervisors Asterisk knows no code by which anybody could listen."""

from dataclasses import replace

from ivrd.asterisk.render import rendered
from ivrd.config.load import load
from ivrd.config.settings import Settings, SupervisionSettings
from tests.fixtures.hotline import HOTLINE


def dialplan(settings: Settings) -> str:
    return rendered(settings, "ami-secret", "seats-secret")["extensions.conf"]


def test_the_code_is_there_for_seats_and_only_with_supervisors() -> None:
    settings = load(HOTLINE)
    without = dialplan(settings)
    assert "Goto(supervision" not in without
    assert "IVRD_ANNOUNCES=no" in without
    some = SupervisionSettings(frozenset({"s-1"}), "*77", announced=True)
    seats = dialplan(replace(settings, supervision=some)).partition("[from-seat]")[2]
    of_seats = seats.partition("\n[")[0]
    assert "exten => *77,1," in of_seats
    assert "Goto(supervision,s,1)" in of_seats
    assert "IVRD_ANNOUNCES=yes" in dialplan(replace(settings, supervision=some))
