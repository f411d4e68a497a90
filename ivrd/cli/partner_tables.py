"""What `ivrd partner`, `explain`, `report` and `audit` print: plain tables, 100 columns at most.

Pure: the answers of the control socket in, lines out.
"""

import csv
import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size

from ivrd.cli.cells import clean
from ivrd.core.report import CAUSE_WORDS, REFUSALS, UNCONFIRMED, Cause, PartnerTotals

WIDTH = 100
GAP = "  "
INDENT = "    "


def partners_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line for each partner, and another where something keeps calls from it."""
    head = ["Partner", "state", "pledge", "cap", "wanted", "open", "ringing", "busy"]
    head += ["offered", "taken"]
    cells = [
        (
            row["id"],
            row["state"],
            *(_count(row[name]) for name in ("pledged", "cap", "wanted", "open")),
            *(_count(row[name]) for name in ("ringing", "busy", "offers", "answers")),
        )
        for row in rows
    ]
    first, *lines = table_lines(head, cells, left=2, cut=[0])
    out = [first]
    for row, line in zip(rows, lines, strict=True):
        out.append(line)
        if why := _remark(row):
            out += _wrapped(why)
    return "\n".join(out if rows else ["No partner is configured."])


def _remark(row: Mapping[str, Any]) -> str:
    """What an operator must know beyond the numbers; the state has its column."""
    remarks = [f"{row['override']} by override"] if row["override"] else []
    for text in (row["obstacle"], "" if row["health"].startswith("healthy") else row["health"]):
        if text and text not in (*remarks, row["state"]):
            remarks.append(text)
    return "; ".join([*remarks, *_people(row)])


def _people(row: Mapping[str, Any]) -> list[str]:
    """For how many it is asked, and how many it has said it has today."""
    told, pledge = row["called_out"], row["pledge"]
    found = []
    if told and told["people"]:
        until = _clock(told["until"])
        found.append(f"asked for {_count(told['people'])} people until {until}")
    if pledge:
        found.append(f"has {_count(pledge['people'])} people today")
    return found


def _called_out(told: Mapping[str, Any] | None) -> str:
    """What the partner was told last, and whether that has reached it."""
    if told is None:
        return "it was never told that its people are needed"
    message = told["message"] or "not in the outbox any more"
    why = f": {told['why']}" if told["why"] else ""
    said = f"told at {_clock(told['told_at'])}, message {message}{why}"
    if not told["people"]:
        return f"nobody is needed any more; {said}"
    hours = f"from {_clock(told['from'])} until {_clock(told['until'])}"
    return f"asked for {_count(told['people'])} people {hours}; {said}"


def _today(pledge: Mapping[str, Any] | None) -> str:
    """What the partner has said of today."""
    if pledge is None:
        return "it has not said how many people it has"
    of = f" of {_count(pledge['asked'])} asked for" if pledge["asked"] else ""
    by = "by webhook" if pledge["by"] == "partner" else f"written down by {pledge['by']}"
    return f"{_count(pledge['people'])} people{of}; said at {_clock(pledge['given_at'])}, {by}"


def _clock(moment: str) -> str:
    """Day and minute of a moment (ISO 8601)."""
    return moment[:16].replace("T", " ")


def partner_text(row: Mapping[str, Any]) -> str:
    """Everything about one partner."""
    facts = (
        ("Partner", row["id"]),
        ("Name", f"{row['name_en']} / {row['name_th']}"),
        ("State", f"{row['state']}; {_verified(row['verified'])}"),
        ("Override", row["override"] or "none"),
        ("Trunk", row["trunk"]),
        ("Seats", f"{row['pledged']} pledged, {row['cap']} at most"),
        ("Called out", _called_out(row["called_out"])),
        ("Today", _today(row["pledge"])),
        ("Hours", f"{row['hours']}: {'open' if row['in_hours'] else 'closed'} now"),
        ("Topics", "; ".join(filter(None, (", ".join(row["topics"]), row["barred"])))),
        ("Queues", ", ".join(row["queues"]) or "none: it is trained for no topic of any"),
        ("Languages", ", ".join(row["languages"])),
        ("Times", _times(row)),
        ("Health", row["health"]),
        (
            "Now",
            f"{row['wanted']} wanted, {row['open']} open, {row['ringing']} ringing, "
            f"{row['busy']} busy",
        ),
        ("Calls", _calls(row)),
        ("Why", row["reason"]),
    )
    return "\n".join(line for label, text in facts for line in _fact(label, text))


def _times(row: Mapping[str, Any]) -> str:
    """How long a call to it may take."""
    times = f"{row['response_seconds']} s to respond, {row['ring_seconds']} s to answer"
    key = f"{row['key_seconds']} s for the key" if row["confirm"] else "no key is asked for"
    return f"{times}, {key}"


def _calls(row: Mapping[str, Any]) -> str:
    """What became of the calls that were offered."""
    results = row["results"]
    return (
        f"{_count(row['offers'])} offered, {_count(row['answers'])} taken, "
        f"{_count(results.get('refused', 0))} refused{_causes(row, REFUSALS)}, "
        f"{_count(results.get('unconfirmed', 0))} without the key{_causes(row, UNCONFIRMED)}, "
        f"{_count(results.get('dropped', 0))} dropped, "
        f"{_count(results.get('returned', 0))} sent back (since ivrd started)"
    )


def _causes(row: Mapping[str, Any], of: Sequence[Cause]) -> str:
    """Why calls were not taken, in brackets."""
    told = [f"{CAUSE_WORDS[c]}: {_count(row['causes'][c])}" for c in of if row["causes"].get(c)]
    return f" ({'; '.join(told)})" if told else ""


def _verified(day: str | None) -> str:
    return f"last confirmed drill on {day}" if day else "no drill was ever confirmed"


def explain_text(answer: Mapping[str, Any]) -> str:
    """Why the seats are as they are, partner by partner."""
    lines = [line for part in answer["reason"].split("; ") for line in _wrapped(part, "")]
    shares = answer["partners"]
    if shares:
        width = max(cell_len(clean(share["id"])) for share in shares)
        lines += ["", f"{_left('Partner', width)}{GAP}seats{GAP}why"]
    for share in shares:
        start = f"{_left(clean(share['id']), width)}{GAP}{share['seats']:>5}{GAP}"
        lines += _wrapped(share["reason"], " " * cell_len(start), start)
    return "\n".join(lines)


def audit_text(answer: Mapping[str, Any]) -> str:
    """What operators did, the oldest first."""
    cells = [
        (e["at"][:19].replace("T", " "), e["who"], e["what"], e["partner"], e["detail"])
        for e in answer["entries"]
    ]
    if not cells:
        return f"{_title(answer)}: no entries."
    head = ("When", "who", "what", "partner", "detail")
    return "\n".join([_title(answer), *table_lines(head, cells, left=5, cut=[4, 1])])


def report_text(answer: Mapping[str, Any]) -> str:
    """The list for the next honours: who helped most people comes first."""
    figures = ("people", "offered", "taken", "refused", "no key", "talk h:mm")
    head = ("", "Partner", *figures, "share", "of pledge")
    cells = [
        (
            f"{place}.",
            row["name_en"] or row["partner"],
            *(_count(row[name]) for name in ("people", "offered", "accepted", "refused")),
            _count(row["unconfirmed"]),
            _hours(row["talk_seconds"]),
            _percent(row["share"]),
            _percent(row["of_pledge"]),
        )
        for place, row in enumerate(answer["rows"], 1)
    ]
    notes = (
        "share: of all calls that partners took; of pledge: that share over the partner's share "
        "of all pledged seats."
    )
    return "\n".join(
        [_title(answer), *table_lines(head, cells, left=2, cut=[1]), *_wrapped(notes, "")]
    )


def report_csv(answer: Mapping[str, Any]) -> str:
    """The report with all its columns: UTF-8, lines end as RFC 4180 has it."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(PartnerTotals("").flat()))
    writer.writeheader()
    for row in answer["rows"]:
        writer.writerow(PartnerTotals(**row).flat())
    return out.getvalue()


