"""`make screenshot`: a picture of `ivrd top` in the midst of the demo, for the README.

Runs the demo, and draws the status in which most is to be seen of the overflow.
"""

import io
import re
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
ROWS = 32  # enough for the empty lines between all parts
LED_BY_SPACES = re.compile(r'x="([\d.]+)" (y="[\d.]+") textLength="([\d.]+)"([^>]*>)((?:&#160;)+)')
CELL = 12.2  # rich's width of a cell in SVG


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
    console = Console(
        record=True,
        file=io.StringIO(),
        width=COLUMNS,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    console.print(dashboard.board(status, COLUMNS, ROWS))
    return _plain(console.export_svg(title=TITLE, theme=MONOKAI, unique_id="top"))


def _plain(svg: str) -> str:
    """Without fonts from elsewhere, and without spaces at which renderers differ.

    Some leave out those that a piece of text begins with: it begins further to the right instead.
    """
    svg = re.sub(r"\s*@font-face \{.*?\}(?=\s)", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", "font-family: monospace")
    svg = re.sub(r"<text [^>]*>(?:&#160;|\s)*</text>", "", svg)
    svg = LED_BY_SPACES.sub(_moved, svg)
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


def _moved(found: re.Match[str]) -> str:
    x, y, length, rest, spaces = found.groups()
    gap = spaces.count(";") * CELL
    return f'x="{float(x) + gap:.1f}" {y} textLength="{float(length) - gap:.1f}"{rest}'


def main() -> int:
    """Run the demo, write the picture; the demo's exit status."""
    best: list[Status] = []

    def seen(status: Status) -> None:
        if not best or sights(status) > sights(best[0]):
            best[:] = [status]

    result = demo.run(demo.Show(seen=seen))
    if best:
        PICTURE.write_text(draw(best[0]), "utf-8")
        print(f"{PICTURE} is written; look at it before you keep it.")
    return result


if __name__ == "__main__":
    sys.exit(main())
