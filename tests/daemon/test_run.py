"""A daemon from start to stop, over a fake Asterisk: what listens, what runs, what signals do."""

import asyncio
import gc
import getpass
import json
import logging
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ivrd.asterisk.render.system import MESSAGES_LOG
from ivrd.config.outbox_settings import FileSettings, MessageSettings, OutboxSettings
from ivrd.config.outbox_template import Template
from ivrd.daemon.service import Daemon, spare_collections
from ivrd.ha.leadership import Role
from ivrd.log import formatters as log
from ivrd.outbox.message import Message
from tests.asterisk.fake_ami import FakeAmi, denied, rows
from tests.daemon.hotline import PATIENCE, Systemd, asterisk, settings_for, until
from tests.daemon.shipped import CONFIG


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    found = Systemd(tmp_path)
    yield found
    found.close()


@pytest.fixture
def collector() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_no_collection_looks_through_what_the_start_has_built(collector: None) -> None:
    built = [[] for _ in range(1000)]
    spare_collections()
    assert gc.get_freeze_count() >= len(built)
    assert gc.get_count()[2] == 0  # and there was no garbage in it


@dataclass
class Running:
    """A daemon that runs, and its Asterisk."""

    daemon: Daemon
    ami: FakeAmi
    task: "asyncio.Task[None]"
    folder: Path

    @property
    def port(self) -> int:
        return self.daemon._runners[0].addresses[0][1]

    async def get(self, path: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()

    async def control(self, method: str, path: str) -> Any:
        connector = aiohttp.UnixConnector(str(self.folder / "control"))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, f"http://ivrd{path}") as answer,
        ):
            return json.loads(await answer.text())

    async def ends(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([self.task])
        self.task.result()


@asynccontextmanager
async def running(folder: Path, systemd: Systemd, config: Path = CONFIG) -> AsyncIterator[Running]:
    async with asterisk() as ami:
        daemon = Daemon(settings_for(folder, ami.port, config))
        task = asyncio.create_task(daemon.run())
        await until(lambda: "READY=1" in systemd.read() or task.done())
        try:
            yield Running(daemon, ami, task, folder)
        finally:
            if not task.done():
                task.cancel()
            await asyncio.wait([task])


def live(
    folder: Path,
    systemd: Systemd,
    body: Callable[[Running], Coroutine[Any, Any, None]],
    config: Path = CONFIG,
) -> None:
    async def main() -> None:
        async with running(folder, systemd, config) as at:
            await body(at)

    asyncio.run(main())


def test_it_connects_serves_measures_and_decides(tmp_path: Path, systemd: Systemd) -> None:
    async def body(at: Running) -> None:
        await until(lambda: at.daemon.wiring.link.up)
        assert await at.get("/-/ready") == (200, "ok\n")
        metrics = at.daemon.wiring.observer.metrics.registry.get_sample_value
        await until(lambda: metrics("ivrd_loop_lag_seconds_count"))
        status, text = await at.get("/metrics")
        assert (status, "ivrd_calls_received_total 0.0" in text) == (200, True)
        await until(lambda: at.daemon.wiring.partners.controller.decision is not None)
        assert not at.daemon.wiring.reevaluate.is_set()
        answer = await at.control("POST", "/override?partner=tcg&override=closed&who=mallory")
        assert answer["note"] == "", "it is stored"
        (entry,) = (await at.control("GET", "/audit"))["entries"]
        assert entry["who"] == getpass.getuser()
        rejected = await at.control("POST", "/handover")
        assert rejected == {"error": "there is no standby"}
        at.ami.answers["Login"] = denied
        at.ami.cut()
        await until(lambda: not at.daemon.wiring.observer.connected)
        assert (await at.get("/-/ready"))[0] == 503

    live(tmp_path, systemd, body)


def test_a_new_leader_changes_nothing_before_it_has_read_what_was_stored(
    tmp_path: Path, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(at: Running) -> None:
        wiring, told = at.daemon.wiring, []

        async def tell() -> None:
            told.append(wiring.failover.began)

        async def look() -> None:
            before = wiring.partners.controller.decision
            wiring.reevaluate.set()
            await until(lambda: wiring.partners.controller.decision is not before)

        monkeypatch.setattr(wiring.partners, "tell_second_calls", tell)
        await until(lambda: told)
        wiring.failover.began = False
        for _ in range(2):  # a look that is going on now may have begun before
            await look()
        told.clear()
        for _ in range(2):
            await look()
        assert told == []
        wiring.failover.began = True
        await until(lambda: told)

    live(tmp_path, systemd, body)


def test_who_waits_in_a_queue_that_is_gone_is_moved_though_seats_are_refused(
    tmp_path: Path, systemd: Systemd
) -> None:
    async def body(at: Running) -> None:
        to = at.daemon.wiring.settings.default_queue
        at.ami.answers["QueueAdd"] = denied
        at.ami.answers["QueueStatus"] = rows("QueueStatus", {"Event": "QueueParams", "Queue": to})
        await until(lambda: at.daemon.wiring.link.up)
        pool = at.daemon.wiring.settings.pools[-1].name
        refused = await at.control("POST", f"/seats?pool={pool}&open=true")
        assert "Permission denied" in refused["error"]
        about = {"Uniqueid": "1.1", "Channel": "PJSIP/c-1.1"}
        at.ami.emit(Event="UserEvent", UserEvent="IvrdReceived", **about)
        at.ami.emit(Event="QueueCallerJoin", Queue="gone", **about)
        await until(lambda: at.ami.named("Redirect"))

    live(tmp_path, systemd, body)


def test_who_waits_is_to_hear_for_how_long(tmp_path: Path, systemd: Systemd) -> None:
    async def body(at: Running) -> None:
        await until(lambda: at.daemon.wiring.link.up)
        about = {"Uniqueid": "1.1", "Channel": "PJSIP/c-1.1"}
        at.ami.emit(Event="UserEvent", UserEvent="IvrdReceived", **about)
        queue = at.daemon.wiring.settings.default_queue
        at.ami.emit(Event="QueueCallerJoin", Queue=queue, **about)
        await until(
            lambda: [one for one in at.ami.named("Setvar") if "language" in one["Variable"]]
        )

    live(tmp_path, systemd, body)


def test_calls_of_which_only_asterisks_log_tells_are_counted(
    tmp_path: Path, systemd: Systemd
) -> None:
    async def body(at: Running) -> None:
        path = at.daemon.wiring.settings.asterisk.queue_log.with_name(MESSAGES_LOG)
        line = (
            "[2026-11-29 03:00:00.000] ERROR[7] chan_pjsip.c:  carrier: "
            "Failed to allocate new PJSIP channel on incoming SIP INVITE\n"
        )
        counted = at.daemon.wiring.observer.metrics.registry.get_sample_value
        labels = {"carrier": "carrier", "cause": "503"}

        def told() -> bool:
            with path.open("a") as log_file:  # each time: what is older than ivrd is not read
                log_file.write(line)
            return bool(counted("ivrd_calls_refused_total", labels))

        await until(told)

    live(tmp_path, systemd, body)


def test_trunks_are_watched_also_in_asterisks_log(tmp_path: Path, systemd: Systemd) -> None:
    async def body(at: Running) -> None:
        wiring = at.daemon.wiring
        path = wiring.settings.asterisk.queue_log.with_name(MESSAGES_LOG)
        trunk = f"partner-{wiring.settings.partners[0].id}"
        line = (
            "[2026-11-29 03:00:00.000] WARNING[7] res_pjsip_outbound_authenticator_digest.c: "
            f"{trunk}:192.0.2.17: Authentication credentials not accepted by server.\n"
        )

        def told() -> bool:
            with path.open("a") as log_file:
                log_file.write(line)
            return wiring.trunks.monitor.fault(trunk) is not None

        await until(told)
        asked = [action.get("Variable", "") for action in at.ami.named("Getvar")]
        assert any(variable.startswith("PJSIP_AOR(") for variable in asked)

    live(tmp_path, systemd, body)


def test_carriers_names_are_looked_up(tmp_path: Path, systemd: Systemd) -> None:
    async def body(at: Running) -> None:
        at.ami.answers["DBGetTree"] = rows("DBGetTree")
        wiring = at.daemon.wiring
        (carrier, _addresses), *_others = wiring.settings.asterisk.carriers
        named = replace(wiring.settings.asterisk, carriers=((carrier, ("localhost",)),))
        wiring.trunks.configure(replace(wiring.settings, asterisk=named))
        await until(lambda: at.ami.named("DBGetTree"))

    live(tmp_path, systemd, body)


def test_what_is_in_the_outbox_leaves(tmp_path: Path, systemd: Systemd) -> None:
    async def body(at: Running) -> None:
        outbox = at.daemon.wiring.outbox
        path = tmp_path / "lines"
        message = MessageSettings("file", 60.0, {"th": Template("x")})
        of = OutboxSettings(9, 60.0, {"file": FileSettings(path)}, {"callback_booked": message})
        outbox.configure(replace(at.daemon.wiring.settings, outbox=of))
        await until(lambda: outbox.outbox.complete and outbox.messages.reconciled)
        outbox.outbox.post(Message("callback_booked", "+66812345678", "said", 0.0), "it", "who")
        await until(lambda: path.exists() and path.read_text().endswith("\n"))
        assert json.loads(path.read_text())["text"] == "said"

    live(tmp_path, systemd, body)


def test_partners_are_told_and_can_answer(tmp_path: Path, systemd: Systemd) -> None:
    async def body(at: Running) -> None:
        await until(lambda: at.daemon.wiring.partners.call_outs.reconciled)
        url = f"http://127.0.0.1:{at.port}/partners/bangkok-bank/pledge"
        async with aiohttp.ClientSession() as session, session.post(url, data="{}") as response:
            assert response.status == 401

    live(tmp_path, systemd, body)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_and_nothing_stays_behind(
    tmp_path: Path,
    systemd: Systemd,
    number: signal.Signals,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)

    async def body(at: Running) -> None:
        port = at.port
        os.kill(os.getpid(), number)
        await at.ends()
        text = "\n".join(map(log.Plain(None).format, caplog.records))
        # What `chaos/check.py` looks for when it asks whether callers had been left behind.
        assert "stopping menus=0" in text
        assert "stopped in_progress=0" in text
        assert not (tmp_path / "control").exists()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    # Otherwise a signal without a handler would end the test run.
    before = signal.signal(number, lambda *_: None)
    try:
        live(tmp_path, systemd, body)
    finally:
        signal.signal(number, before)


def test_a_hang_up_signal_reloads_and_says_when_that_is_done(
    tmp_path: Path, systemd: Systemd
) -> None:
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    (tmp_path / "sounds").symlink_to(CONFIG.parent / "sounds")

    async def body(at: Running) -> None:
        systemd.read().clear()
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: "READY=1" in systemd.read())
        assert "RELOADING=1" in systemd.received
        (entry,) = (await at.control("GET", "/audit"))["entries"]
        assert (entry["who"], entry["what"]) == ("SIGHUP", "reload")

    before = signal.signal(signal.SIGHUP, lambda *_: None)
    try:
        live(tmp_path, systemd, body, folder)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_it_ends_when_another_ivrd_is_the_leader(tmp_path: Path, systemd: Systemd) -> None:
    async def body(at: Running) -> None:
        at.daemon.wiring.leadership.role = Role.LEADER
        at.daemon.wiring.leadership.step_down("another ivrd has the lease")
        await at.ends()

    live(tmp_path, systemd, body)
