"""One whole ivrd over a fake Asterisk, for the tests of how its parts are connected."""

import asyncio
import itertools
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ivrd.api import server
from ivrd.config.settings import RedisSettings, Settings, StoreSettings
from ivrd.daemon.wiring import Wiring
from tests.asterisk.fake_ami import FakeAmi, Headers, block, rows
from tests.daemon.shipped import CONFIG, shipped

# Seconds; only a machine that is stuck takes so long.  connections.py, for which tests fail on
# purpose, waits less.
PATIENCE = float(os.environ.get("IVRD_TEST_PATIENCE", "90"))
LOOKS = 100
SECRET = "not-a-secret"
CALLS = itertools.count(1)


def settings_for(folder: Path, ami_port: int = 1, config: Path = CONFIG) -> Settings:
    """The shipped configuration, with all that it touches in a folder of the test.

    People may be called at any hour: no test depends on the time of the day.
    """
    secret = folder / "ami.secret"
    secret.touch(0o600)
    secret.write_text(SECRET)
    (folder / "queue_log").touch()
    settings = shipped(config)
    return replace(
        settings,
        caller_key_file=folder / "caller.key",
        number_key_file=folder / "number.key",
        store=StoreSettings(folder / "store.sqlite", None, 20.0),
        control_socket=folder / "control",
        callback=replace(settings.callback, schedule=None),
        web_host="127.0.0.1",
        web_port=0,
        asterisk=replace(
            settings.asterisk,
            ami_host="127.0.0.1",
            ami_port=ami_port,
            ami_secret_file=secret,
            queue_log=folder / "queue_log",
        ),
    )


def one_of_two(settings: Settings, folder: Path) -> Settings:
    """With a Redis that is not there: a standby that cannot become the leader."""
    redis = RedisSettings(f"unix://{folder}/none", (), "", "", None, None)
    return replace(settings, store=StoreSettings(None, redis, 0.5))


def carried_out(action: Headers, *, silent: bool = False) -> str:
    """Asterisk's answer to an AGI command; prompts play for ever, unless they are `silent`."""
    added = block(Response="Success", Message="Added")
    plays = action["Command"].startswith(("STREAM FILE", "EXEC"))
    if "CommandID" not in action or (plays and not silent):
        return added
    result = {"CommandID": action["CommandID"], "Result": "200 result=1"}
    return added + block(Event="AsyncAGIExec", Channel=action["Channel"], **result)


def asterisk() -> FakeAmi:
    """An Asterisk without calls and seats, which carries out every AGI command at once."""
    fake = FakeAmi(secret=SECRET)
    lists = ("CoreShowChannels", "QueueStatus", "DeviceStateList", "Agents")
    for name in (*lists, "PJSIPShowRegistrationsOutbound"):
        fake.answers[name] = rows(name)
    fake.answers["AGI"] = carried_out
    return fake


class Hotline:
    """An ivrd that is connected to a fake Asterisk."""

    def __init__(self, ami: FakeAmi, wiring: Wiring) -> None:
        self.ami, self.wiring = ami, wiring
        self.partner = wiring.settings.partners[0].id
        self.queue = wiring.settings.queues[0].name

    def call_id(self) -> str:
        """One that no other call has, also when ivrd is started twice within a second."""
        return f"{int(time.time())}.{next(CALLS)}"

    def emit(self, name: str, call_id: str, **headers: str) -> None:
        now = f"{time.time():.6f}"
        common = {"Uniqueid": call_id, "Channel": f"PJSIP/c-{call_id}", "Timestamp": now}
        present = {key: value for key, value in {**common, **headers}.items() if value}
        self.ami.emit(Event=name, **present)

    def arrive(self, call_id: str, number: str = "0200000001") -> None:
        self.emit("UserEvent", call_id, UserEvent="IvrdReceived", CallerIDNum=number)

    def leg(self, kind: str, waiting: str, **headers: str) -> None:
        """Something happens on the first seat of a partner."""
        about = {"Partner": self.partner, "Seat": "01", "Call": waiting, **headers}
        self.emit("UserEvent", "1.1", UserEvent=f"IvrdPartner{kind}", **about)

    async def talk(self, call_id: str, seat: str) -> None:
        """A caller joins the queue, is answered and hangs up."""
        self.arrive(call_id)
        self.emit("QueueCallerJoin", call_id, Queue=self.queue)
        self.emit("AgentCalled", call_id, Interface=seat)
        self.emit("AgentConnect", call_id, Interface=seat)
        self.emit("Hangup", call_id)
        await until(lambda: self.ended() and call_id not in self.wiring.ledger.calls)

    def ended(self) -> int:
        return sum(self.wiring.ledger.outcomes.values())

    def series(self, name: str) -> float:
        """The sum of a series over all its labels."""
        lines = self.wiring.scrape().decode().splitlines()
        values = [
            line.rpartition(" ")[2] for line in lines if line.startswith((name + "{", name + " "))
        ]
        assert values, f"no series {name}"
        return sum(map(float, values))

    async def ask(self, what: str, **query: str) -> server.Answer:
        return await self.wiring.control.queries()[what](query)

    async def do(self, what: str, **query: str) -> server.Answer:
        return await self.wiring.control.commands(hand_over)[what](query)


async def hand_over(_query: object) -> server.Answer:
    return {"leader": "the other"}


@asynccontextmanager
async def hotline(folder: Path) -> AsyncIterator[Hotline]:
    """From connecting to the end."""
    async with asterisk() as ami:
        wiring = Wiring(settings_for(folder, ami.port), lambda _why: None)
        tasks = [
            asyncio.create_task(wiring.link.run(wiring.connection)),
            asyncio.create_task(wiring.failover.run()),
        ]
        await until(lambda: wiring.link.up)
        try:
            yield Hotline(ami, wiring)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await wiring.failover.close()


def live(folder: Path, body: Callable[[Hotline], Coroutine[Any, Any, None]]) -> None:
    """Run a test's body on a connected ivrd."""

    async def main() -> None:
        async with hotline(folder) as at:
            await body(at)

    asyncio.run(main())


async def until(true: Callable[[], object]) -> None:
    """Wait for it, for `PATIENCE` at least.  A busy machine has as many `LOOKS` as any other."""
    deadline, looks = time.monotonic() + PATIENCE, 0
    while not true():
        if looks >= LOOKS and time.monotonic() > deadline:
            raise TimeoutError
        looks += 1
        await asyncio.sleep(0.005)


class Systemd:
    """A service manager's socket, and what was sent to it."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.setblocking(False)
        self.received: list[str] = []
        os.environ["NOTIFY_SOCKET"] = str(folder / "notify")

    def read(self) -> list[str]:
        while True:
            try:
                self.received += self._socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self.received

    def close(self) -> None:
        del os.environ["NOTIFY_SOCKET"]
        self._socket.close()
