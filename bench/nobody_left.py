"""People who are never reached, by a hotline that keeps their place and calls back, and without.

    python -m bench.nobody_left [--days 3]

A simulation (bench/redials.py): one queue, twelve hours of which the busiest brings twice what the
agents can take; of those who give up 30, 50 or 70 % dial again.  The people are the same for each
hotline.  Printed and written to bench/RESULTS.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from math import inf
from statistics import fmean

from bench import results
from bench.redials import HOUR, Day, Habits, Hotline, Result

NAME = "python -m bench.nobody_left"
CROWDS = (
    *(Habits(redial) for redial in (0.3, 0.5, 0.7)),
    *(Habits(0.5, accept=accept) for accept in (0.2, 0.8)),
)
HOTLINES = (
    Hotline("neither", fair=False, calls_back=False),
    Hotline("the fairness clock", fair=True, calls_back=False),
    Hotline("calls back", fair=False, calls_back=True),
    Hotline("both", fair=True, calls_back=True),
    *(
        Hotline(f"both, giving way for {hours} h", True, True, gives_way=hours * HOUR)
        for hours in (1, 2)
    ),
    Hotline("both, called when nobody waits", True, True, gives_way=inf),
)
HEAD = """\
| dial again | would be called | the hotline has | people | never reached | \
a day at least, at most | of those who dialled 3 times or more | calls a person | \
first call to a person, median | 95 % | \
answers | calls made |
|---|---|---|---|---|---|---|---|---|---|---|---|"""


def main() -> int:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("--days", type=int, default=3, help="for each row, each of other people")
    given = parser.parse_args()
    rows = [HEAD]
    with ProcessPoolExecutor() as pool:
        for habits in CROWDS:
            for hotline in HOTLINES:
                if habits.accept != CROWDS[0].accept and not hotline.calls_back:
                    continue  # it is the same as where others would be called
                jobs = [(hotline, habits, seed) for seed in range(given.days)]
                rows.append(_row(habits, hotline, list(pool.map(_day, *zip(*jobs, strict=True)))))
                print(rows[-1], file=sys.stderr)
    text = "\n".join(rows)
    print(text)
    results.write(NAME, f"{_about(Habits(0.5), given.days)}\n\n{text}")
    return 0


def _day(hotline: Hotline, habits: Habits, seed: int) -> Result:
    return Day(hotline, habits, seed).run()


def _row(habits: Habits, hotline: Hotline, days: Sequence[Result]) -> str:
    people = [one for day in days for one in day.people]
    often = [one for one in people if one.dialled >= 3]
    shares = [len(day.never) / len(day.people) for day in days]
    after = sorted(one.reached_at - one.came_at for one in people if one.reached_at is not None)
    cells = (
        f"{habits.redial:.0%}",
        f"{habits.accept:.0%}" if hotline.calls_back else "",
        hotline.name,
        f"{len(people) / len(days):,.0f}",
        f"{sum(len(day.never) for day in days) / len(people):.1%}",
        f"{min(shares):.1%}, {max(shares):.1%}",
        f"{sum(one.reached_at is None for one in often) / len(often):.1%}" if often else "-",
        f"{fmean(one.dialled for one in people):.2f}",
        f"{_share(after, 0.5) / 60:.1f} min",
        f"{_share(after, 0.95) / 60:.0f} min",
        f"{fmean(day.answers for day in days):,.0f}",
        f"{fmean(day.attempts for day in days):,.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _share(of: Sequence[float], share: float) -> float:
    """The value that this share of a sorted sequence does not exceed."""
    return of[int(share * (len(of) - 1))]


def _about(habits: Habits, days: int) -> str:
    return (
        f"People who are never reached, in a simulation with ivrd's own rules "
        f"(`core/people.py`, `core/booking.py`, `core/dialling.py`): {habits.agents} agents, talks "
        f"of {habits.talk:g} s, patience of {habits.patience:g} s for each call, hours that bring "
        f"{', '.join(f'{load:g}' for load in habits.loads)} times what the agents can take; "
        f"{days} days of other people for each row, the same for each hotline. Who gives up "
        f"dials again after {habits.pause:g} s on average, or never. Where the hotline calls back, "
        f"`would be called`: those of them who would rather be called; {habits.picks_up:.0%} of "
        "these come to the phone and press the key, at each of three attempts. `dial again`: of "
        "those who give up, each time. All means are of exponential distributions."
    )


if __name__ == "__main__":
    sys.exit(main())
