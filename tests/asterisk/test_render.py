"""Asterisk's files: what matters stands in them, and they are written all or not at all."""

import configparser
import os
import re
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ivrd.asterisk.dialplan_names import seat_of
from ivrd.asterisk.render import RenderError, differing, rendered, write
from ivrd.asterisk.render.files import MARK
from ivrd.asterisk.render.pjsip import seat_password
from ivrd.config.load import load
from ivrd.config.settings import Settings
from ivrd.core.seats import Pool
from tests.fixtures.hotline import HOTLINE

AMI, SEATS = "the-ami-secret", "the-seats-secret"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(HOTLINE)


@pytest.fixture(scope="module")
def texts(settings: Settings) -> dict[str, str]:
    return rendered(settings, AMI, SEATS)


def sections(text: str) -> list[tuple[str, dict[str, list[str]]]]:
    """Each section with its values, in order; Asterisk allows names and keys more than once."""
    found: list[tuple[str, dict[str, list[str]]]] = []
    for line in text.splitlines():
        if head := re.fullmatch(r"\[([^\]]+)\]", line):
            found.append((head[1], {}))
        elif "=" in line and not line.startswith(";"):
            key, _, value = line.partition("=")
            found[-1][1].setdefault(key.strip(), []).append(value.removeprefix(">").strip())
    return found


# --- what stands in them -------------------------------------------------------------------


def test_every_queue_has_the_fixed_seats_that_serve_it(
    settings: Settings, texts: dict[str, str]
) -> None:
    queues = dict(sections(texts["queues.conf"]))
    assert set(queues) - {"general"} == {queue.name for queue in settings.queues}
    for queue in settings.queues:
        seats = [
            seat
            for pool in settings.pools
            if pool.fixed and queue.name in pool.queues
            for seat in pool.seats
        ]
        assert seats
        assert queues[queue.name]["member"] == [f"PJSIP/{seat},0,{seat}" for seat in seats]


@pytest.mark.parametrize(("music", "announced"), [(0, 20), (999, 20), (1000, 45)])
def test_where_not_all_have_music_nobody_waits_long_for_a_word(
    settings: Settings, music: int, announced: int
) -> None:
    of = replace(settings, callers_at_most=1000, music_at_most=music)
    files = rendered(of, AMI, SEATS)
    queue = dict(sections(files["queues.conf"]))["vaccination"]
    assert queue["announce-frequency"] == [str(announced)]
    assert dict(sections(files["extensions.conf"]))["globals"]["IVRD_MUSIC"] == [str(music)]


def test_which_music_a_caller_hears_is_the_channels_own_and_on_hold_the_usual(
    texts: dict[str, str],
) -> None:
    music = dict(sections(texts["musiconhold.conf"]))
    assert music["general"]["preferchannelclass"] == ["no"]
    assert set(music) == {"general", "default", "hold", "brief"}
    assert music["default"]["directory"] == music["hold"]["directory"]
    assert "musicclass" not in texts["queues.conf"]


def test_a_caller_is_never_sent_away_from_a_queue_without_seats(texts: dict[str, str]) -> None:
    for name, queue in sections(texts["queues.conf"]):
        if name != "general":
            assert queue["joinempty"] == ["yes"]
            assert queue["leavewhenempty"] == ["no"]
            assert queue["ringinuse"] == ["no"]


def test_every_seat_of_every_pool_has_a_phone(settings: Settings, texts: dict[str, str]) -> None:
    phones = sections(texts["pjsip.conf"])
    kinds = {(name, values["type"][0]): values for name, values in phones if "type" in values}
    for pool in settings.pools:
        for seat in pool.seats:
            endpoint = kinds[seat, "endpoint"]
            assert endpoint["context"] == ["from-seat"]
            assert endpoint["rewrite_contact"] == ["yes"]  # the phone may sit behind NAT
            assert endpoint["auth"] == endpoint["aors"] == [seat]
            assert kinds[seat, "auth"]["password"] == [seat_password(seat, SEATS)]
            assert (seat, "aor") in kinds


