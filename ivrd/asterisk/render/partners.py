"""Partners' seats: their names, their contexts for the dialplan.

Written for each partner, whatever its state, so that one can begin at any time.
"""

from collections.abc import Sequence

from ivrd.asterisk import dialplan_names
from ivrd.core.partner import Partner


def seats_of(partner: Partner) -> tuple[str, ...]:
    """The names of all its seats inside ivrd, up to its cap.

    Seats have two digits, from the hundredth on three.
    """
    return tuple(f"{partner.id}/{number:02}" for number in range(1, partner.cap + 1))


def context(
    partner: Partner,
    spoken: Sequence[str],
    redirects: bool,
    transport: str,
    headers: Sequence[str],
) -> str:
    """The dialplan of its seats 1 to cap, and of no other: a member elsewhere is never rung.

    `spoken`: the languages that are on.  `redirects`: whether a call goes on that its exchange
    answers with 302.  `transport`: by which that is spoken to.  `headers`: what those with topic,
    case and note are called there.
    """
    told_in = partner.told_in(spoken)
    confirm = "yes" if partner.confirm else "no"
    times = f"{partner.response_seconds},{partner.ring_seconds},{partner.key_seconds}"
    arguments = f"{partner.id},${{EXTEN}},{confirm},{told_in},{times},{partner.cap}"
    arguments += f",{'yes' if redirects else ''},{transport},{','.join(headers)}"
    leg = f"Gosub({dialplan_names.PARTNER_LEG},s,1({arguments}))"
    seats = "".join(f"exten => {pattern},1,{leg}\n" for pattern in _patterns(partner.cap))
    return f"[{dialplan_names.PARTNER_PREFIX}{partner.id}]\n{seats}"


def _patterns(cap: int) -> list[str]:
    """What matches the seats 1 to `cap` and nothing else: whole tens as patterns, the rest singly.

    01 to 99 have two digits, so tens beyond them begin with 1 to 9.
    """
    tens, rest = divmod(cap + 1, 10)
    whole = [f"_{ten}{'X' if ten else 'Z'}" for ten in range(tens)]
    return whole + [f"{10 * tens + one:02}" for one in range(0 if tens else 1, rest)]
