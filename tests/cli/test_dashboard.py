"""The board as a person sees it."""

import io
import re
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from ivrd.cli.dashboard import board, status_text
from ivrd.core.call import CallbackResult
from ivrd.core.recent import Hour
from ivrd.core.status_schema import PartnerStatus, PoolStatus, QueueStatus, Status
from tests.examples import examples


def a_queue(name: str, waiting: int = 0, oldest: float = 0.0, open: bool = True) -> QueueStatus:
    return QueueStatus(
        name=name, language="", open=open, waiting=waiting, oldest_seconds=oldest, talking=3
    )


def a_pool(name: str, open: bool = True) -> PoolStatus:
    return PoolStatus(name=name, open=open, seats=70, free=2, ringing=1, busy=4, away=60, paused=3)


def a_partner(name: str, **more: object) -> PartnerStatus:
    """One that is healthy and idle, but for what is said."""
    idle = PartnerStatus(
        name=name, wanted=0, open=0, ringing=0, talking=0, taken=0, breaker="closed",
        held_to=None, override="", able=True, why="healthy",
    )  # fmt: skip
    return {**idle, **more}  # type: ignore[typeddict-item]


QUIET = Hour(
    received=0, offered=0, answered=0, overflow=0, abandoned_ivr=0, abandoned_queue=0, deflected=0,
    abandoned_after_30s=0, self_served=0, callback=0, rejected=0, failed=0,
    dialled=0, reached=0,
    service_level=None, asa_seconds=None, abandonment=None,
)  # fmt: skip

USUAL = Status(
    version="0.1.0",
    up_seconds=11543.3,
    role={"role": "alone", "name": "a.example:9133", "leader": "a.example:9133"},
    draining=False,
    asterisk={"up": True, "stopping": False, "version": "11.0.0", "since_seconds": 10.1},
    calls={
        "received": 60, "adopted": 0, "menu": 3, "info": 1, "closed": 0, "queue": 4, "talk": 5,
        "ended": 47, "unattended": 0,
    },
    callbacks={
        "dialled": 0, "in_progress": 0, "talking": 0, "results": dict.fromkeys(CallbackResult, 0),
    },
    queues=[
        a_queue("home_isolation", 2, 20.9),
        a_queue("vaccination", 12, 119.9),
        a_queue("benefits", open=False),
        a_queue("other", 1, 4510.0),
    ],
    pools=[a_pool("base"), a_pool("surge", open=False)],
    not_answering=[],
    absent=[],
    overflow={"wanted": 9, "why": "12 waiting, 34 s the longest; our own agents are 4 short"},
    partners=[
        a_partner("good", wanted=6, open=6, talking=4, taken=11, ringing=1),
        a_partner("refuses", breaker="open", able=False,
                  why="paused 23 s: refused, no circuit free (34), 3 in a row"),
        a_partner("silent", breaker="half open", wanted=1, open=1,
                  why="trying one call: answered, no key pressed, 3 in a row"),
    ],
    outcomes={
        "answered": 40, "abandoned": 5, "self_served": 2, "callback": 0, "rejected": 0, "failed": 0,
    },
    refused={"calls": [], "senders": [], "carriers_at": "config/ivrd.yaml:60: asterisk.carriers"},
    hour={
        **QUIET, "received": 7012, "offered": 52, "answered": 40, "abandoned_queue": 5,
        "service_level": 0.8235, "asa_seconds": 72.3, "abandonment": 5 / 52,
    },
    service_level_seconds=20,
    store_up=True,
    limits=[],
    missing_prompts=[],
    languages_off={},
    trunks=[],
    plan=None,
    config={"folder": "config", "loaded_seconds_ago": 1200.0, "last_reload_ok": True},
)  # fmt: skip


def lines(status: Status) -> list[str]:
    return status_text(status).split("\n")


def on_screen(status: Status) -> list[str]:
    """The board in `ivrd top` on a terminal of 80 by 24."""
    out = io.StringIO()
    Console(file=out, width=80).print(board(status))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def line_with(word: str, status: Status) -> str:
    (found,) = [line for line in lines(status) if word in line]
    return found


def words(line: str) -> list[str]:
    return line.split()


