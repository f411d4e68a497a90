"""A fresh Debian in a folder, to install ivrd into as docs/install.md says.  Needs root.

`base()` makes one once, by debootstrap, with what the page installs by apt, and keeps it in the
cache.  A `Machine` is a copy of it with processes, network and mounts of its own: nothing in it can
reach beyond its loopback, and all of it ends with its first process.

There is no systemd in it: `systemctl` is lab/systemctl.sh, which starts what the units say, as the
user and with the limit on open files that they say.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab import debian, parts
from lab.running import LabError

PROJECT = Path(__file__).parent.parent
PAGE = PROJECT / "docs" / "install.md"
SUITE = "trixie"  # on Debian 12 the package of sid cannot be installed, see the page
BUILD_SECONDS, COMMAND_SECONDS = 900, 600
WHEELS = "/wheels"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux2014_x86_64")
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS}  # Python packages without a network
LOOPBACK_UP = (
    "import fcntl, socket, struct; "
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sH14x', b'lo', 1))"  # SIOCSIFFLAGS, IFF_UP
)


def script(heading: str) -> str:
    """The commands below a heading of docs/install.md: its first block for a shell."""
    _, found, rest = PAGE.read_text("utf-8").partition(f"## {heading}\n")
    block = re.search(r"^```sh\n(.*?)^```$", rest, re.MULTILINE | re.DOTALL)
    if not found or block is None:
        raise LabError(f"{PAGE}: expected commands below {heading!r}")
    return block[1]


def base() -> Path:
    """A folder with a fresh Debian, Asterisk in it; made when it is not there yet."""
    folder = parts.cache_dir() / "chroot" / SUITE
    ready = folder.with_suffix(".ready")
    if ready.exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    tools, mirror = parts.root(parts.DEBOOTSTRAP), debian.mirrors()[0]
    here = {"DEBOOTSTRAP_DIR": f"{tools}/usr/share/debootstrap"} if tools else {}
    program = f"{tools or ''}/usr/sbin/debootstrap"
    options = ["--variant=minbase", f"--keyring={debian.KEYRING}"]
    debian.say(f"making a fresh Debian {folder.name} in {folder}; this takes about three minutes")
    _run(["sh", program, *options, folder.name, folder, mirror], BUILD_SECONDS, here)
    for name in ("etc/resolv.conf", "etc/hosts"):
        shutil.copyfile(f"/{name}", folder / name)
    for conf in Path("/etc/apt/apt.conf.d").iterdir():  # a proxy, dates that are not checked
        if "Acquire" in conf.read_text("utf-8", "replace"):
            shutil.copy(conf, folder / "etc/apt/apt.conf.d")
    nothing_starts = folder / "usr/sbin/policy-rc.d"
    nothing_starts.write_text("#!/bin/sh\nexit 101\n")
    nothing_starts.chmod(0o755)
    (folder / "etc/fstab").touch()
    asked = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    text = script("Where Asterisk comes from").replace("http://deb.debian.org/debian", mirror)
    enter = f'mount -t proc proc "{folder}/proc" && exec chroot "{folder}" sh -euc "$1"'
    inside = ["unshare", "--mount", "sh", "-euc", enter, "sh"]
    # As on every Debian, and then as the page says.
    system = "apt-get update && apt-get install -y --no-install-recommends systemd procps"
    for commands in (system, script("Packages of Debian"), text):
        _run([*inside, commands], BUILD_SECONDS, asked)
    ready.touch()
    return folder


class Machine:
    """A copy of the fresh Debian, with `sipp` able to call it.  `close` ends all of it."""

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise LabError("a chroot needs root")
        self._folder = tempfile.TemporaryDirectory(prefix="ivrd-machine-")
        self.root = Path(self._folder.name) / "root"
        _run(["cp", "-a", "--reflink=auto", base(), self.root], COMMAND_SECONDS)
        shutil.copy(PROJECT / "lab/systemctl.sh", self.root / "usr/local/sbin/systemctl")
        self._first = subprocess.Popen(
            [
                *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"),
                *("sh", "-c", f"mount -t proc proc {self.root}/proc && echo up && exec sleep 3600"),
            ],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        assert self._first.stdout
        if self._first.stdout.readline() != b"up\n":
            raise LabError("no namespaces can be made here")
        outer = self._first.pid
        self._inner = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()[0]
        _run([*self.enter(chroot=False), "python3", "-c", LOOPBACK_UP], COMMAND_SECONDS)

    def close(self) -> None:
        """End all that runs in it, and remove it."""
        self._first.kill()
        self._first.wait()
        self._folder.cleanup()

    def enter(self, *, chroot: bool = True) -> list[str]:
        """The words before a command that is to run in it; without `chroot`, with our files."""
        words = ["nsenter", f"--target={self._inner}", "--mount", "--net", "--pid"]
        return [*words, "chroot", str(self.root)] if chroot else words

    def sh(self, text: str, *, check: bool = True, **environment: str) -> str:
        """Run commands as root; what they print.  Raises LabError with it when they fail."""
        inside = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LC_ALL": "C.UTF-8",
            **environment,
        }
        words = ["env", "-i", *(f"{name}={value}" for name, value in inside.items())]
        return _run([*self.enter(), *words, "sh", "-euc", text], COMMAND_SECONDS, check=check)

    def put(self, source: Path, target: str) -> None:
        """Copy a folder into it."""
        shutil.copytree(source, self.root / target.lstrip("/"), symlinks=True)

    def checkout(self, target: str, commit: str = "") -> None:
        """The files of this project as they are now, or those of a commit."""
        folder = self.root / target.lstrip("/")
        folder.mkdir(parents=True)
        listed = ["git", "-C", str(PROJECT)]
        if commit:
            tar = subprocess.run([*listed, "archive", commit], check=True, stdout=subprocess.PIPE)
            subprocess.run(["tar", "-x", "-C", str(folder)], input=tar.stdout, check=True)
            return
        names = subprocess.run([*listed, "ls-files", "-z"], check=True, stdout=subprocess.PIPE)
        for name in filter(None, names.stdout.decode().split("\0")):
            if (PROJECT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / name, folder / name)

    def wheels(self) -> None:
        """Every Python package that an installation needs, in WHEELS; fetched once."""
        version = self.sh('python3 -c "import sys; print(*sys.version_info[:2], sep=chr(46))"')
        wanted = hashlib.sha256((PROJECT / "setup.cfg").read_bytes()).hexdigest()[:8]
        kept = parts.cache_dir() / "chroot" / f"wheels-{version.strip()}-{wanted}"
        if not kept.exists():
            folder = Path(tempfile.mkdtemp(dir=kept.parent))
            _fetch_wheels(folder, version.strip())
            try:
                folder.rename(kept)
            except OSError:  # another installation has fetched them meanwhile
                shutil.rmtree(folder)
        self.put(kept, WHEELS)

    def call(
        self, callers: int, rate: int, seconds: int, port: int = 6070
    ) -> subprocess.Popen[bytes]:
        """So many callers, without sound, each of whom stays for so long; all have one SIP port."""
        words = [*parts.program(parts.SIPP), "-sn", "uac", "-s", "1330", "-i", "127.0.0.1"]
        words += ["-m", str(callers), "-l", str(callers), "-r", str(rate)]
        words += ["-d", str(seconds * 1000), "-mp", "40000", "-p", str(port), "-nostdin"]
        return subprocess.Popen(
            [*self.enter(chroot=False), "nice", *words, "127.0.0.1:5060"],
            cwd=self._folder.name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def _fetch_wheels(folder: Path, version: str) -> None:
    """Fill a folder with wheels for this version of Python."""
    pip = [str(PROJECT / ".venv/bin/python"), "-m", "pip", "--disable-pip-version-check"]
    needed = [str(PROJECT), "setuptools>=66", "wheel"]
    _run([*pip, "wheel", "-q", "-w", folder, *needed], BUILD_SECONDS)
    for wheel in sorted(folder.glob("*.whl")):
        if wheel.name.startswith("ivrd-"):
            wheel.unlink()
        elif not wheel.name.endswith("-none-any.whl"):  # built for the Python that runs this
            name, number = wheel.name.split("-")[:2]
            options = ["--no-deps", "--only-binary=:all:", "--python-version", version]
            options += [word for tag in PLATFORMS for word in ("--platform", tag)]
            wheel.unlink()
            _run([*pip, "download", "-q", *options, "-d", folder, f"{name}=={number}"], 120)


def _run(
    command: Sequence[str | Path],
    seconds: float,
    environment: Mapping[str, str] | None = None,
    *,
    check: bool = True,
) -> str:
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{words[-1][:200]!r} took over {seconds:g} s: {error.output!r}") from None
    text = done.stdout.decode("utf-8", "replace")
    if check and done.returncode:
        raise LabError(f"{words[-1][:200]!r} ended with {done.returncode}: {text[-2000:]}")
    return text
