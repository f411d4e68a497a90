"""cases.yaml: what is wrong has its file, line and key; no secret is repeated."""

from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.config.problem import ConfigError

SHIPPED = Path(__file__).parents[2] / "config" / "cases.yaml"
CRM = "crm: {url: https://crm.example/state, secret_file: ./crm.secret}\n"
RIGHT = CRM + "code_digits: 8\nby_person: true\nstates: {bed: [welcome, bye]}\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "cases.yaml"
    path.write_text(text, "utf-8")
    return path


def test_without_the_file_nobody_can_ask(folder: Path) -> None:
    settings = load(folder)
    assert (settings.crm, settings.tree.cases) == (None, None)


def test_what_callers_can_ask_and_where(folder: Path) -> None:
    write(folder, RIGHT)
    settings = load(folder)
    table, crm = settings.tree.cases, settings.crm
    assert table is not None
    assert crm is not None
    assert (table.code_digits, table.by_person) == (8, True)
    assert table.states == {"bed": ("welcome", "bye")}
    assert table.is_citizen_number("1234567890121")
    assert not table.is_citizen_number("1234567890122")
    assert (crm.http.url, crm.field) == ("https://crm.example/state", "state")
    assert crm.http.secret_file == folder / "crm.secret"
    assert crm.states == {"bed"}
    assert (crm.deadline_seconds, crm.cache_seconds) == (2.0, 60.0)
    assert (crm.failures, crm.pause_seconds) == (3, 30.0)


def test_the_examples_in_the_shipped_file_are_right(folder: Path) -> None:
    """With the comment signs before YAML taken away, and the prompts that they name."""
    lines = SHIPPED.read_text("utf-8").replace("states: {}\n", "states:\n").splitlines()
    text = "\n".join(line[2:] if line.startswith(("# crm:", "#  ")) else line for line in lines)
    text = text.replace("code_digits: 0", "code_digits: 10")
    for name in ("case-registered", "case-bed-assigned", "case-bring"):
        text = text.replace(name, "welcome")
    write(folder, text)
    settings = load(folder)
    assert settings.crm is not None
    assert settings.tree.cases is not None
    assert set(settings.tree.cases.states) == {"registered", "bed-assigned"}


WRONG = {
    "code_digits: 8\n": "1: code_digits: nobody can ask for a case: crm.url is missing",
    CRM + "code_digits: 8\n": "1: states: expected the prompts of at least one state",
    CRM + "states: {bed: [welcome]}\n": "1: crm: expected code_digits, by_person: true, or both",
    RIGHT.replace("welcome", "welcom"): (
        '4: states.bed: unknown prompt "welcom"; did you mean welcome?'
    ),
    RIGHT.replace("[welcome, bye]", "[]"): "4: states.bed: expected at least one",
    RIGHT.replace("digits: 8", "digits: 21"): (
        "2: code_digits: expected a whole number from 0 to 20, got 21"
    ),
    RIGHT.replace("secret_file: ./crm.secret", "secret: hunter2hunter2"): (
        "1: crm.secret: no secret may stand here; write it to a file and name that as secret_file"
    ),
    RIGHT.replace(", secret_file: ./crm.secret", ""): (
        "1: crm: secret_file: missing; expected a file with the secret by which questions are "
        "signed"
    ),
    RIGHT.replace("https://crm.example/state", "http://crm.example/state"): (
        "1: crm.url: expected an address such as https://gateway.example/send, got "
        '"http://crm.example/state"; without TLS only to this machine itself, such as '
        "http://127.0.0.1:8080/"
    ),
    RIGHT.replace("https://crm.example/state", '"https://crm.example/?key=hunter2"'): (
        "1: crm.url: no user, password or ? may stand here; use headers, query and secret_file"
    ),
    RIGHT.replace("./crm.secret}", "./crm.secret, deadline_seconds: 11}"): (
        "1: crm.deadline_seconds: expected a number from 0.1 to 10, got 11"
    ),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong(folder: Path, text: str) -> None:
    path = write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(folder)
    lines = str(caught.value).split("\n")
    assert f"{path}:{WRONG[text]}" in lines
    assert "hunter2" not in str(caught.value)


def menu_key(folder: Path, topic: str) -> Path:
    path = folder / "menus.yaml"
    key = f'      "5": {{case: {topic}}}\n      "1": '
    path.write_text(path.read_text("utf-8").replace('      "1": ', key, 1), "utf-8")
    return path


def test_a_key_of_a_menu_needs_a_case_to_ask_for_and_a_topic(folder: Path) -> None:
    path = menu_key(folder, "nobody")
    with pytest.raises(ConfigError) as caught:
        load(folder)
    say = str(caught.value)
    assert f"{path}:" in say
    assert "case: no case can be looked up: cases.yaml has no crm.url" in say
    assert 'case: unknown topic "nobody"' in say
    assert "(who helps when no state can be told)" in say


def test_a_partner_whose_callers_nobody_asks(folder: Path) -> None:
    path = folder / "partners.yaml"
    path.write_text(path.read_text("utf-8") + "    ask_settled: true\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(folder)
    say = "nobody is asked: none of its topics' queues has ask_settled in queues.yaml"
    assert say in str(caught.value)
    queues = folder / "queues.yaml"
    text = queues.read_text("utf-8")
    queues.write_text(text.replace("    hours:", "    ask_settled: true\n    hours:"), "utf-8")
    assert load(folder).partners[-1].ask_settled
