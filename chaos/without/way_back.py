"""Without a way from a talk back to the queue: whoever comes back is taken for a new caller."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.asterisk import call_facts
from ivrd.calls.fact_handler import FactHandler
from ivrd.core.call import CallState
from ivrd.core.call_events import HungUp

joined = FactHandler._joined


def joined_anew(handler: FactHandler, fact: call_facts.QueueJoined) -> None:
    """A talk ends where its caller joins a queue."""
    call = handler.ledger.calls.get(fact.call_id)
    if call is not None and call.state is CallState.TALK:
        handler._ended(fact.call_id, "the talk is over", HungUp(fact.at))
        handler._arrived(call_facts.Arrived(fact.call_id, "", fact.at, "", ""))
    joined(handler, fact)


if __name__ == "__main__":
    replace(FactHandler, "_joined", joined_anew)
    run()
