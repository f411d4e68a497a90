"""Without knowing an event again: a key of which Asterisk's event comes twice counts twice."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.menus import Menus

heard = Menus.key


def key(menus: Menus, call_id: str, digit: str, _at: float) -> None:
    """A caller pressed a key; nobody knows when."""
    heard(menus, call_id, digit, 0.0)


if __name__ == "__main__":
    replace(Menus, "key", key)
    run()
