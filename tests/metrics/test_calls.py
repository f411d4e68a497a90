"""What a scrape says, read back from its text as Prometheus reads it."""

import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ivrd.core import call_events as c
from ivrd.core.call import AnsweredBy, Call, CallbackResult, CallState, Direction, Outcome, Stage
from ivrd.core.call_notices import STANDS_SECONDS, Answered, Ended, PassedOn, Rejoined
from ivrd.core.call_table import TABLE, InvalidTransition, step
from ivrd.core.day import CompletedCall, completed_call, day_of
from ivrd.core.ledger import Ledger
from ivrd.core.recent import Recent
from ivrd.core.seats import SeatStatus
from ivrd.metrics.calls import CallMetrics
from lab.parts import PROMETHEUS, program
from tests.core.lives import BEGINNINGS, Step, begun, days

QUEUES = ("vaccination", "other")
SERVICE_LEVEL = 25.0  # no bound of the histogram by itself
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def metrics(clock: Callable[[], float] = lambda: 100.0) -> CallMetrics:
    return CallMetrics(QUEUES, SERVICE_LEVEL, "0.1.0", pools=("base", "surge"), clock=clock)


def read(made: CallMetrics, ledger: Ledger | None = None, *, without: str = "#none") -> Series:
    """Every series of one scrape with its value, but for lines that have `without` in them."""
    lines = made.text(ledger or Ledger()).decode().splitlines()
    text = "".join(f"{line}\n" for line in lines if without not in line)
    families = text_string_to_metric_families(text)
    rows = [(s.name, frozenset(s.labels.items()), s.value) for f in families for s in f.samples]
    assert len({row[:2] for row in rows}) == len(rows), "a series stands there twice"
    return {(name, labels): value for name, labels, value in rows}


def value(series: Series, name: str, **labels: str) -> float:
    return series[name, frozenset(labels.items())]


def total(series: Series, name: str, **labels: str) -> float:
    """The sum over all series of a name that have these labels."""
    wanted = set(labels.items())
    return sum(v for (n, found), v in series.items() if n == name and wanted <= found)


# --- the books ---------------------------------------------------------------------------------

# Which call, which of the events that it can have, which queue, how many seconds later.
STEPS = st.tuples(
    st.sampled_from("abc"),
    st.integers(0, 9),
    st.sampled_from((*QUEUES, "unheard-of")),
    st.floats(0, 50),
)


def event(kind: type, queue: str, at: float) -> c.Event:
    if kind is c.JoinedQueue:
        return c.JoinedQueue(at, queue)
    if kind is c.Connected:
        return c.Connected(
            at, AnsweredBy.PARTNER if queue == "other" else AnsweredBy.INHOUSE, "seat"
        )
    if kind is c.MediaLost:
        return c.MediaLost(at, 30.0)
    if kind is c.Unreached:
        return c.Unreached(at, CallbackResult.BUSY)
    made: c.Event = kind(at) if kind in (c.HungUp, c.CutOff, c.Transferred) else kind()
    return made


