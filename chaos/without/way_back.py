"""Without a way from a talk back to the queue: whoever comes back is taken for a new caller."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.asterisk import call_facts
from ivrd.calls.tracker import CallTracker
from ivrd.core.call import CallState
from ivrd.core.call_events import HungUp

joined = CallTracker._joined


def joined_anew(hotline: CallTracker, fact: call_facts.QueueJoined) -> None:
    """A talk ends where its caller joins a queue."""
    call = hotline.ledger.calls.get(fact.call_id)
    if call is not None and call.state is CallState.TALK:
        hotline._ended(fact.call_id, "the talk is over", HungUp(fact.at))
        hotline._arrived(call_facts.Arrived(fact.call_id, "", fact.at, "", ""))
    joined(hotline, fact)


if __name__ == "__main__":
    replace(CallTracker, "_joined", joined_anew)
    run()
