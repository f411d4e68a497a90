"""agents.yaml, and the CSV that it names: what is wrong has its file, line and key."""

from pathlib import Path

import pytest
import yaml

from ivrd.config.agents_file import MOST_AGENTS
from ivrd.config.load import load
from ivrd.config.pin import is_hash, is_pin, matches, pin_hash
from ivrd.config.problem import ConfigError
from ivrd.config.settings import SupervisionSettings
from ivrd.core.reminder import Limits
from tests.daemon.reload_probes import put
from tests.fixtures.agents import HASH, PIN
from tests.fixtures.hotline import rewrite

COLUMNS = (
    ":1: expected the columns id,name,pin,seat, and languages,topics or not, "
    "and telephone,shift after these or not"
)
HEAD = "id,name,pin,seat\n"
ROW = f"a-1,Somchai,{HASH},base-01\n"


def csv_of(folder: Path, content: str | bytes) -> Path:
    (folder / "agents.yaml").write_text("csv: agents.csv\n")
    path = folder / "agents.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def wrong(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder)
    return str(caught.value).split("\n")


def test_without_the_file_there_are_no_agents(folder: Path) -> None:
    assert not (folder / "agents.yaml").exists()
    assert load(folder).agents == ()


def test_agents_of_both_files(folder: Path) -> None:
    csv_of(folder, HEAD + ROW + f'a-2,"Suda, R.",{HASH},base-01\n')
    (folder / "agents.yaml").write_text(
        "csv: agents.csv\nwrap_up_seconds: 5\n"
        f'agents:\n  b-1: {{name: Malee, pin: "{HASH}", seat: base-02}}\n'
    )
    settings = load(folder)
    assert [(a.id, a.name, a.seat) for a in settings.agents] == [
        ("b-1", "Malee", "base-02"),
        ("a-1", "Somchai", "base-01"),
        ("a-2", "Suda, R.", "base-01"),
    ]
    assert settings.wrap_up_seconds == 5


def on_the_line(folder: Path) -> None:
    """A pool on the line, hours, and a carrier that takes the hotline's own calls."""
    rewrite(folder / "queues.yaml", put("pools.home", HOME))
    rewrite(folder / "ivrd.yaml", put("callback.trunk", "192.0.2.77"))


HOME = {"kind": "line", "seats": 2, "open": False, "queues": "all"}
LINE_HEAD = 'line_number: "1340"\n'


def called(folder: Path, **more: str) -> None:
    person = {"name": "Malee", "pin": HASH, "seat": "home.01", **more}
    (folder / "agents.yaml").write_text(LINE_HEAD + yaml.safe_dump({"agents": {"h-1": person}}))


def test_who_is_called_when_a_shift_begins(folder: Path) -> None:
    on_the_line(folder)
    called(folder, telephone="+66 81-234 5678", shift="office")
    settings = load(folder)
    assert [(a.telephone, a.shift) for a in settings.agents] == [("+66812345678", "office")]
    assert "812345678" not in repr(settings.agents)
    assert settings.reminders.limits == Limits(3, 300.0, 30, 10)
    assert "office" in settings.reminders.shifts


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"telephone": "+66812345678"}, "telephone: expected a shift as well"),
        ({"shift": "office"}, "shift: expected a telephone as well"),
        ({"telephone": "0812345678", "shift": "office"}, "telephone: expected a telephone number"),
        ({"telephone": "+66812345678", "shift": "night"}, 'shift: unknown hours "night"'),
        ({"telephone": "+66812345678", "shift": "always"}, "shift: always never begins"),
        (
            {"telephone": "+66812345678", "shift": "office", "seat": "base-01"},
            "shift: base-01 is a phone; only who stays on the line",
        ),
    ],
)
def test_shifts_that_cannot_be(folder: Path, more: dict[str, str], expected: str) -> None:
    on_the_line(folder)
    called(folder, **more)
    assert any(expected in line for line in wrong(folder)), wrong(folder)