def in_colour(status: Status, width: int = 80, no_color: bool = False) -> str:
    out = io.StringIO()
    Console(
        file=out, width=width, force_terminal=True, color_system="standard", no_color=no_color
    ).print(board(status))
    return out.getvalue()


def test_the_board_fits_a_terminal_of_80_by_24() -> None:
    assert len(lines(USUAL)) == 24
    assert max(cell_len(line) for line in lines(USUAL)) <= 79


def test_every_trouble_at_once_still_fits() -> None:
    status = deepcopy(USUAL)
    status["asterisk"]["up"] = False
    status["draining"] = True
    status["role"].update({"role": "standby", "leader": "x" * 300})
    status["config"].update({"last_reload_ok": False, "loaded_seconds_ago": 86_340.0})
    status["store_up"] = False
    status["calls"].update({"received": 1_490_005, "unattended": 12_204})
    status["outcomes"].update({"answered": 1_310_000, "abandoned": 120_000})
    assert len(lines(status)) == 24
    assert max(cell_len(line) for line in lines(status)) <= 79
    assert "see ivrd check" in line_with("NEW CONFIGURATION REFUSED, that of 23 h 59 min", status)
    assert lines(status)[-1].endswith("no menu 12,204")


@pytest.mark.parametrize(
    ("role", "who", "first", "says"),
    [
        ("alone", "a.example:9133", "ivrd 0.1.0 ", ""),
        ("leader", "a.example:9133", "ivrd 0.1.0, leader ", ""),
        ("standby", "b:9133", "ivrd 0.1.0, standby ", "!! STANDBY: b:9133 is the leader; "),
        ("standby", "", "ivrd 0.1.0, standby ", "!! STANDBY: no leader is known; "),
    ],
)
def test_which_of_two_it_is_stands_at_the_top(role: str, who: str, first: str, says: str) -> None:
    status = deepcopy(USUAL)
    status["role"] = {"role": role, "name": "a.example:9133", "leader": who}
    assert lines(status)[0].startswith(first)
    assert not lines(status)[0].startswith(f"{first} leader")
    assert any("STANDBY" in line for line in lines(status)) == bool(says)
    if says:
        assert lines(status)[1].startswith(says)
    assert len(lines(status)) == 24


def test_with_more_queues_nothing_is_left_out() -> None:
    status = deepcopy(USUAL)
    status["queues"] = [a_queue(f"queue-{number}", number, 5) for number in range(15)]
    assert [line_with(f"queue-{number} ", status) for number in range(15)]
    assert "" not in lines(status)


def test_with_one_queue_the_parts_stand_apart_below_the_first_line() -> None:
    status = deepcopy(USUAL)
    status["queues"] = [a_queue("other")]
    status["partners"] = []
    assert lines(status)[0].startswith("ivrd 0.1.0 ")
    assert lines(status).count("") == 5


def test_a_name_that_is_too_long_says_so() -> None:
    status = deepcopy(USUAL)
    status["pools"] = [a_pool("overflow-of-the-second-line")]
    assert line_with("overflow", status).startswith("overflow-of-the-s.. 70 open")


def test_callers_by_place() -> None:
    heading, numbers = (re.split(r"  +| (?=told)", line) for line in lines(USUAL)[1:3])
    assert heading == ["Callers now", "in a menu", "message", "told closed", "waiting", "talking"]
    assert numbers == ["13 in all", "3", "1", "0", "4", "5"]


def test_each_queue_with_its_oldest_wait() -> None:
    assert words(line_with("home_isolation", USUAL)) == ["home_isolation", "2", "!", "00:20", "3"]
    assert words(line_with("benefits", USUAL)) == ["benefits", "closed", "0", "-", "3"]
    assert words(line_with("other", USUAL)) == ["other", "1", "!!", "75:10", "3"]


@pytest.mark.parametrize(
    ("seconds", "mark", "colour"),
    [(20.0, "", ""), (20.1, "!", "33"), (120.0, "!", "33"), (120.1, "!!", "31")],
)
def test_a_long_wait_is_marked_and_coloured(seconds: float, mark: str, colour: str) -> None:
    status = deepcopy(USUAL)
    status["queues"] = [a_queue("other", 1, seconds)]
    assert words(line_with("other", status))[2:-2] == ([mark] if mark else [])
    (line,) = [line for line in in_colour(status).split("\n") if "other" in line]
    assert [code for code in ("31", "33") if f"1;{code}m" in line] == ([colour] if colour else [])