@settings(deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_at_every_scrape_all_calls_are_accounted_for(
    steps: list[tuple[str, int, str, float]],
) -> None:
    now = 0.0
    made, ledger = metrics(lambda: now), Ledger()
    ended, long_abandoned = Counter[str](), 0
    answers, stand = dict[str, float](), set[str]()  # when answered; whose answer stands
    for number, (caller, choice, queue, seconds) in enumerate(steps):
        now += seconds
        if ledger.receive(Call(caller, now), adopted=number % 3 == 0):
            continue
        kinds = [kind for state, kind in TABLE if state is ledger.calls[caller].state]
        kind = kinds[choice % len(kinds)]
        for notice in ledger.apply(caller, event(kind, queue, now)):
            made.notice(notice)
            if isinstance(notice, Answered):
                answers[caller] = now
            elif isinstance(notice, Rejoined):
                stand |= {caller} if notice.answer_stands else set()
                answers.pop(caller, None)
            elif isinstance(notice, PassedOn):
                stand |= {caller}
                answers.pop(caller, None)
            elif isinstance(notice, Ended):
                ended[notice.outcome] += 1
                answers.pop(caller, None)
                stand.discard(caller)
                abandoned = (notice.outcome, notice.stage) == (Outcome.ABANDONED, Stage.QUEUE)
                long_abandoned += abandoned and (notice.call.wait_seconds() or 0) > 30
        stand |= {one for one, at in answers.items() if at <= now - STANDS_SECONDS}
        series = read(made, ledger, without="_bucket{")  # they make up most of it
        assert total(series, "ivrd_calls_received_total") == total(
            series, "ivrd_calls_total"
        ) + total(series, "ivrd_calls_in_progress")
        for outcome in Outcome:
            assert total(series, "ivrd_calls_total", outcome=outcome) == ended[outcome]
        assert total(series, "ivrd_abandoned_after_30s_total") == long_abandoned
        unanswered = sum(
            call.joined_at is not None and call.id not in stand for call in ledger.calls.values()
        )
        waits = total(series, "ivrd_wait_seconds_count")
        assert total(series, "ivrd_calls_offered_total") == waits + unanswered
        assert total(series, "ivrd_calls_adopted_total") == ledger.adopted


MADE = Call("m", 0.0, "hash", CallState.DIALLED, direction=Direction.CALLBACK)


@settings(deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_calls_that_the_hotline_makes_change_no_count_of_received_ones(
    steps: list[tuple[str, int, str, float]],
) -> None:
    now = 0.0
    made, ledger = metrics(lambda: now), Ledger()
    before = read(made, ledger, without="_bucket{")
    for caller, choice, queue, seconds in steps:
        now += seconds
        if ledger.receive(replace(MADE, id=caller, received_at=now)):
            continue
        kinds = [kind for state, kind in TABLE if state is ledger.calls[caller].state]
        for notice in ledger.apply(caller, event(kinds[choice % len(kinds)], queue, now)):
            made.notice(notice)
        series = read(made, ledger, without="_bucket{")
        assert value(series, "ivrd_callbacks_dialled_total") == total(
            series, "ivrd_callbacks_total"
        ) + value(series, "ivrd_callbacks_in_progress")
    after = read(made, ledger, without="_bucket{")
    theirs = ("ivrd_calls_", "ivrd_wait_", "ivrd_abandoned_", "ivrd_talks_cut_off_")
    for (name, labels), found in after.items():
        if name.startswith(theirs) and not name.endswith("_created"):
            assert found == before.get((name, labels), 0.0), name


def test_who_is_called_back_waited_since_the_effective_arrival_and_on_the_line_since_joining() -> (
    None
):
    made, ledger = metrics(), Ledger()
    for call_id, *story in (
        ("m", c.Connected(5000.0, AnsweredBy.INHOUSE, "seat"), c.HungUp(5100.0)),
        ("n", c.HungUp(5000.0)),  # hung up while waiting once more: not reached
    ):
        ledger.receive(replace(MADE, id=call_id, received_at=4970.0, effective_at=1000.0))
        for each in (c.JoinedQueue(4990.0, "other"), *story):
            for notice in ledger.apply(call_id, each):
                made.notice(notice)
    series = read(made, ledger)
    for name, seconds in (("delay", 4000.0), ("held", 10.0)):
        assert value(series, f"ivrd_callback_{name}_seconds_sum", queue="other") == seconds
        assert value(series, f"ivrd_callback_{name}_seconds_count", queue="other") == 1
    assert value(series, "ivrd_talk_seconds_sum", queue="other") == 100.0
    assert value(series, "ivrd_callbacks_total", result="reached") == 1
    assert value(series, "ivrd_callbacks_total", result="hung_up") == 1


def take(made: CallMetrics, ledger: Ledger, call_id: str, *events: c.Event) -> None:
    """A call that arrives at 0 s and goes through these events."""
    ledger.receive(Call(call_id, 0.0))
    for each in events:
        for notice in ledger.apply(call_id, each):
            made.notice(notice)


def test_a_wait_is_seen_when_the_caller_is_answered_and_the_talk_when_it_ends() -> None:
    made, ledger = metrics(), Ledger()
    take(
        made,
        ledger,
        "a",
        c.JoinedQueue(10.0, "other"),
        c.Connected(35.0, AnsweredBy.PARTNER, "s"),
    )
    series, labels = read(made, ledger), {"queue": "other", "outcome": "answered"}
    assert value(series, "ivrd_wait_seconds_bucket", le="25.0", **labels) == 1
    assert value(series, "ivrd_wait_seconds_bucket", le="20.0", **labels) == 0
    assert value(series, "ivrd_calls_in_progress", stage="talk") == 1
    assert total(series, "ivrd_talk_seconds_count") == 0
    take(made, ledger, "a", c.HungUp(95.0))
    series = read(made, ledger)
    assert value(series, "ivrd_talk_seconds_sum", queue="other") == 60
    assert total(series, "ivrd_wait_seconds_count") == 1
    labels |= {"stage": "talk", "by": "partner"}
    assert value(series, "ivrd_calls_total", **labels) == 1


def test_what_the_person_has_waited_before_is_in_a_series_of_its_own() -> None:
    """Of an answer, and of one who gives up again."""
    made, ledger = metrics(), Ledger()
    for call_id, last in (
        ("a", c.Connected(35.0, AnsweredBy.INHOUSE, "s")),
        ("b", c.HungUp(35.0)),
    ):
        ledger.receive(Call(call_id, 0.0))
        ledger.note(call_id, effective_at=-50.0)
        take(made, ledger, call_id, c.JoinedQueue(10.0, "other"), last)
    take(made, ledger, "a", c.HungUp(95.0))
    series = read(made, ledger)
    for outcome in ("answered", "abandoned"):
        labels = {"queue": "other", "outcome": outcome}
        assert value(series, "ivrd_wait_seconds_sum", **labels) == 25
        assert value(series, "ivrd_effective_wait_seconds_sum", **labels) == 85
    assert value(series, "ivrd_calls_credited_total", queue="other") == 2


def test_the_oldest_wait_is_that_of_the_first_in_the_line() -> None:
    made, ledger = metrics(), Ledger()
    take(made, ledger, "a", c.JoinedQueue(10.0, "other"))
    before = value(read(made, ledger), "ivrd_queue_oldest_wait_seconds", queue="other")
    ledger.note("a", effective_at=-50.0)
    after = value(read(made, ledger), "ivrd_queue_oldest_wait_seconds", queue="other")
    assert after - before == 60


def test_a_caller_who_is_sent_back_and_answered_again_has_waited_once() -> None:
    made, ledger = metrics(), Ledger()
    first = c.Connected(15.0, AnsweredBy.INHOUSE, "s")
    take(made, ledger, "a", c.JoinedQueue(10.0, "other"), first, c.JoinedQueue(50.0, "vaccination"))
    take(made, ledger, "a", c.Connected(60.0, AnsweredBy.INHOUSE, "s"), c.HungUp(95.0))
    series = read(made, ledger)
    assert total(series, "ivrd_wait_seconds_count") == 1
    assert value(series, "ivrd_wait_seconds_sum", queue="other", outcome="answered") == 5
    assert total(series, "ivrd_calls_offered_total") == 1


def test_who_is_dropped_and_hangs_up_is_no_answer() -> None:
    made, ledger = metrics(), Ledger()
    joined, taken = c.JoinedQueue(90.0, "other"), c.Connected(95.0, AnsweredBy.PARTNER, "p/01")
    take(made, ledger, "a", joined, taken)
    assert (
        total(read(made, ledger), "ivrd_wait_seconds_count") == 0
    )  # it may still prove to be none
    take(made, ledger, "a", c.JoinedQueue(96.0, "other"), c.HungUp(99.0))
    series = read(made, ledger)
    assert value(series, "ivrd_wait_seconds_sum", queue="other", outcome="abandoned") == 9
    assert total(series, "ivrd_wait_seconds_count") == 1


def test_who_is_dropped_and_answered_again_waited_until_then() -> None:
    made, ledger = metrics(), Ledger()
    joined, taken = c.JoinedQueue(10.0, "other"), c.Connected(15.0, AnsweredBy.PARTNER, "p/01")
    again = c.Connected(40.0, AnsweredBy.INHOUSE, "s")
    take(made, ledger, "a", joined, taken, c.JoinedQueue(16.0, "other"), again)
    series = read(made, ledger)
    assert value(series, "ivrd_wait_seconds_sum", queue="other", outcome="answered") == 30
    assert total(series, "ivrd_wait_seconds_count") == 1


@settings(deadline=None)
@given(days())
def test_each_offered_call_gives_one_wait_with_its_outcome(moments: list[Step]) -> None:
    """Nobody is kept so long here that the answer stands before the end: a second a moment."""
    made, ledger = metrics(), Ledger()
    hour = Recent(SERVICE_LEVEL)
    for moment in moments:
        if moment.line is not None and moment.line.entry_type in BEGINNINGS:
            ledger.receive(begun(moment.line))
        elif moment.event is not None:
            at = moment.at(100.0)  # all at one moment: no talk lasts
            assert at.event is not None
            for notice in ledger.apply(at.call_id, at.event):
                made.notice(notice)
                hour.notice(100.0, notice)
    series = read(made, ledger)
    ended = {key: n for key, n in ledger.outcomes.items() if key.queue}
    assert total(series, "ivrd_wait_seconds_count") == sum(ended.values())
    for outcome in Outcome:
        counted = sum(n for key, n in ended.items() if key.outcome is outcome)
        assert total(series, "ivrd_wait_seconds_count", outcome=outcome) == counted
    answered = sum(n for key, n in ended.items() if key.outcome is Outcome.ANSWERED)
    assert hour.totals(100.0)["answered"] == answered


def test_calls_that_ended_are_forgotten() -> None:
    made, ledger = metrics(), Ledger()
    answered = (
        c.JoinedQueue(10.0, "other"),
        c.Connected(15.0, AnsweredBy.INHOUSE, "s"),
        c.HungUp(20.0),
    )
    take(made, ledger, "a", *answered)
    take(made, ledger, "a", *answered)  # were it remembered, it would have no wait of its own
    assert total(read(made, ledger), "ivrd_wait_seconds_count") == 2


@pytest.mark.parametrize(("hung_up_at", "counted"), [(40.0, 0), (40.1, 1)])
def test_giving_up_after_more_than_30_s_is_counted_by_itself(
    hung_up_at: float, counted: int
) -> None:
    made, ledger = metrics(), Ledger()
    take(made, ledger, "a", c.JoinedQueue(10.0, "other"), c.HungUp(hung_up_at))
    take(made, ledger, "b", c.HungUp(90.0))  # never joined: not a queue abandonment
    take(made, ledger, "c", c.JoinedQueue(10.0, "other"), c.CutOff(90.0))  # our fault
    take(
        made, ledger, "d", c.JoinedQueue(10.0, "other"), c.LeftQueue(), c.HungUp(90.0)
    )  # in the menu
    series = read(made, ledger)
    assert value(series, "ivrd_abandoned_after_30s_total", queue="other") == counted
    assert total(series, "ivrd_abandoned_after_30s_total") == counted


@settings(deadline=None)
@given(days())
def test_metrics_day_and_last_hour_count_late_abandonment_and_failures_alike(
    moments: list[Step],
) -> None:
    made, ledger, recent = metrics(), Ledger(), Recent(SERVICE_LEVEL)
    kept: list[CompletedCall] = []
    now = 0.0
    for number, moment in enumerate(moments):
        at = moment.at(now := 13.0 * number)  # some wait for less than 30 s, others for longer
        if at.line is not None and at.line.entry_type in BEGINNINGS:
            ledger.receive(begun(at.line))
        elif at.event is not None:
            for notice in ledger.apply(at.call_id, at.event):
                made.notice(notice)
                recent.notice(now, notice)
                kept += [completed_call(notice)] if isinstance(notice, Ended) else []
    series, hour, day = read(made, ledger), recent.totals(now), day_of(kept, 0, 0, SERVICE_LEVEL)
    late = {
        total(series, "ivrd_abandoned_after_30s_total"),
        hour["abandoned_after_30s"],
        day.abandoned_after_30s,
    }
    failed = {
        total(series, "ivrd_calls_total", outcome="failed"),
        hour["failed"],
        day.total(Outcome.FAILED),
    }
    cut = {total(series, "ivrd_talks_cut_off_total"), day.talks_cut_off}
    gone = {total(series, "ivrd_calls_media_lost_total"), day.media_lost}
    reached = {
        value(series, "ivrd_callbacks_total", result="reached"),
        hour["reached"],
        day.callbacks.results.get(CallbackResult.REACHED, 0),
    }
    assert [len(counts) for counts in (late, failed, cut, gone, reached)] == [1] * 5


def test_a_talk_that_is_cut_off_is_answered_and_counted_by_itself() -> None:
    made, ledger = metrics(), Ledger()
    talk = c.JoinedQueue(10.0, "other"), c.Connected(15.0, AnsweredBy.INHOUSE, "s")
    take(made, ledger, "a", *talk, c.CutOff(95.0))
    take(made, ledger, "b", *talk, c.HungUp(95.0))
    take(made, ledger, "c", c.JoinedQueue(10.0, "other"), c.CutOff(95.0))
    series = read(made, ledger)
    assert value(series, "ivrd_talks_cut_off_total", queue="other") == 1
    assert total(series, "ivrd_calls_total", outcome="answered") == 2
    failed = {"queue": "other", "outcome": "failed", "stage": "queue", "by": ""}
    assert value(series, "ivrd_calls_total", **failed) == 1


def test_who_vanished_from_the_queue_is_abandoned_with_the_wait_until_then() -> None:
    made, ledger = metrics(), Ledger()
    take(made, ledger, "a", c.JoinedQueue(10.0, "other"), c.MediaLost(65.0, 30.0))
    take(made, ledger, "b", c.MediaLost(65.0, 30.0))
    series = read(made, ledger)
    assert value(series, "ivrd_calls_media_lost_total", stage="queue") == 1
    assert value(series, "ivrd_calls_media_lost_total", stage="ivr") == 1
    assert total(series, "ivrd_calls_total", outcome="abandoned") == 2
    assert total(series, "ivrd_abandoned_after_30s_total") == 0  # it was 25 s
    assert value(series, "ivrd_wait_seconds_sum", queue="other", outcome="abandoned") == 25


def test_who_waits_now_and_since_when() -> None:
    made, ledger = metrics(), Ledger()
    for call_id, at in ("a", 80.0), ("b", 30.0), ("c", 90.0):
        take(made, ledger, call_id, c.JoinedQueue(at, "other"))
    take(made, ledger, "d", c.JoinedQueue(1.0, "other"), c.Connected(2.0, AnsweredBy.INHOUSE, "s"))
    series = read(made, ledger)
    assert value(series, "ivrd_queue_callers", queue="other") == 3
    assert value(series, "ivrd_queue_oldest_wait_seconds", queue="other") == 70
    assert value(series, "ivrd_queue_oldest_wait_seconds", queue="vaccination") == 0


# --- from the start ----------------------------------------------------------------------------


def ways(queue: str) -> set[tuple[str, str, str, str]]:
    """How a call can end, by walking the call table from the first ring."""
    found: set[tuple[str, str, str, str]] = set()
    seen, open_ends = set(), [Call("a", 0.0)]
    while open_ends:
        call = open_ends.pop()
        for kind in {kind for _, kind in TABLE}:
            for by in (AnsweredBy.INHOUSE, AnsweredBy.PARTNER):
                one = c.Connected(0.0, by, "s") if kind is c.Connected else event(kind, queue, 0.0)
                try:
                    after, notices = step(call, one)
                except InvalidTransition:
                    continue
                for notice in notices:
                    if isinstance(notice, Ended):
                        found.add((after.queue, notice.outcome, notice.stage, after.by))
                if after not in seen and after.ended_at is None:
                    seen.add(after)
                    open_ends.append(after)
    return found


def test_every_end_that_a_call_can_have_is_there_with_0_from_the_start() -> None:
    series = read(metrics())
    rows = [dict(labels) for name, labels in series if name == "ivrd_calls_total"]
    order = ("queue", "outcome", "stage", "by")
    assert {tuple(row[key] for key in order) for row in rows} == ways("vaccination") | ways("other")
    assert total(series, "ivrd_calls_total") == 0


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("ivrd_calls_received_total", {}),
        ("ivrd_calls_adopted_total", {}),
        ("ivrd_calls_in_progress", {"stage": "ivr"}),
        ("ivrd_calls_in_progress", {"stage": "queue"}),
        ("ivrd_calls_in_progress", {"stage": "talk"}),
        ("ivrd_calls_offered_total", {"queue": "other"}),
        ("ivrd_callbacks_dialled_total", {}),
        ("ivrd_callbacks_in_progress", {}),
        *(("ivrd_callbacks_total", {"result": result}) for result in CallbackResult),
        ("ivrd_callback_delay_seconds_count", {"queue": "other"}),
        ("ivrd_callback_held_seconds_count", {"queue": "other"}),
        ("ivrd_wait_seconds_count", {"queue": "other", "outcome": "answered"}),
        ("ivrd_wait_seconds_bucket", {"queue": "other", "outcome": "abandoned", "le": "25.0"}),
        ("ivrd_wait_seconds_bucket", {"queue": "other", "outcome": "abandoned", "le": "30.0"}),
        ("ivrd_wait_seconds_bucket", {"queue": "other", "outcome": "abandoned", "le": "3600.0"}),
        ("ivrd_talk_seconds_count", {"queue": "other"}),
        ("ivrd_abandoned_after_30s_total", {"queue": "other"}),
        ("ivrd_talks_cut_off_total", {"queue": "other"}),
        *(("ivrd_calls_media_lost_total", {"stage": stage}) for stage in Stage),
        ("ivrd_unattended_total", {}),
        ("ivrd_events_refused_total", {"event": "JoinedQueue"}),
        ("ivrd_menu_faults_total", {}),
        ("ivrd_ami_up", {}),
        ("ivrd_ami_reconnects_total", {}),
        ("ivrd_event_lag_seconds_count", {}),
        ("ivrd_agi_seconds_count", {}),
        ("ivrd_decision_seconds_count", {}),
        ("ivrd_loop_lag_seconds_count", {}),
        *(("ivrd_seats", {"pool": "surge", "state": state}) for state in SeatStatus),
        ("ivrd_pool_open", {"pool": "surge"}),
        ("ivrd_config_last_reload_successful", {}),
        ("ivrd_config_last_reload_success_timestamp_seconds", {}),
    ],
)
def test_series_are_there_with_0_from_the_start(name: str, labels: dict[str, str]) -> None:
    assert value(read(metrics()), name, **labels) == 0


