"""The plots of a run, as SVG: calls by hour, processors, memory, event lag, partners' seats.

Needs matplotlib: the extra `bench` of setup.cfg.  The same figures give the same files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.day.clock import Clock
from bench.day.figures import Called, by_hour, shares
from bench.day.profile import HOUR, Profile
from bench.day.samples import SEATS, STAGES, Sample
from lab.comparison import ENDS

SIZE = (8.0, 3.2)  # inches
HOURS = range(0, 25, 3)
STYLE = {"svg.hashsalt": "ivrd", "svg.fonttype": "none", "font.size": 9, "axes.grid": True}
STYLE |= {"grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False}


@contextmanager
def _plot(path: Path, title: str, unit: str) -> Iterator[Axes]:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(title)
        axes.set_ylabel(unit)
        yield axes
        axes.set_ylim(bottom=0)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})


def calls(path: Path, of: Sequence[Called], profile: Profile) -> None:
    """How many calls began in each hour, by what became of them, over the profile."""
    with _plot(path, "Calls by hour and how they ended, by the callers' count", "calls") as axes:
        found, base = by_hour(of), [0] * 24
        for word in ENDS:
            if word in found:
                axes.bar(range(24), found[word], bottom=base, align="edge", width=0.9, label=word)
                base = [below + more for below, more in zip(base, found[word], strict=True)]
        steps = [share * len(of) * HOUR / (end - begin) for begin, end, share in profile.spans]
        edges = [edge / HOUR for edge in profile.edges]
        axes.stairs(steps, edges, color="black", label="profile")
        axes.set_xlabel("hour of the day")
        axes.set_xticks(HOURS)
        axes.legend(ncols=3, fontsize=7)


Lines = Mapping[str, Sequence[tuple[float, float]]]


def lines(path: Path, title: str, unit: str, of: Lines, clock: Clock) -> None:
    """Values over the run's seconds; the axis above has the hours of the day."""
    with _plot(path, title, unit) as axes:
        for name, points in of.items():
            axes.plot([at / 60 for at, _ in points], [value for _, value in points], label=name)
        axes.set_xlabel("minutes of the run; above, the hour of the day")
        axes.set_xlim(left=0)
        above = axes.secondary_xaxis("top")
        hours = [hour for hour in HOURS if hour >= 6]
        above.set_xticks([clock.run(hour * HOUR) / 60 for hour in hours], map(str, hours))
        axes.set_title(title, pad=20)
        axes.legend(fontsize=7)


def write(
    folder: Path,
    prefix: str,
    called: Sequence[Called],
    samples: Sequence[Sample],
    clock: Clock,
    profile: Profile,
) -> list[Path]:
    """Write all plots; their files."""
    names = list(samples[-1].cpu)
    hotline = [name for name in ("Asterisk", "ivrd") if name in names]

    memory: Lines = {name: [(s.at, s.memory[name]) for s in samples] for name in hotline}
    seats: Lines = {state: [(s.at, s.seats.get(state, 0)) for s in samples] for state in SEATS}
    stages: Lines = {stage: [(s.at, s.calls.get(stage, 0)) for s in samples] for stage in STAGES}
    lag: Lines = {"99th percentile, upper bound": [(s.at, s.lag) for s in samples]}
    drawn: dict[str, tuple[str, str, Lines]] = {
        "cpu": (
            "Processors in use by each process",
            "processors",
            {name: list(shares(samples, name)) for name in names},
        ),
        "memory": ("Memory in use", "MB", memory),
        "lag": (
            "Event lag: 99 % of the events of 5 s reached ivrd within",
            "seconds",
            lag,
        ),
        "seats": ("Partners' seats", "seats", seats),
        "stages": ("Calls in progress", "calls", stages),
    }
    made = [folder / f"{prefix}-calls.svg"]
    calls(made[0], called, profile)
    for key, (title, unit, found) in drawn.items():
        made.append(folder / f"{prefix}-{key}.svg")
        lines(made[-1], title, unit, found, clock)
    return made
