"""The results, as one row for each fault: on the terminal and in docs/reliability.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaos.run import Outcome

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"
HEAD = (
    "| fault | what was done | calls | lost | wrong counts | longest silence | time to recover "
    "| command |\n|---|---|---|---|---|---|---|---|\n"
)


def cells(came: Outcome, long: bool) -> tuple[str, ...]:
    """The row of one fault."""
    fault, verdict = came.order.fault, came.verdict
    kept = [f"{count} {why}" for why, count in verdict.excused.items()]
    lost = "; ".join([str(len(verdict.lost)), *kept])
    wrong = "; ".join(f"{row.what}: {row.callers} / {row.ivrd}" for row in verdict.wrong)
    done = "; ".join([f"{fault.done} ({came.strikes} ×)", *_measured(came), *came.found])
    form = "--long " if long else ""
    return (
        fault.name,
        done,
        str(verdict.calls),
        lost,
        wrong or "0",
        f"{verdict.silence:.1f} s",
        f"{came.recovery:.1f} s" if came.recovery else "–",
        f"`python -m chaos {form}--seed {came.order.seed} {fault.name}`",
    )


def _measured(came: Outcome) -> list[str]:
    return list(came.notes[:3])


def row(came: Outcome, long: bool) -> str:
    """The same as a line of Markdown."""
    return f"| {' | '.join(cells(came, long))} |\n"


def told(came: Outcome, control: bool) -> str:
    """The row for the terminal; of a control also what was taken away."""
    name, done, calls, lost, wrong, silence, recovery, _ = cells(came, False)
    state = "ok  " if came.good else "HARM"
    lines = [
        f"{state} {name}: {calls} calls, lost {lost}, wrong counts {wrong}, "
        f"longest silence {silence}, recovered in {recovery}",
        f"     {done}",
    ]
    if control and came.order.fault.control is not None:
        lines.append(f"     without the defence: {came.order.fault.control.done}")
    lines += [
        f"     lost: caller {e.id} ({e.behaviour}) {e.outcome}, {e.lasted} s, ended by {e.ended}"
        for e in came.verdict.lost[:5]
    ]
    return "\n".join(lines)


def replaced(page: str, name: str, line: str) -> str:
    """The page with this fault's row put in, in its old place or at the end of the table."""
    before, _, rest = page.partition(BEGIN)
    inside, _, after = rest.partition(END)
    lines = inside.removeprefix(HEAD).splitlines(keepends=True)
    at = next((n for n, old in enumerate(lines) if old.startswith(f"| {name} |")), len(lines))
    lines[at : at + 1] = [line]
    return f"{before}{BEGIN}{HEAD}{''.join(lines)}{END}{after}"


def write(came: Outcome, long: bool, path: Path = PAGE) -> None:
    """Put the row into the page."""
    page = path.read_text("utf-8")
    path.write_text(replaced(page, came.order.fault.name, row(came, long)), "utf-8")
