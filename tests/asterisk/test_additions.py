"""An operator's own files for Asterisk: included, and held against what ivrd writes."""

from dataclasses import replace
from pathlib import Path

import pytest

from ivrd.asterisk.additions import contradictions
from ivrd.asterisk.render import RenderError, rendered
from ivrd.config.load import load
from ivrd.config.network_settings import OwnNetwork
from tests.fixtures.hotline import HOTLINE

SETTINGS = load(HOTLINE)


def texts(*additions: Path) -> dict[str, str]:
    own = replace(SETTINGS.asterisk, network=OwnNetwork(additions=additions))
    return rendered(replace(SETTINGS, asterisk=own), "secret", "secret")


def told(path: Path, text: str) -> list[str]:
    path.write_text(text, "utf-8")
    return list(contradictions(texts(path), [path]))


def test_a_file_is_included_by_the_one_that_it_is_called_after(tmp_path: Path) -> None:
    path = tmp_path / "pjsip-bank.conf"
    path.write_text("[own]\ntype=aor\n")
    before = texts(path)
    assert f'#include "{path}"\n' in before["pjsip.conf"]
    assert str(path) not in before["extensions.conf"]
    path.write_text("[other]\ntype=aor\n")  # so that `ivrd check` and Asterisk see the change
    assert texts(path)["pjsip.conf"] != before["pjsip.conf"]


def test_one_that_cannot_be_read_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"pjsip\.conf: cannot be read: No such file"):
        texts(tmp_path / "pjsip.conf")


@pytest.mark.parametrize(
    ("name", "text", "where", "words"),
    [
        ("pjsip", "[own]\ntype=aor\n[udp]\ntype=transport\n", 3, "[udp] is written by ivrd"),
        ("pjsip", "[udp](+)\ntype=transport\ntos=cs3\nbind=0.0.0.0\n", 4, "bind of [udp] is set"),
        ("queues", "[general]\nkeepstats=yes\n", 1, "[general] is written by ivrd"),
        ("extensions", "[hotline]\nexten => s,1,Hangup()\n", 2, "extension s of [hotline] is"),
        ("modules", "#exec /bin/true\n", 1, "#exec runs nothing here"),
    ],
)
def test_what_contradicts_is_told_with_file_and_line(
    tmp_path: Path, name: str, text: str, where: int, words: str
) -> None:
    path = tmp_path / f"{name}.conf"
    (line,) = told(path, text)
    assert line.startswith(f"{path}:{where}: ")
    assert words in line


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pjsip", "[udp](+)\ntype=transport\ntos=cs3\n[udp]\ntype=aor\n"),
        ("pjsip", "; [udp]\n[own]\ntype=endpoint ; bind=1\nallow=opus\n"),
        ("extensions", "[own]\nexten => s,1,Hangup()\n[hotline]\nexten => own,1,Hangup()\n"),
        ("modules", "[modules](+)\nload=res_pjsip_diversion.so\n"),
    ],
)
def test_what_stands_beside_it_is_left_alone(tmp_path: Path, name: str, text: str) -> None:
    assert told(tmp_path / f"{name}.conf", text) == []
