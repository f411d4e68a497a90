"""`python3 -m tools.release install|previous|uninstall`: exit status 0, or 1 when it failed."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import tools.release
from tools.release.build import adopt, finish
from tools.release.layout import Layout, ReleaseError, say
from tools.release.remove import prune, uninstall
from tools.release.use import configure, refuse_configuration, switch


def _tell_systemd(layout: Layout) -> None:
    if layout.destdir or not Path("/run/systemd/system").is_dir():
        return
    for command in (["systemd-sysusers"], ["systemd-tmpfiles", "--create"]):
        subprocess.run(command, check=False)
    subprocess.run(["systemctl", "daemon-reload"], check=False)


def _install(layout: Layout, name: str, source: Path) -> None:
    try:
        finish(layout, name, source)
        refuse_configuration(layout, name)
    except BaseException:
        shutil.rmtree(layout.releases / name, ignore_errors=True)
        raise
    adopt(layout, name)
    configure(layout, source)
    switch(layout, name)
    prune(layout)
    _tell_systemd(layout)


def _previous(layout: Layout) -> None:
    name = layout.linked("previous")
    if name is None:
        raise ReleaseError("there is no release before the one in use")
    switch(layout, name)
    _tell_systemd(layout)
    say(f"{name} is in use again; systemctl restart ivrd runs it")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status: 0, 1 (it failed)."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tools.release", description=tools.release.__doc__
    )
    for field in ("destdir", "prefix", "confdir", "datadir", "libdir", "bindir", "astdata"):
        parser.add_argument(f"--{field}", required=True)
    parser.add_argument("--astconf", default="/etc/asterisk")
    parser.add_argument("verb", choices=("install", "previous", "uninstall"))
    parser.add_argument("name", nargs="?", default="")
    given = vars(parser.parse_args(arguments))
    verb, name = given.pop("verb"), given.pop("name")
    layout = Layout(**given)
    try:
        if verb == "install":
            _install(layout, name, Path(__file__).resolve().parents[2])
        elif verb == "previous":
            _previous(layout)
        else:
            uninstall(layout)
    except ReleaseError as error:
        print(f"ivrd: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"ivrd: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
