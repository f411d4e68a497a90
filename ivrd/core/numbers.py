"""Which prompts say a number, in Thai and in English, from 0 to 999.

A number is said from recorded pieces. Each piece is a prompt id of `config/prompts.yaml`:

    number-0 … number-20, number-30 … number-90    the number itself
    number-100 … number-900                        whole hundreds ("one hundred", หนึ่งร้อย)
    number-et                                      Thai only: เอ็ด
    number-and                                     English only: "and"

Thai says a last one as เอ็ด instead of หนึ่ง when any digit stands before it: สิบเอ็ด (11),
ยี่สิบเอ็ด (21), หนึ่งร้อยเอ็ด (101). That is the rule of the Royal Society of Thailand.
English is British: "one hundred and five".

`ivrd.asterisk.render.say` writes the same rules for Asterisk, and a test holds the two together.
"""

from collections.abc import Callable

LARGEST = 999


def spoken(number: int, language: str) -> tuple[str, ...]:
    """Prompt ids that say `number` (0 to 999) in `language` ("th" or "en"), in order.

    Raises ValueError for another number or language.
    """
    if not 0 <= number <= LARGEST:
        raise ValueError(f"number to say must be 0 to {LARGEST}, not {number}")
    if language not in _SPEAKERS:
        raise ValueError(f"numbers are spoken in {', '.join(_SPEAKERS)}, not in {language!r}")
    return _SPEAKERS[language](number)


def pieces(language: str) -> frozenset[str]:
    """Every prompt id that numbers need in `language`. Raises ValueError for an unknown one."""
    return frozenset(piece for n in range(LARGEST + 1) for piece in spoken(n, language))


def _thai(number: int) -> tuple[str, ...]:
    hundreds, rest = _hundreds(number)
    if hundreds and rest == 1:
        return *hundreds, "number-et"
    if rest > 20 and rest % 10 == 1:
        return *hundreds, f"number-{rest - 1}", "number-et"
    return *hundreds, *_below_hundred(rest, alone=not hundreds)


def _english(number: int) -> tuple[str, ...]:
    hundreds, rest = _hundreds(number)
    link = ("number-and",) if hundreds and rest else ()
    return *hundreds, *link, *_below_hundred(rest, alone=not hundreds)


def _hundreds(number: int) -> tuple[tuple[str, ...], int]:
    """The piece for the whole hundreds, if any, and what remains below 100."""
    rest = number % 100
    return ((f"number-{number - rest}",) if number >= 100 else (), rest)


def _below_hundred(number: int, *, alone: bool) -> tuple[str, ...]:
    """Pieces for 0 to 99; zero is only said when it is the whole number (`alone`)."""
    unit = number % 10
    if number == 0 and not alone:
        return ()
    if number <= 20 or unit == 0:
        return (f"number-{number}",)
    return f"number-{number - unit}", f"number-{unit}"


_SPEAKERS: dict[str, Callable[[int], tuple[str, ...]]] = {"th": _thai, "en": _english}
LANGUAGES = tuple(_SPEAKERS)
