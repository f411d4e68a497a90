"""Draws `docs/states.md` from the tables of `ivrd.core.call_table` and `ivrd.core.breaker`.

python -m tools.state_diagrams            write it
python -m tools.state_diagrams --check    exit status 1 if it is not as the tables have it
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ivrd.core import breaker as b
from ivrd.core.call import STAGE_OF, CallState
from ivrd.core.call_events import CutOff, HungUp, MediaLost
from ivrd.core.call_table import OUTCOME_OF, TABLE

PAGE = Path(__file__).resolve().parent.parent / "docs" / "states.md"
REDRAW = "python -m tools.state_diagrams"
START = END = "[*]"

Edge = tuple[str, str, str]  # from, to, what leads there

HEAD = f"""\
# States

Drawn from the tables in the code by `{REDRAW}` (`make states`), and
compared with them by a test. Do not edit.

## A call

`TABLE` and `OUTCOME_OF` in `ivrd/core/call_table.py`. What is not drawn cannot happen: it is
refused, and changes nothing. The last state of a call is its outcome. A call that the hotline makes
begins as `dialled`, and is counted by its result (`CallbackResult`) in the place of an outcome. A
call that a person has sent on ends as answered, in whichever state but `booked`.

"""

BREAKER = """
## A partner's breaker

`TABLE` in `ivrd/core/breaker.py`, by what an event means: *failed* and *tripped* are a failure, and
the one that is one too many in a row; *taken*: a person has pressed the key; *lasted*: the talk
went on; *resumed*: an operator, or a confirmed drill, says that it can be tried; *noted*: says
nothing of the partner's health.

"""


def call_edges() -> list[Edge]:
    """The call table; each outcome is a state at the end of it."""
    edges = [(START, CallState.MENU.value, ""), (START, CallState.DIALLED.value, "")]
    for (state, event), after in TABLE.items():
        to = OUTCOME_OF[state, event] if after is CallState.ENDED else after
        edges.append((state.value, to.value, event.__name__))
    outcomes = dict.fromkeys(OUTCOME_OF.values())
    return [*edges, *((outcome.value, END, "") for outcome in outcomes)]


def breaker_edges() -> list[Edge]:
    """The breaker's table, and what the time alone does."""
    edges = [(START, b.Breaker().state.value, "")]
    edges += [(state, after, signal) for (state, signal), after in b.TABLE.items()]
    for state in b.BreakerState:
        later = b.at(b.Breaker(state=state, until=0.0), now=0.0).state
        if later is not state:
            edges.append((state, later, "the pause is over"))
    return edges


def diagram(edges: Iterable[Edge]) -> str:
    """A Mermaid state diagram; what leads from one state to the same other one shares an arrow."""
    labels: dict[tuple[str, str], list[str]] = {}
    for before, after, label in edges:
        labels.setdefault((before, after), []).append(label)
    names = dict.fromkeys(name for pair in labels for name in pair)
    lines = [f"    {_id(name)}: {name}" for name in names if _id(name) != name]
    for (before, after), found in labels.items():
        text = ", ".join(label for label in found if label)
        lines.append(f"    {_id(before)} --> {_id(after)}" + (f": {text}" if text else ""))
    return "\n".join(["```mermaid", "stateDiagram-v2", "    direction LR", *lines, "```", ""])


def _id(name: str) -> str:
    return name.replace(" ", "_")


def outcomes() -> str:
    """How a call ends, by the state in which it does."""
    rows = ["| state | stage | hung up | media lost | cut off |", "|---|---|---|---|---|"]
    for state, stage in STAGE_OF.items():
        ways = " | ".join(OUTCOME_OF[state, event] for event in (HungUp, MediaLost, CutOff))
        rows.append(f"| {state} | {stage} | {ways} |")
    return "\n".join([*rows, ""])


def page() -> str:
    """The whole of docs/states.md."""
    call, breaker = diagram(call_edges()), diagram(breaker_edges())
    return f"{HEAD}{call}\n{outcomes()}{BREAKER}{breaker}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(
        prog=REDRAW, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="only compare")
    if parser.parse_args(arguments).check:
        same = PAGE.exists() and PAGE.read_text("utf-8") == page()
        if not same:
            print(f"{PAGE} is not as the tables have it; redraw it: {REDRAW}", file=sys.stderr)
        return 0 if same else 1
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
