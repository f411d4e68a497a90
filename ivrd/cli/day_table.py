"""What `ivrd report day` prints.  Pure: the answer of the control socket in, lines out."""

from collections.abc import Mapping
from typing import Any


def day_text(answer: Mapping[str, Any]) -> str:
    """The day for a person: what adds up, and how long people waited."""
    lines = [f"{answer['day']}: {answer['received']:,} calls received"]
    for row in answer["rows"]:
        words = [row["outcome"].replace("_", "-")]
        words += [f"by {row['by']}"] if row["by"] else []
        words += [f"in {row['stage']}"] if row["outcome"] in ("abandoned", "failed") else []
        words += [f"({row['queue']})"] if row["queue"] else []
        lines.append(f"{row['calls']:>9,}  {' '.join(words)}")
    lines.append(f"{answer['in_progress']:>9,}  in progress")
    if answer["offered"]:
        level, target = answer["service_level"], answer["service_level_seconds"]
        lines.append(
            f"{answer['offered']:,} joined a queue; answered within {target:g} s: {level:.1%}"
        )
        lines.append(f"{answer['abandoned_after_30s']:,} hung up in a queue after more than 30 s")
    if answer["talks_cut_off"]:
        lines.append(f"{answer['talks_cut_off']:,} of those answered were cut off in their talk")
    if answer["media_lost"]:
        lines.append(f"{answer['media_lost']:,} ended because the caller's phone or line had gone")
    if answer["asa_seconds"] is not None:
        lines.append(f"those answered waited {answer['asa_seconds']:.0f} s on average")
    if answer["credited"]:
        line = f"{answer['credited']:,} calls were of people who had waited before, unanswered"
        if (seconds := answer["effective_asa_seconds"]) is not None:
            line += f"; with that, those answered waited {seconds:.0f} s on average"
        lines.append(line)
    return "\n".join(lines)
