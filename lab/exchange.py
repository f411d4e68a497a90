"""A partner's exchange as there are: a second Asterisk, with people who press the key.

It asks for a password, speaks UDP, TCP and TLS, encrypts sound when it is asked to, and lets the
hotline register.  (lab/partners.py has simulated ones, by the hundred.)

    with Exchange(folder, sounds) as bank:
        ...  # trunks: bank.udp, bank.tcp, bank.tls; user USER, password bank.password
        bank.calls()  # what it saw of each call
"""

from __future__ import annotations

import re
import secrets
import struct
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from ivrd.asterisk.render.system import EMPTY, MODULES
from lab import certificates
from lab.asterisk import Asterisk
from lab.callers import prompts, rtp
from lab.ports import Block
from lab.running import Running

HOST = "127.0.0.2"  # the hotline has 127.0.0.1
USER = "hotline"
TALK_SECONDS = 3
# For so long the key is down.  A tone of Asterisk's lasts by the clock, however much of it is sent:
# on a machine that is busy a short one is no key any more.
KEY_MILLISECONDS = 500
MORE_MODULES = "app_record app_senddtmf app_verbose func_env func_timeout"
HEARD_BYTES = 2 * rtp.RATE  # one second
ROUNDS = 30
FAINT = prompts.HEIGHT // 20
LEAST_LOUD = 10  # fiftieths of a second that make a sound


@dataclass(frozen=True)
class Call:
    """A call that a person there took.

    `number`: who was asked for; `shown`: who called, as the exchange was told; `signalling`,
    `sound`: whether either was encrypted; `note`: the header X-1330-Note.
    """

    number: str
    shown: str
    signalling: bool
    sound: bool
    codec: str
    note: str = ""


