"""The programs of others that the lab needs, without root: Asterisk, SIPp, Kamailio, and so on.

A good one on PATH is used. Otherwise Debian's packages are fetched once and unpacked into the
cache folder `${IVRD_CACHE:-${XDG_CACHE_HOME:-~/.cache}/ivrd}`, one folder for each part:

    parts/NAME-SUITE-ARCH-HASH/root          the unpacked packages
    parts/NAME-SUITE-ARCH-HASH/packages.txt  their names and versions

A folder gets that name only when it is complete, so a half-made one is never used; a lock keeps
two processes apart. Programs from there run through the root's own dynamic loader, so a newer
Debian's programs run on an older one. Remove a part's folder to fetch it anew.

    python -m lab.parts plan|ensure|where NAME...

Standard library only: this runs before there is a virtual environment.
"""

import argparse
import fcntl
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from lab import debian
from lab.debian import PartsError, say

__all__ = [
    "ASTERISK",
    "BARESIP",
    "DEBOOTSTRAP",
    "FAKETIME",
    "KAMAILIO",
    "PARTS",
    "PIP",
    "PROMETHEUS",
    "REDIS",
    "SIPP",
]
__all__ += ["SYSTEMD", "Part", "PartsError", "cache_dir", "ensure", "plan", "program", "root"]

ASTERISK_AT_LEAST = 20  # the first major version with all that the dialplan uses
OWN = "own"  # the suite that this machine runs
LOADERS = {"amd64": "ld-linux-x86-64.so.2", "arm64": "ld-linux-aarch64.so.1"}
TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
BIN_DIRS = ("usr/sbin", "usr/bin", "sbin", "bin")


@dataclass(frozen=True)
class Part:
    """Programs that come together from Debian.

    suite: the Debian suite to take them from, or OWN.
    binaries: the programs; empty for a part that is only looked into.
    download: about how much is fetched (MB, measured on amd64), to tell before it is done.
    """

    name: str
    suite: str
    packages: tuple[str, ...]
    binaries: tuple[str, ...]
    download: int


ASTERISK = Part("asterisk", "sid", ("asterisk",), ("asterisk",), 95)
BARESIP = Part("baresip", "sid", ("baresip-core",), ("baresip",), 30)
KAMAILIO = Part("kamailio", OWN, ("kamailio",), ("kamailio",), 47)
SIPP = Part("sipp", OWN, ("sip-tester",), ("sipp",), 16)
REDIS = Part("redis", OWN, ("redis-server",), ("redis-server",), 33)
PROMETHEUS = Part("prometheus", OWN, ("prometheus",), ("prometheus", "promtool"), 50)
SYSTEMD = Part(
    "systemd",
    OWN,
    ("systemd",),
    ("systemd-analyze", "systemd-sysusers", "systemd-tmpfiles"),
    20,
)
FAKETIME = Part("faketime", OWN, ("libfaketime",), (), 1)
DEBOOTSTRAP = Part("debootstrap", OWN, ("debootstrap",), (), 1)
PIP = Part("pip", OWN, ("python3-pip-whl", "ca-certificates"), (), 17)
PARTS = {
    part.name: part
    for part in (
        *(ASTERISK, BARESIP, KAMAILIO, SIPP, REDIS, PROMETHEUS, SYSTEMD, FAKETIME, PIP),
        DEBOOTSTRAP,
    )
}


def program(part: Part, binary: str = "") -> tuple[str, ...]:
    """The argv prefix that runs one of a part's programs, its first one if not named.

    Fetches the part when it is neither on PATH nor in the cache. Raises PartsError.
    """
    binary = binary or part.binaries[0]
    installed = _installed(part)
    if installed is not None:
        return (installed[binary],)
    base = _fetched(part)
    loader, libraries = _loader(base), ":".join(map(str, _library_dirs(base)))
    return (str(loader), "--library-path", libraries, str(_find(base, binary)))


def root(part: Part) -> Path | None:
    """Where a part is unpacked, or None when the one on PATH is used. Fetches like `program`."""
    return None if _installed(part) is not None else _fetched(part)


def ensure(*parts: Part) -> None:
    """Have all these parts, fetching what is missing. Raises PartsError."""
    absent = [part for part in parts if _installed(part) is None and not _complete(part)]
    if absent:
        with _locked():
            for suite in dict.fromkeys(part.suite for part in absent):
                _fetch(suite, [part for part in absent if part.suite == suite])


def plan(*parts: Part) -> list[str]:
    """What `ensure` would fetch, a line for each part; empty when it would fetch nothing."""
    return [
        f"{part.name}: Debian package {' '.join(part.packages)} from {_suite(part.suite)}"
        f" and what it needs, about {part.download} MB, unpacked into {_folder(part)}"
        for part in parts
        if _installed(part) is None and not _complete(part)
    ]


def cache_dir() -> Path:
    """The folder that keeps what was fetched; outside the repository."""
    if own := os.environ.get("IVRD_CACHE"):
        return Path(own).absolute()
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (xdg if xdg.is_absolute() else Path(os.path.expanduser("~/.cache"))) / "ivrd"


