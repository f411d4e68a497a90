"""Calls that Asterisk refuses with 503: its own log is the only place that tells of them.

It makes no channel then, so there is neither an event nor a step of the dialplan: while it waits
for its last call to end (`core stop gracefully`), or has no room for another one.
"""

import re
from collections import Counter

# chan_pjsip.c, chan_pjsip_incoming_request; the name before it is the endpoint's, a carrier's.
REFUSED = re.compile(rb"chan_pjsip\.c: +([A-Za-z0-9_-]+): Failed to allocate new PJSIP channel on")


def refused(lines: bytes) -> Counter[str]:
    """Calls that were refused, by carrier, in lines of Asterisk's log."""
    return Counter(carrier.decode("ascii") for carrier in REFUSED.findall(lines))
