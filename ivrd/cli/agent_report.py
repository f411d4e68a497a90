"""What `ivrd report agents` prints.  Pure: the answer of the control socket in, text out."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from ivrd.cli.cells import count, length, percent
from ivrd.cli.partner_tables import table_lines
from ivrd.core.agent_report import AgentTotals, Pauses

NOTES = (
    "occupancy: (talking + wrap-up) / (signed in - paused); not taken: calls that rang there and\n"
    "were missed, refused or dropped."
)


def agents_report_text(answer: Mapping[str, Any]) -> str:
    """A line for each agent, and one for each reason for which they have paused."""
    if not answer["rows"]:
        return f"{answer['day']}: no agent was signed in."
    head = ["Agent", "name", "signed in", "talks", "talking", "wrap-up", "paused", "not taken"]
    head.append("occupancy")
    cells = []
    for row in answer["rows"]:
        times = ("signed_in", "talk", "wrap_up", "paused")
        here, talked, wrap_up, paused = (length(row[f"{name}_seconds"]) for name in times)
        untaken = count(sum(row["untaken"].values()))
        cells.append(
            (
                *(row["agent"], row["name"], here, count(row["talks"]), talked, wrap_up, paused),
                *(untaken, percent(row["occupancy"])),
            )
        )
    lines = [answer["day"], *table_lines(head, cells, left=2, cut=[1])]
    pauses = [
        (row["agent"], reason, count(of["times"]), length(of["seconds"]))
        for row in answer["rows"]
        for reason, of in row["pauses"].items()
    ]
    if pauses:
        head = ["Agent", "paused for", "times", "long"]
        lines += ["", *table_lines(head, pauses, left=2, cut=[1])]
    return "\n".join([*lines, "", NOTES])


def agents_report_csv(answer: Mapping[str, Any]) -> str:
    """The report with all its columns: UTF-8, lines end as RFC 4180 has it."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(AgentTotals("").flat()))
    writer.writeheader()
    for row in answer["rows"]:
        pauses = {reason: Pauses(**of) for reason, of in row["pauses"].items()}
        writer.writerow(AgentTotals(**{**row, "pauses": pauses}).flat())
    return out.getvalue()