def test_a_wait_within_the_target_is_never_marked() -> None:
    status = deepcopy(USUAL)
    status["queues"] = [a_queue("other", 1, 179)]
    status["service_level_seconds"] = 180
    assert words(line_with("other", status)) == ["other", "1", "02:59", "3"]


def test_seats_by_pool() -> None:
    assert words(line_with("base", USUAL)) == ["base", "70", "open", "2", "1", "4", "3", "60"]
    assert words(line_with("surge", USUAL)) == ["surge", "70", "closed", "2", "1", "4", "3", "60"]


def test_the_last_hour() -> None:
    assert line_with("Called ", USUAL).startswith("Called                          7,012 ")
    assert line_with("mean wait", USUAL).endswith(" 01:12")
    assert line_with("- in 20 s", USUAL).endswith(" 82.3%")
    assert line_with("Hung up while waiting", USUAL).endswith(" 5 (9.6%)")


def test_an_hour_without_calls_has_no_ratios() -> None:
    status = deepcopy(USUAL)
    status["hour"] = QUIET
    for label in ("mean wait", "- in 20 s"):
        assert line_with(label, status).endswith(" -")
    assert line_with("Hung up while waiting", status).endswith(" 0")


def test_every_figure_of_the_hour_is_shown() -> None:
    for number, name in enumerate(k for k, v in QUIET.items() if v == 0):
        status = deepcopy(USUAL)
        status["hour"] = {**QUIET, name: 7700 + number}  # type: ignore[misc]
        assert f" {7700 + number:,}" in status_text(status), name


def test_a_link_that_is_down_is_said_first_and_in_plain_words() -> None:
    status = deepcopy(USUAL)
    assert "connected to Asterisk, running for 3 h 12 min" in lines(status)[0]
    status["asterisk"].update({"up": False, "version": "", "since_seconds": 131.0})
    assert "connected" not in lines(status)[0]
    assert lines(status)[1].startswith("!! NOT CONNECTED TO ASTERISK for 02:11: no menus;")
    status["asterisk"]["since_seconds"] = 0.0  # nobody knows since when
    assert lines(status)[1].startswith("!! NOT CONNECTED TO ASTERISK: no menus;")


def test_an_asterisk_that_stops_is_told_apart_from_one_that_is_gone() -> None:
    status = deepcopy(USUAL)
    status["asterisk"].update({"up": False, "stopping": True})
    assert lines(status)[1].startswith("!! ASTERISK IS STOPPING: it refuses new calls")


def test_who_is_refused_is_told_with_the_address_and_what_to_change() -> None:
    status = deepcopy(USUAL)
    status["refused"] = {
        "calls": [
            {"carrier": "north", "cause": "404", "why": "to a number that is not ours", "calls": 7},
            {"carrier": "north", "cause": "503", "why": "by Asterisk", "calls": 2},
            {"carrier": "unknown", "cause": "401", "why": "from an address", "calls": 99},
        ],
        "senders": [
            {"address": "192.0.2.9", "seat": "", "times": 99, "seconds_ago": 1.0},
            {"address": "192.0.2.10", "seat": "", "times": 1, "seconds_ago": 2.0},
            {"address": "192.0.2.50", "seat": "base-07", "times": 3, "seconds_ago": 2.0},
        ],
        "carriers_at": "/etc/ivrd/ivrd.yaml:60: asterisk.carriers",
    }
    assert lines(status)[1:4] == [
        "!! REFUSED: 7 of north, to a number that is not ours (404), see ivrd.yaml:60",
        "!! REFUSED: 192.0.2.9 and 1 more, no carrier of ivrd.yaml:60",
        "!! SEAT base-07: wrong password, from 192.0.2.50",
    ]


def test_stopping_and_a_refused_configuration_are_said_only_then() -> None:
    assert "!! " not in "".join(lines(USUAL)[:4])
    status = deepcopy(USUAL)
    status["draining"] = True
    assert lines(status)[1] == "!! STOPPING: new callers go to a queue without a menu"
    status["config"]["last_reload_ok"] = False
    assert lines(status)[2].startswith("!! NEW CONFIGURATION REFUSED, that of 20 min ago is in use")


