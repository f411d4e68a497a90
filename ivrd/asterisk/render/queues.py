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
# rrmemory: who did not answer is rung again only after all others. (leastrecent goes by the last
# call taken: it would ring the same unattended phone for ever.)
# timeoutrestart: whoever is rung next has the whole time, too.
# No autopause: without ivrd nobody would take a pause back.
COMMON = f"""\
strategy=rrmemory
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


# More than a leg takes: its end is told by the leg itself, which says why, also on a busy machine.
SPARE_SECONDS = 5


def timeout(settings: Settings) -> int:
    """Seconds after which app_queue gives a seat up.

    It stands behind the limits that each leg has: a partner's those of the partner
    (dialplans/partners.conf), a seat of our own `ring_seconds` (hotline.conf).
    """
    offers = [settings.ring_seconds, *(p.offer_seconds for p in settings.partners)]
    return max(offers) + SPARE_SECONDS


def queues_conf(settings: Settings) -> str:
    """One queue for each topic group, with the seats that are there without ivrd."""
    limit = timeout(settings)
    return "\n".join([GENERAL, *(_queue(q, settings.pools, limit) for q in settings.queues)])


def _queue(queue: QueueSettings, pools: tuple[Pool, ...], limit: int) -> str:
    members = "".join(
        f"member => {dialplan_names.interface(seat)},0,{seat}\n"
        for pool in pools
        if pool.fixed and queue.name in pool.queues
        for seat in pool.seats
    )
    own = f"timeout={limit}\nannounce-frequency={queue.announce_seconds}\n"
    return f"[{queue.name}]\n{COMMON}{own}{members}"


def musiconhold_conf(settings: Settings) -> str:
    """The music that waiting callers hear, from sounds/music."""
    return (
        "[general]\n\n"
        f"[default]\nmode=files\ndirectory={settings.sounds / 'music'}\nsort=alpha\n\n"
        f"[{MUSIC}]\nmode=files\ndirectory={settings.sounds / 'music'}\nsort=alpha\n"
    )
