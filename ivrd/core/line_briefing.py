"""What a person hears who is let in to stay on the line: how many wait, and before the first caller
how a call comes (a drill).

It is a part of agent_call.py's machine, which knows who it is by then.
"""

from dataclasses import dataclass

from ivrd.core.numbers import LARGEST, spoken

END_TALK_KEYS = "**"  # by which a talk is ended, and the drill

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
WAITING_PROMPT, WAITING_AFTER_PROMPT = "line-waiting", "line-waiting-after"
READY_PROMPT, TONE_PROMPT = "line-ready", "line-tone"
DRILL_PROMPT, DRILL_PRESS_PROMPT = "line-drill", "line-drill-press"
DRILL_KEY_PROMPT = "line-drill-key"  # instead of the second, where a key takes the caller


@dataclass(frozen=True)
class Briefing:
    """What is to be said to who is let in.

    `waiting`: callers.  `topic`: the prompt of one of the seat's topics, for the drill; empty for
    none.  `trained`: whether the person needs no drill.  `language`: the person's; empty for the
    one that is spoken already.  `by_key`: whether a key takes each caller.
    """

    seat: str
    waiting: int
    topic: str
    trained: bool
    language: str = ""
    by_key: bool = False


def drill(of: Briefing) -> tuple[str, ...]:
    """What is heard of a call before it is put through, and how it is ended."""
    topic = (of.topic,) if of.topic else ()
    press = DRILL_KEY_PROMPT if of.by_key else DRILL_PRESS_PROMPT
    return (DRILL_PROMPT, TONE_PROMPT, *topic, press)


def welcome(of: Briefing, language: str) -> tuple[str, ...]:
    """How many wait, and what the person can do."""
    number = spoken(min(of.waiting, LARGEST), language)
    return (WAITING_PROMPT, *number, WAITING_AFTER_PROMPT, READY_PROMPT)
