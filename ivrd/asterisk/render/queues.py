"""queues.conf and musiconhold.conf: where callers wait and what they hear meanwhile."""

from ivrd.asterisk import dialplan_names
from ivrd.config.settings import QueueSettings, Settings
from ivrd.core import numbers
from ivrd.core.seats import Pool

MUSIC = "hold"

GENERAL = """\
[general]
; Seats added on the running system survive a restart of Asterisk.
persistentmembers=yes
autofill=yes
monitor-type=MixMonitor
log_membername_as_agent=no
"""

# ringinuse=no: a seat has one call at a time, whichever queue it comes from.
# joinempty, leavewhenempty: a caller is never sent away because no seat is there.
# timeoutrestart: who is rung after a seat that refused has the whole time too.
# leastrecent: the agent who has rested longest is rung first.
COMMON = f"""\
strategy=leastrecent
timeout=20
timeoutrestart=yes
retry=1
timeoutpriority=conf
ringinuse=no
joinempty=yes
leavewhenempty=no
musicclass={MUSIC}
announce-position=more
announce-position-limit={numbers.LARGEST}
announce-holdtime=no
min-announce-frequency=15
announce-position-only-up=no
queue-youarenext={dialplan_names.PROMPT_FOLDER}/queue-next
queue-thereare={dialplan_names.PROMPT_FOLDER}/queue-before
queue-callswaiting={dialplan_names.PROMPT_FOLDER}/queue-after
queue-quantity1={dialplan_names.PROMPT_FOLDER}/queue-beyond
queue-quantity2={dialplan_names.PROMPT_FOLDER}/queue-after
queue-thankyou=
"""


def queues_conf(settings: Settings) -> str:
    """One queue for each topic group, with the seats that are there without ivrd."""
    return "\n".join([GENERAL, *(_queue(q, settings.pools) for q in settings.queues)])


def _queue(queue: QueueSettings, pools: tuple[Pool, ...]) -> str:
    members = "".join(
        f"member => {dialplan_names.interface(seat)},0,{seat}\n"
        for pool in pools
        if pool.fixed and queue.name in pool.queues
        for seat in pool.seats
    )
    return f"[{queue.name}]\n{COMMON}announce-frequency={queue.announce_seconds}\n{members}"


def musiconhold_conf(settings: Settings) -> str:
    """The music that waiting callers hear, from sounds/music."""
    return (
        "[general]\n\n"
        f"[default]\nmode=files\ndirectory={settings.sounds / 'music'}\nsort=alpha\n\n"
        f"[{MUSIC}]\nmode=files\ndirectory={settings.sounds / 'music'}\nsort=alpha\n"
    )
