"""An apt-get that is told how to fail, for the tests of what is fetched from Debian."""

import subprocess
from pathlib import Path

import pytest

from lab import debian

LOADER = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"

# Stands in for apt-get. $FAKE/calls gets its arguments; $FAKE/on-update and on-install are shell
# scripts that run instead of the network, with $conf (the configuration) and $try (1, 2, ...).
APT_GET = """#!/bin/sh
echo "$*" >>"$FAKE/calls"
conf=$2
case "$*" in
"--print-uris update") cat "$FAKE/uris"; exit 0 ;;
*--print-uris*) echo "'http://deb/tool.deb' tool_1%3a2.0_amd64.deb 1000000 SHA256:0"; exit 0 ;;
*update) step=update ;;
*install*) step=install ;;
esac
try=$(grep -v -e --print-uris "$FAKE/calls" | grep -c -w -e $step)
[ ! -e "$FAKE/on-$step" ] || . "$FAKE/on-$step"
[ $step = update ] || cp "$FAKE/tool.deb" "$(dirname "$conf")/cache/archives/tool_1%3a2.0_amd64.deb"
"""


class Fake:
    """The folder that tells the stand-in for apt-get what to do, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir(parents=True)
        script(folder / "bin" / "apt-get", APT_GET)
        script(folder / "bin" / "dpkg", "#!/bin/sh\necho amd64\n")
        self.mirrors("http://deb/debian bookworm", "http://deb/debian bookworm-updates")
        self.make_deb()

    def mirrors(self, *rows: str) -> None:
        pairs = [row.split() for row in rows]
        text = "".join(f"'{base}/dists/{suite}/InRelease' x 0\n" for base, suite in pairs)
        (self.folder / "uris").write_text(text)

    def make_deb(self) -> None:
        tree = self.folder / "tree"
        for name in ("DEBIAN/control", LOADER, "usr/bin/ivrd-test-tool"):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text("")
        control = (
            "Package: tool\nVersion: 1:2.0\nArchitecture: amd64\nMaintainer: a\nDescription: a\n"
        )
        (tree / "DEBIAN/control").write_text(control)
        deb = str(self.folder / "tool.deb")
        subprocess.run(["dpkg-deb", "--build", str(tree), deb], check=True, capture_output=True)

    def on(self, step: str, shell: str) -> None:
        (self.folder / f"on-{step}").write_text(shell)

    def calls(self, step: str) -> list[str]:
        """What apt-get was asked to do over the network: update or install."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [line for line in lines if step in line.split() and "--print-uris" not in line]


def script(place: Path, text: str) -> None:
    place.write_text(text)
    place.chmod(0o755)


def make_fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """A PATH with the stand-in, on a machine that says it is a Debian 12, with an empty cache."""
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_CODENAME="bookworm"\n')
    (tmp_path / "keyring.gpg").touch()
    monkeypatch.setattr(debian, "OS_RELEASE", tmp_path / "os-release")
    monkeypatch.setattr(debian, "KEYRING", tmp_path / "keyring.gpg")
    monkeypatch.setenv("FAKE", str(tmp_path / "fake"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'fake' / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("IVRD_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("IVRD_ASTERISK", raising=False)
    return Fake(tmp_path / "fake")