def test_our_own_fault_is_red() -> None:
    assert "\x1b[1;31mLost through" not in in_colour(USUAL)
    status = deepcopy(USUAL)
    status["hour"]["failed"] = 2
    assert "\x1b[1;31mLost through our own fault          2\x1b" in in_colour(status)


def test_callers_who_got_no_menu_are_yellow() -> None:
    assert "Total:\x1b[0m called 60, answered 45, hung up 5, no menu 0\n" in in_colour(USUAL)
    status = deepcopy(USUAL)
    status["calls"]["unattended"] = 3
    assert "hung up 5, \x1b[1;33mno menu 3\x1b" in in_colour(status)


def test_without_colour_the_same_words_stand_there() -> None:
    plain = in_colour(USUAL, no_color=True)
    assert "\x1b[1;3" not in plain
    assert "! 00:20" in plain


def test_what_is_printed_is_what_is_shown() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(board(USUAL))
    assert [line.rstrip() for line in out.getvalue().splitlines()] == lines(USUAL)


def test_a_narrow_terminal_cuts_and_does_not_fold() -> None:
    assert len(in_colour(USUAL, width=40).splitlines()) == 24


def test_thai_names_keep_the_columns() -> None:
    status = deepcopy(USUAL)
    status["queues"] = [a_queue("other", 1, 5), a_queue("รักษาที่บ้าน", 1, 5), a_queue("ที่" * 30, 1, 5)]
    ends = {cell_len(line[: line.index("00:05")]) for line in lines(status) if "00:05" in line}
    assert len(ends) == 1


NAMES = st.text(max_size=40)
COUNTS = st.integers(0, 999_999)


@settings(max_examples=examples(60), deadline=None)
@given(NAMES, NAMES, COUNTS, st.floats(0, 1e6), st.booleans())
def test_nothing_in_a_status_breaks_the_board(
    queue: str, pool: str, number: int, seconds: float, flag: bool
) -> None:
    """Names with control characters, markup, wide letters; a wait of days."""
    status = deepcopy(USUAL)
    status["queues"] = [a_queue(queue, number, seconds, flag)]
    status["pools"] = [a_pool(pool, flag)]
    status["version"] = queue[:9]
    status["up_seconds"] = seconds
    status["hour"]["received"] = number
    text = status_text(status)
    assert len(text.split("\n")) <= 24
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert max(cell_len(line) for line in text.split("\n")) <= 79