def test_a_shift_needs_a_carrier_and_a_pause_a_port_of_its_own(folder: Path) -> None:
    rewrite(folder / "queues.yaml", put("pools.home", HOME))
    called(folder, telephone="+66812345678", shift="office")
    assert any("nobody can be called without callback.trunk" in line for line in wrong(folder))
    (folder / "agents.yaml").write_text(LINE_HEAD + "reminders: {when_paused: true}\n")
    rewrite(folder / "ivrd.yaml", put("callback.port", load(folder).asterisk.sip_port))
    assert any("reminders.when_paused: callback.port" in line for line in wrong(folder))


def test_telephones_and_shifts_in_the_csv(folder: Path) -> None:
    on_the_line(folder)
    head = "id,name,pin,seat,languages,topics,telephone,shift\n"
    row = f"h-1,Malee,{HASH},home.01,en,,+66812345678,office\n"
    path = csv_of(folder, head + row + f"h-2,Suda,{HASH},home.02,,,,\n")
    (folder / "agents.yaml").write_text(LINE_HEAD + "csv: agents.csv\n")
    found = [(a.telephone, a.shift) for a in load(folder).agents]
    assert found == [("+66812345678", "office"), ("", "")]
    path.write_text(head + row.replace("+66", "tel:"))
    assert any(f"{path}:2: telephone: expected a telephone" in line for line in wrong(folder))


def test_a_duplicate_id(folder: Path) -> None:
    path = csv_of(folder, HEAD + ROW + ROW)
    assert wrong(folder) == [f'{path}:3: id: "a-1" is another agent\'s; expected an id of its own']


def test_a_byte_order_mark(folder: Path) -> None:
    path = csv_of(folder, b"\xef\xbb\xbf" + (HEAD + ROW).encode())
    assert wrong(folder) == [
        f"{path}:1: a byte order mark, as Windows writes it; expected UTF-8 without one"
    ]


@pytest.mark.parametrize("pin", ["", PIN])
def test_a_missing_pin_and_one_that_is_not_hashed(folder: Path, pin: str) -> None:
    path = csv_of(folder, HEAD + f"a-1,Somchai,{pin},base-01\n")
    missing = "" if pin else "missing; "
    assert wrong(folder) == [
        f"{path}:2: pin: {missing}expected the hash that `ivrd agent pin` prints"
    ]
    (folder / "agents.yaml").write_text(
        f'agents:\n  a-1: {{name: S, pin: "{pin}", seat: base-01}}\n'
    )
    assert wrong(folder) == [
        f"{folder}/agents.yaml:2: agents.a-1.pin: expected the hash that `ivrd agent pin` prints"
    ]


def test_ten_thousand_lines(folder: Path) -> None:
    rows = "".join(f"a-{n},Somebody,{HASH},base-01\n" for n in range(10_000))
    path = csv_of(folder, HEAD + rows)
    assert wrong(folder) == [f"{path}:{MOST_AGENTS + 2}: expected at most {MOST_AGENTS} agents"]


def test_a_hundred_wrong_lines_are_told_in_part(folder: Path) -> None:
    csv_of(folder, HEAD + "A!,,,\n" * 100)
    assert len(wrong(folder)) == 20


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", f'{COLUMNS}, got ""'),
        (
            "name,id,pin,seat\n",
            f'{COLUMNS}, got "name,id,pin,seat"',
        ),
        (HEAD + "a-1,Somchai\n", ":2: expected 4 values (id,name,pin,seat), got 2"),
        (HEAD + 'a-1,"Som', ":2: not CSV: unexpected end of data"),
        (HEAD.encode() + b"a-1,\xff", ":2: expected UTF-8, got the byte 0xff"),
    ],
)
def test_what_is_no_table_of_agents(folder: Path, content: str | bytes, expected: str) -> None:
    path = csv_of(folder, content)
    assert wrong(folder) == [f"{path}{expected}"]


def test_a_seat_that_there_is_not(folder: Path) -> None:
    csv_of(folder, HEAD + ROW.replace("base-01", "base-77"))
    (told,) = wrong(folder)
    assert 'agents.a-1.seat: unknown seat "base-77"' in told


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("codes: {pause: '*11'}", "1: codes.pause: *11 is dialled for codes.sign_in already"),
        ("codes: {pause: '*1'}", "1: codes.pause: *1 is dialled for a seat that is to be rung"),
        ("codes: {pause: '13'}", "1: codes.pause: expected a star and one or two digits"),
        ("codes: {lunch: '*16'}", "1: codes.lunch: unknown key"),
        ("language: fr", "1: language: unknown language"),
        ("missed_calls: -1", "1: missed_calls: expected"),
    ],
)
def test_what_cannot_be_dialled_or_spoken(folder: Path, yaml: str, expected: str) -> None:
    (folder / "agents.yaml").write_text(yaml + "\n")
    (told,) = wrong(folder)
    assert told.startswith(f"{folder}/agents.yaml:{expected}")


