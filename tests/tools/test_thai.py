"""Thai reading: espeak-ng's phonemes, in which the figure after a vowel is the tone
(rising 1, low 2, mid 3, high 4, falling 5)."""

from pathlib import Path

import pytest
import yaml

from tools.thai import NoReading, phonemes, syllable

READINGS = {"กด": "กด", "1": "หนึ่ง", "สวัสดี": "สะ-หวัด-ดี", "ค่ะ": "ค่ะ", "มาก": "มาก", "สาย": "สาย"}


@pytest.mark.parametrize(
    ("spelling", "said"),
    [
        # tones: class of the initial, mark, live or dead
        ("กา", "ka:3"), ("ขา", "k_ha:1"), ("คา", "k_ha:3"),
        ("ก่า", "ka:2"), ("ข่า", "k_ha:2"), ("ค่า", "k_ha:5"),
        ("ก้า", "ka:5"), ("ข้า", "k_ha:5"), ("ค้า", "k_ha:4"),
        ("กาบ", "ka:2p"), ("ขาด", "k_ha:2t"), ("คาด", "k_ha:5t"),
        ("กะ", "ka2"), ("ขะ", "k_ha2"), ("คะ", "k_ha4"), ("แอ๊บ", "?E:4p"), ("เดี๋ยว", "di2au1"),
        # a vowel written before, above, behind or around its consonant, or not at all
        ("เป็น", "pe3n"), ("แล้ว", "lEu4"), ("โทร", "t_ho:3n"), ("ไม่", "mai5"), ("เก้า", "kau5"),
        ("และ", "lE4"), ("เพราะ", "p_h*O4"), ("เดิน", "d@:3n"), ("เลย", "l@i3"), ("คน", "k_ho3n"),
        ("มือ", "mW:3"), ("เมื่อ", "mW4@5"), ("เรียก", "*i4@5k"), ("ตัว", "tu3@3"),
        ("ควร", "k_hu3@3n"), ("ด้วย", "du4ai5"), ("ร้อย", "*Oi4"), ("น้ำ", "na4m"),
        # two letters at the start: both said, or a silent one that only lifts the tone
        ("กรุง", "k*u3N"), ("ตรวด", "t*u2@2t"), ("กลับ", "kla2p"), ("หวัด", "wa2t"),
        ("หมอ", "mO1"), ("หก", "ho2k"), ("หลัง", "la1N"), ("ใหม่", "mai2"), ("ไกล", "klai3"),
    ],
)  # fmt: skip
def test_a_syllable_is_said_as_it_is_spelled(spelling: str, said: str) -> None:
    assert syllable(spelling) == said


def test_words_are_found_without_spaces_and_pauses_are_kept_short_of_the_key() -> None:
    said = phonemes("สวัสดีค่ะ สายมากๆ กด 1 ค่ะ", READINGS)
    greeting, rest = said.split(" _:: _:: ")
    assert greeting == "sa2 wa2t di:3 k_ha5"
    assert rest == "sa:i1 ma:5k ma:5k ko2t nW2N k_ha5"


def test_an_unknown_word_is_named() -> None:
    with pytest.raises(NoReading, match="no reading for the word at the start of 'แมว"):
        phonemes("กดแมว", READINGS)


@pytest.mark.parametrize("spelling", ["", "a", "กดกด", "ลกา", "เ", "ฤา", "ๆ"])
def test_what_is_no_plain_syllable_is_refused(spelling: str) -> None:
    with pytest.raises(NoReading):
        syllable(spelling)


def test_every_reading_can_be_said_and_is_used() -> None:
    root = Path(__file__).parents[2]
    readings = yaml.safe_load((root / "tools" / "thai_readings.yaml").read_text("utf-8"))
    files = (root / "config" / "prompts.yaml", root / "ivrd" / "config" / "default_prompts.yaml")
    prompts = [yaml.safe_load(file.read_text("utf-8"))["prompts"] for file in files]
    texts = [text for each in prompts for text in each.values()]
    text = " ".join(text["th"] for text in texts if "th" in text)
    for word in readings["readings"]:
        assert phonemes(word, readings["readings"])
        assert word in text or word.isdigit(), f"{word} is in no prompt"
