"""A real hotline for each test: Asterisk, ivrd, SIPp callers and agents."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lab.detour import Detour
from lab.hotline import Plan
from tests.fixtures.hotline import HOTLINE
from tests.real.rig import Hotline

MOST_SECONDS = 900
USUAL_SECONDS = 20


@pytest.hookimpl(tryfirst=True)  # before that of all tests, which puts them in order
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Calls last as long as people talk and wait: these tests may take longer than others.

    Tests that share a hotline run on one worker, which otherwise would start it for each of them.
    """
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(MOST_SECONDS))
            if not item.get_closest_marker("lasts"):
                item.add_marker(pytest.mark.lasts(USUAL_SECONDS))
            if "shared_hotline" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[Callable[..., Hotline]]:
    """Starts a hotline by plan; at the end no part may have complained or lost its mind."""
    yield from _hotlines(tmp_path)


@pytest.fixture(scope="module")
def shared_hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Hotline]]:
    """The same, for a hotline that the tests of a module share."""
    yield from _hotlines(tmp_path_factory.mktemp("labs"))


def _hotlines(folder: Path) -> Iterator[Callable[..., Hotline]]:
    labs: list[Hotline] = []
    ending = ExitStack()

    def start(via: Detour | None = None, **plan: Any) -> Hotline:
        lab = Hotline(Plan(folder / f"lab{len(labs)}", config=HOTLINE, **plan))
        if via:
            via.target = lab.ami_port
        labs.append(ending.enter_context(lab))
        return lab

    with ending:
        yield start
    for lab in labs:
        assert "Traceback" not in lab.ivrd.log_text()
        assert lab.asterisk.complaints(lab.tolerated) == []


@pytest.fixture
def detour() -> Iterator[Detour]:
    """A relay for ivrd's link to Asterisk."""
    relay = Detour()
    yield relay
    relay.close()
