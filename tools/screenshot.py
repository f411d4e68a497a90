"""`make screenshot`: a picture of `ivrd top` in the midst of the demo, for the README.

Runs the demo, and draws the status in which most is to be seen of the overflow.
"""

import io
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from ivrd.cli import dashboard
from ivrd.core.status_schema import Status
from lab import demo

PICTURE = Path(__file__).parent.parent / "docs" / "top.svg"
COLUMNS = 92  # what the longest reason takes
TITLE = "ivrd top"


def sights(status: Status) -> int:
    """How much there is to see: callers who wait, partners who talk, one that is left alone."""
    partners = status["partners"]
    return (
        10 * sum(of["breaker"] != "closed" for of in partners)
        + 4 * sum(of["talking"] > 0 for of in partners)
        + sum(min(of["talking"], 3) for of in partners)
        + sum(min(of["open"], 3) for of in partners)
        + 2 * sum(queue["waiting"] > 0 for queue in status["queues"])
        + min(status["calls"]["menu"], 3)
        + 2 * (status["overflow"]["wanted"] > 0)
    )


def draw(status: Status) -> str:
    """The board as SVG."""
    status = {**status, "up_seconds": max(status["up_seconds"], 1.0)}
    console = Console(
        record=True,
        file=io.StringIO(),
        width=COLUMNS,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    console.print(dashboard.board(status, COLUMNS, dashboard.HEIGHT + 4))
    return console.export_svg(title=TITLE, theme=MONOKAI, unique_id="top")


def main() -> int:
    """Run the demo, write the picture; the demo's exit status."""
    best: list[Status] = []

    def seen(status: Status) -> None:
        if not best or sights(status) > sights(best[0]):
            best[:] = [status]

    result = demo.run(demo.Show(seen=seen))
    if best:
        svg = "\n".join(line.rstrip() for line in draw(best[0]).splitlines())
        PICTURE.write_text(f"{svg}\n", "utf-8")
        print(f"{PICTURE} is written; look at it before you keep it.")
    return result


if __name__ == "__main__":
    sys.exit(main())
