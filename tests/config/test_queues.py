from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.skills import without_language
from ivrd.config.unlikely import unlikely
from ivrd.core.menu_tree import ToInfo, ToMenu, ToTopic
from ivrd.core.partner import trained_for
from tests.fixtures.agents import HASH

Change = Callable[[str, str, str], None]


def test_queues_and_topics(folder: Path) -> None:
    found = load(folder)
    assert found.default_queue == "other"
    assert [queue.name for queue in found.queues] == ["vaccination", "other"]
    vaccination, other = found.queues
    assert vaccination.topics == {"register": {"th": "ลงทะเบียน", "en": "Register"}}
    assert (vaccination.hours, vaccination.closed_prompt) == ("office", "closed")
    assert (other.hours, other.closed_prompt, other.announce_seconds) == ("always", "", 20)


def test_seats_have_as_many_digits_as_their_pool_needs(folder: Path) -> None:
    base, surge = load(folder).pools
    assert base.seats == ("base-01", "base-02")
    assert surge.seats[0] == "surge-001"
    assert surge.seats[-1] == "surge-100"


def test_a_pool_that_is_open_from_the_start_is_fixed_in_asterisk(folder: Path) -> None:
    base, surge = load(folder).pools
    assert (base.fixed, base.queues) == (True, ("vaccination", "other"))
    assert (surge.fixed, surge.queues) == (False, ("vaccination",))


def test_the_tree_joins_menus_and_queues(folder: Path) -> None:
    tree = load(folder).tree
    assert tree.queue_of == {"register": "vaccination", "other": "other"}
    assert tree.closed_prompt == {"vaccination": "closed"}
    assert tree.menus["language"].keys == {"1": ToMenu("main", "th"), "2": ToMenu("main", "en")}
    assert tree.menus["vaccination"].keys == {"1": ToTopic("register"), "2": ToInfo("certificate")}
    assert [name for name, menu in tree.menus.items() if menu.speak_all] == ["language"]
    assert tree.infos == {"certificate": ("certificate-info",)}
    assert (tree.start, tree.operator, tree.wait_seconds, tree.retries) == (
        "language",
        "other",
        4,
        2,
    )


def test_a_wait_as_long_as_the_lease_allows(
    folder: Path, change: Callable[[str, str, str], None]
) -> None:
    change("ivrd.yaml", "lease_seconds: 5", "lease_seconds: 9")
    change("menus.yaml", "wait_seconds: 4", "wait_seconds: 8")
    assert load(folder).tree.wait_seconds == 8


A_BANK = "    cap: 20\n    hours: office\n    topics: all\n"
BASE = "  base: {seats: 2, open: true, queues: all}"


def says(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder)
    return str(caught.value)


def test_where_all_speak_every_language_a_queue_in_asterisk_is_the_queue(
    folder: Path, change: Change
) -> None:
    change("queues.yaml", BASE, BASE.replace("all}", "all, languages: [th, en]}"))
    assert [queue.name for queue in load(folder).queues] == ["vaccination", "other"]


def test_a_queue_for_each_language_where_somebody_does_not_speak_all(
    folder: Path, change: Change
) -> None:
    change("queues.yaml", BASE, BASE.replace("all}", "all, languages: [en]}"))
    found = load(folder)
    names = ["vaccination.th", "vaccination.en", "other.th", "other.en"]
    assert [queue.name for queue in found.queues] == names
    assert {queue.hours for queue in found.queues[:2]} == {"office"}
    base, surge = found.pools
    assert base.queues == ("vaccination.en", "other.en")
    assert surge.queues == ("vaccination.th", "vaccination.en")
    assert found.default_queue == "other"
    notes = {str(note) for note in unlikely(found, date(2026, 11, 2))}
    assert any("nobody takes its calls in th until a pool is opened" in note for note in notes)


