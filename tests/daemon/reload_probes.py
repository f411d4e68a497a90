"""For each setting that a reload takes: a change, and what in a running ivrd depends on it."""

import logging
import re
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ivrd import log
from ivrd.asterisk.render import rendered
from ivrd.config.pin import pin_hash
from ivrd.config.settings import closed_queues
from ivrd.core.agent import SignedIn
from ivrd.core.call import AnsweredBy, Call, Outcome, Stage
from ivrd.core.call_notices import Ended
from ivrd.core.partner import Partner
from ivrd.daemon.wiring import Wiring

Change = Callable[[dict[str, Any]], None]  # of the settings in one file
Look = Callable[[Wiring], object | Awaitable[object]]
Probe = tuple[Change, Look]


@dataclass(frozen=True)
class Each:
    """Several things that depend on one setting: all of them must see the change."""

    things: tuple[object, ...]


IVRD, MENUS, QUEUES = "ivrd.yaml", "menus.yaml", "queues.yaml"
HOURS, PARTNERS, PROMPTS = "hours.yaml", "partners.yaml", "prompts.yaml"
AGENTS = "agents.yaml"

EVENING = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)  # 23:30 in Bangkok, the next day in Tokyo
HOLIDAY = datetime(datetime.now(UTC).year + 1, 12, 10, 3, tzinfo=UTC)  # Constitution Day, 10:00
ALL_DAY = {"mon-sun": ["00:00-24:00"]}


def put(path: str, value: object) -> Change:
    """Set what stands at a dotted path."""

    def change(settings: dict[str, Any]) -> None:
        *above, last = path.split(".")
        for step in above:
            settings = settings.setdefault(step, {})
        settings[last] = value

    return change


def both(*changes: Change) -> Change:
    def change(settings: dict[str, Any]) -> None:
        for each in changes:
            each(settings)

    return change


def without(path: str) -> Change:
    def change(settings: dict[str, Any]) -> None:
        *above, last = path.split(".")
        for step in above:
            settings = settings[step]
        del settings[last]

    return change


# Nobody speaks English who serves most queues.
THAI_ONLY = [put(f"pools.{pool}.languages", ["th"]) for pool in ("base", "surge")]

# --- what is looked at ---------------------------------------------------------------------


def conversation(name: str) -> Callable[[Wiring], Any]:
    """What conversations with callers that begin now read."""
    return lambda parts: getattr(parts.tracker.ivr.settings.conversation, name)


def tree(name: str) -> Look:
    return lambda parts: getattr(conversation("tree")(parts), name)


def menu(name: str) -> Look:
    return lambda parts: conversation("tree")(parts).menus[name]


def links(name: str) -> Look:
    return lambda parts: getattr(parts.links.regret.deflections.rules, name)


def helped_by_an_agent(parts: Wiring) -> Each:
    """The queues of the first agent, and those of the agent's seat."""
    agent = next(iter(parts.agents.controller.agents.values()))
    return Each((agent.queues, parts.queue_members.pools[0].queues_of(agent.seat)))


def asterisk(name: str) -> Look:
    """One of Asterisk's files, which `ivrd reload` writes from the same settings."""
    return lambda parts: rendered(parts.operations.settings, "secret", "secret")[name]


def prompt(name: str) -> Look:
    """A prompt's texts."""
    return lambda parts: parts.operations.settings.prompts[name]


def validity(name: str) -> Look:
    """How long the prompt `welcome` is spoken, of which nothing is known before."""
    return lambda parts: getattr(parts.operations.settings.validities.get("welcome"), name, None)


def challenge(whose: str, key: str) -> Look:
    return lambda parts: getattr(getattr(parts.screening.limits, whose), key)


def policy(name: str) -> Look:
    return lambda parts: getattr(parts.partners.controller.setup.policy, name)


def rules(name: str) -> Look:
    return lambda parts: getattr(parts.people.registry.people.rules, name)


def priority(name: str) -> Look:
    """Where head starts are read: of callers, and of who is to be called back."""

    def look(parts: Wiring) -> object:
        calls = parts.callbacks
        of = [part.settings.priority for part in (calls.booker, calls.recovery)]
        return Each(tuple(getattr(one, name) for one in (parts.tracker.placement.rules, *of)))

    return look


