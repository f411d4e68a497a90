"""A phone that others have written: baresip, which registers, takes calls, holds and transfers.

    with Baresip(folder, ("127.0.0.1", 5060), "base-01", password) as phone:
        call = phone.rung()
        phone.accept(call)
        phone.transfer(call, "7001")

It is driven over its module ctrl_tcp: commands and events as JSON in netstrings. Sound needs no
device: it speaks with a tone by which lab/callers/ear.py knows it, and keeps what it hears in
files. Its SIP trace is in `folder`/log.
"""

from __future__ import annotations

import re
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab import parts
from lab.baresip_control import SECONDS, Call, Control
from lab.callers import rtp
from lab.callers.ear import voice
from lab.ports import free_port
from lab.running import LabError, Running, spawn

HOST = "127.0.0.3"  # Asterisk takes what comes from 127.0.0.1 for the carrier's
CODECS = ("g711", "g722", "gsm", "opus")
MODULES = (*CODECS, "srtp", "dtls_srtp", "ausine", "sndfile", "ctrl_tcp")
APPLICATIONS = ("account", "menu")
WAV_HEADER = 44  # bytes
OWN_CODECS = 48_000  # samples a second: ausine makes no others

CONFIG = """\
poll_method epoll
sip_listen {host}:{port}
sip_trans_def {transport}
{tls}net_interface 127.0.0.1
audio_source ausine,{hertz}
snd_path {folder}
ausrc_srate {rate}
call_local_timeout 600
ctrl_tcp_listen 127.0.0.1:{control}
module_path {modules}
"""
ACCOUNT = "<sip:{user}@{server};transport={transport}>;audio_codecs={codec};answermode={mode}{more}"


@dataclass(frozen=True)
class Speaks:
    """What a phone speaks: nothing but this.

    `encryption`: empty for none; else a `mediaenc` of baresip's, such as srtp-mand (RFC 4568) or
    dtls_srtp (RFC 5764).
    `keys`: rtpevent (RFC 4733) or info.  `certificate`, with its key in one
    file, and `ca`: for TLS.
    """

    transport: str = "udp"
    codec: str = "PCMA/8000/1"
    encryption: str = ""
    keys: str = "rtpevent"
    certificate: Path | None = None
    ca: Path | None = None


USUAL = Speaks()