def test_a_carriers_calls_come_only_from_its_addresses(
    settings: Settings, texts: dict[str, str]
) -> None:
    kinds = {(name, v["type"][0]): v for name, v in sections(texts["pjsip.conf"])}
    for name, addresses in settings.asterisk.carriers:
        assert kinds[name, "endpoint"]["context"] == ["from-carrier"]
        assert kinds[name, "endpoint"]["identify_by"] == ["ip"]
        assert kinds[name, "identify"]["match"] == list(addresses)


def test_seats_with_a_fixed_address_have_no_password(settings: Settings) -> None:
    asterisk = replace(
        settings.asterisk, seats_secret_file=None, seat_contact="sip:{seat}@127.0.0.1:6070"
    )
    one = Pool("one", ("one-01",), (settings.queues[0].name,), fixed=True)
    text = rendered(replace(settings, asterisk=asterisk, pools=(one,)), AMI, None)["pjsip.conf"]
    assert "contact=sip:one-01@127.0.0.1:6070" in text
    assert "auth" not in text
    assert "password" not in text


def test_calls_are_taken_from_ivrd_only_where_it_makes_some(
    settings: Settings, texts: dict[str, str]
) -> None:
    """To call agents who were paused there need be no carrier."""
    assert "callback-dial" not in texts["pjsip.conf"]
    reminders = replace(settings.reminders, when_paused=True)
    text = rendered(replace(settings, reminders=reminders), AMI, SEATS)["pjsip.conf"]
    assert "[callback-dial]\ntype=identify\nendpoint=callback-dial\nmatch=127.0.0.130" in text
    assert "callback-trunk" not in text


def test_keys_in_a_talk_are_the_callers_unless_there_is_a_code(
    settings: Settings, texts: dict[str, str]
) -> None:
    assert "blindxfer" not in texts["features.conf"]
    with_code = rendered(replace(settings, transfer_code="*7"), AMI, SEATS)
    assert "blindxfer => *7\n" in with_code["features.conf"]
    assert "IVRD_SEAT_KEYS=T\n" in with_code["extensions.conf"]


def test_passwords_differ_from_seat_to_seat_and_with_the_secret() -> None:
    seats = [f"surge-{n:02}" for n in range(70)]
    passwords = {seat_password(seat, secret) for seat in seats for secret in (SEATS, "another")}
    assert len(passwords) == 140
    assert all(re.fullmatch(r"[0-9a-f]{20}", password) for password in passwords)


def test_secrets_stand_only_where_asterisk_asks_for_them(texts: dict[str, str]) -> None:
    assert {name for name, text in texts.items() if AMI in text} == {"manager.conf"}
    assert {name for name, text in texts.items() if SEATS in text} == set()
    assert {name for name, text in texts.items() if "password=" in text} == {"pjsip.conf"}


def test_the_manager_gives_no_right_that_is_not_used(texts: dict[str, str]) -> None:
    manager = dict(sections(texts["manager.conf"]))
    user = manager["ivrd"]
    dangerous = {"all", "command", "config", "originate", "system"}  # led to remote code before
    assert not dangerous & set(user["write"][0].split(","))
    assert user["deny"] == ["0.0.0.0/0.0.0.0", "::/0"]
    assert manager["general"]["bindaddr"] == ["127.0.0.1"]
    assert manager["general"]["webenabled"] == ["no"]
    assert manager["general"]["timestampevents"] == ["yes"]


def test_the_dialplan_knows_the_configurations_values(
    settings: Settings, texts: dict[str, str]
) -> None:
    values = dict(sections(texts["extensions.conf"]))["globals"]
    # a reload of the dialplan would set it back, and callers would find ivrd away
    assert "IVRD_SEEN" not in values
    assert values["IVRD_LEASE"] == [f"{settings.lease_seconds:g}"]
    assert values["IVRD_DEFAULT_QUEUE"] == [settings.default_queue]
    assert values["IVRD_LANGUAGE"] == [settings.languages[0]]
    numbers = texts["extensions.conf"].partition("[hotline-numbers]")[2].partition("[from-seat]")[0]
    assert f"exten => {settings.number},1,Set(IVRD_NUMBER={settings.number})" in numbers
    for spelling in settings.numbers[0].spellings[1:]:
        assert f"exten => {spelling},1,Goto({settings.number},1)" in numbers


