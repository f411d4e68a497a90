"""The unit and its companions, judged by systemd itself, and compared with what they rely on."""

import os
import re
import struct
import subprocess
from pathlib import Path

import pytest
import yaml

from ivrd.asterisk.render import rendered
from ivrd.asterisk.render.files import SERVICE_LIMITS
from ivrd.calls.ivr import HAND_OVER_SECONDS
from ivrd.config.load import load
from lab import parts
from tools.release.layout import Layout

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "systemd"
UNIT = (FOLDER / "ivrd.service").read_text("utf-8")
PROGRAM = yaml.safe_load((ROOT / "config" / "ivrd.yaml").read_text("utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def run(tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    base = parts.root(parts.SYSTEMD)
    units = {"SYSTEMD_UNIT_PATH": f"{base}/lib/systemd/system"} if base else {}
    return subprocess.run(
        [*parts.program(parts.SYSTEMD, tool), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0", **units},
    )


def setting(name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)
    return str(value)


def make_variable(name: str) -> str:
    (value,) = re.findall(rf"^{name}\s*\?=\s*(.*)$", MAKEFILE, re.MULTILINE)
    return str(value)


def complaints(folder: Path, unit: str) -> list[str]:
    """What `systemd-analyze verify` says of a unit whose program is one that is here."""
    here = folder / "ivrd.service"
    here.write_text(unit.replace("/opt/ivrd/current/bin/ivrd", "/bin/sh"), "utf-8")
    done = run("systemd-analyze", "verify", "--man=no", here)
    said = [line for line in done.stderr.splitlines() if "ivrd.service" in line]
    return said or ([done.stderr] if done.returncode else [])


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    assert complaints(tmp_path, UNIT) == []


@pytest.mark.parametrize(
    "wrong", ["Restrat=always", "WatchdogSec=soon", "SystemCallFilter=@nothing"]
)
def test_systemd_would_not_take_a_mistake(tmp_path: Path, wrong: str) -> None:
    assert complaints(tmp_path, UNIT.replace("[Service]", f"[Service]\n{wrong}"))


def test_the_unit_is_hardened() -> None:
    """Exposure under 2.0 of 10; the threshold is in tenths."""
    unit = FOLDER / "ivrd.service"
    done = run("systemd-analyze", "security", "--offline=yes", "--threshold=20", unit)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_a_stop_may_take_as_long_as_ivrd_needs() -> None:
    assert int(setting("TimeoutStopSec")) >= PROGRAM["drain_seconds"] + HAND_OVER_SECONDS + 10


def test_a_hanging_or_dead_ivrd_is_started_anew_for_ever() -> None:
    assert setting("Restart") == "always"
    assert setting("StartLimitIntervalSec") == "0"
    assert 0 < int(setting("WatchdogSec")) <= 10


def test_an_asterisk_that_restarts_does_not_take_ivrd_with_it() -> None:
    assert setting("Wants") == "asterisk.service"
    assert not re.search(r"^(Requires|BindsTo|PartOf)=", UNIT, re.MULTILINE)


def test_it_starts_what_make_install_puts_there() -> None:
    program = f"{make_variable('PREFIX')}/current/bin/ivrd"
    assert setting("ExecStart") == f"{program} run --config {make_variable('CONFDIR')}"
    names = ("prefix", "confdir", "datadir", "libdir", "bindir", "astdata", "astconf")
    layout = Layout("", *(make_variable(name.upper()) for name in names))
    assert {name: str(path) for name, path in layout.units().items()} == {
        "ivrd.service": "/usr/lib/systemd/system/ivrd.service",
        "ivrd.sysusers": "/usr/lib/sysusers.d/ivrd.conf",
        "ivrd.tmpfiles": "/usr/lib/tmpfiles.d/ivrd.conf",
    }
    assert all((FOLDER / name).is_file() for name in layout.units())


def test_systemd_takes_asterisks_limit_as_render_writes_it(tmp_path: Path) -> None:
    (tmp_path / "asterisk.service.d").mkdir()
    (tmp_path / "asterisk.service").write_text("[Service]\nExecStart=/bin/sh\n")
    written = tmp_path / SERVICE_LIMITS
    written.write_text(
        rendered(load(ROOT / "config"), "ami-secret", "seats-secret")[SERVICE_LIMITS]
    )
    (tmp_path / "asterisk.service.d" / "ivrd.conf").symlink_to(written)
    unit = tmp_path / "asterisk.service"
    done = run("systemd-analyze", "verify", "--man=no", unit)
    assert [line for line in done.stderr.splitlines() if "asterisk.service" in line] == []
    written.write_text("[Service]\nLimitNOFILE=many\n")
    done = run("systemd-analyze", "verify", "--man=no", unit)
    assert "ivrd.conf:2: Failed to parse" in done.stderr


def test_the_configuration_writes_only_where_the_unit_lets_it() -> None:
    assert PROGRAM["caller_key_file"].startswith(f"/var/lib/{setting('StateDirectory')}/")
    assert PROGRAM["control"]["socket"].startswith(f"/run/{setting('RuntimeDirectory')}/")


def test_there_is_the_user_that_the_unit_names(tmp_path: Path) -> None:
    done = run("systemd-sysusers", "--dry-run", f"--root={tmp_path}", FOLDER / "ivrd.sysusers")
    assert done.returncode == 0, done.stderr
    assert f"Creating user '{setting('User')}'" in done.stderr
    assert f"Creating group '{setting('Group')}'" in done.stderr


def create(root: Path, reader: int = 0) -> None:
    """What systemd-tmpfiles does below `root`; `reader` is the user ivrd, who is not here."""
    lines = (FOLDER / "ivrd.tmpfiles").read_text("utf-8").replace("u:ivrd:", f"u:{reader}:")
    ours = re.sub(r" root (root|ivrd) -$", f" {os.getuid()} {os.getgid()} -", lines, flags=re.M)
    rules = root / "rules.conf"
    rules.write_text(ours, "utf-8")
    done = run("systemd-tmpfiles", "--create", f"--root={root}", rules)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_secrets_are_nobody_elses(tmp_path: Path) -> None:
    """With ourselves in the place of root and of ivrd, who are not here."""
    ami, seats = (
        tmp_path / PROGRAM["asterisk"][part]["secret_file"].lstrip("/") for part in ("ami", "seats")
    )
    ami.parent.mkdir(parents=True)
    for secret in (ami, seats):
        secret.write_text("x", "utf-8")
        secret.chmod(0o644)
    create(tmp_path)
    assert (ami.stat().st_mode & 0o777, seats.stat().st_mode & 0o777) == (0o640, 0o600)
    assert ami.parent.stat().st_mode & 0o777 == 0o755


def test_the_daemon_may_read_the_secret_it_logs_in_with() -> None:
    owners = {
        line.split()[1]: line.split()[3:5]
        for line in (FOLDER / "ivrd.tmpfiles").read_text("utf-8").splitlines()
        if line.startswith("z ")
    }
    assert owners[PROGRAM["asterisk"]["ami"]["secret_file"]] == ["root", setting("Group")]


def rights(path: Path, user: int) -> int:
    """What a file's access list gives to a user: 4 to read; see acl(5), linux/posix_acl_xattr.h."""
    entries = struct.iter_unpack("<HHI", os.getxattr(path, "system.posix_acl_access")[4:])
    return sum(given for tag, given, who in entries if (tag, who) == (2, user))


def test_the_daemon_may_read_asterisks_record_and_the_next_one(tmp_path: Path) -> None:
    record = tmp_path / PROGRAM["asterisk"]["queue_log"].lstrip("/")
    record.parent.mkdir(parents=True, mode=0o750)
    record.write_text("x", "utf-8")
    record.chmod(0o640)
    create(tmp_path, reader=65_500)
    assert rights(record, 65_500) == 4
    assert rights(record.parent, 65_500) == 5
    record.rename(record.with_name("queue_log.1"))
    record.write_text("x", "utf-8")
    assert rights(record, 65_500) == 4
    assert record.stat().st_mode & 0o007 == 0


def test_the_unit_of_a_second_ivrd_is_made_as_the_page_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    (script,) = re.findall(r"^sed '([^']+)'", page, re.MULTILINE)
    done = subprocess.run(
        ["sed", script], input=UNIT, check=True, capture_output=True, text=True, timeout=60
    )
    assert complaints(tmp_path, done.stdout) == []
    assert "--config /etc/ivrd-b\n" in done.stdout
    assert "\nStateDirectory=ivrd ivrd-b\n" in done.stdout
    assert "\nRuntimeDirectory=ivrd-b\n" in done.stdout
