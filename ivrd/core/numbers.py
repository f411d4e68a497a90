"""Which prompts say a number, from 0 to 999, in each language that the hotline can speak.

A number is said from recorded pieces. Each piece is a prompt id of `config/prompts.yaml`:

    number-0 … number-20, number-30 … number-90    the number itself
    number-100 … number-900                        whole hundreds ("one hundred", หนึ่งร้อย)
    number-et                                      a last one after what `NumberGrammar` says
    number-and                                     between the hundreds and the rest
    number-N-and                                   tens and hundreds before something smaller

How they are put together is in `GRAMMARS`, for `ivrd.asterisk.render.say` as well, which writes it
down for Asterisk.  Sources: Thai, the Royal Society of Thailand (a last one is เอ็ด, not หนึ่ง, when
any digit stands before it: สิบเอ็ด, ยี่สิบเอ็ด, หนึ่งร้อยเอ็ด); English is British; Khmer, Lao and
Malay as the spelled-out numbers of Unicode's CLDR; Burmese with the creaky tone of ဆယ့် and ရာ့ before
something smaller.
"""

from dataclasses import dataclass
from functools import cache

LARGEST = 999


@dataclass(frozen=True)
class NumberGrammar:
    """What a language does beside saying hundreds, tens and units one after the other.

    et_after_tens, et_after_hundreds: where `number-et` is said for a last one (what is below 20 has
    recordings of its own).  link: `number-and` comes after the hundreds.  joined: tens and hundreds
    have another form, `number-N-and`, before something smaller.
    """

    et_after_tens: bool = False
    et_after_hundreds: bool = False
    link: bool = False
    joined: bool = False


GRAMMARS = {
    "th": NumberGrammar(et_after_tens=True, et_after_hundreds=True),
    "en": NumberGrammar(link=True),
    "km": NumberGrammar(),
    "lo": NumberGrammar(et_after_tens=True),
    "my": NumberGrammar(joined=True),
    "ms": NumberGrammar(),
}
LANGUAGES = tuple(GRAMMARS)
ET, AND = "number-et", "number-and"


def spoken(number: int, language: str) -> tuple[str, ...]:
    """Prompt ids that say `number` (0 to 999) in a language of `GRAMMARS`, in order.

    Raises ValueError for another number or language.
    """
    if not 0 <= number <= LARGEST:
        raise ValueError(f"number to say must be 0 to {LARGEST}, not {number}")
    if language not in GRAMMARS:
        raise ValueError(f"numbers are spoken in {', '.join(GRAMMARS)}, not in {language!r}")
    grammar, rest = GRAMMARS[language], number % 100
    if number < 100:
        return _below_hundred(number, grammar)
    if not rest:
        return (f"number-{number}",)
    link = (AND,) if grammar.link else ()
    last = (ET,) if rest == 1 and grammar.et_after_hundreds else _below_hundred(rest, grammar)
    return _before_more(number - rest, grammar), *link, *last


@cache
def pieces(language: str) -> frozenset[str]:
    """Every prompt id that numbers need in `language`. Raises ValueError for an unknown one."""
    return frozenset(piece for n in range(LARGEST + 1) for piece in spoken(n, language))


def _below_hundred(number: int, grammar: NumberGrammar) -> tuple[str, ...]:
    unit = number % 10
    if number <= 20 or unit == 0:
        return (f"number-{number}",)
    one = ET if unit == 1 and grammar.et_after_tens else f"number-{unit}"
    return _before_more(number - unit, grammar), one


def _before_more(number: int, grammar: NumberGrammar) -> str:
    """Whole tens or hundreds after which something smaller is said."""
    return f"number-{number}-and" if grammar.joined else f"number-{number}"
