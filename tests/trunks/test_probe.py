"""Why an address does not answer, looked up at sockets of our own."""

import asyncio
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivrd.config.trunk_settings import TCP, TLS, UDP
from ivrd.core.trunk_fault import FaultReason
from ivrd.trunks import probe as probes
from ivrd.trunks.probe import Finding, Place, Prober
from lab.certificates import HOST, certificate

EXPIRED = {"begins": timedelta(days=-9), "ends": timedelta(days=-2)}
EARLY = {"begins": timedelta(days=3), "ends": timedelta(days=9)}


def found(place: Place, ca: Path = Path("/nowhere")) -> Finding:
    async def body() -> Finding:
        return await Prober(ca, other_dns=False).probe(place)

    return asyncio.run(body())


@asynccontextmanager
async def listening(own: Path | None) -> AsyncIterator[int]:
    """A port at which somebody listens; `own`: its certificate, for TLS."""
    context = None
    if own:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(own, own.with_suffix(".key"))
    server = await asyncio.start_server(lambda _r, writer: writer.close(), HOST, 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def found_at_listener(transport: str, own: Path | None, ca: Path) -> Finding:
    async def body() -> Finding:
        async with listening(own) as port:
            return await Prober(ca, other_dns=False).probe(Place(HOST, port, transport))

    return asyncio.run(body())


def free(kind: socket.SocketKind) -> int:
    with socket.socket(type=kind) as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    ("transport", "kind"),
    [(UDP, socket.SOCK_DGRAM), (TCP, socket.SOCK_STREAM), (TLS, socket.SOCK_STREAM)],
)
def test_where_nothing_listens(transport: str, kind: socket.SocketKind, tmp_path: Path) -> None:
    ca = certificate(tmp_path / "ca.pem")
    place = Place(HOST, free(kind), transport)
    finding = found(place, ca)
    assert finding.reason is FaultReason.NOT_LISTENING
    assert finding.text == f"nothing listens at {place} ({transport.upper()})"


def test_who_listens_and_says_nothing(tmp_path: Path) -> None:
    finding = found_at_listener(TCP, None, tmp_path)
    assert finding.reason is FaultReason.SILENT
    assert "takes a connection, and does not answer OPTIONS" in finding.text
    with socket.socket(type=socket.SOCK_DGRAM) as deaf:
        deaf.bind((HOST, 0))
        place = Place(HOST, deaf.getsockname()[1], UDP)
        finding = found(place)
    assert (finding.reason, finding.text) == (
        FaultReason.SILENT,
        f"{place} does not answer OPTIONS",
    )


def test_a_certificate_that_is_accepted_is_known_with_its_end(tmp_path: Path) -> None:
    own = certificate(tmp_path / "own.pem")
    finding = found_at_listener(TLS, own, own)
    assert finding.reason is FaultReason.SILENT
    assert finding.certificate is not None
    assert finding.certificate.subject == "CN=bank.example"
    assert finding.certificate.names == (HOST,)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (EXPIRED, "it has expired"),
        (EARLY, "it is not valid yet"),
        ({"host": "other.example"}, "it is for other.example"),
        ({"host": "192.0.2.17"}, "it is for 192.0.2.17"),
    ],
)
def test_a_certificate_that_is_refused_which_why_and_until_when(
    made: dict[str, Any], why: str, tmp_path: Path
) -> None:
    own = certificate(tmp_path / "own.pem", **made)
    finding = found_at_listener(TLS, own, own)
    assert finding.reason is FaultReason.CERTIFICATE
    assert f"is refused: {why} (CN=bank.example, signed by CN=bank.example" in finding.text
    assert finding.certificate is not None
    assert f"valid until {finding.certificate.not_after:%Y-%m-%d %H:%M} UTC" in finding.text


def test_a_certificate_that_nobody_whom_we_trust_has_signed(tmp_path: Path) -> None:
    ours, own = (
        certificate(tmp_path / "ca.pem"),
        certificate(tmp_path / "own.pem", name="x.example"),
    )
    finding = found_at_listener(TLS, own, ours)
    assert finding.reason is FaultReason.CERTIFICATE
    assert f"nobody whom {ours} trusts has signed it (CN=x.example" in finding.text


def test_tls_where_no_tls_is_spoken(tmp_path: Path) -> None:
    ca = certificate(tmp_path / "ca.pem")
    finding = found_at_listener(TLS, None, ca)
    assert finding.reason is FaultReason.TLS


def test_a_file_of_cas_that_is_not_there_or_has_none(tmp_path: Path) -> None:
    own, empty = certificate(tmp_path / "own.pem"), tmp_path / "empty.pem"
    empty.touch()
    for ca in (tmp_path / "none.pem", empty):
        finding = found_at_listener(TLS, own, ca)
        assert finding.reason is FaultReason.TLS
        assert finding.text.startswith(f"{ca} cannot be read")


