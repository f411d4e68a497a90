"""The phone of others, with another one of them at its end."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.baresip import Baresip
from lab.running import LabError

HOST = "127.0.0.1"


@pytest.fixture
def phones(tmp_path: Path) -> Iterator[tuple[Baresip, Baresip]]:
    """Two, of whom the first calls the second."""
    callee = Baresip(tmp_path / "two", (HOST, 9), "two", voice="partner", host=HOST)
    caller = Baresip(tmp_path / "one", (HOST, callee.port), "one", host=HOST)
    with ExitStack() as ending:
        yield ending.enter_context(caller), ending.enter_context(callee)


@pytest.mark.lasts(5)
def test_a_call_is_answered_heard_held_and_ended(phones: tuple[Baresip, Baresip]) -> None:
    one, two = phones
    here = one.dial("two", answered=False)
    there = two.accept(two.rung())
    one.until_state(here, "established")
    two.hears("inhouse")
    one.hears("partner")
    one.press(here, "1*")
    two.until("it has got the keys", lambda: two.keys == "1*")
    one.hold(here)
    two.until("it is on hold", lambda: two.now(there).held)
    one.resume(here)
    two.until("it is no longer", lambda: not two.now(there).held)
    two.hang_up(there)
    assert one.until_state(here, "closed").over


@pytest.mark.lasts(2)
def test_who_declines_or_is_gone_says_so(phones: tuple[Baresip, Baresip]) -> None:
    one, two = phones
    here = one.dial("two", answered=False)
    two.hang_up(two.rung())
    assert "486" in one.until_state(here, "closed").reason
    two.kill()
    with pytest.raises(LabError, match="not within"):
        two.rung(0.1)
