"""Without knowing an event again: a key of which Asterisk's event comes twice counts twice."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.calls.ivr import Menus
from ivrd.core.dtmf import Keypad

heard = Menus.key_up


def key_up(menus: Menus, call_id: str, digit: str, _at: float) -> None:
    """A caller's key is up; nobody knows when."""
    heard(menus, call_id, digit, 0.0)


def every(_pad: Keypad, _digit: str, _at: float) -> bool:
    """Whatever is told is a press."""
    return True


if __name__ == "__main__":
    replace(Menus, "key_up", key_up)
    replace(Keypad, "up", every)
    run()
