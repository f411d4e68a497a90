"""The connections of ivrd's parts, and which check notices when one of them is gone.

`python -m tests.daemon.connections` takes out each connection of ivrd/daemon in turn, in a copy of
the file, and prints a table: mypy, or the unit test that fails.  Exit status 1 if nothing notices.
`--types` only asks mypy, of what mypy can see: seconds instead of minutes.  What a connection is
stands in find_connections.py.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from tests.daemon.find_connections import FILES, ROOT, Connection, connections

# Seconds that a test waits for what does not come; those that pass wait for nothing.
PATIENCE = 10.0
TESTED_AT_ONCE = 6  # they wait for most of their time
UNNOTICED = "NOTHING NOTICES"
# The tests of a file.
TESTS = {"service": ("test_run",), "connection": ("test_connected", "test_connected_trunks")}
# Those of a part come first: those of its name, or these; and all others of the wiring follow.
FIRST = {
    "agent_wiring": ("test_connected_agents", "test_connected_reminders", "test_connected_line"),
    "partner_wiring": ("test_connected_call_outs", "test_connected"),
    "waiting_wiring": ("test_connected",),
    "listener_wiring": ("test_connected",),
    "control_wiring": ("test_connected",),
}
WIRING = ("test_wiring", "test_connected", "test_connected_*")
# --- asking mypy ---------------------------------------------------------------------------


def noticed_by_types(asked: Sequence[Connection]) -> dict[Connection, str]:
    """Which of these mypy notices, and what it says; one run for all copies."""
    with tempfile.TemporaryDirectory(prefix="ivrd-connections-") as name:
        copies = {f"copy_{n:03}": one for n, one in enumerate(asked)}
        for copy, one in copies.items():
            Path(name, f"{copy}.py").write_text(one.source, "utf-8")
        paths = [str(Path(name, f"{copy}.py")) for copy in copies]
        mypy = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context", *paths]
        done = subprocess.run(mypy, cwd=ROOT, capture_output=True, text=True, check=False)
    found: dict[Connection, str] = {}
    for line in done.stdout.splitlines():
        if match := re.search(r"(copy_\d+)\.py:\d+: error: (.*)", line):
            found.setdefault(copies[match[1]], match[2])
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout + done.stderr)
    return found


# --- asking the tests ----------------------------------------------------------------------


def noticed_by_tests(one: Connection | None) -> str:
    """The test that fails without a connection; empty when none does.  None: nothing is taken out.

    The tests run in a child of this process, which has everything else imported already.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        failed = "it ended"
        try:
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            failed = _run_tests(one)
        finally:
            os.write(write, failed.encode()[:1000])
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        failed = pipe.read().decode()
    os.waitpid(child, 0)
    return failed


def tests_of(*files: str) -> list[str]:
    """The tests that are asked about files of ivrd/daemon, the likeliest to notice first."""
    folder, found = Path("tests/daemon"), dict[str, None]()
    for file in files:
        own = (f"test_connected_{file.removesuffix('_wiring')}*",)
        for name in TESTS.get(file) or (*FIRST.get(file, own), *WIRING):
            found |= dict.fromkeys(str(path) for path in sorted(folder.glob(f"{name}.py")))
    return list(found)


def _run_tests(one: Connection | None) -> str:
    import pytest

    class Failed:
        first = ""

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed and not self.first:
                self.first = report.nodeid.rpartition("::")[2]

        def pytest_collectreport(self, report: pytest.CollectReport) -> None:
            if report.failed and not self.first:
                self.first = f"{report.nodeid} cannot be imported"

    failed = Failed()
    if one is not None:
        module = f"ivrd.daemon.{one.file}"
        with tempfile.TemporaryDirectory() as name:
            path = Path(name, f"{one.file}.py")
            path.write_text(one.source, "utf-8")
            spec = spec_from_file_location(module, path)
            assert spec is not None
            assert spec.loader is not None
            sys.modules[module] = module_from_spec(spec)
            spec.loader.exec_module(sys.modules[module])
    tests = tests_of(one.file) if one is not None else tests_of("wiring", "service")
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout=120"]
    for file in tests:  # one by one: most are not even imported
        status = pytest.main([*options, file], plugins=[failed])
        if status != 0:
            return failed.first or f"pytest ended with {status}"
    return ""


def _warm() -> None:
    """Import what the tests need, but for the files that are replaced."""
    import aiohttp.web
    import prometheus_client
    import pydantic
    import pytest

    import ivrd.api.operations
    import ivrd.api.partner_operations
    import ivrd.api.server
    from tests.daemon.shipped import shipped

    shipped()
    assert all((aiohttp.web, prometheus_client, pydantic, pytest, ivrd.api.server))


# --- the command ---------------------------------------------------------------------------


def main() -> int:
    """Print the table; 1 if a connection can go unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--types", action="store_true", help="ask mypy alone")
    parser.add_argument("--only", default="", help="only connections whose text has this in it")
    parser.add_argument("--files", nargs="+", choices=FILES, help="only those of these files")
    args = parser.parse_args()
    files = args.files or FILES
    asked = [one for one in connections() if one.file in files and args.only in one.text]
    by_types = noticed_by_types([one for one in asked if one.by_types])
    os.environ.setdefault("IVRD_TEST_PATIENCE", str(PATIENCE))
    if not args.types:
        os.chdir(ROOT)
        _warm()
        if failed := noticed_by_tests(None):
            print(f"the tests fail with everything connected: {failed}")
            return 1
    unnoticed = 0
    with ThreadPoolExecutor(TESTED_AT_ONCE) as several:
        left = [one for one in asked if one not in by_types and not args.types]
        by_tests = several.map(noticed_by_tests, left)
        for one in asked:
            check = f"mypy: {by_types[one]}" if one in by_types else ""
            if not check and not args.types:
                failed = next(by_tests)
                check = f"test: {failed}" if failed else UNNOTICED
                unnoticed += not failed
            if check:
                where = f"{one.file}.py:{one.line}"
                print(f"{where:22} {one.how:25} {one.text[:70]:70} {check[:110]}", flush=True)
    print(f"{len(asked)} connections, {len(by_types)} noticed by mypy, {unnoticed} by nothing")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