def test_a_code_can_be_left_out(folder: Path) -> None:
    (folder / "agents.yaml").write_text("codes: {pause: '', extend: ''}\n")
    assert [code for code in load(folder).agent_codes.values() if code] == ["*11", "*12", "*14"]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("b-1", '"b-1": a-1 has the same digits and the same seat, base-01; expected other ones'),
        ("b-c", '"b-c": expected digits in the id, to be keyed in at base-01, which others have'),
    ],
)
def test_agents_of_one_seat_must_be_told_by_keys(folder: Path, other: str, expected: str) -> None:
    people = "".join(
        f'  {agent}: {{name: S, pin: "{HASH}", seat: base-01}}\n' for agent in ("a-1", other)
    )
    (folder / "agents.yaml").write_text(f"agents:\n{people}")
    (told,) = wrong(folder)
    assert told.startswith(f"{folder}/agents.yaml:3: agents.{other}: {expected}")


def test_a_csv_file_that_is_not_there(folder: Path) -> None:
    csv_of(folder, "").unlink()
    assert wrong(folder) == [f"{folder}/agents.csv: missing; expected a CSV file with agents"]


def test_a_pin_matches_its_hash_and_no_other() -> None:
    hashed = pin_hash("0042")
    assert is_hash(hashed)
    assert hashed != pin_hash("0042")  # a salt of its own
    assert matches("0042", hashed)
    assert not matches("42", hashed)
    assert [is_pin(text) for text in ("123", "1234", "１２３４", "12a4", "")] == [
        *(False, True, False, False, False)
    ]


def test_languages_and_topics_of_both_files(folder: Path) -> None:
    skilled = HEAD.replace("\n", ",languages,topics\n")
    csv_of(folder, skilled + ROW.replace("\n", ",en th,register other\n"))
    (agent,) = load(folder).agents
    assert (agent.languages, agent.topics) == (("en", "th"), ("register", "other"))
    path = csv_of(folder, skilled + ROW.replace("\n", ",EN,\n"))
    expected = "expected a language (th, en, km, lo, my, ms)"
    assert wrong(folder) == [f'{path}:2: languages: {expected}, got "EN"']
    (folder / "agents.yaml").write_text(
        f'agents:\n  a-1: {{name: S, pin: "{HASH}", seat: surge-001, topics: [other, flu]}}\n'
    )
    assert wrong(folder) == [
        f'{folder}/agents.yaml:2: agents.a-1.topics: unknown topic "flu"; expected one of '
        "register, other",
        f"{folder}/agents.yaml:2: agents.a-1.topics: the pool surge, to which surge-001 belongs, "
        "serves the queue of none of them",
    ]


def test_supervisors_are_agents_and_nothing_is_announced_without_them(folder: Path) -> None:
    agents = f'agents:\n  a-1: {{name: S, pin: "{HASH}", seat: base-01}}\n'
    assert load(folder).supervision.supervisors == frozenset()
    path = folder / "agents.yaml"
    path.write_text(agents + "supervision:\n  supervisors: [a-1]\n  announced: true\n")
    assert load(folder).supervision == SupervisionSettings(frozenset({"a-1"}), "*19", True)
    path.write_text(agents + 'supervision:\n  supervisors: [a-2]\n  code: "19"\n')
    (code,) = wrong(folder)
    assert code.startswith(f"{path}:5: supervision.code: expected * and 2 to 4 digits")
    path.write_text(agents + "supervision:\n  supervisors: [a-2]\n")
    (unknown,) = wrong(folder)
    assert unknown.startswith(f"{path}:4: supervision.supervisors: ")
    assert "a-2" in unknown
    path.write_text(agents + "supervision:\n  announced: true\n")
    (announced,) = wrong(folder)
    assert announced.endswith("expected supervisors as well: without any nobody can listen")
