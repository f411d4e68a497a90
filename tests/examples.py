"""How many examples a property test or a fuzz target tries, when it is not the usual number."""

from hypothesis import settings

FULL = 100  # hypothesis's own number, and that of `make verify`


def examples(full: int) -> int:
    """`full` of them with `--verify`; otherwise fewer, in the ratio in which all tests do less."""
    return max(1, full * settings.default.max_examples // FULL)
