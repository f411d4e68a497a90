"""Asterisk's `say.conf`: numbers said from our own prompts.

app_queue says positions and minutes with Asterisk's own number rules. Those look for files that
we do not have (`digits/...`), and their Thai is wrong: 101 comes out as "hundred one" with หนึ่ง
where Thai needs เอ็ด. `mode=new` makes app_playback take over with the rules below, which say
what `ivrd.core.numbers` says, for 0 to 999.

How the rules work (Asterisk: apps/app_playback.c, `do_say`): a number arrives as `num:N`; the
first rule of the language whose pattern matches is taken, so the order matters; `${SAY}` is
N, and `${SAY:0:1}` its first digit. A part with a colon is looked up again, any other is a file.
In a pattern N, X and Z stand for digits, hence `[n]um`. A language without a section of its own
gets [en].
"""

from ivrd.asterisk.dialplan_names import PROMPT_FOLDER

_RULES = """\
[general]
mode=new

; The first rule that matches is taken.
[th]
_[n]um:X => number-${SAY}
_[n]um:1X => number-${SAY}
_[n]um:[2-9]0 => number-${SAY}
_[n]um:[2-9]1 => number-${SAY:0:1}0, number-et
_[n]um:[2-9]X => number-${SAY:0:1}0, number-${SAY:1}
_[n]um:X00 => number-${SAY}
_[n]um:X01 => number-${SAY:0:1}00, number-et
_[n]um:X0X => number-${SAY:0:1}00, number-${SAY:2}
_[n]um:XXX => number-${SAY:0:1}00, num:${SAY:1}

[en]
_[n]um:X => number-${SAY}
_[n]um:1X => number-${SAY}
_[n]um:[2-9]0 => number-${SAY}
_[n]um:[2-9]X => number-${SAY:0:1}0, number-${SAY:1}
_[n]um:X00 => number-${SAY}
_[n]um:X0X => number-${SAY:0:1}00, number-and, number-${SAY:2}
_[n]um:XXX => number-${SAY:0:1}00, number-and, num:${SAY:1}
"""


def say_conf() -> str:
    """The whole text of `say.conf`."""
    return _RULES.replace("number-", f"{PROMPT_FOLDER}/number-")
