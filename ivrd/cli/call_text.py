"""Why one caller waits, in words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ivrd.cli.cells import clean, length

Answer = Mapping[str, Any]

URGENCY = {"red_flag": "red flag", "risk_group": "risk group"}
HOW = {"line": "", "menu": ", in the menu of the queue", "booked": ", to be called back"}
STATES = {
    "menu": "is in the menu: it waits for nobody yet",
    "info": "listens to a message: it waits for nobody yet",
    "closed": "is told that the line or the topic is closed, or that all lines are busy",
    "booked": "is to be called back, and is told so",
    "deflected": "was sent a link, and is told so",
    "dialled": "is being called back, and has not confirmed yet",
    "talk": "talks to a person",
    "transfer": "was sent on by a person, and the next one has not answered yet",
}
INDENT = "  "


def call_text(answer: Answer) -> str:
    """Everything about one call, the answer to "why" first."""
    if answer["ended"]:
        lines = _ended(answer)
    elif answer["waits"]:
        lines = _waits(answer["waits"])
    else:
        lines = iter([f"It {_state(answer)}."])
    return "\n".join(clean(line) for line in (_title(answer), *lines))


def _title(answer: Answer) -> str:
    what = "Call back" if answer["made"] else "Call"
    parts = [f"{what} {answer['call']} (case {answer['case']})"]
    if answer["group"]:
        parts.append(f"queue {answer['group']}")
    if answer["topic"]:
        parts.append(f"topic {answer['topic']}")
    if answer["language"]:
        parts.append(f"language {answer['language']}")
    return ", ".join(parts)


def _state(answer: Answer) -> str:
    said = STATES.get(answer["state"], answer["state"])
    return f"{said} at {answer['seat']}" if answer["seat"] else f"{said}"


def _waits(waits: Answer) -> Iterator[str]:
    yield f"It waits: {_none_rings(waits)}."
    yield f"Place {waits['place']} of {waits['of']}: it {_key(waits)}."
    yield from _before(waits)
    if waits["elsewhere"]:
        found = ", ".join(f"{count} in {queue}" for queue, count in waits["elsewhere"].items())
        yield f"Also before, for the same seats: {found}."
    yield "Expected wait from now: " + (
        "not known: nobody serves this queue now."
        if waits["expected_seconds"] is None
        else f"{length(waits['expected_seconds'])}."
    )
    yield "Seats that can help this caller:"
    for pool in waits["pools"]:
        yield INDENT + _pool(pool)
    for share in waits["partners"]:
        open_now = f"{share['open']} open of {share['seats']} wanted"
        yield f"{INDENT}partner {share['id']}: {open_now}; {share['reason']}"
    if not waits["pools"] and not waits["partners"]:
        yield f"{INDENT}none"
    if waits["partners_reason"]:
        yield f"Partners' seats: {waits['partners_reason']}."


def _key(waits: Answer) -> str:
    """What the place is made of."""
    said = f"has waited {length(waits['waited_seconds'])}"
    if waits["credit_seconds"]:
        said += f", and {length(waits['credit_seconds'])} before this call"
    if waits["urgency"]:
        head_start = length(waits["head_start_seconds"])
        said += f"; {URGENCY[waits['urgency']]}, served as if it were {head_start} more"
    return said


def _before(waits: Answer) -> Iterator[str]:
    count = waits["place"] - 1
    if not count:
        yield "Nobody in this queue is before."
        return
    yield f"Before it in this queue: {count}."
    for row in waits["before"]:
        yield f"{INDENT}{row['id']}: {_why_before(row)}"
    if count > len(waits["before"]):
        yield f"{INDENT}and {count - len(waits['before'])} more"


def _why_before(row: Answer) -> str:
    earlier = row["earlier_seconds"]
    why = f"arrived {length(abs(earlier))} {'earlier' if earlier >= 0 else 'later'}"
    if row["credit"]:
        why += ", by what it waited in earlier calls"
    if row["urgency"]:
        why = f"{URGENCY[row['urgency']]}, {why}"
    return why + HOW[row["how"]]


def _none_rings(waits: Answer) -> str:
    """Why no seat is rung, or that one is."""
    states: Counter[str] = Counter()
    for pool in waits["pools"]:
        states.update(pool["seats"] if pool["open"] else {})
    free = states["free"]
    before = waits["place"] - 1 + sum(waits["elsewhere"].values())
    if waits["ringing"]:
        return "a phone is ringing for it"
    if not free:
        return _none_free(waits["pools"], states)
    are = "1 seat is" if free == 1 else f"{free} seats are"
    if free <= before:
        return f"{are} free, for those who come before"
    if waits["in_menu"]:
        return f"{are} free, and it is about to leave the menu"
    return f"{are} free, and Asterisk looks for one once a second"


def _none_free(pools: Sequence[Answer], states: Counter[str]) -> str:
    if not any(pool["open"] for pool in pools):
        return "no pool that serves this queue is open"
    if not states.total():
        return "nobody of our own who serves this queue is at work"
    found = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"no seat of our own that serves this queue is free ({found})"


def _pool(pool: Answer) -> str:
    if not pool["open"]:
        return f"{pool['name']}: closed"
    found = ", ".join(f"{count} {state}" for state, count in sorted(pool["seats"].items()))
    return f"{pool['name']}: {found or 'nobody is there'}"


def _ended(answer: Answer) -> Iterator[str]:
    ended = answer["ended"]
    by = f" by {ended['by']}" if ended["by"] else ""
    yield f"It has ended after {length(answer['seconds'])}: {ended['outcome']}{by}."
    if ended["wait_seconds"] is not None:
        waited = f"It waited {length(ended['wait_seconds'])}"
        if ended["credit_seconds"]:
            waited += f", and {length(ended['credit_seconds'])} before this call"
        if ended["urgency"]:
            waited += f"; {URGENCY[ended['urgency']]}"
        yield f"{waited}."
    if ended["talk_seconds"] is not None:
        yield f"It talked for {length(ended['talk_seconds'])}."
