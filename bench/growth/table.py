"""The figures as tables: one for each thing that varies."""

from collections.abc import Iterator, Mapping, Sequence

from bench.growth.size import AXES, CORNER, Size, exponent

Figures = Mapping[str, float]
LEAST = 1e-4  # seconds: what is smaller is not timed well enough for an exponent


def tables(found: Mapping[Size, Figures], only: str | None) -> str:
    """All tables as Markdown; `only` this one."""
    return "\n\n".join(
        "\n".join(_table(name, axis, found)) for name, axis in AXES.items() if only in (None, name)
    )


def _table(name: str, axis: tuple[Size, ...], found: Mapping[Size, Figures]) -> Iterator[str]:
    corner = name == "callers" and CORNER in found
    heads = [f"{getattr(size, name):,}" for size in axis]
    last = [str(CORNER)] if corner else []
    yield "| " + " | ".join([f"ms, by {name}", *heads, "exponent", *last]) + " |"
    yield "|---|" + "--:|" * (len(heads) + 1 + len(last))
    for what in found[axis[0]]:
        costs = [found[size][what] for size in axis]
        grows = _grows([getattr(size, name) for size in axis], costs)
        beside = [_ms(found[CORNER][what])] if corner else []
        yield f"| {what} | " + " | ".join([*map(_ms, costs), grows, *beside]) + " |"


def _grows(sizes: Sequence[float], costs: Sequence[float]) -> str:
    """The exponent; a dash for what is not timed well enough."""
    return f"{exponent(sizes, costs):.2f}" if min(costs) >= LEAST else "–"


def _ms(seconds: float) -> str:
    ms = seconds * 1000
    return f"{ms:,.0f}" if ms >= 100 else f"{ms:.1f}" if ms >= 10 else f"{ms:.3f}"
