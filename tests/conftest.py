"""What holds for all tests: which of them run, in what order, and with how many examples.

`--verify` runs everything that there is; without it the tests marked `verify` are left out, and the
property tests try a quarter of their examples.
"""

import gc
import os
import signal
import socket
import time
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

HOTLINES = ("tests/real", "tests/chaos")  # where tests wait for calls more than they compute
HOTLINES_PER_CORE = 3
HEAVY_SECONDS = 40  # a hotline that works for so long takes half a core, unless it only waits

# A slow machine is no failure: how long one example takes depends on what else is running.
USUAL = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("verify", max_examples=100, **USUAL)
settings.register_profile("test", max_examples=25, **USUAL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--verify", action="store_true", help="run every test, and every example of a property"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "verify: runs only with --verify")
    config.addinivalue_line(
        "markers",
        "lasts(seconds, waiting=False): about how long, to start the longest first; "
        "and whether it takes little of a core meanwhile",
    )
    settings.load_profile("verify" if config.getoption("verify") else "test")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job ignores it,
        signal.signal(signal.SIGINT, signal.default_int_handler)  # and so would what tests start


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and tests stay until the end: nothing looks for garbage among them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones spread over all others, the longest first.

    So workers wait in some tests while they compute in others, and at the end none is left alone.
    """
    if not config.getoption("verify"):
        left_out = [item for item in items if item.get_closest_marker("verify")]
        items[:] = [item for item in items if not item.get_closest_marker("verify")]
        config.hook.pytest_deselected(items=left_out)
    for item in filter(_heavy, items):  # the wait for a place is none of a test's own seconds
        limit = item.get_closest_marker("timeout")
        if limit is not None:
            item.add_marker(pytest.mark.timeout(*limit.args, func_only=True), append=False)
    items.sort(key=_seconds, reverse=True)
    heavy = [item for item in items if _heavy(item)]
    light = [item for item in items if _seconds(item) and not _heavy(item)]
    quick = [item for item in items if not _seconds(item)]
    items[:] = _spread(heavy, _spread(light, quick))


def _spread(some: list[pytest.Item], others: list[pytest.Item]) -> list[pytest.Item]:
    """`some` at even distances among `others`, beginning with the first.

    None is among the last tenth of the others: the last long one runs beside these, and not alone.
    """
    places = [(0.9 * n * len(others) / len(some), 0, n) for n in range(len(some))]
    places += [(n, 1, n) for n in range(len(others))]
    return [(some, others)[which][n] for _place, which, n in sorted(places)]


def _seconds(item: pytest.Item) -> float:
    marker = item.get_closest_marker("lasts")
    return float(marker.args[0]) if marker else 0.0


def _heavy(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("lasts")
    return _seconds(item) >= HEAVY_SECONDS and not (marker and marker.kwargs.get("waiting"))


@pytest.fixture(autouse=True)
def _not_too_many_at_once(request: pytest.FixtureRequest) -> Iterator[None]:
    """Of the heavy tests of a run as many at once as there are cores."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None or not _heavy(request.node):
        yield
        return
    with socket.socket(socket.AF_UNIX) as turn:
        places = [f"\0ivrd-heavy-{run}-{n}" for n in range(_cores())]
        while not any(_taken(turn, place) for place in places):
            time.sleep(0.5)  # the kernel tells nobody when a name is free again
        yield


def _taken(turn: socket.socket, name: str) -> bool:
    """Whether the name is ours now; the kernel takes it back when the socket is closed."""
    try:
        turn.bind(name)
    except OSError:
        return False
    return True


def _cores() -> int:
    return len(os.sched_getaffinity(0))


@pytest.hookimpl(optionalhook=True)  # connections.py runs without xdist
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """`-n auto`: hotlines side by side leave cores idle, all else keeps one busy."""
    waiting = any(path.startswith(HOTLINES) or path.rstrip("/") == "tests" for path in config.args)
    return _cores() * (HOTLINES_PER_CORE if waiting else 1)