def callback(name: str, *files: str) -> Look:
    """Where a setting of calls back is read; `files`: Asterisk's that depend on it as well."""

    def look(parts: Wiring) -> object:
        of = (parts.callbacks.dialler, parts.callbacks.scheduler, parts.callbacks.booker)
        told = (asterisk(file)(parts) for file in files)
        return Each((*(getattr(part.settings.callback, name) for part in of), *told))

    return look


def partner(name: str) -> Look:
    def look(parts: Wiring) -> object:
        first: Partner = parts.partners.controller.setup.partners[0]
        return getattr(first, name)

    return look


def call_out_policy(parts: Wiring) -> object:
    return parts.partners.call_outs.settings.policy


def contact(name: str) -> Look:
    """How the first partner is told that its people are needed."""
    return lambda parts: getattr(parts.partners.call_outs.settings.contacts["north-bank"], name)


def offered(*files: str) -> Look:
    """Where the length of an offer matters: Asterisk's files, and how long a drill is awaited."""

    def look(parts: Wiring) -> object:
        told = (asterisk(name)(parts) for name in files)
        return Each((*told, partner("offer_seconds")(parts)))

    return look


def settings(name: str) -> Look:
    """What is read from the settings in use at the moment at which it is needed."""
    return lambda parts: getattr(parts.operations.settings, name)


def announcer(name: str) -> Look:
    """What is said of the wait."""
    return lambda parts: getattr(parts.waiting.announcer.settings(), name)


def closed_at(moment: datetime) -> Look:
    return lambda parts: closed_queues(parts.operations.settings, moment)


def closed_now(parts: Wiring) -> object:
    return conversation("closed")(parts)()


def callers(parts: Wiring) -> object:
    """Where the limit on callers matters: the dialplan, what is said of a shortage, the metric."""
    parts.asterisk.capacity.files = 256
    return Each(
        (
            asterisk("extensions.conf")(parts),
            parts.asterisk.capacity.shortage(),
            "ivrd_callers_limit 7.0" in parts.scrape().decode(),
        )
    )


def by_number(parts: Wiring) -> object:
    """Where a number matters: the dialplan, where its callers begin, the metric."""
    return Each(
        (
            asterisk("extensions.conf")(parts),
            tree("starts")(parts),
            re.findall("received_by_number_total{number=(.*?)}", parts.scrape().decode()),
        )
    )


def late(parts: Wiring) -> object:
    parts.link._took = 1.5
    return parts.tracker.ivr.overloaded


def logged(parts: Wiring) -> object:
    """What a line of each level looks like."""
    (handler,) = (h for h in logging.getLogger().handlers if isinstance(h, log.Handler))
    record = logging.LogRecord("ivrd", logging.INFO, "", 0, "words", None, None)
    record.created = EVENING.timestamp()
    levels = [logging.getLogger("ivrd").isEnabledFor(level) for level in (10, 20, 30, 40)]
    return handler.format(record), levels


def socket_mode(parts: Wiring) -> object:
    return stat.S_IMODE(parts.settings.control_socket.stat().st_mode)


async def service_level(parts: Wiring) -> object:
    scrape = parts.scrape().decode()
    things = (
        (await parts.control.queries()["status"]({}))["service_level_seconds"],
        (await parts.control.queries()["day"]({}))["service_level_seconds"],
        parts.observer.recent.service_level_seconds,
        parts.partners.controller.setup.policy.target_seconds,
        "Service level: answered within 33 s over offered" in scrape,
        'ivrd_wait_seconds_bucket{le="33.0",outcome="answered",queue="other"} 0.0' in scrape,
    )
    return Each(things)


async def days(parts: Wiring) -> object:
    """Where days begin, wherever it matters; partners' drills have the day of the audit log."""
    report = await parts.control.queries()["audit"]({"from": "2026-11-23", "to": "2026-11-23"})
    hours = parts.operations.settings.schedules["benefits"]
    assert hours is not None
    things = (
        parts.repositories.calls.day_at(EVENING.timestamp()),
        report["from"],
        str(parts.partners.operations._zone),
        str(hours.zone),
        logged(parts),
    )
    return Each(things)


class Forgetting:
    """Stands in for the store, and keeps what is to be forgotten."""

    def __init__(self) -> None:
        self.before: dict[str, str] = {}

    def forget(self, kind: str, before: str) -> None:
        self.before[kind] = before

    def put(self, kind: str, key: str, value: str) -> None: ...

    def remove(self, kind: str, key: str) -> None: ...


