"""Languages beside Thai and English: off until every prompt is recorded, and what is said of it."""

import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from ivrd.asterisk.render.dialplan import extensions_conf
from ivrd.asterisk.render.say import say_conf
from ivrd.config import languages, prompts
from ivrd.config.field_types import FURTHER
from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.sounds import prompt_files
from ivrd.core.menu_tree import ToMenu
from ivrd.core.numbers import pieces

Change = Callable[[str, str, str], None]


def record(folder: Path, language: str, name: str) -> Path:
    path = folder / "sounds" / language / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(320))
    return path


@pytest.fixture
def wanted(folder: Path, change: Change) -> Path:
    """A configuration that wants Burmese; key 3 chooses it, its seats speak it."""
    change("ivrd.yaml", "languages: [th, en]", "languages: [th, en, my]")
    change(
        "menus.yaml",
        '"2": {language: en, menu: main}',
        '"2": {language: en, menu: main}\n      "3": {language: my, menu: main}',
    )
    change("queues.yaml", "open: true, queues: all}", "open: true, queues: all, languages: [my]}")
    change("queues.yaml", "surge: {", "thai: {seats: 1, open: true, queues: all}\n  surge: {")
    return folder


@pytest.fixture
def recorded(wanted: Path) -> Path:
    """The same with every recording in Burmese."""
    settings = load(wanted)
    said = prompts.used_prompts(settings) & settings.prompts.keys()
    for name in prompts.said_in(said, "my"):
        record(wanted, "my", name)
    return wanted


def test_without_recordings_it_is_off_and_the_hotline_runs(wanted: Path) -> None:
    settings = load(wanted)
    assert settings.languages == ("th", "en")
    assert set(settings.tree.menus["language"].keys) == {"1", "2"}
    assert {queue.name for queue in settings.queues} == {
        *("vaccination.th", "vaccination.en", "other.th", "other.en")
    }
    (problem,) = languages.off(settings)
    missing = len(settings.languages_off["my"])
    assert str(problem) == (
        f"{wanted}/ivrd.yaml:3: languages: my: it is off: none of its {missing} prompts is "
        f"recorded (in {wanted}/sounds/my)"
    )


def test_with_every_recording_it_is_on_texts_or_not(recorded: Path) -> None:
    settings = load(recorded)
    assert settings.languages == ("th", "en", "my")
    assert settings.languages_off == {}
    assert languages.off(settings) == []
    assert settings.tree.menus["language"].keys["3"] == ToMenu("main", "my")
    assert settings.prompts["welcome"]["my"] == ""  # by its recording alone
    assert settings.prompts["queue-next"]["my"] == prompts.defaults_in("my")["queue-next"]
    assert "my" not in settings.prompts["agent-number"]
    assert "[my]\n" in say_conf(settings.languages)
    assert not [problem for problem in prompt_files(settings) if "/my/" in problem.file]


def test_each_missing_prompt_is_named_where_its_text_stands(recorded: Path) -> None:
    own = recorded / "prompts.my.yaml"
    own.write_text('reviewed_by: "A"\nprompts:\n  welcome: "ကျန်းမာရေး"\n', "utf-8")
    assert load(recorded).languages[-1] == "my"
    gone = [record(recorded, "my", name) for name in ("queue-next", "welcome", "main-menu")]
    for path in gone:
        path.unlink()
    settings = load(recorded)
    assert settings.languages == ("th", "en")
    default = prompts.default_file("my")
    line = next(
        n
        for n, text in enumerate(default.read_text("utf-8").splitlines(), 1)
        if text.startswith("  queue-next:")
    )
    why = "missing; expected 8 kHz 16-bit mono PCM WAV; my is off until it is there"
    sounds = recorded / "sounds/my"
    assert [str(problem) for problem in languages.off(settings)] == [
        f"{own}:2: prompts.main-menu: no text, and no recording: {sounds}/main-menu.wav: {why}",
        f"{default}:{line}: prompts.queue-next: no recording: {sounds}/queue-next.wav: {why}",
        f"{own}:3: prompts.welcome: no recording: {sounds}/welcome.wav: {why}",
    ]


def test_a_recording_that_cannot_be_played_is_none(recorded: Path) -> None:
    path = record(recorded, "my", "welcome")
    path.write_bytes(path.read_bytes()[:-10])
    assert load(recorded).languages == ("th", "en")


def test_who_has_read_the_texts_is_asked_for(recorded: Path) -> None:
    (problem,) = languages.not_reviewed(load(recorded))
    assert str(problem) == (
        f"{recorded}/ivrd.yaml:3: languages: my: nobody who speaks it has said that its texts are "
        "right (reviewed_by in prompts.my.yaml)"
    )
    (recorded / "prompts.my.yaml").write_text('reviewed_by: "A native speaker"\n', "utf-8")
    assert languages.not_reviewed(load(recorded)) == []


def test_a_text_of_no_prompt(recorded: Path) -> None:
    (recorded / "prompts.my.yaml").write_text("prompts:\n  welcom: က\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(recorded)
    assert str(caught.value) == (
        f'{recorded}/prompts.my.yaml:2: prompts.welcom: unknown prompt "welcom"; did you mean '
        "welcome?"
    )


def test_only_thai_and_english_can_be_the_first(folder: Path, change: Change) -> None:
    change("ivrd.yaml", "languages: [th, en]", "languages: [my, th, en]")
    with pytest.raises(ConfigError, match="expected th or en first: any other is off while a"):
        load(folder)


def test_nobody_is_taken_to_speak_it_who_is_not_said_to(recorded: Path) -> None:
    settings = load(recorded)
    (base, thai, _surge) = settings.pools
    assert set(base.queues) == {"vaccination.my", "other.my"}
    assert set(thai.queues) == {"vaccination.th", "vaccination.en", "other.th", "other.en"}


def test_without_anybody_who_speaks_it_its_callers_go_to_the_fallback(
    recorded: Path, change: Change
) -> None:
    change("queues.yaml", ", languages: [my]", "")
    routing = load(recorded).tree.routing
    assert routing.queue_for("other", "my") == "other.th"
    assert not routing.understood("other", "my", lambda _queue: True)


def test_a_number_of_its_own_begins_in_it_while_it_is_on(recorded: Path, change: Change) -> None:
    change("ivrd.yaml", 'number: "1330"', 'number: "1330"\nnumbers: {"1331": {language: my}}')
    assert "Set(IVRD_LANGUAGE=my)" in extensions_conf(load(recorded))
    record(recorded, "my", "welcome").unlink()
    assert "IVRD_LANGUAGE=my" not in extensions_conf(load(recorded))


@pytest.mark.parametrize("language", FURTHER)
def test_what_ivrd_brings_along_has_a_text_in_every_language(folder: Path, language: str) -> None:
    needed = prompts.said_in(prompts.built_in(), language)
    assert prompts.defaults_in(language).keys() == needed
    assert pieces(language) <= needed
