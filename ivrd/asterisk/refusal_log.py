"""Calls that Asterisk refuses by itself: its own log is the only place that tells of them.

It makes no channel then, so there is neither an event nor a step of the dialplan: with 503 while it
waits for its last call to end (`core stop gracefully`), or has no room for another one; with 488
when the sound is to be encrypted otherwise than the trunk's `srtp` says, or sent to no address.
"""

import re
from collections import Counter

from ivrd.asterisk.log_follower import LINE
from ivrd.core.refusals import RefusalCause

# chan_pjsip.c, chan_pjsip_incoming_request; the name before it is the endpoint's, a carrier's.
# res_pjsip_session.c, handle_incoming_sdp; within a call a channel's name is there, with a /.
REFUSED = re.compile(
    LINE + rb"(?:chan_pjsip\.c: +([A-Za-z0-9_-]+): Failed to allocate new PJSIP channel on|"
    rb"res_pjsip_session\.c: +([A-Za-z0-9_-]+): Couldn't negotiate stream)"
)


def refused(lines: bytes) -> Counter[tuple[str, RefusalCause]]:
    """Calls that were refused, by carrier and why, in lines of Asterisk's log."""
    return Counter(
        (
            (full or odd).decode("ascii"),
            RefusalCause.UNAVAILABLE if full else RefusalCause.NOT_ACCEPTABLE,
        )
        for full, odd in REFUSED.findall(lines)
    )
