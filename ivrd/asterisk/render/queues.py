"""queues.conf, agents.conf, musiconhold.conf: where callers wait, for whom, what they hear."""

from ivrd.asterisk import dialplan_names, queue_language
from ivrd.asterisk.member_actions import AFTER_TALK_SECONDS
from ivrd.config.settings import QueueSettings, Settings
from ivrd.core import line_briefing, numbers, queue_menu
from ivrd.core.seats import on_line

# Without music nobody waits for longer than this from one word to the next; with it, a position
# that has changed is said no sooner.
QUIET_SECONDS = 20

# So long after joining a caller hears for the first time which key opens the menu; before that the
# place is said.
MENU_KEY_AFTER_SECONDS = 10

GENERAL = """\
[general]
; Seats added on the running system survive a restart of Asterisk.
persistentmembers=yes
autofill=yes
monitor-type=MixMonitor
log_membername_as_agent=no
"""

# With agents: their wrap-up after a call of any queue is one in all of them.
SHARED = "shared_lastcall=yes\n"

# ringinuse=no: a seat has one call at a time, whichever queue it comes from.
# joinempty, leavewhenempty: a caller is never sent away because no seat is there.
# rrmemory: who did not answer is rung again only after all others. (leastrecent goes by the last
# call taken: it would ring the same unattended phone for ever.)
# timeoutrestart: whoever is rung next has the whole time, too.
# No autopause: without ivrd nobody would take a pause back.
# No musicclass: which one a caller hears is the channel's own (hotline-music in hotline.conf).
COMMON = f"""\
strategy=rrmemory
timeoutrestart=yes
retry=1
timeoutpriority=conf
ringinuse=no
joinempty=yes
leavewhenempty=no
announce-position=more
announce-position-limit={numbers.LARGEST}
announce-holdtime=no
announce-position-only-up=no
queue-youarenext={dialplan_names.PROMPT_FOLDER}/queue-next
queue-thereare={dialplan_names.PROMPT_FOLDER}/queue-before
queue-callswaiting={dialplan_names.PROMPT_FOLDER}/queue-after
queue-quantity1={dialplan_names.PROMPT_FOLDER}/queue-beyond
queue-quantity2={dialplan_names.PROMPT_FOLDER}/queue-after
queue-thankyou={dialplan_names.PROMPT_FOLDER}/{queue_language.WAIT_PROMPT}
"""


# More than a leg takes: its end is told by the leg itself, which says why, also on a busy machine.
SPARE_SECONDS = 5
# A tone, the topic, and that a key takes the caller: said before `line_key_seconds` begin.
LINE_WORDS_SECONDS = 8


def timeout(settings: Settings) -> int:
    """Seconds after which app_queue gives a seat up.

    It stands behind the limits that each leg has: a partner's those of the partner
    (dialplans/partners.conf), a seat of our own `ring_seconds` (hotline.conf), one on the line
    what is said there and `line_key_seconds` (line.conf).
    """
    offers = [settings.ring_seconds, *(p.offer_seconds for p in settings.partners)]
    if any(on_line(seat) for pool in settings.pools for seat in pool.seats):
        offers.append(LINE_WORDS_SECONDS + settings.line_key_seconds)
    return max(offers) + SPARE_SECONDS


def queues_conf(settings: Settings) -> str:
    """One queue for each skill group, with the seats that are there without ivrd."""
    limit, menu_key = timeout(settings), _menu_key(settings)
    queues = [_queue(settings, queue, limit) + menu_key for queue in settings.queues]
    lines = any(on_line(seat) for pool in settings.pools for seat in pool.seats)
    return "\n".join([GENERAL + SHARED if settings.agents or lines else GENERAL, *queues])


def agents_conf(settings: Settings) -> str:
    """Seats whose people stay on the line.  Asterisk hangs up on those whose seat is not here."""
    tone = f"custom_beep={dialplan_names.PROMPT_FOLDER}/{line_briefing.TONE_PROMPT}\n"
    of_each = f"ackcall=no\nwrapuptime=0\nmusiconhold=default\n{tone}"
    seats = (seat for pool in settings.pools for seat in pool.seats if on_line(seat))
    return "\n".join(["[general]", *(f"[{seat}]\n{of_each}" for seat in seats)])


def _queue(settings: Settings, queue: QueueSettings, limit: int) -> str:
    of_agents = {agent.seat for agent in settings.agents}
    announced = announce_seconds(settings, queue)
    members = "".join(
        _member(seat, wraps_up=seat in of_agents or on_line(seat))
        for pool in settings.pools
        if pool.fixed
        for seat in pool.seats
        if queue.name in pool.queues_of(seat)
    )
    own = f"timeout={limit}\nannounce-frequency={announced}\n"
    own += f"min-announce-frequency={min(announced, QUIET_SECONDS)}\n"
    return f"[{queue.name}]\n{COMMON}{own}{members}"


def _member(seat: str, *, wraps_up: bool) -> str:
    """A seat with its penalty and name; then may follow whose state counts, and its wrap-up."""
    after_talk = f",,{AFTER_TALK_SECONDS}" if wraps_up else ""
    state = f",{dialplan_names.state_interface(seat)}" if on_line(seat) else after_talk and ","
    return f"member => {dialplan_names.interface(seat)},0,{seat}{state}{after_talk}\n"


def _menu_key(settings: Settings) -> str:
    """What tells callers which key opens the menu, if one does."""
    if not settings.tree.queue_menu_key:
        return ""
    return f"""\
periodic-announce={dialplan_names.PROMPT_FOLDER}/{queue_menu.OPEN_KEY}
periodic-announce-frequency={settings.menu_key_seconds}
periodic-announce-startdelay={MENU_KEY_AFTER_SECONDS}
"""


def announce_seconds(settings: Settings, queue: QueueSettings) -> int:
    """How often the position is said: where not all have music, nobody is left alone for long."""
    if settings.music_at_most >= settings.callers_at_most:
        return queue.announce_seconds
    return min(queue.announce_seconds, QUIET_SECONDS)


def musiconhold_conf(settings: Settings) -> str:
    """What waiting callers hear, from sounds/music and sounds/music/brief.

    A caller whom an agent puts on hold hears `default`, whatever was heard before.
    """
    music = settings.sounds / "music"
    folders = {"default": music, dialplan_names.MUSIC: music, dialplan_names.BRIEF: music / "brief"}
    classes = (
        f"\n[{name}]\nmode=files\ndirectory={folder}\nsort=alpha\n"
        for name, folder in folders.items()
    )
    return "".join(["[general]\npreferchannelclass=no\n", *classes])
