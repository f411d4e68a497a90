"""Numbers, compared with spellings that are worked out here in another way."""

from pathlib import Path

import pytest
import yaml

from ivrd.core.numbers import LANGUAGES, LARGEST, pieces, spoken

DEFAULTS = Path(__file__).parents[2] / "ivrd" / "config" / "default_prompts.yaml"
PROMPTS = yaml.safe_load(DEFAULTS.read_text("utf-8"))["prompts"]

FURTHER = {
    language: yaml.safe_load(DEFAULTS.with_suffix(f".{language}.yaml").read_text("utf-8"))[
        "prompts"
    ]
    for language in LANGUAGES
    if language not in ("th", "en")
}

ALL = range(LARGEST + 1)
THAI_DIGITS = ["ศูนย์", "หนึ่ง", "สอง", "สาม", "สี่", "ห้า", "หก", "เจ็ด", "แปด", "เก้า"]
ENGLISH_SMALL = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
]
ENGLISH_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def thai(number: int) -> str:
    """Digit by digit with the places' names, and the three exceptions put right afterwards."""
    if number == 0:
        return THAI_DIGITS[0]
    places = zip(f"{number:03}", ["ร้อย", "สิบ", ""], strict=True)
    words = "|".join(f"{THAI_DIGITS[int(digit)]}{place}" for digit, place in places if digit != "0")
    words = words.replace("สองสิบ", "ยี่สิบ").replace("หนึ่งสิบ", "สิบ")
    if words.endswith("|หนึ่ง"):
        words = words.removesuffix("หนึ่ง") + "เอ็ด"
    return words.replace("|", "")


def english(number: int) -> str:
    if number >= 100:
        rest = f" and {english(number % 100)}" if number % 100 else ""
        return f"{ENGLISH_SMALL[number // 100]} hundred{rest}"
    if number >= 20:
        unit = f" {ENGLISH_SMALL[number % 10]}" if number % 10 else ""
        return ENGLISH_TENS[number // 10 - 2] + unit
    return ENGLISH_SMALL[number]


def words(number: int, language: str, between: str) -> str:
    texts = {name: of[language] for name, of in PROMPTS.items() if language in of}
    texts |= FURTHER.get(language, {})
    return between.join(texts[piece] for piece in spoken(number, language))


def test_thai_is_spelled_as_in_school() -> None:
    assert [words(n, "th", "") for n in ALL] == [thai(n) for n in ALL]


def test_english_is_spelled_as_in_britain() -> None:
    assert [words(n, "en", " ") for n in ALL] == [english(n) for n in ALL]


@pytest.mark.parametrize(
    ("number", "spelling"),
    [
        (1, "หนึ่ง"),
        (11, "สิบเอ็ด"),
        (20, "ยี่สิบ"),
        (21, "ยี่สิบเอ็ด"),
        (101, "หนึ่งร้อยเอ็ด"),
        (110, "หนึ่งร้อยสิบ"),
        (121, "หนึ่งร้อยยี่สิบเอ็ด"),
        (999, "เก้าร้อยเก้าสิบเก้า"),
    ],
)
def test_thai_by_the_book(number: int, spelling: str) -> None:
    assert words(number, "th", "") == spelling


@pytest.mark.parametrize(
    ("language", "number", "spelling"),
    [
        ("km", 7, "ប្រាំពីរ"),
        ("km", 16, "ដប់ប្រាំមួយ"),
        ("km", 21, "ម្ភៃមួយ"),
        ("km", 101, "មួយរយមួយ"),
        ("lo", 11, "ສິບເອັດ"),
        ("lo", 21, "ຊາວເອັດ"),
        ("lo", 101, "ໜຶ່ງຮ້ອຍໜຶ່ງ"),
        ("lo", 999, "ເກົ້າຮ້ອຍເກົ້າສິບເກົ້າ"),
        ("my", 10, "တစ်ဆယ်"),
        ("my", 11, "ဆယ့်တစ်"),
        ("my", 20, "နှစ်ဆယ်"),
        ("my", 21, "နှစ်ဆယ့်တစ်"),
        ("my", 100, "တစ်ရာ"),
        ("my", 101, "တစ်ရာ့တစ်"),
        ("my", 110, "တစ်ရာ့တစ်ဆယ်"),
        ("my", 345, "သုံးရာ့လေးဆယ့်ငါး"),
    ],
)
def test_other_languages_by_the_book(language: str, number: int, spelling: str) -> None:
    assert words(number, language, "") == spelling


def test_malay_by_the_book() -> None:
    said = {11: "sebelas", 21: "dua puluh satu", 105: "seratus lima", 911: "sembilan ratus sebelas"}
    assert {number: words(number, "ms", " ") for number in said} == said


@pytest.mark.parametrize("language", FURTHER)
def test_no_two_numbers_sound_the_same_in_other_languages(language: str) -> None:
    assert len({words(number, language, " ") for number in ALL}) == len(ALL)


@pytest.mark.parametrize("number", [-1, LARGEST + 1])
def test_other_numbers_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match=f"must be 0 to 999, not {number}"):
        spoken(number, "th")


def test_other_languages_are_refused() -> None:
    with pytest.raises(ValueError, match="spoken in th, en, km, lo, my, ms, not in 'fr'"):
        spoken(1, "fr")


@pytest.mark.parametrize("language", ["th", "en"])
def test_every_number_prompt_is_used(language: str) -> None:
    written = {name for name, texts in PROMPTS.items() if "number-" in name and language in texts}
    assert pieces(language) == written


@pytest.mark.parametrize("language", FURTHER)
def test_every_number_prompt_of_other_languages_is_used(language: str) -> None:
    assert pieces(language) == {name for name in FURTHER[language] if "number-" in name}
