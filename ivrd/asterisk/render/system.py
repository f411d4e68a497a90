"""The small files: which modules load, who may speak to the management port, logs, RTP."""

from collections.abc import Sequence

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.open_files import files_for, room_for
from ivrd.asterisk.translate import EVENTS, STRANGER
from ivrd.config.settings import Settings
from ivrd.config.trunk_modules import needed

READ = "system,call,agent,user,dtmf,agi,security"
# call: Setvar, ControlPlayback; agent: QueueAdd/Remove/Pause; agi: AGI; reporting: lists.
WRITE = "call,agent,agi,reporting"

BACK_KEYS = "*9"
END_TALK_KEYS = "**"
MESSAGES_LOG = "messages.log"  # in astlogdir; ivrd reads there what was refused with 503

UNREAD = """
ast_channel_varset_type ast_rtp_rtcp_sent_type ast_rtp_rtcp_received_type
agi_exec_start_type agi_exec_end_type
"""

MODULES = """
pbx_config
app_agent_pool app_channelredirect app_chanspy app_controlplayback app_dial app_exec app_playback
app_queue app_read app_stack app_userevent app_verbose
bridge_builtin_features bridge_builtin_interval_features bridge_holding bridge_native_rtp
bridge_simple
chan_pjsip codec_alaw codec_g722 codec_gsm codec_resample codec_ulaw format_pcm format_wav
func_callerid func_channel func_cut func_devstate func_dialgroup func_global func_groupcount
func_hangupcause func_logic func_pjsip_aor func_pjsip_contact func_strings func_timeout
res_agi res_clioriginate res_manager_devicestate res_musiconhold res_pjproject res_pjsip
res_pjsip_authenticator_digest res_speech
res_pjsip_outbound_authenticator_digest res_pjsip_outbound_registration res_srtp
res_pjsip_caller_id res_pjsip_dtmf_info res_pjsip_endpoint_identifier_ip
res_pjsip_endpoint_identifier_user res_pjsip_header_funcs res_pjsip_nat res_pjsip_pubsub
res_pjsip_refer res_pjsip_registrar res_pjsip_rfc3326 res_pjsip_sdp_rtp res_pjsip_session
res_resolver_unbound res_rtp_asterisk res_sorcery_astdb res_sorcery_config res_sorcery_memory
res_stasis res_timing_timerfd
"""


def trunk_modules(settings: Settings) -> tuple[str, ...]:
    """What Asterisk needs for some trunks."""
    found = (*needed(settings),)
    return (*found, "res_format_attr_opus") if settings.asterisk.opus_module in found else found


def modules_conf(more: Sequence[str]) -> str:
    """Only what the hotline uses: `autoload` prints an ERROR for each module without its file."""
    names = (*MODULES.split(), *more)
    loads = "\n".join(f"load={name}.so" for name in names)
    return f"[modules]\nautoload=no\n{loads}\n"


def sorcery_conf(settings: Settings) -> str:
    """Where Asterisk looks up who may call as which carrier.

    Of carriers that are given by name it is in its database, where ivrd has the dialplan put it
    (dialplan.py).  Others have no need of a database that is asked at each call.
    """
    if not settings.asterisk.carrier_names:
        return ""
    return (
        "[res_pjsip_endpoint_identifier_ip]\n"
        "identify=config,pjsip.conf,criteria=type=identify\n"
        f"identify=astdb,{dialplan_names.DATABASE}\n"
    )


def manager_conf(settings: Settings, secret: str) -> str:
    """The management port: one user, with the rights and the events that ivrd uses."""
    ami = settings.asterisk
    # Without the filters a call costs four times as many events.
    filters = "\n".join(f"eventfilter(action(include),{_which(name)}" for name in EVENTS)
    return f"""\
[general]
enabled=yes
webenabled=no
bindaddr={ami.ami_host}
port={ami.ami_port}
timestampevents=yes
; Whoever may connect takes one of authlimit places until authtimeout ends the connection: many
; places that soon come free keep ivrd from being shut out (docs/decisions/0020-the-edge.md).
authtimeout=2
authlimit=100
allowmultiplelogin=yes

[{ami.ami_user}]
secret={secret}
deny=0.0.0.0/0.0.0.0
deny=::/0
permit=127.0.0.0/255.0.0.0
permit=::1/128
read={READ}
write={WRITE}
writetimeout=1000
{filters}
"""


