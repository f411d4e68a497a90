"""Thai text into phonemes that espeak-ng says right.

espeak-ng's own Thai reads letter by letter: it knows no tones, drops the vowel under a tone
mark and says า as "s". Its Thai phonemes and tones are usable, so this file does the reading and
hands phonemes over. It works in two steps:

1. Words. Thai is written without spaces. Text is cut into the longest words that
   `thai_readings.yaml` knows; each stands there with its reading, one plain syllable after
   another, as a Thai dictionary gives it (สวัสดี: สะ-หวัด-ดี). An unknown word is an error.
2. Syllables. A plain syllable is read by the rules of Thai spelling: initial, vowel, final, and
   the tone that follows from the class of the initial, the tone mark, and whether the syllable
   is live (ends in a long vowel or a hum) or dead (short vowel or a stop).

A space in the text is a pause, except before กด ("press"), a figure and ค่ะ.
"""

import re

Readings = dict[str, str]

# espeak-ng's tones of the `th` voice: rising 1, low 2, mid 3, high 4, falling 5.
_MID, _LOW, _FALLING, _HIGH, _RISING = "3", "2", "5", "4", "1"
# A vowel of two parts carries its tone in two steps.
_TWO_STEPS = {
    _MID: (_MID, _MID),
    _LOW: (_LOW, _LOW),
    _FALLING: (_HIGH, _FALLING),
    _HIGH: (_HIGH, _HIGH),
    _RISING: (_LOW, _RISING),
}

_PAUSE = "_:: _::"
_MIDDLE_CLASS = set("กจดตฎฏบปอ")
_HIGH_CLASS = set("ขฉถฐผฝสศษห")
_INITIALS = {
    "ก": "k", "ข": "k_h", "ค": "k_h", "ฆ": "k_h", "ง": "N", "จ": "dZ;", "ฉ": "tS", "ช": "tS",
    "ซ": "s", "ญ": "j", "ด": "d", "ต": "t", "ถ": "t_h", "ท": "t_h", "ธ": "t_h", "น": "n",
    "บ": "b", "ป": "p", "ผ": "p_h", "ฝ": "f", "พ": "p_h", "ฟ": "f", "ภ": "p_h", "ม": "m",
    "ย": "j", "ร": "*", "ล": "l", "ว": "w", "ศ": "s", "ส": "s", "ห": "h", "อ": "?", "ฮ": "h",
}  # fmt: skip
_FINALS = {
    "ก": "k", "ข": "k", "ค": "k", "ด": "t", "ต": "t", "ท": "t", "จ": "t", "ส": "t", "ศ": "t",
    "บ": "p", "ป": "p", "พ": "p", "ฟ": "p", "น": "n", "ร": "n", "ล": "n", "ญ": "n", "ม": "m",
    "ง": "N", "ย": "j", "ว": "w",
}  # fmt: skip
_STOPS = set("ktp")
_CLUSTERS = {f"{a}{b}" for a, bs in {
    "ก": "รลว", "ข": "รลว", "ค": "รลว", "ต": "ร", "ป": "รล", "ผ": "ล", "พ": "รล", "ฟ": "รล",
    "ห": "งญนมยรลว",  # the ห is not said: it lifts the tone
}.items() for b in bs}  # fmt: skip

# Vowel spellings around the initial "-", most particular first; the group is the final consonant.
_END, _ANY = "([ก-ฮ])", "([ก-ฮ]?)"
_VOWELS = [(re.compile(spelling), vowel) for spelling, vowel in (
    ("เ-าะ()", "O"), ("เ-อะ()", "@"), ("เ-ะ()", "e"), ("แ-ะ()", "E"), ("โ-ะ()", "o"),
    ("เ-า()", "au"), ("[ใไ]-ย?()", "ai"), ("-ัย()", "ai"), ("-ำ()", "am"),
    (f"เ-ีย{_ANY}", "i@"), (f"เ-ือ{_ANY}", "W@"), ("-ัว()", "u@"), (f"-ว{_END}", "u@"),
    (f"-็อ{_ANY}", "O"), (f"เ-็{_END}", "e"), (f"แ-็{_END}", "E"),
    (f"เ-ิ{_END}", "@:"), (f"เ-(?=ย){_END}", "@:"), (f"เ-อ{_ANY}", "@:"),
    (f"เ-{_ANY}", "e:"), (f"แ-{_ANY}", "E:"), (f"โ-{_ANY}", "o:"),
    ("-ะ()", "a"), (f"-ั{_END}", "a"), (f"-า{_ANY}", "a:"),
    (f"-ิ{_ANY}", "i"), (f"-ี{_ANY}", "i:"), (f"-ึ{_ANY}", "W"), ("-ือ()", "W:"),
    (f"-ื{_END}", "W:"), (f"-ุ{_ANY}", "u"), (f"-ู{_ANY}", "u:"),
    (f"-อ{_ANY}", "O:"), (f"-{_END}", "o"),
)]  # fmt: skip
_LONG = {"i@", "W@", "u@"}