def test_of_strangers_events_only_those_pass_that_are_read(texts: dict[str, str]) -> None:
    """Each registration of a seat has one as well; and no notice has a caller's number."""
    only = "eventfilter(action(include),name(ChallengeSent),header(AccountID),method(exact))"
    assert f"{only} = <unknown>\n" in texts["manager.conf"]
    assert "name(SuccessfulAuth)" not in texts["manager.conf"]
    assert "messages.log => warning,error\n" in texts["logger.conf"]
    # PJSIP's errors have packets of strangers in them: notices, which are not written.
    assert "asterisk_error=0\nasterisk_notice=1\n" in texts["pjproject.conf"]


def test_of_agi_results_only_those_pass_that_have_an_id(texts: dict[str, str]) -> None:
    only = "eventfilter(action(include),name(AsyncAGIExec),header(CommandId),method(regex))"
    assert f"{only} = .\n" in texts["manager.conf"]


def test_of_devices_only_seats_pass_and_of_keys_only_those_of_callers(
    texts: dict[str, str],
) -> None:
    (only,) = re.findall(
        r"name\(DeviceStateChange\),header\(Device\),method\(regex\)\) = (.+)",
        texts["manager.conf"],
    )
    for seat in ("PJSIP/base-01", "Local/01@partner-bank/n", "Agent:a-101", "Local/a@line-seats/n"):
        assert re.search(only, seat)
        assert seat_of(seat) != seat
    for other in ("Queue:other", "Queue:other_avail", "Queue:other_pause_PJSIP/base-01"):
        assert not re.search(only, other)
    for key in ("DTMFBegin", "DTMFEnd"):
        received = f"name({key}),header(Direction),method(exact)) = Received\n"
        assert received in texts["manager.conf"]


def test_changed_settings_change_the_files(settings: Settings, texts: dict[str, str]) -> None:
    asterisk = replace(settings.asterisk, ami_port=15038, sip_port=15060, rtp_first=20000)
    new = rendered(replace(settings, asterisk=asterisk, lease_seconds=9), AMI, SEATS)
    changed = {name for name in texts if texts[name] != new[name]}
    assert changed == {"extensions.conf", "manager.conf", "pjsip.conf", "rtp.conf"}


@pytest.mark.parametrize("name", ["rtp.conf", "logger.conf", "cdr.conf", "queuerules.conf"])
def test_the_small_files_are_readable_settings(texts: dict[str, str], name: str) -> None:
    parser = configparser.ConfigParser(comment_prefixes=(";",), delimiters=("=",), strict=True)
    parser.read_string(texts[name].replace("=>", "="))
    assert parser.sections()


# func_hangupcause, which Asterisk has since version 11, and asterisklint 0.4 has not.
UNKNOWN_TO_IT = re.compile(r"E_FUNC_MISSING: function 'HANGUPCAUSE(_KEYS)?' does not exist")


def _lint(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("asterisklint")
    argv = [str(program), command, "extensions.conf"]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)


def test_asterisklint_finds_nothing_in_the_dialplan(tmp_path: Path, texts: dict[str, str]) -> None:
    write(tmp_path, texts)
    checked = _lint(tmp_path, "dialplan-check")
    told = (checked.stdout + checked.stderr).splitlines()
    assert [line for line in told if not UNKNOWN_TO_IT.search(line)] == []


def test_every_module_that_the_dialplan_needs_is_loaded(
    tmp_path: Path, texts: dict[str, str]
) -> None:
    """asterisklint knows which module has what; without it Asterisk would end the call there."""
    write(tmp_path, texts)
    needed = set(re.findall(r"\b((?:app|func|res)_\w+)", _lint(tmp_path, "modules-show").stdout))
    loaded = set(re.findall(r"^load=(\w+)\.so$", texts["modules.conf"], flags=re.M))
    assert needed
    assert needed - loaded == set()


# --- how they are written ------------------------------------------------------------------

TEXTS = {"a.conf": MARK + "a\n", "b.conf": MARK + "b\n", "c.conf": MARK + "ค\n"}