def test_version_and_process_are_there() -> None:
    series = read(metrics())
    (build,) = (dict(labels) for name, labels in series if name == "ivrd_build_info")
    assert build["version"] == "0.1.0"
    assert build["python"].startswith("3.")
    assert total(series, "process_resident_memory_bytes") > 0


def test_no_label_but_these() -> None:
    """A caller, a call or a caller's number must never become a label (`number` is one of ours)."""
    known = {"queue", "outcome", "stage", "by", "event", "pool", "state", "version", "python", "le"}
    known |= {"reason", "number", "result"}
    series = read(metrics())
    assert {label for _, labels in series for label, _ in labels} == known
    assert not any(name.endswith("_created") for name, _ in series)


def test_two_of_them_do_not_share_a_registry() -> None:
    one, two = metrics(), metrics()
    one.fault()
    assert total(read(two), "ivrd_menu_faults_total") == 0


# --- what else happens -------------------------------------------------------------------------


def test_faults_and_latencies_are_counted() -> None:
    made = metrics()
    made.lag(0.002)
    made.agi(0.02)
    made.decision(0.04)
    made.loop_lag(0.2)
    made.fault()
    made.unattended(Call("a", 0.0))
    made.refused("JoinedQueue")
    made.refused("made up\nby somebody")
    series = read(made)
    assert value(series, "ivrd_event_lag_seconds_bucket", le="0.0025") == 1
    assert value(series, "ivrd_agi_seconds_bucket", le="0.025") == 1
    assert value(series, "ivrd_decision_seconds_bucket", le="0.05") == 1
    assert value(series, "ivrd_loop_lag_seconds_bucket", le="0.25") == 1
    assert value(series, "ivrd_menu_faults_total") == 1
    assert value(series, "ivrd_unattended_total") == 1
    assert value(series, "ivrd_events_refused_total", event="JoinedQueue") == 1
    assert value(series, "ivrd_events_refused_total", event="other") == 1


