"""A real Prometheus collects the figures, and its own tool reads the alerts of monitoring/."""

import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener
from zoneinfo import ZoneInfo

import pytest

from ivrd.asterisk.facts import PartnerLegEvent
from ivrd.asterisk.leader_guard import LeaderGuard
from ivrd.asterisk.queue_log import QueueLogReader
from ivrd.core.agent import AgentState
from ivrd.core.call import AnsweredBy, Call
from ivrd.core.call_events import Connected, HungUp, JoinedQueue
from ivrd.core.ledger import Ledger
from ivrd.core.leg_security import LegSecurity
from ivrd.core.outbox import Entry
from ivrd.core.outbox_backlog import Backlog
from ivrd.core.people_figures import PeopleCount, PersonCall
from ivrd.core.refusals import Refusals
from ivrd.core.repeat_calls import After, ServedCall
from ivrd.core.report import PartnerEvent, PartnerEventKind
from ivrd.core.trunk_fault import FaultReason, TrunkFault
from ivrd.core.validity import Validity
from ivrd.ha.leadership import Leadership
from ivrd.ha.reconciliation import Reconciliation
from ivrd.metrics.agents import AgentCollector, WrapUpMetrics
from ivrd.metrics.calls import CONTENT_TYPE, CallMetrics
from ivrd.metrics.capacity import CapacityMetrics
from ivrd.metrics.cases import CaseMetrics
from ivrd.metrics.handoff import HandoffMetrics
from ivrd.metrics.intake import IntakeMetrics
from ivrd.metrics.outbox import OutboxCollector, OutboxMetrics
from ivrd.metrics.partners import PartnerGauges, PartnerMetrics
from ivrd.metrics.people import PeopleMetrics
from ivrd.metrics.persistence import PersistenceMetrics
from ivrd.metrics.prompts import PromptMetrics
from ivrd.metrics.refusals import RefusalMonitor
from ivrd.metrics.repeats import RepeatMetrics
from ivrd.metrics.screening import ScreeningMetrics
from ivrd.metrics.trunks import LegSecurityMetrics, TrunkCollector
from ivrd.metrics.urgency import UrgencyMetrics
from ivrd.metrics.waiting import WaitMetrics
from ivrd.store import SqliteStore, WriteBehind
from ivrd.trunks.certificate import Certificate
from lab.parts import PROMETHEUS, program
from lab.running import spawn

MONITORING = Path(__file__).parents[2] / "monitoring"
DEADLINE_SECONDS = 60.0
DIRECT = build_opener(ProxyHandler({}))  # whatever proxy this machine has


