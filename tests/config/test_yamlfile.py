import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.config.problem import ConfigError
from ivrd.config.yamlfile import MOST_BYTES, parse, read


def value_of(text: str) -> object:
    """What `text` is read as, after `key: `."""
    value = parse("x.yaml", f"key: {text}\n".encode()).value
    assert isinstance(value, dict)
    return value["key"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("True", "True"),
        ("1330", 1330),
        ("-5", -5),
        ("4.5", 4.5),
        ("0", 0),
        ("0123", "0123"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("9" * 5000, "9" * 5000),
        ("08:30", "08:30"),
        ("1:30", "1:30"),
        ("2026-12-07", "2026-12-07"),
        ('"1330"', "1330"),
        ("'true'", "true"),
        ("", None),
        ("~", None),
        ("null", None),
        ('""', ""),
        ("[]", []),
        ("{}", {}),
        ("{1: a, true: b}", {"1": "a", "true": "b"}),
        ("|\n  two\n  lines", "two\nlines\n"),
    ],
)
def test_a_plain_word_is_text_unless_it_is_plainly_something_else(text: str, value: object) -> None:
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15) + 1, 10**15 - 1)
    | st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF, exclude_categories=["C"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abกข *&!-\"'\\:#{", max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_json_means_what_it_means_as_json(value: object) -> None:
    text = json.dumps({"key": value}, ensure_ascii=False)
    assert parse("x.yaml", text.encode()).value == {"key": value}


def test_a_problem_stands_at_the_line_of_its_key() -> None:
    document = parse("x.yaml", b"# first\na:\n  b:\n    - one\n    - two\n")
    assert str(document.problem(("a", "b", 1), "bad")) == "x.yaml:5: a.b: bad"
    assert str(document.problem(("a", "b"), "bad")) == "x.yaml:3: a.b: bad"
    assert str(document.problem(("a", "c", "d"), "missing")) == "x.yaml:2: a.c.d: missing"
    assert str(document.problem(("z",), "missing")) == "x.yaml:1: z: missing"


def test_of_a_key_that_is_used_twice_the_first_counts_and_its_lines_stay() -> None:
    document = parse("x.yaml", b"a: {b: 1}\nb: 2\na: {b: 3}\n")
    assert document.value == {"a": {"b": 1}, "b": 2}
    assert [str(p) for p in document.doubles] == ["x.yaml:3: a: used twice; the first is on line 1"]
    assert document.problem(("a", "b"), "bad").line == 1


def test_windows_line_ends_and_a_byte_order_mark_are_read() -> None:
    assert parse("x.yaml", b"\xef\xbb\xbfa: 1\r\nb: 2\r\n").value == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ":1: empty; expected a mapping"),
        (b"# nothing but a comment\n", ":1: empty; expected a mapping"),
        (b"a: 1\nb: \xff\n", ":2: expected UTF-8, got the byte 0xff"),
        (b"a: 1\nb: \xe0\xb8", ":2: expected UTF-8, got the byte 0xe0"),
        (b"a" * (MOST_BYTES + 1), ": expected at most 1024 KiB"),
        (b"a: \0", ":1: not YAML: the character U+0000 is not allowed"),
        (b"[" * MOST_BYTES, ":1: nested more than 20 levels deep"),
    ],
    ids=["empty", "comment", "not-utf8", "cut-utf8", "too-big", "nul", "brackets"],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    assert complaint(path) == f"{path}{message}"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert complaint(tmp_path / "x.yaml") == f"{tmp_path}/x.yaml: missing"


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    assert complaint(tmp_path) == f"{tmp_path}: expected a file"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.symlink_to(path)
    assert complaint(path) == f"{path}: cannot be read: Too many levels of symbolic links"


def complaint(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read(path)
    return str(caught.value)