def test_a_reconnect_is_a_link_that_came_back() -> None:
    made = metrics()
    seen = []
    for up in (False, True, True, False, False, True, False):
        made.link(up)
        series = read(made)
        seen.append((value(series, "ivrd_ami_up"), value(series, "ivrd_ami_reconnects_total")))
    assert seen == [(0, 0), (1, 0), (1, 0), (0, 0), (0, 0), (1, 1), (0, 1)]


def test_a_refused_reload_shows() -> None:
    made = metrics()
    made.reload(True, 50.0)
    assert value(read(made), "ivrd_config_last_reload_successful") == 1
    made.reload(False, 60.0)
    assert value(read(made), "ivrd_config_last_reload_successful") == 0
    assert value(read(made), "ivrd_config_last_reload_success_timestamp_seconds") == 50


def test_seats_are_as_last_told() -> None:
    made = metrics()
    made.seats.show({"base": {SeatStatus.FREE: 2, SeatStatus.BUSY: 3}, "surge": {}}, {"base"})
    made.seats.show({"base": {SeatStatus.FREE: 1}}, {"base"})
    series = read(made)
    seats = {state: value(series, "ivrd_seats", pool="base", state=state) for state in SeatStatus}
    assert seats == {"free": 1, "ringing": 0, "busy": 0, "away": 0, "paused": 0}
    assert value(series, "ivrd_pool_open", pool="base") == 1
    assert not any(("pool", "surge") in labels for _, labels in series)


