"""Simulated callers: SIPp signals, and each has a mouth, an ear and a script of their own.

    callers = [Caller(1, "key 0", (Hear(), Keys("0")))]
    with Callers("127.0.0.1:5060", callers, folder=Path("run")) as run:
        ledger = run.wait(60)

sipp.py is the wire to SIPp (caller.xml its scenario), media.py the thread that has all calls,
party.py one person in a call, with sound or without, mouth.py and ear.py what one sends and hears,
script.py what one does, mix.py who calls, prompts.py prompts that they recognise.
"""

from lab.callers.caller import Caller, Expected
from lab.callers.callers import Callers
from lab.callers.ledger import Entry, Ledger
from lab.callers.script import HangUp, Hear, Keys, Meet, Patience, Quiet, Step, Until, Vanish, Wait
from lab.callers.sipp import SippError

__all__ = [
    "Caller",
    "Callers",
    "Entry",
    "Expected",
    "HangUp",
    "Hear",
    "Keys",
    "Ledger",
    "Meet",
    "Patience",
    "Quiet",
    "SippError",
    "Step",
    "Until",
    "Vanish",
    "Wait",
]
