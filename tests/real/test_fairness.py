"""Callers are answered in the order of their effective arrivals, over redials and restarts.

A person who gives up and dials again is served as if the first call had gone on waiting.
"""

from lab.callers import Caller, HangUp, Keys, Quiet, Wait
from tests.real.rig import WAIT

INTO_QUEUE = "0"


def closed(name, settings) -> None:
    """No seat takes calls until somebody opens it."""
    if name == "queues.yaml":
        settings["pools"]["base"]["open"] = False


def waits(number: int, of: int | None = None) -> Caller:
    """One who waits until a person speaks; `of`: with the number of that caller."""
    shown = "" if of is None else f"02{of:08}"
    return Caller(number, "waits", (Keys(INTO_QUEUE), Quiet(180)), number=shown)


def test_who_dials_again_has_the_place_of_the_first_call(hotline):
    lab = hotline(agents=1, talk=3.0, ring=0.2, change=closed)
    gives_up = Caller(1, "gives up", (Keys(INTO_QUEUE), Wait(8), HangUp()))
    first = lab.calling([gives_up], rate=5.0, name="first")
    lab.until("one waits", lambda s: s["calls"]["queue"] == 1)
    second = lab.calling([waits(2)], rate=5.0, name="second")
    lab.until("two wait", lambda s: s["calls"]["queue"] == 2)
    lab.until("the first has gone", lambda s: s["calls"]["queue"] == 1)
    again = lab.calling([waits(3, of=1)], rate=5.0, name="again")
    lab.until("two wait again", lambda s: s["calls"]["queue"] == 2)
    print(lab.asterisk.cli("queue show other"))
    lab.ivrd.once("seats", "open", "base")
    for calling in (first, second, again):
        calling.wait(WAIT)
    talks = sorted(lab.agents.ledger(), key=lambda talk: talk.rung_at)
    assert [talk.number for talk in talks] == [waits(1).shown, waits(2).shown]
    lab.settled()