class Exchange(Running):
    """Takes each call after half a second, presses 1 in the whisper, talks, and hangs up.

    `host`: its address; `hotline`: the hotline's, as it is seen there.  `prefix`: what its
    command line begins with.
    """

    ENCRYPTION = "media_encryption=sdes\nmedia_encryption_optimistic=yes"

    def __init__(
        self,
        folder: Path,
        sounds: Path,
        dtmf: str = "rfc4733",
        host: str = HOST,
        hotline: str = "127.0.0.0/8",
        prefix: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self._hotline = hotline
        self.password = secrets.token_urlsafe(12)
        self._ports = Block(1000)
        first = self._ports.first
        self.udp, self.tcp, self.tls = (f"{host}:{first + at}" for at in range(3))
        etc = folder / "etc"
        etc.mkdir(parents=True)
        self.certificate = certificate(folder / "exchange.pem", host)
        for name, text in self._files(first + 10, self._ports.last, dtmf).items():
            (etc / name).write_text(text, "utf-8")
        self.asterisk = Asterisk(folder / "asterisk", etc, sounds, prefix=prefix)
        prompts.tone(folder / "voice.wav", rtp.VOICES["partner"], TALK_SECONDS)

    def start(self) -> None:
        """Start it."""
        self.asterisk.start()

    def stop(self) -> None:
        """End it."""
        self.asterisk.stop()
        self._ports.close()

    def calls(self) -> list[Call]:
        """The calls that have ended, in order."""
        text = (self.asterisk.log / "messages.log").read_text("utf-8", "replace")
        return [
            Call(one[1], one[2], one[3] == "1", one[4] == "1", one[5], one[6])
            for one in re.finditer(r"took (\S+) from (\S*) (\d) (\d) (\S+) note (.*)", text)
        ]

    def heard(self) -> list[int]:
        """The pitch (Hz) of what each talk's caller said, in whole fifties."""
        return [_pitch(path) for path in sorted(self.folder.glob("heard-*.wav"))]

    def registered(self) -> bool:
        """Whether the hotline has registered here."""
        return f"{USER}/sip:" in self.asterisk.cli("pjsip show contacts")

    def change_password(self) -> None:
        """Want another one from now on."""
        path, old = self.folder / "etc" / "pjsip.conf", self.password
        self.password = secrets.token_urlsafe(12)
        path.write_text(path.read_text("utf-8").replace(old, self.password), "utf-8")
        self.asterisk.cli("module reload res_pjsip.so")

    def _files(self, first: int, last: int, dtmf: str) -> dict[str, str]:
        modules = "\n".join(f"load={name}.so" for name in f"{MODULES} {MORE_MODULES}".split())
        return {
            **EMPTY,
            "modules.conf": f"[modules]\nautoload=no\n{modules}\n",
            "logger.conf": "[logfiles]\nmessages.log => notice,warning,error\n",
            "rtp.conf": f"[general]\nrtpstart={first}\nrtpend={last}\n",
            "pjsip.conf": self._pjsip(dtmf),
            "extensions.conf": self._dialplan(),
            **dict.fromkeys(("manager.conf", "queues.conf", "agents.conf"), "[general]\n"),
            **dict.fromkeys(("features.conf", "stasis.conf"), "[general]\n"),
            "musiconhold.conf": "",
        }

    def _pjsip(self, dtmf: str) -> str:
        key = self.certificate.with_suffix(".key")
        return f"""\
[udp]
type=transport
protocol=udp
bind={self.udp}

[tcp]
type=transport
protocol=tcp
bind={self.tcp}

[tls]
type=transport
protocol=tls
bind={self.tls}
cert_file={self.certificate}
priv_key_file={key}
method=tlsv1_2

[{USER}]
type=endpoint
context=taken
disallow=all
allow=alaw,ulaw,g722
direct_media=no
dtmf_mode={dtmf}
{self.ENCRYPTION}
auth={USER}
aors={USER}
identify_by=ip,username

[{USER}]
type=identify
endpoint={USER}
match={self._hotline}

[{USER}]
type=auth
auth_type=userpass
username={USER}
password={self.password}

[{USER}]
type=aor
max_contacts=4
"""

    def _dialplan(self) -> str:
        voice, heard = self.folder / "voice", self.folder / "heard"
        facts = "${CHANNEL(pjsip,secure)} ${CHANNEL(rtp,secure)} ${CHANNEL(audionativeformat)}"
        return f"""\
[taken]
exten => _[+0-9].,1,Set(NOTE=${{PJSIP_HEADER(read,X-1330-Note)}})
 same => n,Ringing()
 same => n,Wait(0.5)
 same => n,Answer()
 same => n,Wait(1)
 same => n,SendDTMF(1,,{KEY_MILLISECONDS})
 same => n,Wait(0.5)
 same => n,Playback({voice})
; Two seconds by the clock, and again while hardly anything has come in them: it may be busy here.
 same => n(record),Record({heard}-${{UNIQUEID}}.wav,0,2,aq)
 same => n,Set(ROUND=$[0${{ROUND}} + 1])
 same => n,Set(HEARD=0${{STAT(s,{heard}-${{UNIQUEID}}.wav)}})
 same => n,GotoIf($[${{HEARD}} < {HEARD_BYTES} & ${{ROUND}} < {ROUNDS}]?record)
 same => n,Log(NOTICE,took ${{EXTEN}} from ${{CALLERID(num)}} {facts} note ${{NOTE}})
 same => n,Hangup(16)
"""


def certificate(path: Path, host: str) -> Path:
    """A new certificate for this address that has signed itself, beside it its key (.key)."""
    return certificates.certificate(path, name="lab.example", host=host)


def _pitch(path: Path) -> int:
    """The pitch (Hz) of the sound in a file, in whole fifties; 0 for silence.

    It is that of most of its loud fiftieths of a second: a busy machine leaves gaps between them.
    """
    with wave.open(str(path)) as file:
        frames = file.readframes(file.getnframes())
    samples = struct.unpack(f"<{len(frames) // 2}h", frames)
    parts = [samples[at : at + rtp.SAMPLES] for at in range(0, len(samples), rtp.SAMPLES)]
    loud = [part for part in parts if sum(abs(value) > FAINT for value in part) > rtp.SAMPLES // 2]
    if len(loud) < LEAST_LOUD:
        return 0
    # Each holds whole waves: its end goes on at its beginning.
    turns = [sum(b < 0 <= a for b, a in pairwise((part[-1], *part))) for part in loud]
    return int(median(turns)) * rtp.RATE // rtp.SAMPLES
