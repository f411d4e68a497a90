"""The results, as one row for each fault: on the terminal and in docs/reliability.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.fault import Fault
from chaos.outcome import Outcome
from lab.comparison import Row

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
SILENCE, RECOVERY = "longest silence", "time to recover"
SOME = 3  # of what was measured, of those who were lost


@dataclass(frozen=True)
class Table:
    """A table between two marks of the page, with a row for each fault."""

    begin: str
    end: str
    titles: tuple[str, ...]

    @property
    def head(self) -> str:
        """The first two lines."""
        return line(self.titles) + "|---" * len(self.titles) + "|\n"

    def replaced(self, page: str, name: str, row: str) -> str:
        """The page with this fault's row put in, in its old place or at the end of the table.

        Raises ValueError for a page without the marks.
        """
        if self.begin not in page or self.end not in page:
            raise ValueError(f"expected {self.begin.strip()} and {self.end.strip()} in the page")
        before, _, rest = page.partition(self.begin)
        inside, _, after = rest.partition(self.end)
        lines = inside.removeprefix(self.head).splitlines(keepends=True)
        at = next((n for n, old in enumerate(lines) if old.startswith(f"| {name} |")), len(lines))
        lines[at : at + 1] = [row]
        return f"{before}{self.begin}{self.head}{''.join(lines)}{self.end}{after}"


RESULTS = Table(
    "<!-- results -->\n",
    "<!-- end of results -->\n",
    ("fault", "what was done", "calls", "lost", "wrong counts", SILENCE, RECOVERY, "command"),
)
CONTROLS = Table(
    "<!-- controls -->\n",
    "<!-- end of controls -->\n",
    ("fault", "what was taken away", "harm", "command"),
)


def line(cells: Sequence[str]) -> str:
    """Cells as a line of Markdown."""
    return f"| {' | '.join(cells)} |\n"


def cells(came: Outcome, long: bool) -> tuple[str, ...]:
    """The row of one fault."""
    fault, verdict = came.order.fault, came.verdict
    kept = [f"{count} {why}" for why, count in verdict.excused.items()]
    if verdict.astray:
        kept.append(f"{len(verdict.astray)} led astray")
    lost = "; ".join([str(len(verdict.lost)), *kept])
    done = "; ".join([f"{fault.done} ({came.strikes} ×)", *came.notes[:SOME], *came.found])
    form = "--long " if long else ""
    return (
        fault.name,
        done,
        str(verdict.calls),
        lost,
        _wrong(verdict.wrong) or "0",
        f"{verdict.silence:.1f} s",
        f"{came.recovery:.1f} s" if came.recovery else "–",
        f"`python -m chaos {form}--seed {came.order.seed} {fault.name}`",
    )


def _wrong(rows: Sequence[Row]) -> str:
    return "; ".join(f"{row.what}: {row.callers} / {row.ivrd}" for row in rows)


def harm(came: Outcome) -> str:
    """What the lack of a defence has done; empty when nothing."""
    verdict = came.verdict
    said = [
        f"{len(verdict.lost)} of {verdict.calls} lost" if verdict.lost else "",
        f"{len(verdict.astray)} led astray" if verdict.astray else "",
        f"wrong counts: {_wrong(verdict.wrong[:SOME])}" if verdict.wrong else "",
        f"{verdict.silence:.1f} s of silence" if verdict.silence > verdict.allowed else "",
        *came.found[:SOME],
    ]
    return "; ".join(part for part in said if part)


def terminal_row(came: Outcome, control: bool) -> str:
    """The row for the terminal; of a control also what was taken away."""
    name, done, calls, lost, wrong, silence, recovery, _ = cells(came, False)
    state = "HARM" if came.harmed or not (control or came.good) else "ok  "
    lines = [
        f"{state} {name}: {calls} calls, lost {lost}, wrong counts {wrong}, "
        f"longest silence {silence}, recovered in {recovery}",
        f"     {done}",
    ]
    if control and came.order.fault.control is not None:
        lines.append(f"     without the defence: {came.order.fault.control.done}")
    lines += [
        f"     lost: caller {e.id} ({e.behaviour}) {e.outcome}, {e.lasted} s, ended by {e.ended}"
        for e in came.verdict.lost[:SOME]
    ]
    lines += [
        f"     led astray: {talk.number}, to {talk.topic or 'nobody in particular'}"
        for talk in came.verdict.astray[:SOME]
    ]
    return "\n".join(lines)


def write(came: Outcome, long: bool, control: bool, path: Path = PAGE) -> None:
    """Put the row of a fault, or of its control, into the page."""
    fault = came.order.fault
    if not control:
        _put(RESULTS, fault.name, cells(came, long), path)
    elif fault.control is not None:
        command = f"`python -m chaos --control --seed {came.order.seed} {fault.name}`"
        row = (fault.name, fault.control.done, harm(came) or "none was seen", command)
        _put(CONTROLS, fault.name, row, path)


def write_none(fault: Fault, path: Path = PAGE) -> None:
    """Put the row of a fault without a control into the page."""
    _put(CONTROLS, fault.name, (fault.name, "–", fault.no_control, "–"), path)


def _put(table: Table, name: str, cells: Sequence[str], path: Path) -> None:
    path.write_text(table.replaced(path.read_text("utf-8"), name, line(cells)), "utf-8")
