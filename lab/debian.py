"""Debian packages without root: apt resolves and checks signatures, dpkg-deb unpacks.

apt works in a private folder (its own lists, cache, sources and an empty dpkg status), so that
nothing of the machine is read except its configuration (proxies, for example), the address of
its Debian mirror and Debian's key ring, and nothing of it is written. That needs no root, no
chroot, no mount and no user namespace. `docs/decisions/0001-rootless-parts.md` tells why.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

OS_RELEASE = Path("/etc/os-release")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
TRIES = 3
PAUSE = 1.0  # seconds after the first broken try, twice as long after each further one
NEED_APT = "this needs Debian 12 or later with apt"
EVERY = 5.0  # seconds between two progress lines
EXPIRED = re.compile(r"Release file for \S+ is expired \(invalid since")
INRELEASE = re.compile(r"^'(\S+?)/dists/(\S+)/InRelease'", re.MULTILINE)
ALIASES = {"stable", "oldstable", "testing", "unstable", "sid"}  # Debian's names beside codenames

CONF = """\
#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "0";
Dir::State "{work}/state";
Dir::State::status "{work}/status";
Dir::Cache "{work}/cache";
Dir::Cache::archives "archives/";
Dir::Log "{work}/log";
Dir::Etc::sourcelist "{work}/debian.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
"""
SOURCES = """\
Types: deb
URIs: {mirror}
Suites: {suite}
Components: main
Architectures: {arch}
Signed-By: {keyring}
"""


class PartsError(Exception):
    """A part could not be had; the message is one line for a person."""


def say(text: str) -> None:
    """Tell the person at the terminal what is being done."""
    print(f"ivrd: {text}", file=sys.stderr, flush=True)


def architecture() -> str:
    """Debian's name of this machine's architecture, such as amd64 or arm64."""
    return _run(["dpkg", "--print-architecture"]).strip()


def codename() -> str:
    """The release this machine runs, such as bookworm."""
    try:
        text = OS_RELEASE.read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^VERSION_CODENAME=\"?(\w+)", text, re.MULTILINE)
    if found is None:
        raise PartsError(f"{OS_RELEASE} names no release: {NEED_APT}")
    return found[1]


def mirrors() -> list[str]:
    """Addresses of the machine's Debian mirrors, the likeliest first, as apt itself reads them.

    Other archives may use Debian's codename too. A Debian mirror usually serves several suites,
    so those come first; what is no Debian mirror fails later on Debian's signature.
    """
    own = codename()
    seen: Counter[str] = Counter()
    usable: list[str] = []
    for base, suite in INRELEASE.findall(_run(["apt-get", "--print-uris", "update"])):
        seen[base] += 1
        if (suite == own or suite in ALIASES) and base not in usable:
            usable.append(base)
    if not usable:
        raise PartsError(f"apt's sources name no Debian mirror for {own}: look at /etc/apt")
    return sorted(usable, key=lambda base: -seen[base])


@dataclass
class Apt:
    """One suite of Debian, read by apt in the private folder `work`.

    `work` may be kept after a failure: apt checks what is in it and fetches only what is missing.
    """

    suite: str
    work: Path
    pause: float = PAUSE  # seconds
    options: list[str] = field(default_factory=list)

    def update(self) -> None:
        """Read the suite's package lists from the first of the machine's mirrors that serves them.

        Raises PartsError when none does.
        """
        if not KEYRING.exists():
            raise PartsError(f"{KEYRING} is missing: {NEED_APT}")
        for folder in ("state/lists/partial", "cache/archives/partial", "none", "log"):
            (self.work / folder).mkdir(parents=True, exist_ok=True)
        (self.work / "status").touch()
        arch = architecture()
        (self.work / "apt.conf").write_text(CONF.format(work=self.work, arch=arch), "utf-8")
        problem = PartsError("no mirror")
        for mirror in mirrors():
            say(f"reading the package lists of Debian {self.suite} from {mirror}")
            sources = SOURCES.format(mirror=mirror, suite=self.suite, arch=arch, keyring=KEYRING)
            (self.work / "debian.sources").write_text(sources, "utf-8")
            try:
                return self._update_from_this_mirror()
            except PartsError as error:
                why = f"no package lists of Debian {self.suite}, is this machine online?"
                problem = PartsError(f"{why} {error}")
        raise problem

    def download(self, packages: Sequence[str]) -> list[Path]:
        """Fetch these packages and all that they depend on; returns the .deb files."""
        install = ["install", "--yes", "--no-install-recommends", *packages]
        empty = f"Dir::Cache::archives={self.work}/none/"  # else files already here are left out
        listed = self._apt(["-o", empty, "--quiet=2", "--print-uris", *install])
        rows = [line.split() for line in listed.splitlines() if line.startswith("'")]
        if not rows:
            raise PartsError(f"apt names no files for {' '.join(packages)}")
        total = sum(int(row[2]) for row in rows) / 1e6
        say(f"fetching {len(rows)} packages for {' '.join(packages)}, {total:.0f} MB")
        self._with_retries(["--download-only", *install], total)
        archives = self.work / "cache" / "archives"
        files = [archives / row[1] for row in rows]
        lost = [file.name for file in files if not file.is_file()]
        if lost:
            raise PartsError(f"apt did not fetch {lost[0]}")
        return files

    def _update_from_this_mirror(self) -> None:
        try:
            self._with_retries(["update"])
        except PartsError as error:
            if not EXPIRED.match(str(error)):
                raise
            say(f"warning: {error}")
            say("warning: trying again without that date check; signatures stay checked")
            self.options += ["-o", "Acquire::Check-Valid-Until=false"]
            self._with_retries(["update"])

    def _with_retries(self, arguments: list[str], megabytes: float = 0.0) -> None:
        for left in range(TRIES - 1, -1, -1):
            try:
                self._apt(arguments, megabytes)
                return
            except PartsError as error:
                if not left or EXPIRED.match(str(error)):
                    raise
                say(f"{error}; trying again")
                time.sleep(self.pause * 2 ** (TRIES - 1 - left))

    def _apt(self, arguments: list[str], megabytes: float = 0.0) -> str:
        command = ["apt-get", "--config-file", str(self.work / "apt.conf"), *self.options]
        fetched = self.work / "cache" / "archives"
        return _run([*command, *arguments], (fetched, megabytes) if megabytes else None)


def unpack(files: Sequence[Path], root: Path) -> None:
    """Lay the contents of these .deb files under `root`; no maintainer script runs."""
    root.mkdir(parents=True)
    for file in files:
        _run(["dpkg-deb", "--extract", str(file), str(root)])


def _run(command: list[str], progress: tuple[Path, float] | None = None) -> str:
    """Run a package tool in the C locale and return what it printed.

    progress: a folder that fills and how much is expected in it (MB), said every few seconds.
    Raises PartsError with the tool's first error line.
    """
    if shutil.which(command[0]) is None:
        raise PartsError(f"{command[0]} is missing: {NEED_APT}")
    with subprocess.Popen(
        command,
        env=os.environ | {"LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        while True:
            try:
                out, err = process.communicate(timeout=EVERY)
                break
            except subprocess.TimeoutExpired:
                if progress:
                    say(f"  {_megabytes(progress[0]):.0f} of {progress[1]:.0f} MB")
    if process.returncode:
        raise PartsError(_first_error(err) or f"{command[0]} ended with {process.returncode}")
    return out


def _first_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("E: ") for line in lines if line.startswith("E: ")]
    return (errors or lines or [""])[0]


def _megabytes(folder: Path) -> float:
    """Size of the files in a folder, which may be changing at this moment."""
    total = 0
    for file in folder.rglob("*"):
        with suppress(OSError):
            total += file.stat().st_size
    return total / 1e6
