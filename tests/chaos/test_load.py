"""Who calls: the seed repeats it, and nobody hangs up where an agent may just be answering."""

from collections import Counter
from itertools import compress, product
from random import Random

import pytest

from chaos.load import (
    AT_MOST,
    TO_THE_START,
    UNSERVED,
    USUAL,
    crowd,
    leavers,
    patient,
    quiet,
    stubborn,
)
from ivrd.config.load import load
from ivrd.core import menu
from ivrd.core.inputs import Key
from lab.callers import HangUp, Keys, Wait
from lab.callers.mix import SHIPPED, read_paths


def test_the_same_seed_gives_the_same_callers():
    assert crowd(Random(7), 100) == crowd(Random(7), 100)
    assert crowd(Random(7), 100) != crowd(Random(8), 100)


def test_a_crowd_has_every_kind_and_each_caller_an_id_of_his_own():
    people = crowd(Random(1), 100)
    assert set(Counter(person.behaviour for person in people)) == set(USUAL)
    assert sorted(person.id for person in people) == list(range(1, 101))
    assert {person.hangs_up_after for person in people} == {AT_MOST}


def test_patient_callers_all_want_a_person():
    assert {person.expected.outcome for person in patient(Random(1), 50)} == {"answered"}


def typed(person) -> str:
    return "".join(step.keys for step in person.script if isinstance(step, Keys))


def test_half_of_a_quiet_crowd_says_nothing():
    people = quiet(Random(1), 80)
    assert sum(person.script == () for person in people) == 40


def first_keys(person) -> str:
    return next((step.keys for step in person.script if isinstance(step, Keys)), "")


def test_who_gives_up_in_the_queue_waits_where_nobody_answers():
    paths, _ = read_paths(SHIPPED)
    leaf = {path.keys: path.leaf for path in paths}
    for person in crowd(Random(3), 300):
        if person.behaviour == "gives up in the queue":
            assert leaf[first_keys(person)] == person.expected.leaf in UNSERVED
        elif typed(person) not in ("", "0"):
            assert leaf[typed(person)] == person.expected.leaf not in UNSERVED


@pytest.mark.parametrize(("people", "seconds"), [(crowd, 6), (stubborn, 14)])
def test_who_gives_up_in_the_queue_has_pressed_the_keys_for_so_long(people, seconds):
    gone = [p for p in people(Random(3), 100) if p.expected.stage == "queue"]
    assert len(gone) >= 10
    for person in gone:
        waits = [step.seconds for step in person.script if isinstance(step, Wait)]
        assert sum(waits) >= seconds
        assert max(waits) <= 2


def heard(keys: str, visit: menu.Visit) -> menu.Visit:
    for key in keys:
        visit, _ = menu.step(TREE, visit, Key(key))
    return visit


TREE = load(SHIPPED).tree
START, _ = menu.enter(TREE)
LEAVE_IN_QUEUE = [p for p in read_paths(SHIPPED)[0] if p.leaf in UNSERVED]


@pytest.mark.parametrize("path", LEAVE_IN_QUEUE, ids=lambda path: path.keys)
def test_pressed_again_the_keys_lead_to_the_same_queue_from_wherever_some_had_led(path):
    again = TO_THE_START + path.keys
    pressed = path.keys + again
    for which in product((True, False), repeat=len(pressed)):
        begun = heard("".join(compress(pressed, which)), START)
        assert begun.over or heard(again, begun).topic == path.leaf


def test_leavers_go_before_anybody_can_answer_them():
    paths, _ = read_paths(SHIPPED)
    leaf = {path.keys: path.leaf for path in paths}
    people = leavers(Random(3), 100)
    assert {person.expected.outcome for person in people} == {"abandoned"}
    for person in people:
        assert person.hangs_up_after or person.rings_at_most or HangUp() in person.script
        assert leaf.get(typed(person), UNSERVED[0]) in UNSERVED
