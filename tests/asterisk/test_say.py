"""Numbers as the real Asterisk says them: say.conf must agree with ivrd.core.numbers."""

import re
import time
import wave
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivrd.asterisk.dialplan_names import PROMPT_FOLDER
from ivrd.asterisk.render.say import say_conf
from ivrd.core.numbers import LANGUAGES, pieces, spoken
from lab.asterisk import Asterisk

# Every number in Thai and in English; of the others those that show each of their rules.
SAID = {of: range(10) if of in ("th", "en") else (0, 1) for of in LANGUAGES}
CALLS = [f"{language}{hundred}" for language, of in SAID.items() for hundred in of]
ALL_SAID_SECONDS = 60

# Extension th3 says 300 to 399 in Thai. "n" is the gender that app_queue asks for.
EXTENSIONS = """\
[say]
exten => beside,1,Answer()
 same => n,Set(CHANNEL(language)=th_w5b_3)
 same => n,SayNumber(1,n)
 same => n,SayNumber(18,n)
 same => n,SayNumber(98,n)
 same => n,SayNumber(998,n)
 same => n,Set(CHANNEL(language)=en_b_500)
 same => n,SayNumber(2,n)
 same => n,Set(CHANNEL(language)=en_more60)
 same => n,SayNumber(2,n)
 same => n,Hangup()
exten => _[a-z][a-z]X,1,Answer()
 same => n,Set(CHANNEL(language)=${EXTEN:0:2})
 same => n,Set(N=$[${EXTEN:2} * 100])
 same => n(next),SayNumber(${N},n)
 same => n,Set(N=$[${N} + 1])
 same => n,GotoIf($[${N} % 100 > 0]?next)
 same => n,Hangup()
"""
MODULES = "pbx_config app_playback format_wav func_channel res_clioriginate res_timing_timerfd"

SAYS = re.compile(r'SayNumber\("(?P<channel>[^"]+)", "(?P<number>\d+),n"\)')
PLAYS = re.compile(
    r"<(?P<channel>[^>]+)> Playing '(?P<file>[^.']+)\.\w+' \(language '(?P<lang>\w+)'"
)
DONE = re.compile(r'Hangup\("')


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, int], list[str]]]:
    """The files that Asterisk played for each language and number, in order."""
    folder = tmp_path_factory.mktemp("say")
    asterisk = Asterisk(folder, _etc(folder / "etc"), _silent_pieces(folder / "sounds"))
    asterisk.start()
    try:
        for call in CALLS:
            asterisk.cli(f"channel originate Local/{call}@say application Wait {ALL_SAID_SECONDS}")
        asterisk.cli(f"channel originate Local/beside@say application Wait {ALL_SAID_SECONDS}")
        yield _played(_log_of_calls(folder / "log" / "full", len(CALLS) + 1))
    finally:
        asterisk.stop()


def _etc(etc: Path) -> Path:
    etc.mkdir()
    loads = "".join(f"load={name}.so\n" for name in MODULES.split())
    (etc / "modules.conf").write_text(f"[modules]\nautoload=no\n{loads}")
    (etc / "logger.conf").write_text("[logfiles]\nfull => notice,warning,error,verbose(3)\n")
    (etc / "extensions.conf").write_text(EXTENSIONS)
    (etc / "say.conf").write_text(say_conf(LANGUAGES))
    return etc


def _silent_pieces(sounds: Path) -> Path:
    """Every piece as 20 ms of silence: sound plays in real time."""
    for language in LANGUAGES:
        (sounds / language).mkdir(parents=True)
        for piece in pieces(language):
            with wave.open(str(sounds / language / f"{piece}.wav"), "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
                file.writeframes(bytes(2 * 160))
    return sounds


def _log_of_calls(log: Path, calls: int) -> list[str]:
    """The log's lines once that many calls have hung up. A file has no event to wait for."""
    deadline = time.monotonic() + ALL_SAID_SECONDS
    while len(DONE.findall(log.read_text("utf-8"))) < calls:
        assert time.monotonic() < deadline, f"calls unfinished after {ALL_SAID_SECONDS} s: {log}"
        time.sleep(0.1)
    return log.read_text("utf-8").splitlines()


def _played(log: list[str]) -> dict[tuple[str, int], list[str]]:
    number: dict[str, int] = {}
    played = defaultdict(list)
    for line in log:
        if says := SAYS.search(line):
            number[says["channel"]] = int(says["number"])
        elif plays := PLAYS.search(line):
            played[plays["lang"], number[plays["channel"]]].append(plays["file"])
    return dict(played)


@pytest.mark.parametrize("language", LANGUAGES)
def test_asterisk_says_every_number_as_we_do(
    said: dict[tuple[str, int], list[str]], language: str
) -> None:
    numbers = (hundred * 100 + rest for hundred in SAID[language] for rest in range(100))
    wanted = {n: [f"{PROMPT_FOLDER}/{piece}" for piece in spoken(n, language)] for n in numbers}
    assert {n: files for (lang, n), files in said.items() if lang == language} == wanted


def test_who_waits_beside_the_line_is_counted_among_those_ahead(
    said: dict[tuple[str, int], list[str]],
) -> None:
    wanted = {
        ("th_w5b_3", 1): spoken(4, "th"),
        ("th_w5b_3", 18): spoken(21, "th"),
        ("th_w5b_3", 98): spoken(101, "th"),
        ("th_w5b_3", 998): spoken(999, "th"),
        ("en_b_500", 2): spoken(502, "en"),
        ("en_more60", 2): spoken(2, "en"),
    }
    found = {key: files for key, files in said.items() if key[0] not in LANGUAGES}
    assert found == {
        key: [f"{PROMPT_FOLDER}/{piece}" for piece in pieces] for key, pieces in wanted.items()
    }