class Hotline:
    """What Prometheus collects from: the ledger and the figures."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.metrics = CallMetrics(("other",), 20.0, "0.1.0", pools=("base",), clock=time.time)
        runtime = {"alpha": PartnerGauges(wanted=4, open=3, called_out=6, pledged_today=5)}
        self.partners = PartnerMetrics(self.metrics.registry, lambda: runtime)
        self.cases = CaseMetrics(self.metrics.registry)
        self.repeats = RepeatMetrics(self.metrics.registry, ["other"])
        alone = Leadership("a:1", True, LeaderGuard(), lambda _why: None)
        store = SqliteStore(Path("nowhere"))
        reconciliation = Reconciliation(
            QueueLogReader(Path("nowhere")),
            self.ledger.calls,
            lambda at: at,
            lambda _token: "",
            lambda _entry: None,
        )
        PersistenceMetrics(
            self.metrics.registry,
            alone,
            WriteBehind(store, alone, lambda _up, _why: None),
            reconciliation,
            SimpleNamespace(sent_to_queue=0),
        )
        self.people = PeopleCount(3)
        statistics = SimpleNamespace(
            count=self.people, expire=lambda: self.people.expire(time.time())
        )
        PeopleMetrics(self.metrics.registry, statistics, time.time)
        WaitMetrics(self.metrics.registry, ["other"])
        agents = {"base": {AgentState.READY: 1, AgentState.TALKING: 1}}
        AgentCollector(self.metrics.registry, lambda: agents, time.time).look()
        WrapUpMetrics(self.metrics.registry).wrapped_up("base", 20.0)
        self.handoffs = HandoffMetrics(self.metrics.registry, alone, time.time)
        CapacityMetrics(
            self.metrics.registry,
            SimpleNamespace(callers=1000, room=64),
            SimpleNamespace(lines_busy=0),
        )
        settings: Any = SimpleNamespace(
            zone=ZoneInfo("Asia/Bangkok"),
            validities={"news": Validity(date(2027, 3, 31), "person", "Health")},
            languages=("th", "en"),
            languages_off={"km": ["a prompt has no recording"]},
        )
        PromptMetrics(self.metrics.registry, lambda: settings)
        screening: Any = SimpleNamespace(challenged={}, passed=0)
        ScreeningMetrics(self.metrics.registry, screening, lambda: 0)
        self.leg_security = LegSecurityMetrics(self.metrics.registry, alone)
        fault = TrunkFault(FaultReason.PASSWORD, "the password is refused")
        end = datetime(2027, 3, 31, tzinfo=UTC)
        shown = Certificate("CN=bank", "CN=ca", (), end, end)
        trunks: Any = SimpleNamespace(
            names=lambda: ["partner-alpha"],
            fault=lambda _name: fault,
            certificates=lambda: iter([("partner-alpha", "192.0.2.17:5061", shown)]),
        )
        TrunkCollector(self.metrics.registry, trunks, lambda: shown)
        UrgencyMetrics(self.metrics.registry, self.ledger, alone, time.time)
        IntakeMetrics(self.metrics.registry).red_flag("breath")
        OutboxMetrics(self.metrics.registry).channels(["sms"])
        backlog = Backlog(10)
        backlog.put(Entry("id", "sms", "use", "who", "sealed", 1, 0.0, 60.0, 0.0))
        state: Any = SimpleNamespace(
            backlog=backlog, health={}, channel_names=lambda: ["sms"], now=time.time
        )
        OutboxCollector(self.metrics.registry, state)
        link = SimpleNamespace(stopping=False, take_surplus=dict)
        where = "ivrd.yaml:60: asterisk.carriers"
        refusals = Refusals(["carrier"])
        RefusalMonitor(self.metrics.registry, refusals, link, alone, where, time.time)

    def call(self, call_id: str, *events: JoinedQueue | Connected | HungUp) -> None:
        """A call that arrives at 0 s and goes through these events."""
        self.ledger.receive(Call(call_id, 0.0))
        for event in events:
            for notice in self.ledger.apply(call_id, event):
                self.metrics.notice(notice)


@contextmanager
def served(tracker: Hotline) -> Iterator[str]:
    """Serve the hotline's figures on loopback; gives host:port."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = tracker.metrics.text(tracker.ledger)
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Prometheus:
    """A private Prometheus that collects from one target each second.

    It waits for a page no longer than that: twice a second would be too short on a busy machine.
    """

    def __init__(self, folder: Path, target: str) -> None:
        config = {
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "ivrd", "static_configs": [{"targets": [target]}]}],
        }
        (folder / "prometheus.json").write_text(json.dumps(config))  # JSON is YAML too
        self._output = folder / "output"
        command = [
            *program(PROMETHEUS, "prometheus"),
            f"--config.file={folder / 'prometheus.json'}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--web.listen-address=127.0.0.1:0",
        ]
        with self._output.open("w") as output:
            self._process = spawn(command, stdout=output, stderr=subprocess.STDOUT)

    def ask(self, query: str) -> float | None:
        """The value of a query's first result; None without one, or before it listens."""
        output = self._output.read_text()
        assert self._process.poll() is None, output
        listens = re.search(r'msg="Listening on".* address=(\S+)', output)
        if not listens:
            return None
        url = f"http://{listens[1]}/api/v1/query?{urlencode({'query': query})}"
        try:
            with DIRECT.open(url, timeout=60) as answer:
                result = json.load(answer)["data"]["result"]
        except HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:  # it listens before it is ready
                raise
            return None
        return float(result[0]["value"][1]) if result else None

    def wait_for(self, query: str, expected: float | None) -> None:
        """Ask until the query has the expected value (None: any); fails at the deadline.

        On a busy machine a page may have come too late for Prometheus, which then has nothing.
        """
        until = time.monotonic() + DEADLINE_SECONDS
        while (found := self.ask(query)) is None or expected not in (None, found):
            assert time.monotonic() < until, f"{query}: {found}, not {expected}"
            time.sleep(0.1)  # there is nothing to be told by: Prometheus is asked

    def stop(self) -> None:
        """End the process, and no other."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def tracker() -> Hotline:
    return Hotline()


@pytest.fixture
def prometheus(tmp_path: Path, tracker: Hotline) -> Iterator[Prometheus]:
    with served(tracker) as target:
        started = Prometheus(tmp_path, target)
        yield started
        started.stop()


def test_prometheus_has_the_hotlines_figures(tracker: Hotline, prometheus: Prometheus) -> None:
    tracker.call("a")
    tracker.call("b", JoinedQueue(10.0, "other"), HungUp(50.0))
    prometheus.wait_for("ivrd_calls_received_total", 2)
    prometheus.wait_for("up", 1)
    tracker.call("c", JoinedQueue(20.0, "other"))
    prometheus.wait_for("ivrd_calls_received_total", 3)
    prometheus.wait_for('ivrd_calls_in_progress{stage="queue"}', 1)
    prometheus.wait_for('sum(ivrd_calls_total{queue="other",outcome="abandoned"})', 1)
    prometheus.wait_for('ivrd_wait_seconds_bucket{le="30.0",outcome="abandoned"}', 0)
    prometheus.wait_for('ivrd_wait_seconds_bucket{le="45.0",outcome="abandoned"}', 1)


def test_the_queries_of_the_readme_have_answers(tracker: Hotline, prometheus: Prometheus) -> None:
    tracker.call("a", JoinedQueue(10.0, "other"), HungUp(50.0))
    tracker.call("b")
    tracker.call(
        "c",
        JoinedQueue(10.0, "other"),
        Connected(12.0, AnsweredBy.INHOUSE, "base-01"),
        HungUp(50.0),
    )
    for call_id in ("d", "e", "f"):
        taken = Connected(12.0, AnsweredBy.PARTNER, "alpha/01")
        tracker.call(call_id, JoinedQueue(10.0, "other"), taken, HungUp(50.0))
        tracker.partners.take(PartnerEvent("alpha", PartnerEventKind.OFFERED))
        tracker.partners.take(PartnerEvent("alpha", PartnerEventKind.CONFIRMED, 2.0))
        confirmed = PartnerLegEvent(
            "alpha", "alpha/01", PartnerEventKind.CONFIRMED, 2.0, "1.1", security=LegSecurity.BOTH
        )
        tracker.leg_security.leg_event(confirmed)
    tracker.repeats.served(ServedCall("d", 50.0, After.SETTLED, "other", "alpha"))
    for hours in (0.0, 2.0):
        began = time.time() - hours * 3600.0
        tracker.people.take(PersonCall(f"{hours}", f"of {hours}", began, began, True, False))
    prometheus.wait_for("count_over_time(ivrd_calls_received_total[1m]) >= bool 3", 1)
    readme = (MONITORING / "README.md").read_text("utf-8")
    queries = re.findall(r"^\|.*\| `(.*)` \|$", readme, re.MULTILINE)
    assert len(queries) == 34
    for query in queries:
        prometheus.wait_for(query, None)
    (lent,) = [query for query in queries if 'state="wanted"' in query]
    prometheus.wait_for(lent, 0.75)  # seats open of those wanted
    (long,) = [query for query in queries if "at_least_seconds" in query]
    prometheus.wait_for(long, 1)  # of two
    (waiting,) = [query for query in queries if "ivrd_outbox_entries" in query]
    prometheus.wait_for(waiting, 1)
    prometheus.wait_for(queries[-1], 0)  # received = outcomes + in progress


def promtool(*arguments: str, stdin: str = "") -> str:
    """What promtool says; an error status is a failure."""
    command = [*program(PROMETHEUS, "promtool"), *arguments]
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_promtool_has_nothing_to_say_about_names_and_help_texts(tracker: Hotline) -> None:
    tracker.call("a", JoinedQueue(10.0, "other"), HungUp(50.0))
    assert promtool("check", "metrics", stdin=tracker.metrics.text(tracker.ledger).decode()) == ""


def test_no_outcome_is_published_that_no_call_can_have(tracker: Hotline) -> None:
    scrape = tracker.metrics.text(tracker.ledger).decode()
    reconciled = re.findall(r'^ivrd_calls_reconciled_total\{outcome="(\w+)"', scrape, re.MULTILINE)
    expected = [
        *("abandoned", "answered", "callback", "deflected", "failed", "rejected"),
        "self_served",
    ]
    assert sorted(reconciled) == expected
    ended = set(re.findall(r'^ivrd_calls_total\{.*outcome="(\w+)"', scrape, re.MULTILINE))
    assert set(reconciled) <= ended
    assert "deflected" in ended


def test_the_alerts_fire_when_they_should(tmp_path: Path) -> None:
    folder = shutil.copytree(MONITORING, tmp_path / "monitoring")
    promtool("check", "config", str(folder / "prometheus.yml"))
    promtool("check", "rules", str(folder / "rules.yml"))
    promtool("test", "rules", str(folder / "rules_test.yml"))


@pytest.mark.parametrize("file", ["rules.yml", "rules_test.yml", "README.md"])
def test_what_is_asked_for_is_published(tracker: Hotline, file: str) -> None:
    scrape = tracker.metrics.text(tracker.ledger).decode()
    published = set(re.findall(r"^(ivrd_\w+)", scrape, re.MULTILINE))
    published |= set(re.findall(r"^# TYPE (\w+) histogram", scrape, re.MULTILINE))
    asked = set(re.findall(r"\bivrd_[a-z0-9_]+\b", (MONITORING / file).read_text("utf-8")))
    assert asked
    assert asked <= published
