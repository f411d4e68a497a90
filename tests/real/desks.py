"""Agents at phones that others have written: they dial codes, take calls, and leave their desks."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ivrd.asterisk.render.pjsip import seat_password
from lab.baresip import Baresip
from lab.hotline import Lab
from lab.ivrd import Ivrd
from tests.fixtures.agents import PIN, person

IVRD = [sys.executable, "-m", "ivrd.cli"]
SECRET = "of-this-test-only"
TALK_SECONDS = 2.0
CODES = {"in": "*11", "out": "*12", "pause": "*13", "resume": "*14", "extend": "*15"}


def with_agents(
    folder: Path, agents: Mapping[str, str], **settings: Any
) -> Callable[[str, dict[str, Any]], None]:
    """These agents, each with a seat, whose phones register; `settings` of agents.yaml."""
    secret = folder / "seats.secret"
    secret.touch(0o600)
    secret.write_text(SECRET)

    def change(name: str, found: dict[str, Any]) -> None:
        if name == "agents.yaml":
            people = {agent: person(seat) for agent, seat in agents.items()}
            found.update(agents=people, language="en", **settings)
        elif name == "ivrd.yaml":
            found["asterisk"]["seats"] = {"secret_file": str(secret)}

    return change


@contextmanager
def phones(lab: Lab, *seats: str) -> Iterator[list[Baresip]]:
    """A phone at each of these seats, which has registered."""
    server = ("127.0.0.1", lab.sip_port)
    with ExitStack() as ending:
        yield [
            ending.enter_context(
                Baresip(lab.folder / seat, server, seat, seat_password(seat, SECRET))
            )
            for seat in seats
        ]


def dials(phone: Baresip, code: str, keys: str = "") -> None:
    """Dial a code, press keys, and listen until ivrd hangs up."""
    call = phone.dial(code)
    assert call.state == "established", call  # whatever comes of it is said
    phone.press(call, keys)
    assert phone.until_state(call, "closed").over


def talks(phone: Baresip) -> None:
    """Take the call that comes, talk for a moment and hang up.

    Who hangs up within a second has not served the caller, who would come back.
    """
    call = phone.accept(phone.rung())
    time.sleep(TALK_SECONDS)
    phone.hang_up(call)


def signs_in(phone: Baresip, number: str = "") -> None:
    """With the PIN, and where several have the seat with the number."""
    dials(phone, CODES["in"], (f"{number}#" if number else "") + f"{PIN}#")


def operator_signs_in(ivrd: Ivrd, agent: str) -> None:
    """The same by the command, for whoever needs no phone for it."""
    done = subprocess.run(
        [*IVRD, "agent", "in", agent, "--config", str(ivrd.config)],
        input=f"{PIN}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def states(ivrd: Ivrd) -> dict[str, tuple[str, str]]:
    """What each agent is doing, and why."""
    return {row["id"]: (row["state"], row["reason"]) for row in ivrd.get("agents")["agents"]}
