"""A supervisor listens, speaks to the agent alone and joins, with phones of others."""

import subprocess
import time
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lab.baresip import Baresip, Call
from lab.callers import rtp
from lab.callers.ear import purity
from lab.ports import free_port
from tests.fixtures.agents import PIN, person
from tests.real.conftest import Hotline
from tests.real.test_agents import IVRD, sign_in

AGENT, SUPERVISOR = "a-101", "s-1"
HERE = "127.0.0.1"
HEARD = 0.15  # the share of the sound that a voice must have, of up to three
SOUNDS = Path(__file__).parents[2] / "sounds" / "th"
PIECE = 32  # samples by which a recording is known
ENDS = {"listen": "*", "whisper": "123#"}
LATEST = 50  # packets: one second


class Phones:
    """The caller's phone, the agent's, the supervisor's, each with a voice of its own."""

    def __init__(self, lab: Hotline, folder: Path, port: int, ending: ExitStack) -> None:
        server = (HERE, lab.sip_port)
        self._folder = folder
        more: dict[str, Any] = {"answers": True, "host": HERE, "port": port}
        self.agent = Baresip(folder / "agent", server, "base-01", **more)
        self.caller = Baresip(folder / "caller", server, "0200000001", voice="caller", host=HERE)
        self.supervisor = Baresip(folder / "supervisor", server, "base-02", voice="desk")
        for phone in (self.agent, self.caller, self.supervisor):
            ending.enter_context(phone)

    def until_heard(self, whose: str, voices: set[str]) -> None:
        """Wait until just these have been heard there for the last second."""
        deadline = time.monotonic() + 60.0
        while (found := self.hears(whose)) != voices:
            assert time.monotonic() < deadline, f"{whose} hears {found}, not {voices}"
            time.sleep(0.1)  # nothing tells of sound

    def has_heard(self, whose: str, prompt: str) -> bool:
        """Whether a prompt has been heard there.

        Of one that was, a third of the pieces are found, for Asterisk rounds in another way; of any
        other next to none.
        """
        heard = _alaw(self._heard(whose))
        with wave.open(str(SOUNDS / f"{prompt}.wav")) as file:
            said = _alaw(file.readframes(file.getnframes()))
        parts = [said[at : at + PIECE] for at in range(0, len(said) - PIECE, rtp.SAMPLES)]
        loud = [part for part in parts if len(set(part)) > PIECE // 4]
        found = sum(part in heard for part in loud)
        return found > len(loud) / 10

    def hears(self, whose: str) -> set[str]:
        """The voices of the last second at a phone."""
        size = 2 * rtp.SAMPLES
        samples = self._heard(whose)[-LATEST * size :]
        found = set()
        for at in range(0, len(samples) - size, size):
            if any(samples[at : at + size]):
                payload = _alaw(samples[at : at + size])
                found |= {k for k, hertz in rtp.VOICES.items() if purity(payload, hertz) > HEARD}
        return found

    def _heard(self, whose: str) -> bytes:
        """What has been heard there in the last call: samples of 16 bits."""
        files = (self._folder / whose).glob("*-dec.wav")
        newest = max(files, key=lambda file: file.stat().st_mtime_ns, default=None)
        return newest.read_bytes()[44:] if newest else b""


def _alaw(samples: bytes) -> bytes:
    whole = len(samples) // 2 * 2
    return bytes(rtp.alaw(value) for value in memoryview(samples[:whole]).cast("h"))


@pytest.fixture
def talking(hotline, tmp_path: Path) -> Iterator[tuple[Hotline, Phones, Call]]:
    """A caller who talks with the agent."""
    port = free_port(host=HERE)

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "ivrd.yaml":
            settings["asterisk"]["seats"]["contact"] = f"sip:{{seat}}@{HERE}:{port}"
        if name == "agents.yaml":
            agents = {AGENT: person("base-01"), SUPERVISOR: person("base-02")}
            supervision = {"supervisors": [SUPERVISOR], "announced": True}
            settings.update(agents=agents, supervision=supervision)

    lab = hotline(agents=2, change=change)
    with ExitStack() as ending:
        phones = Phones(lab, tmp_path, port, ending)
        sign_in(lab)
        call = phones.caller.dial("1330")
        phones.caller.press(call, "0")
        lab.until("they talk", lambda s: s["calls"]["talk"] == 1)
        yield lab, phones, call


def asks(lab: Hotline, mode: str) -> str:
    """What the command says."""
    words = [*IVRD, "agent", mode, AGENT, "--as", SUPERVISOR, "--config", str(lab.ivrd.config)]
    done = subprocess.run(words, input=f"{PIN}\n", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.lasts(30)
def test_a_supervisor_listens_whispers_and_joins_and_nobody_is_cut_off(talking) -> None:
    lab, phones, call = talking
    assert phones.has_heard("caller", "supervision-announced")
    refused = phones.supervisor.dial("*19")  # nobody has allowed it
    assert phones.supervisor.until_state(refused, "closed").over
    both, desk = {"caller", "inhouse"}, {"desk"}
    for mode, at_agent, at_caller in (
        ("listen", set(), set()),
        ("whisper", desk, set()),
        ("join", desk, desk),
    ):
        assert asks(lab, mode) == "Dial *19 on the phone of base-02 within 60 seconds.\n"
        spying = phones.supervisor.dial("*19")
        phones.until_heard("supervisor", both)
        phones.until_heard("agent", {"caller"} | at_agent)
        phones.until_heard("caller", {"inhouse"} | at_caller)
        if keys := ENDS.get(mode):  # these would go on to others' talks, and must not
            phones.supervisor.press(spying, keys)
            phones.supervisor.until_state(spying, "closed")
    lab.ivrd.kill()
    again = phones.supervisor.now(spying)
    lab.ivrd.start()
    lab.until("ivrd is back", lambda s: s["asterisk"]["up"] and s["calls"]["talk"] == 1)
    assert (again.state, phones.supervisor.now(spying).state) == ("established", "established")
    phones.caller.hang_up(call)
    phones.supervisor.until_state(spying, "closed")  # there is nobody to listen to any more
    day = lab.until("it is over", lambda s: s["calls"]["talk"] == 0)
    assert day["outcomes"]["answered"] == 1
    assert lab.asterisk.queue_log.read_text().count("|RECEIVED|") == 1
    audit = lab.ivrd.once("audit")
    assert audit.count("supervisor allowed") == 3
    assert audit.count("supervision begun") == 3
    assert audit.count("supervision ended") == 3
