"""Names that code and dialplan share stand once in dialplan_names.py, and both sides use them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.queue_language import WAIT_PROMPT, variant_prompts
from ivrd.asterisk.render import rendered
from ivrd.asterisk.translate import EVENTS
from ivrd.config.load import load
from ivrd.config.prompts import built_in
from tests.fixtures.hotline import HOTLINE

PROJECT = Path(__file__).parents[2]
SETTINGS = load(HOTLINE)
BY_NAME = (("carrier", ("border.example",)),)  # which needs more of the dialplan
WHOLE = replace(SETTINGS, asterisk=replace(SETTINGS.asterisk, carriers=BY_NAME))
FILES = rendered(WHOLE, "ami-secret", "seats-secret")
WRITTEN_BY_HAND = sorted(path.name for path in (PROJECT / "dialplans").glob("*.conf"))
DIALPLAN = re.sub(
    r"^\s*;.*$",
    "",
    "".join(FILES[name] for name in ("extensions.conf", *WRITTEN_BY_HAND)),
    flags=re.M,
)
OURS = {name: value for name, value in vars(dialplan_names).items() if isinstance(value, str)}
SHARED = {name: value for name, value in OURS.items() if name.isupper()}


def found(pattern: str, text: str = DIALPLAN) -> set[str]:
    return set(re.findall(pattern, text, flags=re.M))


def named(pattern: str) -> set[str]:
    return {value for value in SHARED.values() if re.fullmatch(pattern, value)}


@pytest.mark.parametrize(
    ("in_dialplan", "in_names"),
    [
        (r"(IVRD_\w+)", r"IVRD_\w+"),
        (r"UserEvent\((\w+)", r"Ivrd\w+"),
        (r"PJSIP_HEADER\(add,\$\{(\w+)\}\)", r"IVRD_\w+_HEADER"),
        (r"QueueLog\(([\w-]+),", re.escape(dialplan_names.LOG_QUEUE)),
        (r"Playback\((\w+)/", re.escape(dialplan_names.PROMPT_FOLDER)),
    ],
)
def test_both_sides_know_the_same(in_dialplan: str, in_names: str) -> None:
    assert found(in_dialplan) == named(in_names) - {dialplan_names.LEADER} != set()


def test_contexts() -> None:
    partners = {dialplan_names.PARTNER_PREFIX + partner.id for partner in SETTINGS.partners}
    contexts = found(r"^\[([^\]]+)\]") - {"general", "globals"}
    assert contexts == {*dialplan_names.CONTEXTS, *partners}


def context(name: str) -> str:
    """What stands in it, and in what it has run on legs before they ring."""
    (text,) = re.findall(rf"^\[{name}\]\n(.*?)(?=^\[|\Z)", DIALPLAN, flags=re.M | re.S)
    return text + "".join(context(each) for each in sorted(found(r"Dial\(.*b\((.+?)\^s", text)))


@pytest.mark.parametrize("name", ["callback", "agent-called"])
def test_the_trunks_limit_is_for_all_who_are_called(name: str) -> None:
    """Each call counts until it is over: the leg that asks for it, and then who has answered."""
    begins = {"callback": "callback-dial", "agent-called": "agent-dial"}[name]
    for each in (name, begins):
        counted = "Set(GROUP(carrier)=${IVRD_VIA})" in context(each)
        assert counted or "Gosub(callback-via,s,1)" in context(each)
    assert "Gosub(callback-via,s,1)" in context(begins)
    assert "GROUP_COUNT(${IVRD_VIA}@carrier)} > ${IVRD_LINES}" in context("callback-via")


def test_globals_are_the_ones_that_are_set() -> None:
    assert found(r"^(IVRD_\w+)=") == set(dialplan_names.GLOBALS)
    variables = {
        *dialplan_names.CALLER_VARIABLES,
        *dialplan_names.INHERITED,
        *dialplan_names.LEG_VARIABLES,
        *dialplan_names.OF_A_NUMBER,
        *dialplan_names.OF_A_PARTNER,
        *dialplan_names.CALLBACK_VARIABLES,
        *dialplan_names.AGENT_VARIABLES,
        *dialplan_names.SUPERVISION_VARIABLES,
    }
    assert found(r"Set\(_{0,2}(IVRD_\w+)=") <= variables


def test_no_name_stands_for_nothing() -> None:
    """A name that the dialplan does not use any more has to go."""
    for name, value in SHARED.items():
        if value in (dialplan_names.LEADER, dialplan_names.CALLBACK_TRUNK):
            continue  # between one ivrd and another, and told by ivrd, each through Asterisk
        end = "" if value.endswith("-") else r"(?![\w-])"  # partner- is the beginning of names
        assert re.search(rf"(?<![A-Za-z0-9-]){re.escape(value)}{end}", DIALPLAN), name


def test_handlers_are_contexts_that_are_there() -> None:
    assert found(r"b\(([\w-]+)\^") == {
        dialplan_names.SEAT_HEADERS,
        dialplan_names.PARTNER_HEADERS,
        dialplan_names.CALLBACK_BEGINS,
    }
    assert found(r"hangup_handler_push\)=([\w-]+),") == {
        dialplan_names.ENDED_CONTEXT,
        dialplan_names.CALLBACK_ENDED,
        dialplan_names.SUPERVISION_ENDED,
        dialplan_names.LINE_ENDED,
        dialplan_names.AGENT_CALLED_ENDED,
        dialplan_names.MOVED_CALL,
    }


def test_prompts_of_dialplan_and_queues_are_the_built_in_ones() -> None:
    said = found(r"ivrd/([a-z][a-z-]*[a-z])(?![-\w])", DIALPLAN + FILES["queues.conf"])
    assert said
    assert said - {WAIT_PROMPT} <= built_in()
    kept = {prompt for prompts in variant_prompts().values() for prompt in prompts.values()}
    assert kept <= built_in()


def test_the_event_filters_let_through_what_is_translated() -> None:
    filters = found(r"^eventfilter\(action\(include\),name\((\w+)\)", FILES["manager.conf"])
    assert filters == set(EVENTS)


def _texts(path: Path) -> Iterator[tuple[Path, str]]:
    """The strings of a module that are no docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield path.relative_to(PROJECT), node.value


def test_no_other_module_spells_a_shared_name() -> None:
    environment = "(AMI|SEATS|REDIS|SENTINEL|CALLBACK|CASES)_SECRET|CONFIG"
    spelt = [
        where
        for path in sorted((PROJECT / "ivrd").rglob("*.py"))
        for where in _texts(path)
        if re.fullmatch(rf"IVRD_(?!{environment})\w+|Ivrd\w+", where[1])
    ]
    assert {path for path, _text in spelt} == {Path("ivrd/asterisk/dialplan_names.py")}
