"""Registrars that say 403, 423 and nothing: each told in one text that does not change."""

import socket
import threading
import time
from contextlib import closing

import pytest

from lab.exchange import HOST
from lab.ivrd import PROJECT
from lab.phone import parsed
from lab.strict_exchange import CLOSED, StrictExchange
from tests.real.test_trunk_faults import password_file, told

AGAIN_SECONDS = 75  # Asterisk asks again after 10 s, or 60, or after 32 s in which nothing came
TOLERATED = ("registration attempt to", "credentials not accepted")


class BriefRegistrar:
    """Answers each REGISTER with 423, whatever the interval is."""

    def __init__(self) -> None:
        self.asked = 0
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self.address = f"{HOST}:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._answer, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _answer(self) -> None:
        while True:
            try:
                data, peer = self._socket.recvfrom(65535)
            except OSError:
                return
            request = parsed(data)
            if "call-id" not in request.headers:
                continue
            self.asked += request.method == "REGISTER"
            same = [
                f"{name}: {request.headers[name.lower()]}" for name in ("From", "Call-ID", "CSeq")
            ]
            lines = [
                "SIP/2.0 423 Interval Too Brief",
                *(f"Via: {via}" for via in request.all("Via")),
                *same,
                f"To: {request.headers['to']};tag=brief",
                "Min-Expires: 600",
                "Content-Length: 0",
            ]
            self._socket.sendto("\r\n".join([*lines, "", ""]).encode(), peer)


@pytest.mark.verify
@pytest.mark.lasts(110)
def test_a_registrar_that_refuses_is_told_in_the_same_words_again_and_again(hotline, tmp_path):
    with (
        StrictExchange(tmp_path / "bank", PROJECT / "sounds") as bank,
        closing(BriefRegistrar()) as brief,
        socket.socket(type=socket.SOCK_DGRAM) as deaf,
    ):
        deaf.bind((HOST, 0))
        silent = f"{HOST}:{deaf.getsockname()[1]}"
        secret = password_file(bank, "closed.secret", bank.password)
        registrars = {"closed": bank.udp, "brief": brief.address, "silent": silent}

        def change(name, settings):
            if name == "ivrd.yaml":
                for at, (carrier, where) in enumerate(registrars.items()):
                    settings["asterisk"]["carriers"][carrier] = {
                        "addresses": [f"192.0.2.{77 + at}"],
                        "registrar": where,
                        "user": CLOSED,
                        "secret_file": secret,
                    }

        lab = hotline(agents=1, change=change)
        lab.tolerated = TOLERATED
        expected = {
            "closed": f"{bank.udp} refuses to register us (403)",
            "brief": f"{brief.address} refuses to register us (423)",
            "silent": f"{silent} does not answer our REGISTER",
        }
        end, seen = time.monotonic() + AGAIN_SECONDS, {name: [] for name in expected}
        while time.monotonic() < end:
            for name, (_reason, why) in told(lab).items():
                if why not in seen[name]:
                    seen[name].append(why)
            time.sleep(0.2)
        assert seen == {name: [why] for name, why in expected.items()}
        assert brief.asked > 2  # it was asked again meanwhile
