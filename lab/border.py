"""A carrier's border as there are: Kamailio, a proxy that stays in the path of each call.

    with Border(folder, lab.sip) as border:
        ...  # whoever calls at border.address reaches the hotline, and the hotline sees the border
        border.relayed("INVITE")  # where to, in order

It asks the first of its targets, and the next one when that does not respond or has no room
(`RESPONDS`).  It answers OPTIONS itself.  Sound does not pass through it.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from lab import parts
from lab.ports import free_port
from lab.running import LabError, Running

# Kamailio has children that outlive it when it is killed.  The shell has our end of a pipe: when we
# are gone, however that happens, or Kamailio is, it kills all of them.
TOGETHER = '{ "$@" <&-; kill -KILL 0; } & read -r gone; kill -KILL 0'
RESPONDS = 1.0  # seconds that a target has for its first answer
READY_SECONDS = 60.0  # only a machine that is stuck takes so long

CONFIG = """\
log_stderror=yes
debug=1
children=2
disable_tcp=yes
auto_aliases=no
listen=udp:{address}
mpath="{modules}"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "xlog.so"
modparam("tm", "fr_timer", {responds})
modparam("tm", "fr_inv_timer", 120000)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (has_totag()) {{
        if (loose_route()) {{ xlog("L_NOTICE", "relays $rm along its route\\n"); t_relay(); }}
        else if (!is_method("ACK")) {{ sl_send_reply("481", "Not along our route"); }}
        else if (t_check_trans()) {{ t_relay(); }}
        exit;
    }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
    t_check_trans();
    record_route();
    $avp(next) = 0;
    route(NEXT);
}}

route[NEXT] {{
{choice}
    xlog("L_NOTICE", "relays $rm to $du\\n");
    t_on_failure("NEXT");
    t_relay();
}}

failure_route[NEXT] {{
    if (t_is_canceled()) exit;
    if (t_check_status("408|500|503") && $avp(next) < {count}) route(NEXT);
}}
"""
CHOICE = """\
    if ($avp(next) == {at}) {{ $du = "sip:{target}"; }}
"""


class Border(Running):
    """One Kamailio.  `folder` is made; each of the `targets` is HOST:PORT."""

    def __init__(self, folder: Path, *targets: str, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = free_port(host=host)
        self._folder, self._targets = folder, targets
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it takes calls."""
        return f"{self.host}:{self.port}"

    def start(self) -> None:
        """Returns when it answers.  Raises LabError when it does not start."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / "kamailio.cfg"
        file.write_text(self._config(), "utf-8")
        run = ("-Y", str(self._folder), "-w", str(self._folder), "-m", "16", "-M", "4")
        command = [*parts.program(parts.KAMAILIO), "-DD", "-E", "-f", str(file), *run]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", TOGETHER, "border", *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                words = self._log.read_text("utf-8", "replace")[-800:]
                self.stop()
                raise LabError(f"Kamailio does not start: {words}")

    def stop(self) -> None:
        """It is gone at once, and tells nobody."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
            self._process = None

    def relayed(self, method: str) -> list[str]:
        """Where it has sent such requests: a target, or `along its route` within a call."""
        text = self._log.read_text("utf-8", "replace")
        found = re.findall(rf"relays {method} (?:to sip:)?(\S.*)$", text, re.MULTILINE)
        return [where.strip() for where in found]

    def _config(self) -> str:
        base = parts.root(parts.KAMAILIO) or Path("/")
        modules = next(base.glob("usr/lib/*/kamailio/modules"), base / "usr/lib/kamailio/modules")
        choice = "".join(
            CHOICE.format(at=at, target=target) for at, target in enumerate(self._targets)
        )
        choice += "    $avp(next) = $avp(next) + 1;"
        return CONFIG.format(
            address=self.address,
            modules=modules,
            responds=round(RESPONDS * 1000),
            choice=choice,
            count=len(self._targets),
        )

    def _answers(self) -> bool:
        """Whether it answers OPTIONS within a moment."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((self.host, 0))
            probe.settimeout(0.2)
            at, port = self.address, probe.getsockname()[1]
            lines = (
                f"OPTIONS sip:{at} SIP/2.0",
                f"Via: SIP/2.0/UDP {self.host}:{port};branch=z9hG4bKready{time.monotonic_ns()}",
                "From: <sip:ready@127.0.0.1>;tag=ready",
                f"To: <sip:{at}>",
                f"Call-ID: ready-{port}",
                "CSeq: 1 OPTIONS",
                "Max-Forwards: 70",
                "Content-Length: 0",
                "",
                "",
            )
            probe.sendto("\r\n".join(lines).encode(), (self.host, self.port))
            try:
                return probe.recv(2000).startswith(b"SIP/2.0 200")
            except OSError:
                return False