def test_queues_that_a_reload_brings_are_there_and_old_ones_stay() -> None:
    made, ledger = metrics(), Ledger()
    take(made, ledger, "a", c.JoinedQueue(10.0, "other"), c.HungUp(90.0))
    before = read(made, ledger)
    made.queues(("benefits", "vaccination"))
    after = read(made, ledger)
    assert value(after, "ivrd_calls_offered_total", queue="benefits") == 0
    steady = {key: v for key, v in before.items() if key[0].startswith("ivrd_")}
    assert steady.items() <= after.items()


# --- promtool ----------------------------------------------------------------------------------


def test_promtool_has_nothing_to_say_about_the_names() -> None:
    made, ledger = metrics(), Ledger()
    take(made, ledger, "a", c.JoinedQueue(10.0, "other"), c.HungUp(90.0))
    command = [*program(PROMETHEUS, "promtool"), "check", "metrics"]
    scrape = made.text(ledger)
    done = subprocess.run(command, input=scrape, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


# --- queues that are divided -------------------------------------------------------------------


def test_a_queue_that_is_divided_has_a_series_for_each_language_and_its_topics_are_added_up() -> (
    None
):
    made, ledger = metrics(), Ledger()
    made.queues(("care+fever.th", "care+flu.th", "care+fever.en", "care+flu.en"))
    for call, queue, at in (("a", "care+fever.th", 40.0), ("b", "care+flu.th", 90.0)):
        ledger.receive(Call(call, 0.0))
        ledger.apply(call, c.JoinedQueue(at, queue))
    series = read(made, ledger)
    assert value(series, "ivrd_calls_offered_total", queue="care", language="th") == 2
    assert value(series, "ivrd_calls_offered_total", queue="care", language="en") == 0
    assert value(series, "ivrd_queue_callers", queue="care", language="th") == 2
    oldest = value(series, "ivrd_queue_oldest_wait_seconds", queue="care", language="th")
    assert oldest == 60.0
    for call in ("a", "b"):
        for notice in ledger.apply(call, c.HungUp(150.0)):
            made.notice(notice)
    series = read(made, ledger)
    gave_up = {"outcome": "abandoned", "stage": "queue", "by": ""}
    assert value(series, "ivrd_calls_total", queue="care", language="th", **gave_up) == 2
    assert value(series, "ivrd_abandoned_after_30s_total", queue="care", language="th") == 2