# Vowel and glide as one sound of the `th` voice. (O is long by itself, and O: overlong.)
_GLIDES = {
    "aj": "ai", "a:j": "a:i", "O:j": "Oi", "Oj": "Oi", "o:j": "oi", "uj": "ui", "@:j": "@i",
    "aw": "au", "a:w": "a:u", "iw": "iu", "ew": "eu", "e:w": "eu", "Ew": "Eu", "E:w": "Eu",
}  # fmt: skip
_GLIDES_OF_TWO = {"i@w": ("i", "au"), "W@j": ("W", "@i"), "u@j": ("u", "ai")}

_SYLLABLE = re.compile(
    r"(?P<lead>[เแโใไ]?)(?P<onset>[ก-ฮ]+?)(?P<mark>[ัิีึืุู็]?)(?P<tone>[่้๊๋]?)(?P<tail>[ก-ฮาะำ]*)"
)


class NoReading(ValueError):
    """Text that cannot be read aloud; says which part and what is needed."""


def phonemes(text: str, readings: Readings) -> str:
    """`text` as espeak-ng phonemes with tones, for use between [[ and ]] with the `th` voice.

    `readings` maps each word to its plain syllables, joined with "-". Raises NoReading.
    """
    text = re.sub(r" +(?=\d|กด|ค่ะ)", "", " ".join(text.split()))
    said: list[str] = []
    for word in _words(text, readings):
        if word == " ":
            said.append(_PAUSE)
        elif word == "ๆ":
            said.append(said[-1])
        else:
            said.append(" ".join(syllable(s) for s in readings[word].split("-")))
    return " ".join(said)


def _words(text: str, readings: Readings) -> list[str]:
    """Cut `text` into the longest words known."""
    words = []
    longest = max(map(len, readings))
    while text:
        ends = range(min(longest, len(text)), 0, -1)
        word = next((text[:n] for n in ends if text[:n] in readings), text[0])
        if word not in readings and word not in " ๆ":
            raise NoReading(f"no reading for the word at the start of {text[:20]!r}")
        words.append(word)
        text = text[len(word) :]
    return words


def syllable(spelling: str) -> str:
    """One plain Thai syllable as espeak-ng phonemes with its tone. Raises NoReading."""
    match = _SYLLABLE.fullmatch(spelling)
    if not match:
        raise NoReading(f"{spelling!r} is not one plain Thai syllable")
    lead, onset, mark, tone, tail = match.groups()
    if not mark and not tone:
        onset, tail = _split(lead, onset + tail)
    initial, first = _initial(onset, spelling)
    vowel, final = _rime(f"{lead}-{mark}{tail}", spelling)
    long = vowel.endswith(":") or vowel in _LONG
    dead = final in _STOPS or (not final and not long and vowel not in ("ai", "au", "am"))
    return initial + _toned(vowel, final, _tone(first, tone, dead, long))


def _split(lead: str, letters: str) -> tuple[str, str]:
    """Initial and rest of a syllable in which neither a vowel sign nor a tone mark parts them."""
    pair, rest = letters[:2], letters[2:]
    if pair not in _CLUSTERS or not (rest or lead):
        return letters[:1], letters[1:]
    if pair[1] == "ว" and not lead and re.fullmatch("[ก-ฮ]", rest):
        return letters[:1], letters[1:]  # ควร: the ว is the vowel
    return pair, rest


def _initial(onset: str, spelling: str) -> tuple[str, str]:
    """Phonemes of the initial, and the letter whose class rules the tone."""
    if len(onset) > 1 and onset not in _CLUSTERS:
        raise NoReading(f"{onset!r} cannot begin the syllable {spelling!r}")
    said = onset[1:] if len(onset) > 1 and onset[0] == "ห" else onset
    if any(letter not in _INITIALS for letter in said):
        raise NoReading(f"{said!r} cannot begin the syllable {spelling!r}")
    return "".join(_INITIALS[letter] for letter in said), onset[0]


def _rime(written: str, spelling: str) -> tuple[str, str]:
    """Vowel and final phoneme."""
    for pattern, vowel in _VOWELS:
        match = pattern.fullmatch(written)
        if match and (match[1] == "" or match[1] in _FINALS):
            return vowel, _FINALS.get(match[1], "")
    raise NoReading(f"the vowel of {spelling!r} is not known")


def _tone(first: str, mark: str, dead: bool, long: bool) -> str:
    """The tone by the rules of Thai spelling."""
    if mark in ("๊", "๋"):
        return _HIGH if mark == "๊" else _RISING
    low_class = first not in _MIDDLE_CLASS and first not in _HIGH_CLASS
    if mark:
        low_tones = {"่": _FALLING, "้": _HIGH}
        return low_tones[mark] if low_class else {"่": _LOW, "้": _FALLING}[mark]
    if dead:
        return _LOW if not low_class else (_FALLING if long else _HIGH)
    return _RISING if first in _HIGH_CLASS else _MID


def _toned(vowel: str, final: str, tone: str) -> str:
    """Vowel, tone and final in espeak-ng's order: the tone follows its vowel."""
    first, second = _TWO_STEPS[tone]
    if vowel in _LONG:
        one, two = _GLIDES_OF_TWO.get(vowel + final, (vowel[0], vowel[1]))
        rest = "" if vowel + final in _GLIDES_OF_TWO else final
        return f"{one}{first}{two}{second}{rest}"
    if vowel == "am":
        return f"a{tone}m"
    if vowel + final in _GLIDES:
        return _GLIDES[vowel + final] + tone
    return vowel.replace("O:", "O") + tone + final
