"""For each setting of cases.yaml: a change, and what in a running ivrd depends on it."""

from ivrd.daemon.wiring import Wiring
from tests.daemon.reload_probes import Look, Probe, conversation, put

CASES = "cases.yaml"
YAML = """
crm: {url: https://crm.example/, secret_file: ./s}
code_digits: 8
states: {bed: [welcome]}
"""


def table(key: str) -> Look:
    return lambda parts: getattr(conversation("tree")(parts).cases, key)


def crm(key: str) -> Look:
    """As the next question is asked."""

    def look(parts: Wiring) -> object:
        asked = parts.cases.look_ups._crm
        assert asked is not None
        return getattr(asked.settings, key)

    return look


def http(key: str) -> Look:
    def look(parts: Wiring) -> object:
        asked = parts.cases.look_ups._crm
        assert asked is not None
        return getattr(asked._http.settings, key)

    return look


def limits(key: str) -> Look:
    return lambda parts: getattr(parts.cases.look_ups.breaker.limits, key)


def states(parts: Wiring) -> object:
    """Of which the caller is told, and which are taken from an answer."""
    return sorted(crm("states")(parts)), sorted(table("states")(parts))  # type: ignore[call-overload]


CASE_PROBES: dict[tuple[str, str], Probe] = {
    (CASES, "crm.url"): (put("crm.url", "https://other.example/"), http("url")),
    (CASES, "crm.secret_file"): (put("crm.secret_file", "./other"), http("secret_file")),
    (CASES, "crm.ca_file"): (put("crm.ca_file", "./ca.pem"), http("ca_file")),
    (CASES, "crm.field"): (put("crm.field", "result.0"), crm("field")),
    (CASES, "crm.deadline_seconds"): (put("crm.deadline_seconds", 3), crm("deadline_seconds")),
    (CASES, "crm.at_once"): (put("crm.at_once", 7), http("at_once")),
    (CASES, "crm.cache_seconds"): (put("crm.cache_seconds", 7), crm("cache_seconds")),
    (CASES, "crm.failures"): (put("crm.failures", 7), limits("in_a_row")),
    (CASES, "crm.pause_seconds"): (put("crm.pause_seconds", 7), limits("first_pause")),
    (CASES, "code_digits"): (put("code_digits", 7), table("code_digits")),
    (CASES, "by_person"): (put("by_person", True), table("by_person")),
    (CASES, "states"): (put("states.home", ["goodbye"]), states),
}
