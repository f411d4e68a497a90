"""Asterisk's `say.conf`: numbers said from our own prompts.

app_queue says positions and minutes with Asterisk's own number rules. Those look for files that
we do not have (`digits/...`), and their Thai is wrong: 101 comes out as "hundred one" with หนึ่ง
where Thai needs เอ็ด. `mode=new` makes app_playback take over with the rules below, which say
what `ivrd.core.numbers` says, for 0 to 999; what is larger is said as 999.

How the rules work (Asterisk: apps/app_playback.c, `do_say`): a number arrives as `num:N`; the
first rule of the language whose pattern matches is taken, so the order matters; `${SAY}` is
N, and `${SAY:0:1}` its first digit. A part with a colon is looked up again, any other is a file.
So a variant of a language needs no more than a rule that makes another place of the number.
In a pattern N, X and Z stand for digits, hence `[n]um`. A language without a section of its own
gets [en].
"""

from collections.abc import Iterator, Sequence
from itertools import product

from ivrd.asterisk.dialplan_names import PROMPT_FOLDER
from ivrd.asterisk.queue_language import variant_prompts
from ivrd.core.announced_wait import BESIDE
from ivrd.core.numbers import AND, ET, GRAMMARS, NumberGrammar

_HEAD = """\
[general]
mode=new

; The first rule that matches is taken.
"""
_TENS, _HUNDREDS = "number-${SAY:0:1}0", "number-${SAY:0:1}00"

# app_queue knows nothing of those who wait beside the line: where some are ahead, its position is
# said as so many more.
_BESIDE = """
[{language}_{folder}_{beside}]
_[n]um:. => place:$[${{SAY}} + {beside}]
"""


def say_conf(languages: Sequence[str]) -> str:
    """The whole text of `say.conf` for these languages."""
    sections = "\n".join(_language(name, GRAMMARS[name]) for name in languages)
    rules = (_HEAD + sections).replace("number-", f"{PROMPT_FOLDER}/number-")
    return rules + "".join(_beside(languages))


def _language(name: str, of: NumberGrammar) -> str:
    """The section of one language."""
    more = "-and" if of.joined else ""
    tens, hundreds = _TENS + more, f"{_HUNDREDS}{more}, " + (f"{AND}, " if of.link else "")
    rules = {
        "X": "number-${SAY}",
        "1X": "number-${SAY}",
        "[2-9]0": "number-${SAY}",
        "[2-9]1": f"{tens}, {ET}" if of.et_after_tens else "",
        "[2-9]X": f"{tens}, number-${{SAY:1}}",
        "X00": "number-${SAY}",
        "X01": f"{_HUNDREDS}, {ET}" if of.et_after_hundreds else "",
        "X0X": f"{hundreds}number-${{SAY:2}}",
        "XXX": f"{hundreds}place:${{SAY:1}}",
        "XXXX": "place:999",
    }
    lines = (f"_place:{number} => {said}\n" for number, said in rules.items() if said)
    return f"[{name}]\n_[n]um:. => place:${{SAY}}\n{''.join(lines)}"


def _beside(languages: Sequence[str]) -> Iterator[str]:
    folders = [name for name in variant_prompts() if name.endswith("b")]
    for language, folder, beside in product(languages, folders, BESIDE):
        yield _BESIDE.format(language=language, folder=folder, beside=beside)
