import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.settings import Settings
from tests.examples import examples

Change = Callable[[str, str, str], None]
Overlay = Callable[[Path, str, bytes], None]

GOOD = Path(__file__).parent / "testdata" / "good"
FILES = sorted(path.name for path in GOOD.iterdir())


def test_paths_are_those_of_the_folder_and_absolute(folder: Path) -> None:
    found = load(folder)
    assert found.sounds == folder / "sounds"
    assert found.asterisk.ami_secret_file == folder / "ami.secret"
    assert found.control_socket == Path("/run/ivrd/control.sock")


def test_a_folder_named_relatively_gives_absolute_paths_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    assert load(Path("config")).sounds == folder / "sounds"


def test_seats_have_a_fixed_address_or_a_secret(folder: Path, change: Change) -> None:
    fixed = load(folder).asterisk
    assert (fixed.seat_contact, fixed.seats_secret_file) == ("sip:{seat}@127.0.0.1:6070", None)
    change("ivrd.yaml", 'contact: "sip:{seat}@127.0.0.1:6070"', "secret_file: seats.secret")
    register = load(folder).asterisk
    assert (register.seat_contact, register.seats_secret_file) == (None, folder / "seats.secret")


def test_what_may_be_left_out_of_ivrd_yaml(folder: Path, change: Change) -> None:
    change("ivrd.yaml", "service_level_seconds: 20\nlease_seconds: 5\ndrain_seconds: 20\n", "")
    change("ivrd.yaml", "log: {format: plain, level: info}\n", "")
    found = load(folder)
    assert found.service_level_seconds == 20
    assert (found.lease_seconds, found.drain_seconds) == (5, 20)
    assert (found.log_format, found.log_level, found.control_mode) == ("plain", "info", 0o660)


def test_the_mode_of_the_control_socket(folder: Path, change: Change) -> None:
    change("ivrd.yaml", "control.sock}", "control.sock, mode: 0600}")
    assert load(folder).control_mode == 0o600


def test_an_ipv6_address_stands_in_brackets(folder: Path, change: Change) -> None:
    change("ivrd.yaml", "127.0.0.1:9133", "[::1]:9133")
    assert (load(folder).web_host, load(folder).web_port) == ("::1", 9133)


def test_a_partners_trunk_names_its_port_only_when_it_is_not_sips_own(folder: Path) -> None:
    assert [p.trunk for p in load(folder).partners] == ["198.51.100.1", "sip.b-bank.example:5080"]


def test_keys_of_a_menu_need_no_quotes(folder: Path, change: Change) -> None:
    change("menus.yaml", '"1": {menu: vaccination}', "1: {menu: vaccination}")
    change("menus.yaml", '"2": {topic: other}', "2: {topic: other}")
    assert set(load(folder).tree.menus["main"].keys) == {"1", "2"}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "nowhere")
    assert str(caught.value) == f"{tmp_path}/nowhere: expected a folder with ivrd.yaml in it"


def test_every_file_tells_its_problems_at_once(folder: Path, change: Change) -> None:
    change("ivrd.yaml", "lease_seconds: 5", "lease_seconds: 0")
    change("ivrd.yaml", "drain_seconds: 20", "drain_seconds: -1")
    (folder / "partners.yaml").unlink()
    change("menus.yaml", "start: language", "start: [")
    change("hours.yaml", "TH", "XX")
    change("queues.yaml", "default: other", "default: nobody")
    with pytest.raises(ConfigError) as caught:
        load(folder)
    found = [(Path(p.file).name, p.line, p.key) for p in caught.value.problems]
    assert found == [
        ("ivrd.yaml", 5, "lease_seconds"),
        ("ivrd.yaml", 6, "drain_seconds"),
        ("menus.yaml", 3, ""),
        ("queues.yaml", 1, "default"),
        ("hours.yaml", 6, "hours.office.holidays"),
        ("partners.yaml", 0, ""),
    ]


def loaded_or_refused(folder: Path) -> None:
    """Load, and see that a refusal is one plain line for each problem, at a line that exists."""
    try:
        found = load(folder)
    except ConfigError as refusal:
        see_that_it_is_plain(refusal)
    else:
        assert isinstance(found, Settings)


def see_that_it_is_plain(refusal: ConfigError) -> None:
    assert len(str(refusal).split("\n")) == len(refusal.problems)
    for problem in refusal.problems:
        assert re.search("[a-z]", problem.message)
        assert str(problem).isprintable()
        lines = Path(problem.file).read_bytes().count(b"\n") + 1
        assert 0 <= problem.line <= lines


YAMLISH = st.text("ab01 \n\t:-[]{},\"'#&*!|>%@`\\?~.ก\x85\u2028", max_size=60).map(str.encode)


@settings(deadline=None)
@given(name=st.sampled_from(FILES), content=st.binary(max_size=60) | YAMLISH)
def test_any_bytes_are_loaded_or_refused(overlay: Overlay, name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        overlay(Path(folder), name, content)
        loaded_or_refused(Path(folder))


@settings(deadline=None, max_examples=examples(200))
@given(name=st.sampled_from(FILES), data=st.data())
def test_any_slip_of_the_pen_is_loaded_or_refused(
    overlay: Overlay, name: str, data: st.DataObject
) -> None:
    """Words of a good file are left out, written twice, swapped for others, or made up."""
    words = re.split(rb"(\W)", (GOOD / name).read_bytes())
    made_up = st.sampled_from(words) | st.sampled_from([b"", b"\n", b": ", b"- ", b"99", b"a: b\n"])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(words) - 1))
        words[at : at + data.draw(st.integers(0, 2))] = [data.draw(made_up | YAMLISH)]
    with tempfile.TemporaryDirectory() as folder:
        overlay(Path(folder), name, b"".join(words))
        loaded_or_refused(Path(folder))