def listing(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def test_what_differs_is_written_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "asterisk"
    assert write(folder, TEXTS) == ["a.conf", "b.conf", "c.conf"]
    assert listing(folder) == TEXTS
    assert differing(folder, TEXTS) == []
    assert write(folder, TEXTS) == []
    (folder / "b.conf").write_text(MARK + "changed by hand\n")
    (folder / "other.conf").write_text("not ours, not touched\n")
    assert differing(folder, TEXTS) == ["b.conf"]
    assert write(folder, TEXTS) == ["b.conf"]
    assert listing(folder) == {**TEXTS, "other.conf": "not ours, not touched\n"}


def test_others_cannot_read_what_is_written_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        (tmp_path / ".a.conf.new").touch(0o666)  # left behind by somebody
        write(tmp_path, TEXTS)
    finally:
        os.umask(old)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o640}


@pytest.mark.parametrize("content", [b"[general]\n", b"\xff\xfe not UTF-8", b""])
def test_a_file_that_is_not_ours_is_replaced_only_when_told_so(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "b.conf").write_bytes(content)
    with pytest.raises(RenderError) as refused:
        write(tmp_path, TEXTS)
    assert str(refused.value) == (
        f"{tmp_path / 'b.conf'} was not written by ivrd; give --force to replace it"
    )
    assert {path.name for path in tmp_path.iterdir()} == {"b.conf"}
    assert (tmp_path / "b.conf").read_bytes() == content
    assert write(tmp_path, TEXTS, force=True) == ["a.conf", "b.conf", "c.conf"]
    assert listing(tmp_path) == TEXTS


def test_a_fault_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, TEXTS)
    (tmp_path / ".b.conf.new").mkdir()  # the draft of the second file cannot be written
    new = {name: text + "more\n" for name, text in TEXTS.items()}
    with pytest.raises(RenderError, match=r"^cannot write .*\.b\.conf\.new: Is a directory$"):
        write(tmp_path, new)
    (tmp_path / ".b.conf.new").rmdir()
    assert listing(tmp_path) == TEXTS


def test_a_folder_in_a_files_place_changes_nothing_even_by_force(tmp_path: Path) -> None:
    (tmp_path / "b.conf").mkdir()
    with pytest.raises(RenderError, match=r"^cannot write .*b\.conf: a folder is in the way$"):
        write(tmp_path, TEXTS, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["b.conf"]


def test_a_draft_never_follows_a_link(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "asterisk", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.write_text("precious")
    (folder / ".a.conf.new").symlink_to(elsewhere)
    write(folder, TEXTS)
    assert elsewhere.read_text() == "precious"
    assert listing(folder) == TEXTS


def test_a_folder_that_cannot_be_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "asterisk"
    with pytest.raises(RenderError) as refused:
        write(folder, TEXTS)
    assert str(refused.value) == f"cannot write {folder}: Not a directory"


def test_what_agents_phones_get_is_named_by_the_configuration(settings: Settings) -> None:
    asterisk = replace(
        settings.asterisk,
        topic_header="X-Topic",
        case_header="X-Case",
        note_header="X-Note",
        user_agent="a-name/1",
    )
    files = rendered(replace(settings, asterisk=asterisk), AMI, SEATS)
    values = dict(sections(files["extensions.conf"]))["globals"]
    assert values["IVRD_TOPIC_HEADER"] == ["X-Topic"]
    assert values["IVRD_CASE_HEADER"] == ["X-Case"]
    assert values["IVRD_NOTE_HEADER"] == ["X-Note"]
    assert "user_agent=a-name/1\n" in files["pjsip.conf"]


def test_nothing_but_the_configuration_says_1330() -> None:
    """A default in the models does: what agents' phones were set up for must go on."""
    project = Path(__file__).parents[2]
    defaults = project / "ivrd" / "config" / "asterisk.py"
    for path in [*(project / "ivrd").rglob("*.*"), *(project / "dialplans").iterdir()]:
        if path.suffix in (".py", ".conf", ".yaml"):
            text = path.read_text("utf-8")
            if path == defaults:
                text = re.sub(r'^    \w+: Annotated\[.*\] = "[^"]*"$', "", text, flags=re.M)
            assert "1330" not in text, path
            assert "1 3 3 0" not in text, path
