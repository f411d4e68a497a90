"""The configuration, once it is known to be right: plain values that never change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ivrd.config.call_out import CallOutSettings
from ivrd.config.callback import CallbackSettings
from ivrd.config.cases import CrmSettings
from ivrd.config.effect import Files
from ivrd.config.field_types import is_name
from ivrd.config.network_settings import OwnNetwork
from ivrd.config.outbox_settings import OutboxSettings
from ivrd.config.problem import Problem
from ivrd.config.transfers import TransferNumber
from ivrd.config.trunk_settings import TlsSettings, TrunkSettings
from ivrd.core.agent_call import Request
from ivrd.core.challenge import ChallengeLimits
from ivrd.core.deflection import Rules as LinkRules
from ivrd.core.menu_tree import Tree
from ivrd.core.overflow import Policy
from ivrd.core.partner import Partner
from ivrd.core.people import FairnessRules
from ivrd.core.plan import Plan
from ivrd.core.priority import PriorityRules
from ivrd.core.reminder import Limits as ReminderLimits
from ivrd.core.schedule import Schedule
from ivrd.core.seats import Pool, on_line
from ivrd.core.validity import Validities


@dataclass(frozen=True)
class QueueSettings:
    """A queue in Asterisk: callers who wait for the same people (core/skills.py).

    `topics` maps a topic to its text in each language.  `hours` names its opening hours, or is
    `always`; `closed_prompt` is what callers hear outside them, empty for none.
    `announce_seconds`: how often a waiting caller hears the position.  `ask_settled`: whether
    callers are asked after the talk whether their matter is settled.
    """

    name: str
    topics: Mapping[str, Mapping[str, str]]
    hours: str
    closed_prompt: str
    announce_seconds: int
    ask_settled: bool


@dataclass(frozen=True)
class NumberSettings:
    """A number of the hotline, in all its `spellings`.

    `menu`, `language`: where its callers begin; empty: as `menus.yaml` and `languages` say.
    """

    number: str
    menu: str
    language: str
    spellings: tuple[str, ...]


@dataclass(frozen=True)
class AsteriskSettings:
    """Where Asterisk is, and what is rendered for it.

    `console` is the command that reaches Asterisk's console with `-rx` after it.
    `queue_log`: the file that Asterisk writes about its queues' calls.
    `topic_header`, `case_header`, `note_header`: the SIP headers in which agents' phones get these.
    A side from which nothing comes for `silent_seconds`, or on hold for `held_seconds`, is taken
    for lost, and its leg ends; 0 is never.
    `opus_module`: the module of Asterisk's that trunks with Opus need.
    `carriers`: each one's name, and the addresses, networks and host names it calls from.
    `carriers_at`: file, line and key where these stand.
    Seats either register with passwords made from `seats_secret_file`, or are called at
    `seat_contact`, in which `{seat}` stands for the seat's name: the other one is None.
    """

    config_dir: Path
    console: tuple[str, ...]
    queue_log: Path
    ami_host: str
    ami_port: int
    ami_user: str
    ami_secret_file: Path
    sip_host: str
    sip_port: int
    user_agent: str
    tls: TlsSettings
    network: OwnNetwork
    topic_header: str
    case_header: str
    note_header: str
    rtp_first: int
    rtp_last: int
    silent_seconds: int
    held_seconds: int
    opus_module: str
    carriers: tuple[tuple[str, tuple[str, ...]], ...]
    carriers_at: str
    seats_secret_file: Path | None
    seat_contact: str | None

    @property
    def carrier_names(self) -> dict[str, tuple[str, ...]]:
        """The host names of carriers that have any."""
        found = {
            name: tuple(one for one in sources if is_name(one)) for name, sources in self.carriers
        }
        return {name: names for name, names in found.items() if names}

    @property
    def carrier_addresses(self) -> dict[str, tuple[str, ...]]:
        """The addresses and networks of all carriers, without their host names."""
        return {
            name: tuple(one for one in sources if not is_name(one))
            for name, sources in self.carriers
        }


@dataclass(frozen=True)
class RedisSettings:
    """A Redis server: at `url`, or the one that `sentinels` (host and port) know as `service`.

    `secret_file` has the password of `user` (empty: Redis' default user), `ca_file` the
    certificates that are trusted.  `sentinel_user` and `sentinel_secret_file` are for the
    sentinels themselves.
    """

    url: str
    sentinels: tuple[tuple[str, int], ...]
    service: str
    user: str
    secret_file: Path | None
    ca_file: Path | None
    sentinel_user: str = ""
    sentinel_secret_file: Path | None = None


@dataclass(frozen=True)
class Retention:
    """For how many days ended calls, partners' and agents' history and the audit log are kept."""

    calls: int = 92
    history: int = 92
    audit: int = 400


@dataclass(frozen=True)
class StoreSettings:
    """Where ivrd keeps what it needs to go on: a file or Redis, the other one is None.

    `deadline_seconds`: how long one operation may take.
    """

    file: Path | None
    redis: RedisSettings | None
    deadline_seconds: float
    keep_days: Retention = Retention()


@dataclass(frozen=True)
class WaitingSettings:
    """What callers are told who wait.

    `say_expected`: whether they hear how long it will be.  `trusted_ratio`: while fewer of the
    last upper bounds were kept, they hear what it is longer than instead.
    """

    say_expected: bool
    trusted_ratio: float


@dataclass(frozen=True)
class AgentSettings:
    """A person at a seat.  `pin`: its hash (config/pin.py).

    `languages`, `topics`: that the agent speaks, and is trained for; empty for all.  `queues`:
    those in Asterisk whose callers the agent can help.  `telephone` (E.164), `shift`: where one who
    stays on the line is called, and when; empty for nowhere.
    """

    id: str
    name: str
    pin: str
    seat: str
    languages: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    queues: frozenset[str] = frozenset()
    telephone: str = field(default="", repr=False)
    shift: str = ""


@dataclass(frozen=True)
class ReminderSettings:
    """How agents are called: whose shift begins, and who was paused for not answering.

    `shifts`: the hours that a shift may be, by name.  `language`: of agents who have none.  `port`:
    where Asterisk takes the wish for a call.
    """

    limits: ReminderLimits
    when_paused: bool
    shifts: Mapping[str, Schedule]
    language: str
    port: int


@dataclass(frozen=True)
class AgentLimits:
    """What ivrd does not let agents do.

    `missed_calls`: who has not answered so many in a row is paused; 0 for nobody.
    `paused_at_most`: so many of a pool at a time; 0 for any number.
    """

    missed_calls: int
    paused_at_most: int


NO_LIMITS = AgentLimits(0, 0)


@dataclass(frozen=True)
class SupervisionSettings:
    """Who may listen to agents' talks.

    `supervisors`: ids of agents; without any nobody may.  `code`: what their phones dial.
    `announced`: whether callers are told before they wait.
    """

    supervisors: frozenset[str]
    code: str
    announced: bool


@dataclass(frozen=True)
class Settings:
    """The whole configuration.  Paths are absolute, times are in seconds.

    `numbers`: the first is the one by which the hotline is known.
    `country`: the two letters of the one in which callers' numbers are at home.  `schedules` has an
    entry for each queue, `partner_schedules` for each partner's id; None is always open.  At most
    `callers_at_most` callers are here, the next ones hear that all lines are busy; at most
    `music_at_most` of those who wait have music; at most `menus_at_most` are in menus, and none is
    taken into one while Asterisk's events come `behind_seconds` late or more.  `challenge`: over
    which limits callers are asked for a key before anything else.
    `priority`: who is served before callers who came earlier.
    `people`: what counts of a person's earlier waits, and for how long it is remembered.
    `menu_key_seconds`: how often a waiting caller hears which key opens the menu.
    `recover_after_seconds`: whoever gave up after so long is one of the lost.
    `policy` says how many seats partners are asked for, `call_outs` how they are told of it.
    `ring_seconds`: for how long a seat of our own rings.
    `transfers`: what agents' phones may dial, and send callers to; `transfer_code`: what is keyed
    in before that in a talk, empty for nothing.
    `agents`: the people at the seats, who have `wrap_up_seconds` after each talk; seats of nobody
    are rung whenever their pool is open.  `agent_codes`: what an agent's phone dials, empty for
    what cannot be asked for by phone; `agent_language` is spoken to it.  `line_numbers`: the number
    that people call who stay on the line of their seats, in all its spellings.
    `line_key_seconds`: for so long they are asked for a key before each caller; 0 for not at all.
    `reminders`: how agents are called.
    `outbox`: the messages that leave for other systems.  `crm`: where cases are known, None where
    nobody can ask for one.  `links`: until when callers are sent one.
    `plans`: crisis plans by name; `left_out`: partners that the one that is on gives no seats, and
    why (plans.py).
    `trunks`: each carrier's, each partner's, and that for calls back, by its name in Asterisk.
    `state_dir`: what ivrd itself writes and reads again.  `prompts` maps a prompt to its text in
    each language; those that every hotline needs are among them.  `validities`: the prompts that
    end.  `languages`: the first is spoken when nothing was chosen; `languages_off`: those that
    cannot be chosen yet, and why (languages.py).  `files`: each file's parsed content.
    """

    folder: Path
    numbers: tuple[NumberSettings, ...]
    country: str
    zone: ZoneInfo
    languages: tuple[str, ...]
    languages_off: Mapping[str, tuple[Problem, ...]]
    service_level_seconds: float
    lease_seconds: int
    drain_seconds: float
    sounds: Path
    state_dir: Path
    store: StoreSettings
    callback: CallbackSettings
    people: FairnessRules
    priority: PriorityRules
    recover_after_seconds: float
    log_format: str
    log_level: str
    caller_key_file: Path
    number_key_file: Path
    web_host: str
    web_port: int
    control_socket: Path
    control_mode: int
    asterisk: AsteriskSettings
    tree: Tree
    menu_key_seconds: int
    default_queue: str
    queues: tuple[QueueSettings, ...]
    schedules: Mapping[str, Schedule | None]
    pools: tuple[Pool, ...]
    ring_seconds: int
    transfers: tuple[TransferNumber, ...]
    transfer_code: str
    agents: tuple[AgentSettings, ...]
    wrap_up_seconds: float
    outbox: OutboxSettings
    crm: CrmSettings | None
    line_numbers: tuple[str, ...]
    agent_limits: AgentLimits
    agent_codes: Mapping[Request, str]
    agent_language: str
    line_key_seconds: int
    reminders: ReminderSettings
    supervision: SupervisionSettings
    policy: Policy
    waiting: WaitingSettings
    links: LinkRules
    callers_at_most: int
    music_at_most: int
    menus_at_most: int
    behind_seconds: float
    challenge: ChallengeLimits
    partners: tuple[Partner, ...]
    partner_schedules: Mapping[str, Schedule | None]
    call_outs: CallOutSettings
    plans: Mapping[str, Plan]
    left_out: Mapping[str, str]
    trunks: Mapping[str, TrunkSettings]
    prompts: Mapping[str, Mapping[str, str]]
    validities: Validities
    files: Files = field(repr=False)

    @property
    def number(self) -> str:
        """The first of its numbers: the one by which it is known."""
        return self.numbers[0].number

    @property
    def line_seats(self) -> int:
        """How many people can stay on the line at a time."""
        return sum(on_line(seat) for pool in self.pools for seat in pool.seats)

    @property
    def line_number(self) -> str:
        """What people call who stay on the line; empty for nothing."""
        return next(iter(self.line_numbers), "")


def closed_queues(settings: Settings, moment: datetime) -> frozenset[str]:
    """The queues that are closed at `moment`, which has a time zone."""
    return frozenset(
        queue
        for queue, schedule in settings.schedules.items()
        if schedule is not None and not schedule.is_open(moment)
    )
