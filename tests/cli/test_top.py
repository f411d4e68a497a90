"""`ivrd top` on a terminal: it outlives the ivrd that it shows, and q ends it."""

import os
import pty
import subprocess
import sys

import pytest

from ivrd.cli import top
from ivrd.cli.client import NotRunning


class Ends(Exception):
    """The test has seen enough."""


def test_lines_go_on_when_ivrd_is_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: list[object] = ["there", NotRunning("no ivrd answers"), "back"]

    class Client:
        def get(self, _name: str) -> object:
            if not answers:
                raise Ends
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    monkeypatch.setattr(top.dashboard, "status_text", str)
    monkeypatch.setattr(top, "LINES_SECONDS", 0.0)
    with pytest.raises(Ends):
        top._top_in_lines(Client())  # type: ignore[arg-type]
    assert capsys.readouterr().out == "there\n\nnot connected: no ivrd answers\n\nback\n\n"


def test_q_ends_it() -> None:
    control, terminal = pty.openpty()
    code = "from ivrd.cli.top import _quit_key\nwith _quit_key() as quits:\n"
    code += "    print('waits', flush=True)\n    print(quits(60))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=terminal, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "waits\n"
        os.write(control, b"q")
        assert process.stdout.readline() == "True\n"
    os.close(control)
    os.close(terminal)