def _installed(part: Part) -> dict[str, str] | None:
    """The part's programs on this machine, by name; None when one is missing or too old."""
    # Debian puts daemons where an ordinary user's PATH does not look.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    if part is ASTERISK and (named := os.environ.get("IVRD_ASTERISK")):
        if not _asterisk_is_good(named):
            raise PartsError(
                f"IVRD_ASTERISK={named}: expected Asterisk {ASTERISK_AT_LEAST} or later"
            )
        return {"asterisk": named}
    found = {binary: shutil.which(binary, path=path) for binary in part.binaries}
    usable = {binary: place for binary, place in found.items() if place}
    if not usable or len(usable) < len(found):
        return None
    if part is ASTERISK and not _asterisk_is_good(usable["asterisk"]):
        return None
    return usable


def _asterisk_is_good(binary: str) -> bool:
    """Whether `asterisk -V` runs and tells of a version that is new enough."""
    try:
        command = [binary, "-V"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.match(r"Asterisk (?:certified/)?(\d+)\.", answer.stdout)
    return version is not None and int(version[1]) >= ASTERISK_AT_LEAST


def _suite(name: str) -> str:
    return debian.codename() if name == OWN else name


def _folder(part: Part) -> Path:
    suite, arch = _suite(part.suite), debian.architecture()
    digest = hashlib.sha256(" ".join(part.packages).encode()).hexdigest()[:8]
    return cache_dir() / "parts" / f"{part.name}-{suite}-{arch}-{digest}"


def _complete(part: Part) -> bool:
    return os.path.isfile(_folder(part) / "packages.txt")  # False too when it may not be read


def _fetched(part: Part) -> Path:
    ensure(part)
    return _folder(part) / "root"


@contextmanager
def _locked() -> Iterator[None]:
    """Hold the cache folder's lock; wait for another process that holds it, and say so."""
    cache = cache_dir()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        handle = (cache / "lock").open("w")
    except OSError as error:
        raise PartsError(
            f"cannot write to {cache} ({error.strerror}): set IVRD_CACHE to a folder of yours"
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another process is filling {cache}: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fetch(suite: str, parts: Sequence[Part]) -> None:
    """Fetch and unpack parts of one suite; the caller holds the lock."""
    missing = [part for part in parts if not _complete(part)]  # another process may have been here
    if not missing:
        return
    work = cache_dir() / "work" / _suite(suite)
    try:
        apt = debian.Apt(_suite(suite), work)
        apt.update()
        for part in missing:
            _unpack(part, apt.download(part.packages), work / "half-made")
        shutil.rmtree(work)
    except OSError as error:
        raise PartsError(f"cannot write to {work}: {error.strerror}") from error


def _unpack(part: Part, files: Sequence[Path], half_made: Path) -> None:
    """Lay out the part's folder beside its place, then move it there in one step."""
    shutil.rmtree(half_made, ignore_errors=True)
    half_made.mkdir(parents=True)
    debian.unpack(files, half_made / "root")
    for binary in part.binaries:
        _find(half_made / "root", binary)
        _loader(half_made / "root")
    rows = [unquote(file.stem).split("_") for file in files]
    text = "".join(f"{' '.join(row)}\n" for row in sorted(rows))
    (half_made / "packages.txt").write_text(text, "utf-8")
    folder = _folder(part)
    shutil.rmtree(folder, ignore_errors=True)  # without packages.txt it was not ours to use
    folder.parent.mkdir(parents=True, exist_ok=True)
    half_made.rename(folder)
    say(f"{part.name} is ready in {folder}")


def _find(base: Path, binary: str) -> Path:
    for place in BIN_DIRS:
        if (base / place / binary).is_file():
            return base / place / binary
    raise PartsError(f"{binary} is not in the packages that were unpacked in {base}")


def _loader(base: Path) -> Path:
    """The unpacked root's own dynamic loader."""
    name = LOADERS.get(debian.architecture())
    if name is None:
        raise PartsError(f"{debian.architecture()}: only {' and '.join(LOADERS)} are known here")
    triplet = TRIPLETS[debian.architecture()]
    for place in (f"usr/lib/{triplet}", f"lib/{triplet}"):  # a link in /lib64 may lead out of base
        if (base / place / name).is_file():
            return base / place / name
    raise PartsError(f"{name} is not in the packages that were unpacked in {base}")


def _library_dirs(base: Path) -> list[Path]:
    """The root's library folders: with and without /usr, as older packages still have both."""
    triplet = TRIPLETS[debian.architecture()]
    places = [f"usr/lib/{triplet}", f"lib/{triplet}", "usr/lib", "lib"]
    places += [f"{place}/systemd" for place in places[:2]]  # where its private library is
    return [base / place for place in places if (base / place).is_dir()]


def _command(arguments: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.parts", description="The lab's parts.")
    parser.add_argument(
        "verb",
        choices=("plan", "ensure", "where"),
        help="plan: say what would be fetched; ensure: fetch it; where: print how each is run",
    )
    parser.add_argument("names", nargs="+", choices=sorted(PARTS), metavar="NAME")
    given = parser.parse_args(arguments)
    parts = [PARTS[name] for name in given.names]
    if given.verb == "plan":
        print(*plan(*parts), sep="\n", end="\n" if plan(*parts) else "")
    if given.verb == "ensure":
        ensure(*parts)
    if given.verb == "where":
        for part in parts:
            print(shlex.join(program(part)) if part.binaries else _fetched(part))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    try:
        _command(arguments)
    except PartsError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