def test_a_name_that_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, words in (
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "the name bank.example is not found: it has no address in DNS",
        ),
        (
            socket.gaierror(socket.EAI_AGAIN, "Temporary failure"),
            "whether DNS has the name bank.example is not known: it does not answer",
        ),
    ):

        def fail(*_args: object, error: socket.gaierror = error, **_more: object) -> None:
            raise error

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        place = Place("bank.example", 5060, UDP)
        finding = found(place)
        assert finding.reason is FaultReason.NAME
        assert finding.text == words
        asked = asyncio.run(Prober(Path("/nowhere"), other_dns=True).probe(place))
        assert asked.text == f"{words}; {probes.OTHER_DNS}"


@pytest.mark.parametrize(("transport", "advised"), [(UDP, True), (TCP, False)])
@pytest.mark.parametrize("there", [True, False])
def test_what_to_do_about_srv_over_udp_is_told(
    transport: str, advised: bool, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(*_args: object, **_more: object) -> list[object]:
        if not there:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(0, 0, 0, "", (HOST, 5060))]

    async def silent(*_args: object, **_more: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(probes, "_send", silent)
    monkeypatch.setattr(probes, "_open", silent)
    for srv in (True, False):
        finding = found(Place("bank.example", 5060, transport, srv=srv))
        assert finding.text.endswith(f"; {probes.SRV_OVER_UDP}") is (advised and srv)


def test_an_address_is_looked_up_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fail(host: str, *_args: object, **_more: object) -> None:
        asked.append(host)
        raise TimeoutError

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    sent = []

    async def send(address: tuple[str, int]) -> None:
        sent.append(address)

    monkeypatch.setattr(probes, "_send", send)
    for host in ("192.0.2.17", "2001:db8::17"):
        place = Place(host, 5060, UDP)
        finding = found(place)
        assert finding.text == f"{place} does not answer OPTIONS"
        assert finding.addresses == {host}
    assert asked == []
    assert sent == [("192.0.2.17", 5060), ("2001:db8::17", 5060)]


def test_a_dns_that_answers_late_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = asyncio.Event()

    async def body() -> Finding:
        prober = Prober(Path("/nowhere"), other_dns=False)
        loop = asyncio.get_running_loop()

        def wait(*_args: object, **_more: object) -> list[object]:
            asyncio.run_coroutine_threadsafe(answered.wait(), loop).result()
            return []

        monkeypatch.setattr(socket, "getaddrinfo", wait)
        monkeypatch.setattr(probes, "NAME_SECONDS", 0.05)
        finding = await prober.probe(Place("bank.example", 5060, UDP))
        answered.set()
        return finding

    finding = asyncio.run(body())
    assert finding.reason is FaultReason.NAME
    assert "not found" not in finding.text
    assert "no answer within 0.05 s" in finding.text


def test_of_a_name_with_many_addresses_a_few_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    async def refuse(address: tuple[str, int]) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    many = [(0, 0, 0, "", (f"192.0.2.{n}", 5060)) for n in range(50)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: many)
    monkeypatch.setattr(probes, "_send", refuse)
    finding = found(Place("bank.example", 5060, UDP))
    assert finding.reason is FaultReason.NOT_LISTENING
    assert len(tried) == probes.MOST_ADDRESSES


def test_a_name_that_is_longer_than_names_are_is_not_found() -> None:
    finding = found(Place(f"{'a' * 64}.example", 5060, UDP))
    assert finding.reason is FaultReason.NAME
    assert "it has no address in DNS" in finding.text


def test_a_stop_waits_for_no_dns() -> None:
    script = """
import asyncio, socket, threading
from pathlib import Path
from ivrd.trunks import probe
probe.NAME_SECONDS = 0.05
socket.getaddrinfo = lambda *_args, **_more: threading.Event().wait()
place = probe.Place("bank.example", 5060, "udp")
asyncio.run(probe.Prober(Path("/nowhere"), other_dns=False).probe(place))
print("ended")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "ended\n"


def test_so_many_look_ups_at_once_and_an_answer_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, begun, answered = [], threading.Semaphore(0), threading.Event()

    def wait(host: str, *_args: object, **_more: object) -> list[object]:
        asked.append(host)
        begun.release()
        answered.wait()
        return [(0, 0, 0, "", ("192.0.2.17", 5060))]

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    monkeypatch.setattr(probes, "NAME_SECONDS", 0.05)

    async def body() -> list[Finding]:
        prober = Prober(Path("/nowhere"), other_dns=False)
        places = [Place(f"{n}.example", 5060, UDP) for n in range(probes.LOOK_UPS + 3)]
        late = await asyncio.gather(*map(prober.probe, places))
        assert {of.reason for of in late} == {FaultReason.NAME}
        for _ in range(probes.LOOK_UPS):
            await asyncio.to_thread(begun.acquire)
        assert len(asked) == probes.LOOK_UPS
        answered.set()
        monkeypatch.setattr(probes, "NAME_SECONDS", 60.0)
        return [await prober.probe(place) for place in places]

    assert all(of.addresses == {"192.0.2.17"} for of in asyncio.run(body()))