@pytest.mark.parametrize(
    ("seconds", "length"),
    [(0.0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 0 min"),
     (86_399, "23 h 59 min"), (86_400, "1 d 0 h"), (-1, "0 s")],
)  # fmt: skip
def test_how_long_it_has_been_running(seconds: float, length: str) -> None:
    status = deepcopy(USUAL)
    status["up_seconds"] = seconds
    assert lines(status)[0].endswith(f"running for {length}")


# --- partners ----------------------------------------------------------------------------------


def partner_lines(status: Status, height: int = 24, columns: int = 80) -> list[str]:
    """The part for partners, from its heading to the next part."""
    out = io.StringIO()
    Console(file=out, width=columns).print(board(status, columns, height))
    text = [line.rstrip() for line in out.getvalue().splitlines()]
    first = next(at for at, line in enumerate(text) if line.startswith("Partners"))
    last = text.index("The last hour")
    return [line for line in text[first:last] if line]


def test_partners_with_their_seats_and_why() -> None:
    heading, together, good, silent, refuses = partner_lines(USUAL)
    assert words(heading) == ["Partners", "wanted", "open", "talking", "taken", "why"]
    assert words(together)[:6] == ["all", "3", "9", "7", "4", "11"]
    assert together.endswith("  12 waiting, 34 s the longest")  # the first reason, if not all fit
    assert words(good) == ["good", "6", "6", "4", "11", "1", "ringing"]
    assert silent.endswith("  trying one call: answered, no key pressed")
    assert refuses.endswith("  paused 23 s: refused, no circuit free (34)")


def test_on_a_wide_terminal_the_whole_reason_stands_there() -> None:
    _heading, together, _good, silent, refuses = partner_lines(USUAL, columns=120)
    assert together.endswith("  12 waiting, 34 s the longest; our own agents are 4 short")
    assert silent.endswith("no key pressed, 3 in a row")
    assert refuses.endswith("(34), 3 in a row")


def test_without_partners_there_is_no_part_for_them() -> None:
    status = deepcopy(USUAL)
    status["partners"] = []
    assert "Partners" not in status_text(status)


def many(*first: PartnerStatus) -> Status:
    """Twenty partners: these, and the rest idle or not yet in service."""
    status = deepcopy(USUAL)
    status["pools"] = status["pools"][:1]
    status["overflow"] = {"wanted": 0, "why": "our own agents are enough"}
    new = {"able": False, "why": "onboarding"}
    idle = [a_partner(f"p{n}", **(new if n % 4 else {})) for n in range(20 - len(first))]
    status["partners"] = [*idle, *first]
    return status


def test_of_many_partners_those_that_matter_come_first_and_the_rest_share_a_line() -> None:
    matter = [
        a_partner("held", held_to=2),
        a_partner("broken", breaker="open", able=False, why="paused 9 s: busy (17)"),
        a_partner("shut", override="closed", able=False, why="closed by override"),
        a_partner("wanted", wanted=2),
        a_partner("waits", wanted=2, open=2),
        a_partner("rings", wanted=2, open=2, ringing=1),
    ]
    found = partner_lines(many(*matter), height=40)
    assert [words(line)[0] for line in found[2:-1]] == [of["name"] for of in reversed(matter)]
    assert found[-1] == "14 more, no seats wanted: 10 onboarding, 4 ready"


def test_when_nothing_happens_partners_take_three_lines() -> None:
    assert partner_lines(many())[2:] == ["20 partners, no seats wanted: 15 onboarding, 5 ready"]


@pytest.mark.parametrize("order", ["open", "closed", "draining"])
def test_an_override_is_seen_also_on_a_partner_that_does_nothing(order: str) -> None:
    found = partner_lines(many(a_partner("bank", override=order, why=f"{order} by override")))
    assert words(found[2]) == ["bank", "0", "0", "0", "0", order, "by", "override"]


def test_where_there_is_no_room_those_that_matter_least_are_folded() -> None:
    status = deepcopy(USUAL)
    status["store_up"] = False
    found = partner_lines(status)
    assert [words(line)[0] for line in found] == ["Partners", "all", "good", "2"]
    watched = "2 left alone after failures"
    assert found[-1] == f"2 more: seats wanted 1, open 1, talking 0; {watched}"
    status["draining"] = True
    found = partner_lines(status)
    assert found[2] == f"3 partners: seats wanted 7, open 7, talking 4; {watched}"
    status["config"]["last_reload_ok"] = False
    (found_line,) = partner_lines(status)
    assert found_line.startswith("Partners: seats wanted 9, open 7, talking 4; 2 left alone after")
    assert len(on_screen(status)) == 24
    assert "!! STORE DOWN: calls go on" in status_text(status)


@given(
    st.lists(
        st.builds(
            a_partner,
            st.text(max_size=40),
            wanted=st.integers(0, 999),
            open=st.integers(0, 3),
            talking=st.integers(0, 3),
            held_to=st.none() | st.integers(0, 3),
            override=st.sampled_from(["", "open", "closed"]),
            breaker=st.sampled_from(["closed", "open", "half open"]),
            able=st.booleans(),
            why=st.text(max_size=120),
        ),
        max_size=30,
    ),
    st.integers(0, 4),
)
def test_whatever_partners_there_are_the_board_keeps_its_size(
    partners: list[PartnerStatus], alarms: int
) -> None:
    status = deepcopy(USUAL)
    status["partners"] = partners
    status["asterisk"]["up"] = alarms < 1
    status["draining"] = alarms > 1
    status["config"]["last_reload_ok"] = alarms < 3
    status["store_up"] = alarms < 4
    for text in (on_screen(status), lines(status)):
        assert max(cell_len(line) for line in text) <= 79
        assert sum(line.startswith("!! ") for line in text) == min(alarms, 4)
    assert len(on_screen(status)) <= 24
    assert len(lines(status)) <= 24 + 2 + len(partners)  # heading and sum


def test_status_shows_every_partner_that_matters_however_many_lines_it_takes() -> None:
    status = many(
        *(a_partner(f"shut{n}", override="closed", why="closed by override") for n in range(12))
    )
    status["store_up"] = False
    status["draining"] = True
    assert sum(line.startswith("shut") for line in lines(status)) == 12
    assert "8 more, no seats wanted" in status_text(status)
    folded = partner_lines(status)
    assert "11 closed by override" in folded[-1]  # and one has a line of its own


def test_agents_who_are_paused_for_not_answering_are_an_alarm() -> None:
    status = deepcopy(USUAL)
    assert "!! PAUSED" not in status_text(status)
    status["not_answering"] = ["a-101"]
    assert "!! PAUSED, DID NOT ANSWER: a-101: see ivrd agent list" in lines(status)
    status["not_answering"] = ["a-101", "a-102", "a-103"]
    assert "!! PAUSED, DID NOT ANSWER: a-101 and 2 more: see ivrd agent list" in lines(status)


def test_a_plan_that_is_on_is_told() -> None:
    status = deepcopy(USUAL)
    status["plan"] = {
        "name": "flood",
        "started_by": "load",
        "ends_in_seconds": 3000.0,
        "lower_limits": False,
    }
    assert "!! PLAN flood, started by load, ends in 50 min" in lines(status)
    status["plan"]["lower_limits"] = True
    told = "!! PLAN flood, started by load, ends in 50 min; asks more callers for a key"
    assert told in lines(status)


def test_limits_and_missing_recordings_are_alarms() -> None:
    status = deepcopy(USUAL)
    status["limits"] = [
        "Asterisk has room for 64 callers, not 1000: see ivrd check",
        "64 callers: the next one hears that all lines are busy",
    ]
    status["missing_prompts"] = [
        "/usr/share/ivrd/sounds/th/welcome.wav: missing; expected a WAV",
        "b",
    ]
    status["languages_off"] = {"km": 134}
    told = [line for line in lines(status) if line.startswith("!! ")]
    assert told == [
        "!! LIMIT: Asterisk has room for 64 callers, not 1000: see ivrd check",
        "!! LIMIT: 64 callers: the next one hears that all lines are busy",
        "!! 2 RECORDINGS CANNOT BE PLAYED, th/welcome.wav is one: see ivrd check",
        "!! LANGUAGE km IS OFF: 134 prompts have no recording: see ivrd check",
    ]
    assert len(on_screen(status)) == 24


def test_a_trunk_that_fails_is_told_and_a_partners_stands_in_its_line() -> None:
    status = deepcopy(USUAL)
    fault = {"reason": "registration", "since_seconds": 9.0}
    status["trunks"] = [
        {"name": "partner-good", "why": "it is silent", **fault},  # type: ignore[typeddict-item]
        {"name": "north", "why": "sip.north.example refuses to register us (403)", **fault},  # type: ignore[typeddict-item]
        {"name": "callback-trunk", "why": "it is silent", **fault},  # type: ignore[typeddict-item]
    ]
    told = [line for line in lines(status) if line.startswith("!! ")]
    assert told == ["!! TRUNK north and 1 more: sip.north.example refuses to register us (403)"]


def test_paused_seats_stand_out_while_their_pool_is_open() -> None:
    assert "\x1b[1;33m        3" in in_colour(USUAL)
    closed = deepcopy(USUAL)
    closed["pools"] = [a_pool("base", open=False)]
    assert "\x1b[1;33m        3" not in in_colour(closed)


def test_call_backs_are_shown_where_there_are_any_and_are_no_answered_calls() -> None:
    assert not [line for line in lines(USUAL) if "called back" in line.lower()]
    status = deepcopy(USUAL)
    status["hour"].update({"callback": 9, "dialled": 12, "reached": 7})
    status["callbacks"].update({"dialled": 40, "talking": 2})
    status["callbacks"]["results"]["reached"] = 21
    assert len(on_screen(status)) == 24
    assert words(line_with("Asked to be called back", status))[-3:] == ["7", "of", "12"]
    assert "called 60, answered 43, hung up 5, called back 21," in lines(status)[-1]
