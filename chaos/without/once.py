"""Without knowing an event again: a key of which Asterisk's event comes twice counts twice."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.calls.ivr import Ivr
from ivrd.core.dtmf import DtmfDecoder

received_at = Ivr.key_up


def key_up(menus: Ivr, call_id: str, digit: str, _at: float) -> None:
    """A caller's key is up; nobody knows when."""
    received_at(menus, call_id, digit, 0.0)


def every(_pad: DtmfDecoder, _digit: str, _at: float) -> bool:
    """Whatever is told is a press."""
    return True


if __name__ == "__main__":
    replace(Ivr, "key_up", key_up)
    replace(DtmfDecoder, "up", every)
    run()
