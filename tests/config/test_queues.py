from collections.abc import Callable
from pathlib import Path

from ivrd.config.load import load
from ivrd.core.menu import ToInfo, ToMenu, ToTopic


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
