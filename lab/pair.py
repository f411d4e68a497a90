"""Two ivrd on one Asterisk and one Redis, each with a configuration and detours of its own.

with Pair(Plan(folder, agents=20)) as pair:
    leader = pair.leader()
    leader.kill()
    pair.other(leader)
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from ivrd.store.lease import STANDBY
from lab.detour import Detour
from lab.hotline import Lab, Plan
from lab.ivrd import HOST, READY_SECONDS, Ivrd
from lab.ports import free_port
from lab.redis import FailOver, RedisProcess
from lab.running import LabError

LOOK_SECONDS = 0.1
ROUNDED = 0.001  # seconds: times in the log


class OneOfTwo(Ivrd):
    """One of the two; `detour` is between it and Asterisk, `to_redis` between it and Redis."""

    def __init__(self, name: str, lab: Lab) -> None:
        plan = lab.plan
        free = free_port(socket.SOCK_STREAM)
        super().__init__(name, lab.folder / name, free, plan.program, plan.environment)
        self.detour = Detour()
        self.detour.target = lab.ami_port
        self.to_redis = Detour(end=b"")
        shutil.copytree(lab.config, self.config)

    def configure(self, store: dict[str, Any]) -> None:
        """Write its ivrd.yaml; `store`: that part of it."""
        path = self.config / "ivrd.yaml"
        settings = yaml.safe_load(path.read_text("utf-8"))
        settings |= {**self.settings(), "store": store, "log": {"format": "json", "level": "info"}}
        settings["asterisk"]["ami"]["port"] = self.detour.port
        path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")

    def close(self) -> None:
        """End it, whatever it does, and its detours."""
        self.kill()
        self.detour.close()
        self.to_redis.close()


class Pair(Lab):
    """The hotline and both ivrd; `start` returns when one is the leader and the other the standby.

    With `sentinel` there are two Redis and a sentinel, and no detours to them.
    """

    def __init__(self, plan: Plan, sentinel: bool = False) -> None:
        super().__init__(plan)
        self._short = tempfile.TemporaryDirectory(prefix="ivrd-")  # for the sockets
        folder = Path(self._short.name)
        self.fail_over = FailOver(folder) if sentinel else None
        self._redis = RedisProcess(folder, port=free_port(socket.SOCK_STREAM))
        self.both: tuple[OneOfTwo, ...] = ()

    @property
    def redis(self) -> RedisProcess:
        """The Redis that is written to."""
        return self.fail_over.master if self.fail_over else self._redis

    @property
    def ivrd(self) -> Ivrd:
        """The leader, as soon as there is one."""
        return self.leader()

    @property
    def ivrds(self) -> tuple[Ivrd, ...]:
        """Both."""
        return self.both

    def start(self) -> None:
        """Start everything; on any failure all of it is stopped again."""
        try:
            (self.fail_over or self._redis).start()
        except BaseException:
            self._forget()
            raise
        super().start()

    def _begin(self) -> None:
        self.both = (OneOfTwo("one", self), OneOfTwo("two", self))
        for ivrd in self.both:
            ivrd.configure({"redis": self._store(ivrd)})
            ivrd.start()
            self.leader()
        self.wait_for_standby()

    def _store(self, ivrd: OneOfTwo) -> dict[str, Any]:
        if self.fail_over:
            sentinel, service = self.fail_over.sentinel, self.fail_over.SERVICE
            return {"sentinels": [f"{HOST}:{sentinel.port}"], "service": service}
        ivrd.to_redis.target = self._redis.port
        return {"url": f"redis://{HOST}:{ivrd.to_redis.port}/0"}

    def leader(self, seconds: float = READY_SECONDS) -> OneOfTwo:
        """The leader, as soon as there is one."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for ivrd in self.both:
                if ivrd.is_leader:
                    return ivrd
            time.sleep(LOOK_SECONDS)
        raise LabError(f"no ivrd leads within {seconds:g} s")

    def leads_since(self, ivrd: Ivrd, at: float, seconds: float = READY_SECONDS) -> float:
        """When an ivrd became the leader, `at` (since the epoch) or later, as its log says."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for row in ivrd.said("is the leader now"):
                began = datetime.fromisoformat(row["time"]).timestamp()
                if began >= at - ROUNDED:
                    return began
            time.sleep(LOOK_SECONDS)
        raise LabError(f"{ivrd.name} does not lead within {seconds:g} s")

    def revive(self) -> None:
        """Start who has ended by itself, as systemd does."""
        for ivrd in self.both:
            if ivrd.gone:
                ivrd.start(ready=False)

    def other(self, ivrd: Ivrd) -> OneOfTwo:
        """The other one of the two."""
        return self.both[0] if ivrd is self.both[1] else self.both[1]

    def wait_for_standby(self, seconds: float = READY_SECONDS) -> None:
        """Wait until somebody is standby, and have both run."""
        deadline = time.monotonic() + seconds
        with self.redis.client() as client:
            client.delete(STANDBY)
            while not client.get(STANDBY):
                self.revive()
                if time.monotonic() > deadline:
                    raise LabError(f"nobody is standby within {seconds:g} s")
                time.sleep(LOOK_SECONDS)

    def _end(self) -> None:
        for ivrd in self.both:
            ivrd.close()
        self._forget()

    def _forget(self) -> None:
        (self.fail_over or self._redis).stop()
        self._short.cleanup()