def _which(event: str) -> str:
    """The rest of a filter: of AsyncAGI's results, those of commands with an id (async_agi.py); of
    the ends of rings, those of phones that say to call elsewhere; of the requests for a password,
    those to strangers: each registration has one; of keys, those that a phone has sent, and not
    those that are passed on to one; of devices, what seats can be: each queue is one as well, whose
    state changes with each call.
    """
    if event == "AsyncAGIExec":
        return f"name({event}),header(CommandId),method(regex)) = ."
    if event == "ChallengeSent":
        return f"name({event}),header(AccountID),method(exact)) = {STRANGER}"
    if event == "DialEnd":
        return f"name({event}),header(Forward),method(regex)) = ."
    if event in ("DTMFBegin", "DTMFEnd"):
        return f"name({event}),header(Direction),method(exact)) = Received"
    if event == "DeviceStateChange":
        return f"name({event}),header(Device),method(regex)) = ^(PJSIP|Local|Agent)[/:]"
    return f"name({event})) ="


def logger_conf() -> str:
    """What Asterisk writes, and the queue_log by which ivrd reconciles its ledger.

    No notices: those about strangers and wrong passwords have the caller's number in them.
    On a machine that is too busy Asterisk throws away what is above the limit of its queue (1,000
    if nothing is said; main/logger.c), and with it the refused calls that ivrd counts.
    """
    return f"""\
[general]
dateformat=%F %T.%3q
queue_log=yes
queue_log_to_file=yes
use_callids=yes
logger_queue_limit=10000

[logfiles]
{MESSAGES_LOG} => warning,error
"""


def stasis_conf() -> str:
    """What is not even made: two thirds of a call's events, and a report each 5 s of each leg.

    No event that ivrd reads, and none that app_queue lives by.  Some others cannot be left out:
    Asterisk would not start.
    """
    declined = "".join(f"decline={name}\n" for name in UNREAD.split())
    return f"[declined_message_types]\n{declined}"


def rtp_conf(settings: Settings) -> str:
    """The ports for sound."""
    ast = settings.asterisk
    return f"[general]\nrtpstart={ast.rtp_first}\nrtpend={ast.rtp_last}\nstrictrtp=yes\n"


def asterisk_service_conf(settings: Settings) -> str:
    """For systemd: what `make install` links into asterisk.service.d, read at Asterisk's start."""
    callers, on_line = settings.callers_at_most, settings.line_seats
    return f"""\
; Room for {callers} callers (limits.callers in ivrd.yaml) and the people at {on_line} seats on the
; line; systemd's own limit of 1024 has room for {room_for(1024, on_line)}.
[Service]
LimitNOFILE={files_for(callers, on_line)}
"""


def features_conf(settings: Settings) -> str:
    """The keys that mean something in a talk: a partner's agent sends a caller back by them, one on
    the line ends the talk, one at a seat's phone sends the caller on.
    """
    back = dialplan_names.PARTNER_BACK
    code = f"\nblindxfer => {settings.transfer_code}" if settings.transfer_code else ""
    return f"""\
[general]
featuredigittimeout=1500
; Nobody takes a call that rings for somebody else.
pickupexten=
; An agent who has keyed in the code for a transfer hears a tone, and keys in the number.
transferannouncesound={dialplan_names.PROMPT_FOLDER}/line-tone
transferretrysound=
transferinvalidsound=

; By which a person who stays on the line ends a talk (line.conf), and an agent sends a caller on
; whose phone does not do that itself (seat-headers): nobody else has these.
[featuremap]
disconnect => {END_TALK_KEYS}{code}

; Only who has this name in DYNAMIC_FEATURES can use it.
[applicationmap]
{back} => {BACK_KEYS},self,Gosub("{back},s,1")
"""


# Files that some module asks for and that need say little.
EMPTY = {
    "ccss.conf": "[general]\n",
    "cdr.conf": "[general]\nenable=no\n",
    "cel.conf": "[general]\nenable=no\n",
    "cli_aliases.conf": "[general]\n",
    "acl.conf": "",
    "udptl.conf": "[general]\n",
    "queuerules.conf": "[general]\n",
    # PJSIP's errors are notices, which are not written (`logger_conf`): of a packet that is no SIP
    # they have all, with the ends of its lines, so that anybody could write lines into the log.
    "pjproject.conf": "[log_mappings]\ntype=log_mappings\nasterisk_error=0\nasterisk_notice=1\n"
    "asterisk_warning=2\nasterisk_debug=3,4\nasterisk_trace=5,6\n",
    # Nobody hears these: ringing and busy are told by SIP. They are those of ITU-T E.180.
    "indications.conf": "[general]\ncountry=itu\n\n[itu]\ndescription=ITU-T E.180\n"
    "ringcadence=1000,4000\ndial=425\nbusy=425/500,0/500\nring=425/1000,0/4000\n"
    "congestion=425/250,0/250\n",
}