def test_a_queue_for_each_topic_where_a_partner_knows_some(folder: Path, change: Change) -> None:
    register = 'register: {th: "ลงทะเบียน", en: "Register"}'
    trouble = register.replace("register", "trouble")
    change("queues.yaml", register, f"{register}\n      {trouble}")
    change("partners.yaml", A_BANK, A_BANK.replace("all", "[trouble]"))
    found = load(folder)
    topics = {queue.name: tuple(queue.topics) for queue in found.queues}
    assert topics == {
        "vaccination+register": ("register",),
        "vaccination+trouble": ("trouble",),
        "other": ("other",),
    }
    assert trained_for(found.partners[0], topics) == {"vaccination+trouble"}
    assert trained_for(found.partners[1], topics) == topics.keys()


def test_callers_whom_nobody_would_understand_are_told(folder: Path, change: Change) -> None:
    change("queues.yaml", BASE, BASE.replace("all}", "all, languages: [en]}"))
    path = folder / "partners.yaml"
    path.write_text(path.read_text("utf-8").replace("topics: all", "topics: [register]"), "utf-8")
    assert says(folder) == (
        f"{folder}/queues.yaml:9: queues.other: nobody who serves this queue speaks th; expected "
        "a pool, an agent or a partner who does"
    )
    change("queues.yaml", "default: other", "default: other\nfallback_language: en")
    assert [str(note) for note in without_language(load(folder))] == [
        f"{folder}/queues.yaml:10: queues.other: nobody who serves it speaks th; its callers who "
        "chose that go to people who speak en"
    ]


def test_agents_at_a_seat_decide_which_queues_it_is_in(folder: Path, change: Change) -> None:
    (folder / "agents.yaml").write_text(
        f"agents:\n"
        f'  a-1: {{name: A, pin: "{HASH}", seat: base-01, languages: [en]}}\n'
        f'  a-2: {{name: B, pin: "{HASH}", seat: base-01, topics: [other]}}\n'
    )
    found = load(folder)
    base, _surge = found.pools
    assert base.queues == ("vaccination.th", "vaccination.en", "other.th", "other.en")
    assert base.queues_of("base-02") == base.queues
    assert base.queues_of("base-01") == ("vaccination.en", "other.th", "other.en")
    one, two = found.agents
    assert one.queues == {"vaccination.en", "other.en"}
    assert two.queues == {"other.th", "other.en"}


CLEAR_BANK = "    trunk: 198.51.100.1\n"
SAFE_BANK = """\
    trunk:
      addresses: [198.51.100.1]
      transport: tls
      srtp: required
"""


def test_topics_that_need_encryption_go_to_no_partner_in_clear(
    folder: Path, change: Change
) -> None:
    change("queues.yaml", "default: other\n", "default: other\nneeds_encryption: [register]\n")
    settings = load(folder)
    clear = settings.partners[0]
    assert (clear.topics, clear.barred) == (("other",), ("register",))
    topics = {queue.name: tuple(queue.topics) for queue in settings.queues}
    assert trained_for(clear, topics) == {"other"}
    (asked,) = [str(one) for one in unlikely(settings, date(2026, 11, 22))]
    assert "no calls about register go there (needs_encryption)" in asked


def test_a_partner_whose_trunk_is_encrypted_gets_them(folder: Path, change: Change) -> None:
    change("queues.yaml", "default: other\n", "default: other\nneeds_encryption: [register]\n")
    change("partners.yaml", CLEAR_BANK, SAFE_BANK)
    certificate = "  tls: {cert_file: ./own.pem, key_file: ./own.key}\n"
    change("ivrd.yaml", "asterisk:\n", f"asterisk:\n{certificate}")
    safe = load(folder).partners[0]
    assert (safe.topics, safe.barred) == (("register", "other"), ())


@pytest.mark.parametrize(
    ("topics", "words"),
    [
        ("[registre]", 'needs_encryption: unknown topic "registre"'),
        ("[other, other]", "needs_encryption: other is named twice"),
    ],
)
def test_topics_that_there_are_not(folder: Path, change: Change, topics: str, words: str) -> None:
    change("queues.yaml", "default: other\n", f"default: other\nneeds_encryption: {topics}\n")
    assert words in says(folder)