def forgotten(kind: str) -> Look:
    """From which key on entries of a kind are kept."""

    def look(parts: Wiring) -> object:
        store = vars(parts).setdefault("forgetting", Forgetting())
        for repository in (parts.repositories.calls, parts.repositories.partners):
            repository._write_behind = store
            repository._clock = EVENING.timestamp
        parts.repositories.calls._storing = True
        call = Call("1795308674.0", 1795308674.0, "")
        ended = Ended(call, Outcome.ABANDONED, Stage.IVR)
        parts.repositories.calls.notice(ended)
        parts.repositories.partners.forget_old()
        return store.before[kind]

    return look


# --- the settings --------------------------------------------------------------------------

_UNTIL = both(
    put("prompts.welcome.valid_until", "2027-03-31"), put("prompts.welcome.then", "main-menu")
)
_LINK = {"link": "other", "prompt": "welcome"}  # outbox_probes has the message
_INTAKE = {"intake": "other", "prompt": "welcome"}
_FLAG = {"ask": "welcome", "said": "welcome", "note": "new", "red": True}
_MENU = {"prompts": ["main-menu"], "keys": {"1": {"topic": "other"}}}
_PARTNER = {
    "name": {"th": "ก", "en": "New"},
    "trunk": "192.0.2.99",
    "pledged": 1,
    "cap": 1,
    "hours": "always",
    "topics": "all",
}
_QUEUE = {"hours": "always", "topics": {"new": {"th": "ก", "en": "New"}}}
_OVERFLOW = {
    "target_percent": (90, "target_ratio"),
    "drain_seconds": (60, "drain_seconds"),
    "reach_seconds": (9, "reach_seconds"),
    "floor_seats": (3, "floor"),
    "ceiling_seats": (77, "ceiling"),
    "hold_seconds": (33, "hold_seconds"),
    "slack_percent": (11, "slack"),
    "expected_talk_seconds": (111, "expected_talk_seconds"),
    "expected_patience_seconds": (99, "expected_patience_seconds"),
}
_CALLBACK: dict[str, tuple[object, str]] = {
    "number_form": ("national", "national"),
    "hours": ("office", "schedule"),
    "slots": (["13:00"], "slots"),
    "offer_after_minutes": (7, "offer_after_seconds"),
    "per_minute": (7, "limits"),
    "give_way_minutes": (30, "limits"),
    "at_once": (7, "limits"),
    "ring_seconds": (17, "ring_seconds"),
    "retry_minutes": ([7], "retries"),
    "fault_minutes": (7, "retries"),
    "countries": (["GB"], "countries"),
    "kinds": (["mobile"], "kinds"),
    "prefixes": (["+668"], "prefixes"),
}
_PRIORITY = {
    "red_flag_minutes": (77, "red_flag_seconds"),
    "risk_group_minutes": (7, "risk_group_seconds"),
}
_PEOPLE = {
    "redial_minutes": (7, "redial_seconds"),
    "credit_at_most_minutes": (8, "credit_at_most_seconds"),
    "shared_number_calls": (9, "shared_number_calls"),
    "keep_days": (10, "keep_seconds"),
}


def agent(name: str) -> Look:
    return lambda parts: getattr(parts.agents.controller.agents["a-1"], name)


def agent_limit(name: str) -> Look:
    return lambda parts: getattr(parts.agents.controller.limits, name)


def reminder_limit(name: str) -> Look:
    return lambda parts: getattr(parts.agents.reminders.settings.limits, name)


_REMINDERS = {
    "calls": "calls",
    "again_minutes": "again_seconds",
    "ring_seconds": "ring_seconds",
    "at_once": "at_once",
}


def _SHIFT(settings: dict[str, Any]) -> None:
    """The first agent stays on the line, and is called at the beginning of a shift."""
    called = {"seat": "home.01", "telephone": "+66812345677", "shift": "thai"}
    settings["agents"]["a-1"].update(called)


def wrap_up_ends(parts: Wiring) -> object:
    """When somebody's wrap-up ends who has just talked."""
    agents = parts.agents
    agents.repository.complete = True
    if not agents.controller.get("a-1").signed_in:
        agents.controller.say("a-1", SignedIn(1.0))
    call = Call("1", 1.0, ended_at=1e10, by=AnsweredBy.INHOUSE, seat="base-01")
    agents.controller.notice(Ended(call, Outcome.ANSWERED, Stage.TALK))
    return agents.controller.get("a-1").until


