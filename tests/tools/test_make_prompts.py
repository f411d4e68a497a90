"""What `make prompts` would touch, and above all what it would not."""

import wave
from pathlib import Path

import pytest

from tools import make_prompts
from tools.make_prompts import Made, PromptError, Step, plan, read_further, read_words

READINGS = {"กด": "กด", "1": "หนึ่ง"}


def noted(sounds: Path, file: str, content: bytes, words: str) -> Made:
    """A file as this tool leaves it: on disk, and in the manifest."""
    (sounds / file).parent.mkdir(parents=True, exist_ok=True)
    (sounds / file).write_bytes(content)
    note = {"sound": make_prompts.sha256(content), "words": make_prompts.recipe_hash(words, file)}
    return {file: note}


def test_a_missing_file_is_made(tmp_path: Path) -> None:
    assert plan({"th/a.wav": "x"}, tmp_path, {}) == [Step("th/a.wav", "missing", "x")]


def test_what_is_as_it_should_be_stays(tmp_path: Path) -> None:
    made = noted(tmp_path, "th/a.wav", b"sound", "x")
    assert plan({"th/a.wav": "x"}, tmp_path, made) == []


def test_a_changed_text_is_spoken_again(tmp_path: Path) -> None:
    made = noted(tmp_path, "th/a.wav", b"sound", "x")
    assert [step.words for step in plan({"th/a.wav": "y"}, tmp_path, made)] == ["y"]


@pytest.mark.parametrize("words", [{"th/a.wav": "new text"}, {}])
def test_a_recording_by_a_person_is_never_touched(tmp_path: Path, words: dict[str, str]) -> None:
    made = noted(tmp_path, "th/a.wav", b"machine", "x")
    (tmp_path / "th" / "a.wav").write_bytes(b"a person")
    assert plan(words, tmp_path, made) == []
    assert plan(words, tmp_path, {}) == []


def test_a_file_made_here_goes_with_its_prompt(tmp_path: Path) -> None:
    made = noted(tmp_path, "th/a.wav", b"sound", "x")
    (step,) = plan({}, tmp_path, made)
    assert step.words is None
    make_prompts.carry_out(step, tmp_path, made)
    assert not (tmp_path / "th" / "a.wav").exists()
    assert made == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1", "expected `prompts:` with one entry for each prompt"),
        ("[", "not YAML"),
        ("- a", "expected a YAML mapping"),
        ("prompts: {a: text}", "a: expected a text for th, en or both"),
        ("prompts: {a: {fr: text}}", "a: expected a text for th, en or both"),
        ("prompts: {../a: {en: text}}", "../a: expected a name of small letters"),
        ("prompts: {a: {en: ' '}}", "a: en: expected a text"),
        ("prompts: {a: {th: แมว}}", "a: th: no reading for the word at the start of 'แมว'"),
    ],
)
def test_a_mistake_in_the_yaml_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    file = tmp_path / "prompts.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(PromptError) as error:
        read_words(file, READINGS)
    assert message in str(error.value)
    assert make_prompts.main(["--prompts", str(file), "--sounds", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_thai_goes_over_as_phonemes_and_english_as_text(tmp_path: Path) -> None:
    file = tmp_path / "prompts.yaml"
    file.write_text("prompts: {a: {th: กด 1, en: Press 1.}}", "utf-8")
    words = read_words(file, READINGS)
    assert "[[ko2t nW2N]]" in words["th/a.wav"]
    assert words["en/a.wav"] == "Press 1."


def test_a_missing_program_is_told_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert make_prompts.main(["--sounds", str(tmp_path / "sounds")]) == 1
    assert capsys.readouterr().err == "espeak-ng is not installed; expected espeak-ng and sox\n"


def test_the_repository_has_every_prompt_spoken(capsys: pytest.CaptureFixture[str]) -> None:
    status = make_prompts.main(["--check"])
    assert (status, capsys.readouterr().out) == (0, "")


def test_every_sound_is_what_asterisk_plays_as_it_is() -> None:
    for file in sorted((make_prompts.ROOT / "sounds").rglob("*.wav")):
        with wave.open(str(file)) as sound:
            assert sound.getparams()[:3] == (1, 2, 8000), file
            # by two files without sound Asterisk ends the music (dialplans/hotline.conf)
            assert (sound.getnframes() > 0) != file.name.endswith("-end.wav"), file


def test_further_languages_have_files_of_their_own_and_those_without_a_voice_none(
    tmp_path: Path,
) -> None:
    file = tmp_path / "prompts.yaml"
    assert read_further(file) == {}
    (tmp_path / "prompts.ms.yaml").write_text("prompts:\n  welcome: Selamat\n", "utf-8")
    (tmp_path / "prompts.km.yaml").write_text("prompts:\n  welcome: សួស្តី\n", "utf-8")
    assert read_further(file) == {"ms/welcome.wav": "Selamat"}
    (tmp_path / "prompts.my.yaml").write_text("prompts:\n  welcome: 1\n", "utf-8")
    with pytest.raises(PromptError, match=r"prompts.my.yaml: expected `prompts:` with a text for"):
        read_further(file)