class Baresip(Running):
    """One phone of the user `user` at `server`; with a password it registers.  (One that does not
    can be rung at 127.0.0.1 alone.)

    `voice` is one of rtp.VOICES. `answers`: it takes each call at once by itself. `port` is where
    it is reached; 0 takes a free one. `folder` is made. Raises LabError when it does not start.
    """

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        user: str,
        password: str = "",
        *,
        voice: str = "inhouse",
        answers: bool = False,
        port: int = 0,
        host: str = HOST,
        speaks: Speaks = USUAL,
    ) -> None:
        self.user, self.host = user, host
        self._speaks = speaks
        self.port = port or free_port(host=host)
        free_port(socket.SOCK_STREAM, host)  # baresip takes the next one, too, for TLS
        self.log = folder / "log"
        self._folder, self._server, self._password = folder, server, password
        self._voice, self._answers = voice, answers
        self._control = Control(user)
        self._process: subprocess.Popen[bytes] | None = None

    # --- its life --------------------------------------------------------------------------

    def start(self) -> None:
        """Returns when it can be rung: when it has registered, if it does."""
        self._folder.mkdir(parents=True, exist_ok=True)
        control = free_port(socket.SOCK_STREAM)
        self._configure(control)
        command = [*parts.program(parts.BARESIP), "-4", "-s", "-f", str(self._folder)]
        with self.log.open("ab") as log:
            process = spawn(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._process = process
        try:
            if not self._control.connect(control, lambda: process.poll() is None):
                raise LabError(f"baresip does not start: {self.log.read_text()[-500:]}")
            self._control.command("uanew", self._account())  # now that nothing of it is missed
            if self._password:
                self.until("it has registered", lambda: self._control.seen("REGISTER_OK"))
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """It hangs up, signs out and ends."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        self.kill()

    def kill(self) -> None:
        """It is gone at once, and tells nobody."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._control.close()

    # --- calls -----------------------------------------------------------------------------

    @property
    def calls(self) -> tuple[Call, ...]:
        """All of them, those that are over too, in the order in which they began."""
        return self._control.calls

    @property
    def keys(self) -> str:
        """What the other ends have pressed."""
        return self._control.keys

    def now(self, call: Call) -> Call:
        """The call as it is by now."""
        return self._control.now(call)

    def until(self, what: str, true: Callable[[], object], seconds: float = SECONDS) -> None:
        """Wait until `true` holds, which is looked at when the phone tells of something."""
        self._control.until(what, true, seconds)

    def until_state(self, call: Call, *states: str, seconds: float = SECONDS) -> Call:
        """The call when it has come to one of these states."""
        self.until(f"a call is {states}", lambda: self.now(call).state in states, seconds)
        return self.now(call)

    def rung(self, seconds: float = SECONDS) -> Call:
        """A call that rings here; waits for one."""

        def ringing() -> list[Call]:
            return [call for call in self.calls if call.state == "incoming"]

        self.until("it rings", ringing, seconds)
        return ringing()[0]

    def accept(self, call: Call) -> Call:
        """Answer it."""
        self._control.command("accept", call.id)
        return self.until_state(call, "established", "closed")

    def hang_up(self, call: Call) -> None:
        """End a call, or decline one that rings (486)."""
        self._control.command("hangup", call.id)

    def dial(self, number: str, *, answered: bool = True) -> Call:
        """Call somebody, with all other calls on hold.

        The call when it is `answered` or over; otherwise as soon as there is one.
        """
        before = {call.id for call in self.calls}
        self._control.command("dial", number)

        def new() -> list[Call]:
            return [call for call in self.calls if call.id not in before]

        self.until("it dials", new)
        call = new()[0]
        return self.until_state(call, "established", "closed") if answered else call

    def hold(self, call: Call) -> None:
        """Put it on hold."""
        self._control.command("hold", call.id)

    def resume(self, call: Call) -> None:
        """Take it off hold, and put the other one on hold that there may be."""
        with suppress(LabError):  # it does so, and says all the same that there is no other one
            self._control.command("resume", call.id)

    def press(self, call: Call, keys: str) -> None:
        """Keys of the telephone, one after the other."""
        self._select(call)
        for key in keys:
            self._control.command("sndcode", key)
            time.sleep(0.3)  # a key of 0.2 s, and a pause: baresip does not wait for its end

    def transfer(self, call: Call, number: str) -> None:
        """Send the other end to a number, without asking there (REFER); see `transferred`."""
        self._select(call)
        self._control.command("transfer", f"sip:{number}@{self._address}")

    def transfer_attended(self, call: Call, consultation: Call) -> None:
        """Connect the other ends of two calls (REFER with Replaces, RFC 3891)."""
        number = re.sub(r"^.*?sip:|@.*", "", consultation.peer)
        mine, theirs = self._tags(consultation)
        replaces = f"{consultation.id}%3Bto-tag%3D{theirs}%3Bfrom-tag%3D{mine}"
        self._select(call)
        self._control.command("transfer", f"<sip:{number}@{self._address}?Replaces={replaces}>")

    def transferred(self, call: Call, seconds: float = SECONDS) -> Call:
        """The call when its transfer is done: it is over, or `transfer` says why not."""

        def done() -> bool:
            current = self.now(call)
            return current.over or bool(current.transfer)

        self.until("the transfer is done", done, seconds)
        return self.now(call)

    def hears(self, kind: str, seconds: float = SECONDS) -> None:
        """Wait until this voice (of rtp.VOICES) has been heard, in whichever call."""
        deadline = time.monotonic() + seconds
        while kind not in self._voices():
            if time.monotonic() > deadline:
                raise LabError(f"{self.user}: {kind} is not heard within {seconds:g} s")
            time.sleep(0.05)  # nothing tells of sound

    def hears_something(self, seconds: float = SECONDS) -> None:
        """Wait until any sound has been heard: the other end has settled the call by then."""
        deadline = time.monotonic() + seconds
        while not any(_samples(file.read_bytes()).strip(b"\0") for file in self._recordings()):
            if time.monotonic() > deadline:
                raise LabError(f"{self.user}: nothing is heard within {seconds:g} s")
            time.sleep(0.05)  # nothing tells of sound

    def _recordings(self) -> Iterable[Path]:
        return self._folder.glob("*-dec.wav")

    def _voices(self) -> set[str | None]:
        size, found = 2 * rtp.SAMPLES, set[str | None]()
        for file in self._recordings():
            samples = _samples(file.read_bytes())
            found |= {_voice(samples[n : n + size]) for n in range(0, len(samples) - size, size)}
        return found

    # --- what it is told -------------------------------------------------------------------

    @property
    def _address(self) -> str:
        return f"{self._server[0]}:{self._server[1]}"

    def _configure(self, control: int) -> None:
        base = parts.root(parts.BARESIP) or Path("/")
        modules = next(base.glob("usr/lib/**/baresip/modules"), base / "usr/lib/baresip/modules")
        text = CONFIG.format(
            host=self.host,
            port=self.port,
            hertz=rtp.VOICES[self._voice],
            folder=self._folder,
            rate=OWN_CODECS,
            control=control,
            modules=modules,
            transport=self._speaks.transport,
            tls=self._tls(),
        )
        text += "".join(f"module {name}.so\n" for name in MODULES)
        text += "".join(f"module_app {name}.so\n" for name in APPLICATIONS)
        (self._folder / "config").write_text(text)
        (self._folder / "accounts").touch()  # otherwise it makes one of its own

    def _tls(self) -> str:
        """Its certificate, and by whom others' have to be signed."""
        text = f"sip_certificate {self._speaks.certificate}\n" if self._speaks.certificate else ""
        return text + (f"sip_cafile {self._speaks.ca}\n" if self._speaks.ca else "")

    def _account(self) -> str:
        more = f";auth_pass={self._password}" if self._password else ";regint=0"
        more += f";dtmfmode={self._speaks.keys}"
        if self._speaks.encryption:
            more += f";mediaenc={self._speaks.encryption}"
        return ACCOUNT.format(
            user=self.user,
            server=self._address,
            transport=self._speaks.transport,
            codec=self._speaks.codec,
            mode="auto" if self._answers else "manual",
            more=more,
        )

    def _select(self, call: Call) -> None:
        """Make it the call that the next command is about."""
        self._control.command("callfind", call.id)

    def _tags(self, call: Call) -> tuple[str, str]:
        """Our own tag of a call that we have dialled, and that of the other end."""
        for text in reversed(re.split(r"\r?\n\r?\n", self.log.read_text("utf-8", "replace"))):
            if re.search(r"SIP/2\.0 (180|183|200) ", text) and f"Call-ID: {call.id}" in text:
                mine = re.search(r"^From:.*;tag=([^;\s]+)", text, re.MULTILINE)
                theirs = re.search(r"^To:.*;tag=([^;\s]+)", text, re.MULTILINE)
                if mine and theirs:
                    return mine[1], theirs[1]
        raise LabError(f"{self.user}: no answer to call {call.id} in {self.log}")


def _samples(file: bytes) -> bytes:
    """What is in a WAV file that may still grow, 8,000 times a second, of its first channel."""
    if len(file) < WAV_HEADER:
        return b""
    channels, rate = struct.unpack_from("<HI", file, 22)
    values = memoryview(file[WAV_HEADER : len(file) - len(file) % 2]).cast("h")
    return values[:: channels * rate // rtp.RATE].tobytes()


def _voice(samples: bytes) -> str | None:
    """Whose voice is in 20 ms of 16-bit samples."""
    if not samples.strip(b"\0"):
        return None
    values = memoryview(samples).cast("h")
    return voice(bytes(rtp.alaw(value) for value in values))