# --- cells -------------------------------------------------------------------------------------


def table_lines(
    head: Sequence[str], rows: Sequence[Sequence[str]], left: int, cut: Sequence[int]
) -> list[str]:
    """Columns as wide as they need; the first `left` of them begin on the left.

    Where a line is too long, the cells of the columns `cut` are shortened, of one after the other.
    """
    lines = [head, *([clean(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(line[at]) for line in lines) for at in range(len(head))]
    for column in cut:
        too_much = max(0, sum(widths) + len(GAP) * (len(head) - 1) - WIDTH)
        widths[column] = max(len(head[column]), widths[column] - too_much)
    return [
        GAP.join(
            _left(_short(cell, width), width) if at < left else _right(cell, width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def _title(answer: Mapping[str, Any]) -> str:
    """The period."""
    return f"{answer['from'][:16].replace('T', ' ')} to {answer['to'][:16].replace('T', ' ')}"


def _fact(label: str, text: str) -> list[str]:
    start = _left(label, 11)
    return _wrapped(text, " " * len(start), start)


def _wrapped(text: str, indent: str = INDENT, start: str | None = None) -> list[str]:
    """The text in lines of at most WIDTH cells; letters wider than one are counted so."""
    room = width = WIDTH - cell_len(indent)
    text = clean(text)
    while any(cell_len(line) > room for line in textwrap.wrap(text, width)):
        width -= 1
    lines = textwrap.wrap(text, width) or [""]
    return [f"{indent if at or start is None else start}{line}" for at, line in enumerate(lines)]


def _short(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 2).rstrip() + ".."


def _left(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _count(number: int) -> str:
    return f"{number:,}"


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1%}"


def _hours(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,}:{minutes:02}"
