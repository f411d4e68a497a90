"""What `ivrd check` says of the sound of trunks: what transcoding costs, keys that are not found.

Prompts are in G.711, and so are the hotline's phones: each other codec is turned into it by
Asterisk, and back.
"""

from collections.abc import Iterator

from ivrd.config import trunk_place
from ivrd.config.problem import Problem
from ivrd.config.settings import Settings
from ivrd.config.trunk_settings import AUTO, G711

# How often a call takes of Asterisk what it takes in A-law: (who waits with music, who talks).
# Measured side by side, `python -m bench.transcoding`: docs/decisions/0058-trunk-media.md.
COSTS = {"g722": (1.1, 1.7), "gsm": (1.1, 1.5), "opus": (2.1, 2.9)}


def notes(settings: Settings) -> Iterator[Problem]:
    """Of each trunk that may be spoken to in another codec than G.711."""
    for name, trunk in settings.trunks.items():
        others = [codec for codec in trunk.codecs if codec not in G711]
        if not others:
            continue
        place, key = trunk_place.of(settings, name)
        say = f"transcoded here: {_cost(others)}"
        if trunk.dtmf == AUTO:
            say += "; keys that are sent as sound are found in alaw and ulaw alone"
        yield place.problem((*key, "codecs"), say)


def _cost(codecs: list[str]) -> str:
    """In words."""
    told = []
    for codec in codecs:
        waiting, talking = COSTS[codec]
        told.append(f"{codec} takes {waiting:g} times what alaw takes to wait, {talking:g} to talk")
    return "; ".join(told)
