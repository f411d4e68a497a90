"""The relay between ivrd and Asterisk: byte for byte, unless it is told otherwise."""

import socket

import pytest

from lab.detour import HOST, Detour

GREETING = b"Asterisk Call Manager/1\r\n"
ONE = b"Event: One\r\n\r\n"
TWO = b"Event: Two\r\n\r\n"


class Ends:
    """A relay with somebody at each of its ends."""

    def __init__(self, detour: Detour) -> None:
        self.detour = detour
        self._server = socket.create_server((HOST, 0))
        self.detour.target = self._server.getsockname()[1]
        self.dial()

    def dial(self) -> None:
        self.near = socket.create_connection((HOST, self.detour.port), 10)
        self.far, _ = self._server.accept()
        self.far.settimeout(10)

    def close(self) -> None:
        for end in (self.near, self.far, self._server):
            end.close()
        self.detour.close()


@pytest.fixture
def ends():
    made = Ends(Detour())
    yield made
    made.close()


def read(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := end.recv(size - len(data))):
        data += more
    return data


def test_bytes_come_as_they_were_sent_in_both_directions(ends):
    sent = GREETING + ONE + TWO
    for piece in (sent[:30], sent[30:42], sent[42:]):
        ends.far.sendall(piece)
    assert read(ends.near, len(sent)) == sent
    ends.near.sendall(ONE)
    assert read(ends.far, len(ONE)) == ONE


def test_a_treatment_gets_whole_messages(ends):
    seen = []
    ends.detour.down = lambda message: (seen.append(message) or message, message)
    ends.far.sendall((ONE + TWO)[:20])
    ends.far.sendall((ONE + TWO)[20:])
    assert read(ends.near, 2 * len(ONE + TWO)) == ONE + ONE + TWO + TWO
    assert seen == [ONE, TWO]


def test_what_is_injected_stands_between_two_messages(ends):
    ends.far.sendall(ONE + TWO[:5])
    assert read(ends.near, len(ONE)) == ONE
    ends.detour.inject(TWO)
    ends.far.sendall(TWO[5:])
    assert read(ends.near, 2 * len(TWO)) == TWO + TWO


def test_a_reset_is_a_reset_and_a_cut_an_end(ends):
    ends.far.sendall(ONE)
    assert read(ends.near, len(ONE)) == ONE
    ends.detour.reset()
    with pytest.raises(ConnectionResetError):
        ends.near.recv(1)
    ends.dial()
    ends.far.sendall(ONE)
    assert read(ends.near, len(ONE)) == ONE
    ends.detour.cut()
    assert ends.near.recv(1) == b""


def test_a_swallowing_relay_answers_only_what_it_was_told_to(ends):
    ends.far.sendall(ONE)
    assert read(ends.near, len(ONE)) == ONE
    ends.detour.swallow(lambda message: (b"pong: " + message,))
    ends.far.sendall(TWO)
    ends.near.sendall(ONE)
    assert read(ends.near, len(ONE) + 6) == b"pong: " + ONE
    ends.far.settimeout(0.1)
    with pytest.raises(TimeoutError):
        ends.far.recv(1)


def test_it_knows_when_ivrd_gave_up_and_turns_away_when_shut(ends):
    ends.far.sendall(ONE)
    assert read(ends.near, len(ONE)) == ONE
    ends.near.close()
    assert ends.far.recv(1) == b""
    assert len(ends.detour.left) == 1
    ends.detour.shut = True
    with socket.create_connection((HOST, ends.detour.port), 10) as rejected:
        assert rejected.recv(1) == b""


def test_without_an_end_of_messages_whatever_comes_is_handed_on():
    ends = Ends(Detour(end=b""))
    try:
        for piece in (b"*1\r\n$4\r\n", b"PI", b"NG\r\n"):
            ends.near.sendall(piece)
            assert read(ends.far, len(piece)) == piece
    finally:
        ends.close()
