"""Where everything of an installation goes."""

import os
from dataclasses import dataclass
from pathlib import Path

from ivrd.asterisk.dialplan_names import PROMPT_FOLDER
from ivrd.asterisk.queue_language import variant_prompts
from ivrd.core.numbers import LANGUAGES

IN_PLACE = "in-place"
UNIT, USERS, FILES = "ivrd.service", "ivrd.sysusers", "ivrd.tmpfiles"


class ReleaseError(Exception):
    """What could not be done; the message is for the person who asked."""


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(f"ivrd: {text}", flush=True)


@dataclass(frozen=True)
class Layout:
    """Where everything goes.  The paths are those of the running system; `destdir` is put before
    each of them to write there."""

    destdir: str
    prefix: str
    confdir: str
    datadir: str
    libdir: str
    bindir: str
    astdata: str
    astconf: str

    def at(self, path: str) -> Path:
        """Where a path of the running system is to be written."""
        return Path(self.destdir + path)

    @property
    def releases(self) -> Path:
        """The folder with a folder for each release."""
        return self.at(self.prefix) / "releases"

    @property
    def sounds(self) -> Path:
        """The recordings that callers hear."""
        return self.at(self.datadir) / "sounds"

    def linked(self, name: str) -> str | None:
        """The release that the link `current` or `previous` names; None without one."""
        link = self.at(self.prefix) / name
        return os.path.basename(os.readlink(link)) if link.is_symlink() else None

    def names(self) -> list[str]:
        """All releases, the oldest first."""
        found = (path.name for path in self.releases.iterdir() if not path.name.startswith("."))
        return sorted(found, key=lambda name: (name != IN_PLACE, name))

    def units(self) -> dict[str, Path]:
        """A file of systemd/ and where systemd looks for it."""
        lib = self.at(self.libdir)
        return {
            UNIT: lib / "systemd/system/ivrd.service",
            USERS: lib / "sysusers.d/ivrd.conf",
            FILES: lib / "tmpfiles.d/ivrd.conf",
        }

    def links(self) -> dict[Path, str]:
        """Each link that is made once, and what it points to."""
        limits = self.at(self.libdir) / "systemd/system/asterisk.service.d/ivrd.conf"
        sounds = self.at(self.astdata) / "sounds"
        return {
            self.at(self.bindir) / "ivrd": f"{self.prefix}/current/bin/ivrd",
            limits: f"{self.astconf}/asterisk.service.conf",
            **{sounds / one / "ivrd": f"{self.datadir}/sounds/{one}" for one in LANGUAGES},
            **self._waits(sounds),
        }

    def _waits(self, sounds: Path) -> dict[Path, str]:
        """The folder of each variant of a language, with what is said otherwise in it."""
        return {
            sounds / f"{one}_{variant}" / PROMPT_FOLDER / f"{name}.wav": (
                f"{self.datadir}/sounds/{one}/{prompt}.wav"
            )
            for one in LANGUAGES
            for variant, prompts in variant_prompts().items()
            for name, prompt in prompts.items()
        }
