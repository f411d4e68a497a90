"""The board's part for partners: who lends seats now, who is left alone, and why.

Those that matter now have a line each, the others share one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.text import Text

from ivrd.cli.cells import clean, count, left, right
from ivrd.core.status_schema import OverflowStatus, PartnerStatus

FEW = 4  # so many partners have a line each, whether they matter or not
COLUMNS = {"wanted": 7, "open": 5, "talking": 8, "taken": 6}  # and the cells of each
LONGEST_NAME = 15
GAP = "  "
HEADING = "Partners"
NUMBERS = sum(COLUMNS.values())
WARN = "bold yellow"
# What goes first where a reason is too long: all but the first of several, how often it failed.
LESS = re.compile(r"(; [^;]*|, \d+ in a row)$")
IDLE = 6  # the rank of one that does not matter now


def lines(
    overflow: OverflowStatus, partners: Sequence[PartnerStatus], width: int, room: int
) -> list[Text]:
    """At most `room` lines of `width` cells, at least one; none without partners."""
    if not partners:
        return []
    if room < 3:
        return [_in_one_line(overflow, partners, width)]
    ranked = sorted(partners, key=_rank)
    shown = _shown(ranked)
    if len(shown) < len(partners) or len(shown) > room - 2:
        shown = shown[: room - 3]
    rest = ranked[len(shown) :]
    names = max((cell_len(clean(of["name"])) for of in shown), default=0)
    name = max(len(HEADING), min(names, LONGEST_NAME)) + 1
    found = [_heading(name), _all(overflow, partners, name, width)]
    found += [_row(of, name, width) for of in shown]
    return [*found, *([Text(left(_rest(rest, bool(shown)), width))] if rest else [])]


def most_lines(partners: Sequence[PartnerStatus]) -> int:
    """How many lines there are where there is room for all."""
    if not partners:
        return 0
    shown = len(_shown(partners))
    return 2 + shown + (shown < len(partners))


def _shown(ranked: Sequence[PartnerStatus]) -> list[PartnerStatus]:
    """Those with a line of their own, where there is room for all."""
    return [of for of in ranked if _rank(of) < IDLE or len(ranked) <= FEW]


def _rank(of: PartnerStatus) -> int:
    """How much a partner matters now, 0 the most."""
    signs = (
        of["talking"] or of["ringing"],
        of["open"],
        of["wanted"],
        of["override"],
        of["breaker"] != "closed",
        of["held_to"] is not None,
    )
    return next((rank for rank, sign in enumerate(signs) if sign), IDLE)


def _heading(name: int) -> Text:
    words = "".join(right(word, cells) for word, cells in COLUMNS.items())
    return Text(f"{left(HEADING, name)}{words}{GAP}why", "bold")


def _numbers(of: PartnerStatus | dict[str, int]) -> str:
    return "".join(right(count(of[key]), cells) for key, cells in COLUMNS.items())  # type: ignore[literal-required]  # the keys are the columns' names


def _sums(partners: Iterable[PartnerStatus]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for of in partners:
        sums.update({key: of[key] for key in COLUMNS})  # type: ignore[literal-required]  # as above
    return sums


def _all(
    overflow: OverflowStatus, partners: Sequence[PartnerStatus], name: int, width: int
) -> Text:
    sums = {**_sums(partners), "wanted": overflow["wanted"]}
    label = left(f"all {len(partners)}", name)
    return Text(f"{label}{_numbers(sums)}{GAP}{_why(overflow['why'], name, width)}")


def _row(of: PartnerStatus, name: int, width: int) -> Text:
    line = Text(left(of["name"], name) + _numbers(of) + GAP)
    why = of["why"]
    if why == "healthy" and of["ringing"]:
        why = f"{of['ringing']} ringing"
    watched = of["override"] or of["breaker"] != "closed"
    return line.append(_why(why, name, width), WARN if watched else "")


def _why(text: str, name: int, width: int) -> str:
    """The reason in what is left of a line beside a name and numbers; the main thing of it."""
    cells = width - name - NUMBERS - len(GAP)
    while cell_len(text) > cells and (less := LESS.sub("", text)) != text:
        text = less
    return left(text, cells)


def _rest(rest: Sequence[PartnerStatus], more: bool) -> str:
    """Those without a line of their own; `more`: others have one."""
    who = f"{len(rest)} more" if more else f"{len(rest)} partners"
    sums = _sums(rest)
    if sums["wanted"] or sums["open"] or sums["talking"]:
        wanted, opened, talking = sums["wanted"], sums["open"], sums["talking"]
        numbers = f"{who}: seats wanted {wanted}, open {opened}, talking {talking}"
        return "; ".join(filter(None, (numbers, _watched(rest))))
    kinds = Counter(map(_kind, rest))
    said = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    return f"{who}, no seats wanted: {said}"


def _watched(partners: Iterable[PartnerStatus]) -> str:
    """Of those without a line of their own: overrides, and who is left alone.  Empty for none."""
    kinds = Counter(_kind(of) for of in partners if of["override"] or of["breaker"] != "closed")
    return ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())


def _kind(of: PartnerStatus) -> str:
    """Why it has no seats, in words that are the same for all of a kind."""
    if of["override"]:
        return f"{of['override']} by override"
    if of["breaker"] != "closed":
        return "left alone after failures"
    return "ready" if of["able"] else of["why"]


def _in_one_line(overflow: OverflowStatus, partners: Sequence[PartnerStatus], width: int) -> Text:
    sums = _sums(partners)
    numbers = f"seats wanted {overflow['wanted']}, open {sums['open']}, talking {sums['talking']}"
    watched = _watched(partners)
    said = "; ".join(filter(None, (numbers, watched, overflow["why"])))
    return Text(left(f"{HEADING}: {said}", width), WARN if watched else "")
