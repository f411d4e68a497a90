"""`ivrd check`: what it finds before callers would."""

import os
import pwd
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ivrd.asterisk import console
from ivrd.cli import asterisk_steps, check, secret_steps, service_user
from ivrd.cli.service_user import Need
from ivrd.cli.step import RESTART
from ivrd.config.call_out import Contact
from ivrd.config.cases import CrmSettings
from ivrd.config.load import load
from ivrd.config.outbox_settings import HttpSettings, MessageSettings, WebhookSettings

ROOT = Path(__file__).parents[2]


def test_the_services_user_is_the_units(tmp_path: Path) -> None:
    own, lib = tmp_path / "etc", tmp_path / "lib"
    for folder in (own, lib):
        folder.mkdir()
    assert service_user.unit_user([str(own), str(lib)]) is None
    (lib / "ivrd.service").write_text((ROOT / "systemd/ivrd.service").read_text("utf-8"))
    assert service_user.unit_user([str(own), str(lib)]) == "ivrd"
    (lib / "ivrd.service.d").mkdir()
    (lib / "ivrd.service.d" / "own.conf").write_text("[Service]\nUser=hotline\n")
    assert service_user.unit_user([str(own), str(lib)]) == "hotline"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_finds_what_the_services_user_may_not_do() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own may not be entered by others
        place = Path(name)
        place.chmod(0o755)
        _try_as_nobody(place)


def _try_as_nobody(tmp_path: Path) -> None:
    secret, open_to_all, folder = tmp_path / "secret", tmp_path / "all", tmp_path / "state"
    secret.write_text("x")
    secret.chmod(0o600)
    open_to_all.write_text("x")
    open_to_all.chmod(0o644)
    folder.mkdir(mode=0o755)
    needs = [Need(secret), Need(open_to_all), Need(tmp_path / "none"), Need(folder, writes=True)]
    assert service_user.refused(needs, "nobody") == [
        f"{secret}: the user nobody cannot read it: Permission denied",
        f"{folder}: the user nobody may not write in this folder",
    ]
    nobody = pwd.getpwnam("nobody")
    for path in (secret, folder):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    assert service_user.refused(needs, "nobody") == []
    assert os.geteuid() == 0


def test_a_user_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        service_user.refused([], "nobody-of-this-name")


def test_addresses_of_documentation_are_no_carriers() -> None:
    (said,) = check._placeholders(load(ROOT / "config"))
    assert "asterisk.carriers.carrier.addresses: 192.0.2.0/28 is for documentation" in said


def test_what_another_system_has_to_give_out_is_a_step_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "gateway.secret"
    http = HttpSettings("https://crm.example/", path, "IVRD_OUTBOX_CRM_SECRET", None, 10, 4, 20)
    shipped = load(ROOT / "config")
    outbox = replace(shipped.outbox, channels={"crm": WebhookSettings(http)})
    settings = replace(shipped, outbox=outbox)
    (step,) = secret_steps.outbox_secrets(settings)
    assert step.problems == [
        f"{path}: missing; expected a file with the secret, or IVRD_OUTBOX_CRM_SECRET set"
    ]
    assert Need(path) in secret_steps.needs(settings)
    path.touch(0o600)
    path.write_text("x" * 180)  # longer than one for Asterisk may be
    assert list(secret_steps.outbox_secrets(settings)) == []


def test_the_secret_by_which_cases_are_asked_for_is_a_step_of_its_own(tmp_path: Path) -> None:
    path, ca_file = tmp_path / "crm.secret", tmp_path / "ca.pem"
    http = HttpSettings("https://crm.example/", path, "IVRD_CASES_SECRET", ca_file, 3, 4, 4)
    crm = CrmSettings(http, "state", frozenset({"bed"}), 2.0, 60.0, 3, 30.0)
    settings = replace(load(ROOT / "config"), crm=crm)
    (step,) = secret_steps.outbox_secrets(settings)
    assert step.problems == [
        f"{path}: missing; expected a file with the secret, or IVRD_CASES_SECRET set"
    ]
    assert {Need(path), Need(ca_file)} <= set(secret_steps.needs(settings))


def test_the_secret_of_a_partner_that_answers_is_a_step_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "bank.secret"
    told = MessageSettings("crm", 60.0, {})
    contact = Contact("A", "", 0.0, told, told, path, "IVRD_PARTNER_A_SECRET")
    shipped = load(ROOT / "config")
    settings = replace(shipped, call_outs=replace(shipped.call_outs, contacts={"a": contact}))
    (step,) = secret_steps.outbox_secrets(settings)
    assert step.problems == [
        f"{path}: missing; expected a file with the secret, or IVRD_PARTNER_A_SECRET set"
    ]
    assert Need(path) in secret_steps.needs(settings)
    path.touch(0o600)
    path.write_text("a-secret-of-the-bank")
    assert list(secret_steps.outbox_secrets(settings)) == []


def test_what_asterisk_has_not_read_is_a_step_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load(ROOT / "config")
    there = replace(settings, asterisk=replace(settings.asterisk, config_dir=tmp_path))
    files = {"queues.conf": "[one]\n", "pjsip.conf": "[two]\n", "http.conf": "[three]\n"}
    monkeypatch.setattr(asterisk_steps, "asterisk_files", lambda _settings: files)
    monkeypatch.setattr(console, "started", lambda _console: time.time() + 60)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert not any(step.problems for step in asterisk_steps.out_of_date(there, tmp_path))
    monkeypatch.setattr(console, "started", lambda _console: time.time() - 60)
    *_, unread = asterisk_steps.out_of_date(there, tmp_path)
    names = [problem.partition(":")[0] for problem in unread.problems]
    assert unread.remedy == RESTART
    assert names == [str(tmp_path / name) for name in files]
    del files["http.conf"]
    *_, unread = asterisk_steps.out_of_date(there, tmp_path)
    assert unread.remedy.startswith("ivrd reload")
    files["queues.conf"] += "more\n"
    differing = next(step for step in asterisk_steps.out_of_date(there, tmp_path) if step.problems)
    assert "`ivrd reload` writes it anew" in differing.problems[0]


@pytest.mark.parametrize(
    ("version", "silent_seconds", "held_seconds", "warned"),
    [
        ("22.9.0", 30, 300, True),
        ("22.9.0", 0, 300, True),
        ("22.9.0", 0, 0, False),
        ("22.10.1+dfsg-1", 30, 300, False),
        ("20.20.1", 30, 300, False),
        ("GIT-master", 30, 300, False),
    ],
)
def test_an_asterisk_that_locks_up_when_it_ends_silent_calls_is_told(
    tmp_path: Path, version: str, silent_seconds: int, held_seconds: int, warned: bool
) -> None:
    program = tmp_path / "asterisk"
    program.write_text(f"#!/bin/sh\necho 'Asterisk {version} built by nobody'\n")
    program.chmod(0o755)
    settings = load(ROOT / "config")
    asterisk = replace(
        settings.asterisk,
        console=(str(program),),
        silent_seconds=silent_seconds,
        held_seconds=held_seconds,
    )
    steps = list(asterisk_steps._time_out(replace(settings, asterisk=asterisk)))
    assert [step.remedy for step in steps] == (["update Asterisk"] if warned else [])


def test_without_a_running_asterisk_its_version_is_not_known() -> None:
    assert console.version(("false",)) == ""
