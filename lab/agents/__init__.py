"""Simulated agents: the people at the seats that the hotline rings. SIPp signals for all seats.

    with Agents(5070, folder=Path("run"), ring=1, talk=20) as agents:
        ...  # sip:ANY-SEAT@127.0.0.1:5070
        print(agents.ledger())

agent.xml is SIPp's scenario; mouth, ear and thread are those of lab/callers.
"""

from lab.agents.agents import (
    Agents,
    Choice,
    Manner,
    Seconds,
    Talk,
    answers,
    drops,
    full_above,
    in_turn,
    never_answers,
    refuses,
    silent,
    vanishes_ringing,
    vanishes_talking,
    without_sdp,
)

__all__ = [
    "Agents",
    "Choice",
    "Manner",
    "Seconds",
    "Talk",
    "answers",
    "drops",
    "full_above",
    "in_turn",
    "never_answers",
    "refuses",
    "silent",
    "vanishes_ringing",
    "vanishes_talking",
    "without_sdp",
]