PROBES: dict[tuple[str, str], Probe] = {
    (IVRD, "number"): (put("number", "1999"), by_number),
    (IVRD, "numbers"): (put("numbers", {"1331": {}}), by_number),
    (IVRD, "numbers.*.menu"): (
        both(put("numbers", {"1331": {}}), put("numbers.1331.menu", "main")),
        tree("starts"),
    ),
    (IVRD, "numbers.*.language"): (
        both(put("numbers", {"1331": {}}), put("numbers.1331.language", "en")),
        by_number,
    ),
    (IVRD, "time_zone"): (put("time_zone", "Asia/Tokyo"), days),
    (IVRD, "languages"): (put("languages", ["en", "th"]), tree("languages")),
    (IVRD, "service_level_seconds"): (put("service_level_seconds", 33), service_level),
    (IVRD, "lease_seconds"): (
        put("lease_seconds", 9),
        lambda parts: Each(
            (
                conversation("lease_seconds")(parts),
                asterisk("extensions.conf")(parts),
            )
        ),
    ),
    (IVRD, "drain_seconds"): (put("drain_seconds", 7), settings("drain_seconds")),
    **{
        (IVRD, f"overflow.{key}"): (put(f"overflow.{key}", value), policy(name))
        for key, (value, name) in _OVERFLOW.items()
    },
    (IVRD, "waiting.say_expected"): (
        put("waiting.say_expected", False),
        announcer("on"),
    ),
    (IVRD, "waiting.trusted_percent"): (
        put("waiting.trusted_percent", 50),
        announcer("trusted_from"),
    ),
    (IVRD, "links.regret_percent"): (put("links.regret_percent", 7), links("most")),
    (IVRD, "links.pause_minutes"): (put("links.pause_minutes", 7), links("pause_seconds")),
    (IVRD, "limits.callers"): (put("limits.callers", 7), callers),
    (IVRD, "limits.music"): (put("limits.music", 8), asterisk("extensions.conf")),
    (IVRD, "limits.menus"): (put("limits.menus", 3), lambda parts: parts.tracker.ivr.settings.most),
    (IVRD, "limits.behind_seconds"): (put("limits.behind_seconds", 1.9), late),
    **{
        (IVRD, f"limits.challenge.{whose}.{key}"): (
            put(f"limits.challenge.{whose}.{key}", 7),
            challenge(whose, key),
        )
        for whose in ("number", "withheld", "all")
        for key in ("at_once", "a_minute")
    },
    (IVRD, "waiting.menu_key"): (put("waiting.menu_key", "8"), tree("queue_menu_key")),
    (IVRD, "waiting.menu_key_seconds"): (
        put("waiting.menu_key_seconds", 33),
        asterisk("queues.conf"),
    ),
    (IVRD, "sounds"): (
        put("sounds", "../other-sounds"),
        lambda parts: conversation("length")(parts)(("th", "welcome")),
    ),
    **{
        (IVRD, f"people.{key}"): (put(f"people.{key}", value), rules(name))
        for key, (value, name) in _PEOPLE.items()
    },
    **{
        (IVRD, f"priority.{key}"): (put(f"priority.{key}", value), priority(name))
        for key, (value, name) in _PRIORITY.items()
    },
    (QUEUES, "queues.*.urgent"): (
        put("queues.other.urgent", {"other": "red_flag"}),
        lambda parts: Each((priority("topics")(parts), tree("red_flags")(parts))),
    ),
    (IVRD, "people.recover_after_seconds"): (
        put("people.recover_after_seconds", 7),
        lambda parts: parts.people.numbers.recover_after_seconds,
    ),
    (IVRD, "callback.trunk"): (
        put("callback.trunk", "192.0.2.77"),
        callback("trunk", "pjsip.conf"),
    ),
    **{
        (IVRD, f"callback.{key}"): (put(f"callback.{key}", value), callback(name))
        for key, (value, name) in _CALLBACK.items()
    },
    (IVRD, "callback.recover_at_free_percent"): (
        both(
            put("callback.trunk", "192.0.2.77"),
            put("callback.hours", "office"),
            put("callback.recover_at_free_percent", 40),
        ),
        lambda parts: parts.callbacks.recovery.settings.callback.recover_at_free,
    ),
    (IVRD, "callback.keep_days"): (
        put("callback.keep_days", 9),
        lambda parts: parts.callbacks.bookings.days,
    ),
    (IVRD, "store.keep_days.calls"): (put("store.keep_days.calls", 9), forgotten("ended")),
    (IVRD, "store.keep_days.history"): (put("store.keep_days.history", 9), forgotten("history")),
    (IVRD, "store.keep_days.audit"): (put("store.keep_days.audit", 9), forgotten("audit")),
    (IVRD, "log.format"): (put("log.format", "json"), logged),
    (IVRD, "log.level"): (put("log.level", "warning"), logged),
    (IVRD, "control.mode"): (put("control.mode", "0600"), socket_mode),
    # Read by the commands that need them, each time anew.
    (IVRD, "asterisk.config_dir"): (put("asterisk.config_dir", "etc"), settings("asterisk")),
    (IVRD, "asterisk.console"): (put("asterisk.console", ["x"]), settings("asterisk")),
    (IVRD, "asterisk.carriers"): (
        put("asterisk.carriers.second", {"addresses": ["192.0.2.200"]}),
        asterisk("pjsip.conf"),
    ),
    (IVRD, "asterisk.seats.secret_file"): (
        put("asterisk.seats.secret_file", "state/other"),
        settings("asterisk"),
    ),
    (IVRD, "asterisk.seats.contact"): (
        put("asterisk.seats", {"contact": "sip:{seat}@127.0.0.1:7000"}),
        asterisk("pjsip.conf"),
    ),
    (IVRD, "asterisk.sip.user_agent"): (
        put("asterisk.sip.user_agent", "other"),
        asterisk("pjsip.conf"),
    ),
    (IVRD, "asterisk.media.silent_seconds"): (
        put("asterisk.media.silent_seconds", 20),
        conversation("silent_seconds"),
    ),
    (IVRD, "asterisk.media.opus_module"): (
        put("asterisk.media.opus_module", "codec_opus"),
        lambda parts: parts.operations.settings.asterisk.opus_module,
    ),
    (IVRD, "asterisk.media.held_seconds"): (
        put("asterisk.media.held_seconds", 200),
        asterisk("pjsip.conf"),
    ),
    (IVRD, "asterisk.headers.topic"): (
        put("asterisk.headers.topic", "X-T"),
        asterisk("extensions.conf"),
    ),
    (IVRD, "asterisk.headers.note"): (
        put("asterisk.headers.note", "X-N"),
        asterisk("extensions.conf"),
    ),
    (IVRD, "asterisk.headers.case"): (
        put("asterisk.headers.case", "X-C"),
        asterisk("extensions.conf"),
    ),
    (MENUS, "start"): (both(put("start", "main"), without("menus.language")), tree("start")),
    (MENUS, "operator"): (put("operator", "hi-register"), tree("operator")),
    (MENUS, "wait_seconds"): (put("wait_seconds", 2), tree("wait_seconds")),
    (MENUS, "retries"): (put("retries", 7), tree("retries")),
    **{
        (MENUS, f"prompts.{name}"): (put(f"prompts.{name}", "welcome"), tree(name))
        for name in ("no_input", "no_match", "connect", "again", "goodbye")
    },
    (MENUS, "menus"): (
        both(put("menus.new", _MENU), put("menus.main.keys.5", {"menu": "new"})),
        tree("menus"),
    ),
    (MENUS, "menus.*.prompts"): (put("menus.main.prompts", ["welcome"]), menu("main")),
    (MENUS, "menus.*.speak"): (put("menus.main.speak", "all"), menu("main")),
    (MENUS, "menus.*.keys"): (put("menus.main.keys.5", {"topic": "other"}), menu("main")),
    (MENUS, "menus.*.keys.*.menu"): (
        both(
            put("menus.main.keys.1", {"menu": "vaccination"}),
            put("menus.main.keys.5", {"menu": "home-isolation"}),
        ),
        menu("main"),
    ),
    (MENUS, "menus.*.keys.*.info"): (
        put("menus.main.keys.4", {"info": "certificate"}),
        menu("main"),
    ),
    (MENUS, "menus.*.keys.*.topic"): (
        put("menus.main.keys.4", {"topic": "lab-results"}),
        menu("main"),
    ),
    (MENUS, "menus.*.keys.*.case"): (put("menus.main.keys.6", {"case": "other"}), menu("main")),
    (MENUS, "menus.*.keys.*.link"): (put("menus.main.keys.5", _LINK), menu("main")),
    (MENUS, "menus.*.keys.*.intake"): (put("menus.main.keys.5", _INTAKE), menu("main")),
    (MENUS, "intake.year_after_days"): (put("intake.year_after_days", 7), tree("intake")),
    (MENUS, "intake.flags"): (put("intake.flags.new", _FLAG), tree("intake")),
    **{
        (MENUS, f"intake.flags.*.{name}"): (
            put(f"intake.flags.over-60.{name}", _FLAG[name]),
            tree("intake"),
        )
        for name in ("ask", "said", "note", "red")
    },
    (MENUS, "menus.*.keys.*.prompt"): (put("menus.main.keys.5", _LINK), menu("main")),
    (MENUS, "menus.*.keys.*.language"): (
        put("menus.language.keys.2", {"language": "th", "menu": "main"}),
        menu("language"),
    ),
    (MENUS, "infos"): (
        both(
            put("infos.new", {"prompts": ["welcome"]}),
            put("menus.main.keys.5", {"info": "new"}),
        ),
        tree("infos"),
    ),
    (MENUS, "infos.*.prompts"): (put("infos.certificate.prompts", ["welcome"]), tree("infos")),
    (QUEUES, "default"): (put("default", "vaccination"), asterisk("extensions.conf")),
    (QUEUES, "fallback_language"): (
        both(*THAI_ONLY, put("fallback_language", "th")),
        lambda parts: conversation("tree")(parts).routing.queue_for("other", "en"),
    ),
    (QUEUES, "needs_encryption"): (
        put("needs_encryption", ["other"]),
        lambda parts: [of.barred for of in parts.partners.controller.setup.partners],
    ),
    (QUEUES, "pools.*.languages"): (
        put("pools.base.languages", ["en"]),
        lambda parts: Each(
            (
                parts.queue_members.pools[0].queues,
                conversation("tree")(parts).routing.queue_for("other", "en"),
                parts.callbacks.scheduler.settings.routing.queues,
                [*parts.partners.controller.setup.topics],
            )
        ),
    ),
    (QUEUES, "queues"): (
        put("queues.new", _QUEUE),
        lambda parts: [queue["name"] for queue in parts.operations.status([])["queues"]],
    ),
    (QUEUES, "ring_seconds"): (put("ring_seconds", 11), asterisk("extensions.conf")),
    (QUEUES, "transfers.code"): (put("transfers.code", "*7"), asterisk("features.conf")),
    (QUEUES, "transfers.pools"): (put("transfers.pools.base", "70"), asterisk("extensions.conf")),
    (QUEUES, "transfers.topics"): (
        put("transfers.topics.other", "81"),
        asterisk("extensions.conf"),
    ),
    (QUEUES, "transfers.partners"): (
        put("transfers.partners.north-bank", "91"),
        asterisk("extensions.conf"),
    ),
    (QUEUES, "queues.*.hours"): (put("queues.benefits.hours", "closed"), closed_now),
    (QUEUES, "queues.*.closed_prompt"): (
        put("queues.benefits.closed_prompt", "welcome"),
        tree("closed_prompt"),
    ),
    (QUEUES, "queues.*.ask_settled"): (
        put("queues.other.ask_settled", True),
        asterisk("extensions.conf"),
    ),
    (QUEUES, "queues.*.announce_seconds"): (
        put("queues.other.announce_seconds", 15),
        asterisk("queues.conf"),
    ),
    (QUEUES, "queues.*.topics"): (
        put("queues.other.topics.other.th", "ข"),
        conversation("label"),
    ),
    (QUEUES, "pools"): (
        put("pools.new", {"seats": 1, "open": False, "queues": "all"}),
        lambda parts: parts.queue_members.pools,
    ),
    (QUEUES, "pools.*.kind"): (
        put("pools.surge.kind", "line"),
        lambda parts: parts.queue_members.pools,
    ),
    (QUEUES, "pools.*.seats"): (
        put("pools.surge.seats", 9),
        lambda parts: parts.queue_members.pools,
    ),
    (QUEUES, "pools.*.open"): (
        put("pools.surge.open", True),
        lambda parts: parts.queue_members.pools,
    ),
    (QUEUES, "pools.*.queues"): (
        put("pools.surge.queues", ["other"]),
        lambda parts: parts.queue_members.pools,
    ),
    (HOURS, "hours"): (
        without("hours.unused"),
        lambda parts: "unused" in parts.operations.settings.files[HOURS].hours,  # type: ignore[attr-defined]
    ),
    (HOURS, "hours.*.days"): (put("hours.office.days", {"mon-sun": []}), closed_at(EVENING)),
    (HOURS, "hours.*.holidays"): (put("hours.office.holidays", "TH"), closed_at(HOLIDAY)),
    (HOURS, "hours.*.closed_on"): (
        put("hours.office.closed_on", [f"{HOLIDAY:%Y-%m-%d}"]),
        closed_at(HOLIDAY),
    ),
    (HOURS, "hours.*.open_on"): (
        put("hours.thai.open_on", [f"{HOLIDAY:%Y-%m-%d}"]),
        lambda parts: parts.operations.settings.partner_schedules["south-union"],
    ),
    (PARTNERS, "partners"): (
        put("partners.new", _PARTNER),
        lambda parts: sorted(parts.partners.operations.gauges()),
    ),
    (PARTNERS, "partners.*.name.th"): (put("partners.north-bank.name.th", "ข"), partner("name_th")),
    (PARTNERS, "partners.*.name.en"): (put("partners.north-bank.name.en", "X"), partner("name_en")),
    (PARTNERS, "partners.*.pledged"): (put("partners.north-bank.pledged", 1), partner("pledged")),
    (PARTNERS, "partners.*.cap"): (put("partners.north-bank.cap", 50), partner("cap")),
    (PARTNERS, "partners.*.hours"): (
        put("partners.north-bank.hours", "closed"),
        lambda parts: parts.partners.controller.setup.open_partners(),
    ),
    (PARTNERS, "partners.*.topics"): (
        put("partners.north-bank.topics", ["other"]),
        partner("topics"),
    ),
    (PARTNERS, "partners.*.languages"): (
        put("partners.north-bank.languages", ["en"]),
        asterisk("extensions.conf"),
    ),
    (PARTNERS, "partners.*.weight"): (put("partners.north-bank.weight", 3.0), partner("claim")),
    (PARTNERS, "partners.*.confirm"): (
        put("partners.north-bank.confirm", False),
        asterisk("extensions.conf"),
    ),
    (PARTNERS, "partners.*.response_seconds"): (
        put("partners.north-bank.response_seconds", 5),
        asterisk("extensions.conf"),
    ),
    (PARTNERS, "partners.*.ring_seconds"): (
        put("partners.north-bank.ring_seconds", 30),
        offered("extensions.conf", "queues.conf"),
    ),
    (PARTNERS, "partners.*.key_seconds"): (
        put("partners.north-bank.key_seconds", 40),
        offered("extensions.conf", "queues.conf"),
    ),
    (PARTNERS, "partners.*.ask_settled"): (
        put("partners.north-bank.ask_settled", True),
        asterisk("extensions.conf"),
    ),
    (PARTNERS, "partners.*.second_call"): (
        put("partners.north-bank.second_call", False),
        partner("second_call"),
    ),
    (PARTNERS, "partners.*.state"): (put("partners.north-bank.state", "paused"), partner("state")),
    (PARTNERS, "call_out.sure_minutes"): (put("call_out.sure_minutes", 1), call_out_policy),
    (PARTNERS, "call_out.for_minutes"): (
        put("call_out.for_minutes", 60),
        lambda parts: Each((call_out_policy(parts), contact("ask")(parts), contact("over")(parts))),
    ),
    (PARTNERS, "call_out.over_minutes"): (put("call_out.over_minutes", 1), call_out_policy),
    (PARTNERS, "call_out.spare_ratio"): (put("call_out.spare_ratio", 0.5), call_out_policy),
    (PARTNERS, "call_out.text"): (put("call_out.text.th", "{people}"), contact("ask")),
    (PARTNERS, "call_out.over_text"): (put("call_out.over_text.th", "ก"), contact("over")),
    (PARTNERS, "partners.*.call_out.channel"): (
        put("partners.north-bank.call_out.channel", "crm"),
        contact("ask"),
    ),
    (PARTNERS, "partners.*.call_out.to"): (
        put("partners.north-bank.call_out.to", "duty officer"),
        contact("to"),
    ),
    (PARTNERS, "partners.*.call_out.lead_minutes"): (
        put("partners.north-bank.call_out.lead_minutes", 1),
        contact("lead_seconds"),
    ),
    (PARTNERS, "partners.*.call_out.secret_file"): (
        put("partners.north-bank.call_out.secret_file", "./other"),
        contact("secret_file"),
    ),
    (PROMPTS, "prompts"): (
        put("prompts.topic-hi-register", {"th": "ก"}),
        lambda parts: "topic-hi-register" in parts.operations.settings.prompts,
    ),
    (PROMPTS, "prompts.*.th"): (put("prompts.welcome.th", "ก"), prompt("welcome")),
    (PROMPTS, "prompts.*.en"): (put("prompts.welcome.en", "a"), prompt("welcome")),
    (PROMPTS, "prompts.*.owner"): (
        both(_UNTIL, put("prompts.welcome.owner", "Somebody")),
        validity("owner"),
    ),
    (PROMPTS, "prompts.*.valid_until"): (_UNTIL, validity("until")),
    (PROMPTS, "prompts.*.then"): (
        both(_UNTIL, put("prompts.welcome.then", "nothing")),
        validity("then"),
    ),
    (AGENTS, "wrap_up_seconds"): (put("wrap_up_seconds", 5), wrap_up_ends),
    (AGENTS, "supervision.supervisors"): (
        put("supervision.supervisors", []),
        lambda parts: parts.agents.supervision_operations.settings.supervisors,
    ),
    (AGENTS, "supervision.code"): (
        put("supervision.code", "*20"),
        lambda parts: parts.agents.supervision_operations.settings.code,
    ),
    (AGENTS, "supervision.announced"): (
        put("supervision.announced", True),
        asterisk("extensions.conf"),
    ),
    (AGENTS, "line_number"): (put("line_number", "1341"), asterisk("extensions.conf")),
    (AGENTS, "line_key_seconds"): (put("line_key_seconds", 0), asterisk("extensions.conf")),
    **{
        (AGENTS, f"reminders.{key}"): (put(f"reminders.{key}", 7), reminder_limit(name))
        for key, name in _REMINDERS.items()
    },
    (AGENTS, "reminders.when_paused"): (
        put("reminders.when_paused", True),
        lambda parts: parts.agents.reminders.settings.when_paused,
    ),
    (AGENTS, "csv"): (
        put("csv", "agents.csv"),
        lambda parts: "a-2" in parts.agents.controller.agents,
    ),
    (AGENTS, "missed_calls"): (put("missed_calls", 7), agent_limit("missed_calls")),
    (AGENTS, "paused_at_most"): (put("paused_at_most", 7), agent_limit("paused_at_most")),
    (AGENTS, "language"): (put("language", "en"), asterisk("extensions.conf")),
    (AGENTS, "codes.sign_in"): (put("codes.sign_in", "*21"), asterisk("extensions.conf")),
    (AGENTS, "codes.sign_out"): (put("codes.sign_out", "*21"), asterisk("extensions.conf")),
    (AGENTS, "codes.pause"): (put("codes.pause", "*21"), asterisk("extensions.conf")),
    (AGENTS, "codes.resume"): (put("codes.resume", "*21"), asterisk("extensions.conf")),
    (AGENTS, "codes.extend"): (put("codes.extend", "*21"), asterisk("extensions.conf")),
    (AGENTS, "agents"): (
        without("agents.a-1"),
        lambda parts: parts.agents.controller.has_seat("base-01"),
    ),
    (AGENTS, "agents.*.name"): (put("agents.a-1.name", "Other"), agent("name")),
    (AGENTS, "agents.*.pin"): (put("agents.a-1.pin", pin_hash("1234")), agent("pin")),
    (AGENTS, "agents.*.languages"): (put("agents.a-1.languages", ["en"]), helped_by_an_agent),
    (AGENTS, "agents.*.telephone"): (
        both(_SHIFT, put("agents.a-1.telephone", "+66 81 234 5678")),
        agent("telephone"),
    ),
    (AGENTS, "agents.*.shift"): (_SHIFT, agent("shift")),
    (AGENTS, "agents.*.topics"): (put("agents.a-1.topics", ["lab-results"]), helped_by_an_agent),
    (AGENTS, "agents.*.seat"): (
        both(put("agents.a-1.seat", "base-02"), put("agents.s-1.seat", "base-01")),
        lambda parts: parts.agents.controller.agents["a-1"].seat,
    ),
}
