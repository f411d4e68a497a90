"""A private Asterisk: its own folder, its own ports, and nothing of the machine's touched."""

import os
import resource
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ivrd.asterisk.dialplan_names import PROMPT_FOLDER
from ivrd.asterisk.queue_language import variant_prompts
from lab import parts
from lab.connected import connected
from lab.running import spawn

READY_SECONDS = 300  # only a machine that is stuck takes so long
HARMLESS = (
    # pjproject's name for the order in which Asterisk loads PJSIP's modules; rare, and not ours.
    "registered during operation",
    # The caller hung up between two words of a number (s_streamwait3 in apps/app_playback.c); of a
    # sound that is missing, main/file.c says so besides.
    "Unable to play message ivrd/number-",
    # The machine was busy, and sound came late.
    "Exceptionally long voice queue length",
    # A caller, or a phone that is no longer needed, hung up in the moment of the answer.
    "Session already DISCONNECTED",
    # A waiting caller was told to look for a seat in the moment of the answer (calls/recheck.py).
    "Don't know how to indicate condition 1000",
    # A phone hung up in the moment of its answer, before the leg was put through.
    "Abnormal 'Gosub(seat-answered,s,1)' exit",
    # A caller's sound came while the call that takes the last leg's cause away was ending
    # (seat-left in dialplans/hotline.conf): nobody was to hear it.
    "Unable to forward frametype 2 on Local/none@seat-left",
    # Who waited with music was sent on, or hung up, in the moment of a packet (ast_write in
    # main/channel.c gives -1 while a channel is to leave its application).
    "res_musiconhold.c: Failed to write frame to",
)


class AsteriskError(Exception):
    """Asterisk did not start; the message says why and where its log is."""


ASTERISK_CONF = """\
[directories]
astetcdir => {etc}
astmoddir => {modules}
astvarlibdir => {var}
astdbdir => {var}
astkeydir => {var}
astdatadir => {data}
astagidir => {var}
astspooldir => {var}/spool
astrundir => {run}
astlogdir => {log}
astsbindir => {var}

[options]
verbose = 3
dontwarn = yes
live_dangerously = no
documentation_language = en_US
defaultlanguage = {language}
hideconnect = yes
"""

SOCKET = "asterisk.ctl"
LONGEST = 107  # bytes of a socket's path (unix(7)), and Asterisk cuts off what is longer
FILES = 16_384  # more than `ivrd render` wants of systemd, as shipped


class Asterisk:
    """One Asterisk process that lives below `folder`; `etc` holds what `ivrd render` wrote.

    It may open so many `files`, or as many as this process may at most.  `environment`: more
    variables for it.  `prefix`: what its command line begins with.
    """

    def __init__(
        self,
        folder: Path,
        etc: Path,
        sounds: Path,
        language: str = "th",
        files: int = FILES,
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self._environment = environment or {}
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._files = files if most == resource.RLIM_INFINITY else min(files, most)
        self.folder = folder
        self.etc = etc
        self.log = folder / "log"
        self.queue_log = self.log / "queue_log"
        self.run = _run_folder(folder)
        self._program = (*prefix, *parts.program(parts.ASTERISK, "asterisk"))
        self._process: subprocess.Popen[bytes] | None = None
        self._lay_out(sounds, language)

    def _lay_out(self, sounds: Path, language: str) -> None:
        """The folders that Asterisk wants, with our prompts as an installation has them."""
        root = parts.root(parts.ASTERISK) or Path("/")
        var, data = self.folder / "var", self.folder / "data"
        for path in (var / "spool", self.log, data / "sounds"):
            path.mkdir(parents=True, exist_ok=True)
        for lang in sorted(p.name for p in sounds.iterdir() if p.is_dir() and p.name != "music"):
            home = data / "sounds" / lang
            home.mkdir(exist_ok=True)
            _link(home / PROMPT_FOLDER, sounds / lang)
            for variant, prompts in variant_prompts().items():
                said = data / "sounds" / f"{lang}_{variant}" / PROMPT_FOLDER
                said.mkdir(parents=True, exist_ok=True)
                for name, prompt in prompts.items():
                    _link(said / f"{name}.wav", sounds / lang / f"{prompt}.wav")
        _link(data / "documentation", root / "usr/share/asterisk/documentation")
        text = ASTERISK_CONF.format(
            etc=self.etc,
            modules=_modules(root),
            var=var,
            data=data,
            run=self.run,
            log=self.log,
            language=language,
        )
        self.conf = self.folder / "asterisk.conf"
        self.conf.write_text(text, encoding="utf-8")

    @property
    def pid(self) -> int:
        """The process id."""
        if self._process is None:
            raise AsteriskError("Asterisk is not running")
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it was started and runs no more."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> None:
        """Start and wait until fully booted; raises AsteriskError with the log's last words."""
        self.run.mkdir(exist_ok=True)
        with open(self.folder / "asterisk.out", "ab") as out:
            self._process = spawn(
                ["prlimit", f"--nofile={self._files}:", *self._program, "-f", "-C", str(self.conf)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                env={**os.environ, **self._environment},
            )
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            listens = (self.run / SOCKET).exists()
            if listens and "fully booted" in self.cli("core waitfullybooted").lower():
                return
            time.sleep(0.05)  # the control socket is not there yet: nothing to wait on
        words = (self.folder / "asterisk.out").read_text("utf-8", "replace")[-800:]
        self.stop()
        raise AsteriskError(f"Asterisk did not start (its output is in {self.folder}): {words}")

    @staticmethod
    def console(folder: Path) -> list[str]:
        """The command that reaches the console of the Asterisk that lives below `folder`."""
        return [*parts.program(parts.ASTERISK, "asterisk"), "-C", str(folder / "asterisk.conf")]

    def cli(self, command: str) -> str:
        """What Asterisk's console answers to one command."""
        argv = [*self.console(self.folder), "-rx", command]
        done = subprocess.run(argv, capture_output=True, timeout=60, check=False)
        return done.stdout.decode("utf-8", "replace")

    def complaints(self, tolerated: Sequence[str] = ()) -> list[str]:
        """The warnings and errors of its log, but for those with these words, and HARMLESS ones."""
        text = (self.log / "messages.log").read_text("utf-8", "replace")
        bad = [line for line in text.splitlines() if "ERROR[" in line or "WARNING[" in line]
        good = (*tolerated, *HARMLESS)
        return [line for line in bad if not any(words in line for words in good)]

    def connected(self) -> set[str]:
        """The cases of the calls that were connected with somebody, by queue_log."""
        logs = sorted(self.log.glob("queue_log*"))
        return connected(
            line for log in logs for line in log.read_text("utf-8", "replace").splitlines()
        )

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it in good order."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.run, ignore_errors=True)


def _run_folder(folder: Path) -> Path:
    """Where its control socket is: below `folder`, or, when that path is too long, elsewhere."""
    usual = folder / "run"
    if len(os.fsencode(usual / SOCKET)) <= LONGEST:
        return usual
    return Path(tempfile.gettempdir()) / f"ivrd-{secrets.token_hex(6)}"


def _modules(root: Path) -> Path:
    """Where this Asterisk's modules are."""
    for path in sorted((root / "usr/lib").glob("*/asterisk/modules")):
        return path
    return root / "usr/lib/asterisk/modules"


def _link(link: Path, target: Path) -> None:
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        shutil.rmtree(link)
    os.symlink(target.resolve(), link)
