"""Cells of tables in a terminal: texts in an exact width, numbers and times as people read them."""

from rich.cells import cell_len, set_cell_size


def clean(text: str) -> str:
    """Nothing that moves a cursor or rings a bell."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def left(text: str, width: int) -> str:
    """`text` in exactly `width` cells; one that is too long ends in two dots and a space."""
    text = clean(text)
    if cell_len(text) > width:
        text = set_cell_size(text, width - 3) + ".."
    return set_cell_size(text, width)


def right(text: str, width: int) -> str:
    """`text` at the end of `width` cells; it has to fit."""
    return " " * (width - cell_len(text)) + text


def count(number: int) -> str:
    """A number with its thousands apart: 12,204."""
    return f"{number:,}"


def percent(ratio: float | None) -> str:
    """A ratio (0 to 1) as 82.3%; a dash for none."""
    return "-" if ratio is None else f"{ratio:.1%}"


def clock(seconds: float | None) -> str:
    """Minutes and seconds, 02:11; over an hour the minutes go on.  A dash for none."""
    return "-" if seconds is None else "{:02}:{:02}".format(*divmod(max(0, int(seconds)), 60))


def length(seconds: float) -> str:
    """A length of time in words: 12 s, 5 min, 3 h 12 min, 2 d 3 h."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"
