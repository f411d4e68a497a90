"""A partner's exchange that is reached otherwise: over IPv6, through 302, by registering itself.

with NetworkExchange(folder, sounds) as bank:
    ...  # trunk: bank.udp6; numbers: REDIRECTED, EARLY, and all others as in lab/exchange.py
    bank.register(lab.sip, "partner-here", password)
    bank.refreshes()  # of calls, by session timers
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

from lab.exchange import HOST, USER, Exchange
from lab.running import LabError

REDIRECTED = "0302000001"  # answered with 302, to ELSEWHERE at this exchange
ELSEWHERE = "0261234599"
EARLY = "0183000001"  # says something before any answer, and never answers
REGISTERED = "0261234571"  # what is called where it has registered
LONG = "0090000001"  # talks for LONG_SECONDS
LONG_SECONDS = 60
SECONDS = 60.0


class NetworkExchange(Exchange):
    """Listens on ::1 as well, where `ipv6` says so."""

    def __init__(
        self,
        folder: Path,
        sounds: Path,
        ipv6: bool = False,
        host: str = HOST,
        hotline: str = "127.0.0.1",
        prefix: Sequence[str] = (),
    ) -> None:
        self._ipv6 = ipv6
        self._sounds = sounds
        super().__init__(folder, sounds, host=host, hotline=hotline, prefix=prefix)

    @property
    def udp6(self) -> str:
        """Where it listens by IPv6."""
        return f"[::1]:{self.udp.rpartition(':')[2]}"

    def register(self, sip: str, name: str, password: str) -> None:
        """Register at the hotline by this name; returns when that is done."""
        text = (
            f"[here]\ntype=registration\ntransport=udp\noutbound_auth=here\nretry_interval=2\n"
            f"server_uri=sip:{sip}\nclient_uri=sip:{name}@{sip}\ncontact_user={REGISTERED}\n"
            f"\n[here]\ntype=auth\nauth_type=userpass\nusername={name}\npassword={password}\n"
        )
        with open(self.folder / "etc" / "pjsip.conf", "a", encoding="utf-8") as file:
            file.write(f"\n{text}")
        self.asterisk.cli("module reload res_pjsip.so")
        self.asterisk.cli("module reload res_pjsip_outbound_registration.so")
        deadline = time.monotonic() + SECONDS
        while "Registered" not in (said := self.asterisk.cli("pjsip show registrations")):
            if time.monotonic() > deadline:
                raise LabError(f"it does not register: {said}")
            time.sleep(0.1)

    def watch(self) -> None:
        """Note each packet of SIP from now on."""
        self.asterisk.cli("pjsip set logger on")

    def refreshes(self) -> int:
        """How many requests since then have refreshed a call, by either side (RFC 4028)."""
        text = (self.asterisk.log / "sip.log").read_text("utf-8", "replace")
        requests = re.split(r"<--- (?=(?:Received|Transmitting) SIP request)", text)[1:]
        return sum(
            "Session-Expires:" in one.partition("<---")[0] and _inside(one) for one in requests
        )

    def _files(self, first: int, last: int, dtmf: str) -> dict[str, str]:
        files = super()._files(first, last, dtmf)
        files["logger.conf"] += "sip.log => verbose\n"
        files["modules.conf"] += "load=app_transfer.so\nload=res_pjsip_logger.so\n"
        return files

    def _pjsip(self, dtmf: str) -> str:
        text = super()._pjsip(dtmf).replace(f"auth={USER}\n", "")
        if not self._ipv6:
            return text
        return f"""{text}
[udp6]
type=transport
protocol=udp
bind={self.udp6}

[ipv6]
type=endpoint
context=taken
disallow=all
allow=alaw
direct_media=no
rtp_ipv6=yes
aors=

[ipv6]
type=identify
endpoint=ipv6
match=::1
"""

    def _dialplan(self) -> str:
        music = self._sounds / "th" / "welcome"
        return f"""{super()._dialplan()}
exten => {REDIRECTED},1,Transfer(PJSIP/sip:{ELSEWHERE}@{self.udp})
 same => n,Hangup()
exten => {EARLY},1,Progress()
 same => n(again),Playback({music},noanswer)
 same => n,Goto(again)
exten => {LONG},1,Answer()
 same => n,Wait(1)
 same => n,SendDTMF(1)
 same => n,Wait({LONG_SECONDS})
 same => n,Hangup()
"""


def _inside(request: str) -> bool:
    """Whether a request is one inside a call."""
    line = next(line for line in request.splitlines() if line.startswith("To: "))
    return ";tag=" in line
