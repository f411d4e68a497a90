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

from collections.abc import Iterator
from itertools import product

from ivrd.asterisk.dialplan_names import PROMPT_FOLDER
from ivrd.asterisk.queue_language import variant_prompts
from ivrd.core.announced_wait import BESIDE

_RULES = """\
[general]
mode=new

; The first rule that matches is taken.
[th]
_[n]um:. => place:${SAY}
_place:X => number-${SAY}
_place:1X => number-${SAY}
_place:[2-9]0 => number-${SAY}
_place:[2-9]1 => number-${SAY:0:1}0, number-et
_place:[2-9]X => number-${SAY:0:1}0, number-${SAY:1}
_place:X00 => number-${SAY}
_place:X01 => number-${SAY:0:1}00, number-et
_place:X0X => number-${SAY:0:1}00, number-${SAY:2}
_place:XXX => number-${SAY:0:1}00, place:${SAY:1}
_place:XXXX => place:999

[en]
_[n]um:. => place:${SAY}
_place:X => number-${SAY}
_place:1X => number-${SAY}
_place:[2-9]0 => number-${SAY}
_place:[2-9]X => number-${SAY:0:1}0, number-${SAY:1}
_place:X00 => number-${SAY}
_place:X0X => number-${SAY:0:1}00, number-and, number-${SAY:2}
_place:XXX => number-${SAY:0:1}00, number-and, place:${SAY:1}
_place:XXXX => place:999
"""


# app_queue knows nothing of those who wait beside the line: where some are ahead, its position is
# said as so many more.
_BESIDE = """
[{language}_{folder}_{beside}]
_[n]um:. => place:$[${{SAY}} + {beside}]
"""


def say_conf() -> str:
    """The whole text of `say.conf`."""
    return _RULES.replace("number-", f"{PROMPT_FOLDER}/number-") + "".join(_beside())


def _beside() -> Iterator[str]:
    folders = [name for name in variant_prompts() if name.endswith("b")]
    for language, folder, beside in product(("th", "en"), folders, BESIDE):
        yield _BESIDE.format(language=language, folder=folder, beside=beside)
