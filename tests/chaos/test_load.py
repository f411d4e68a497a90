"""Who calls: the seed repeats it, and nobody hangs up where an agent may just be answering."""

from collections import Counter
from random import Random

from chaos.load import AT_MOST, KINDS, UNSERVED, crowd, leavers, patient
from lab.callers import HangUp, Keys
from lab.callers.mix import SHIPPED, read_paths


def test_the_same_seed_gives_the_same_callers():
    assert crowd(Random(7), 100) == crowd(Random(7), 100)
    assert crowd(Random(7), 100) != crowd(Random(8), 100)


def test_a_crowd_has_every_kind_and_each_caller_an_id_of_his_own():
    people = crowd(Random(1), 100)
    assert set(Counter(person.behaviour for person in people)) == set(KINDS)
    assert sorted(person.id for person in people) == list(range(1, 101))
    assert {person.hangs_up_after for person in people} == {AT_MOST}


def test_patient_callers_all_want_a_person():
    assert {person.expected.outcome for person in patient(Random(1), 50)} == {"answered"}


def typed(person) -> str:
    return "".join(step.keys for step in person.script if isinstance(step, Keys))


def test_who_gives_up_in_the_queue_waits_where_nobody_answers():
    paths, _ = read_paths(SHIPPED)
    leaf = {path.keys: path.leaf for path in paths}
    for person in crowd(Random(3), 300):
        if person.behaviour == "gives up in the queue":
            assert leaf[typed(person)] in UNSERVED
        elif typed(person) not in ("", "0"):
            assert leaf[typed(person)] not in UNSERVED


def test_leavers_go_before_anybody_can_answer_them():
    paths, _ = read_paths(SHIPPED)
    leaf = {path.keys: path.leaf for path in paths}
    people = leavers(Random(3), 100)
    assert {person.expected.outcome for person in people} == {"abandoned"}
    for person in people:
        assert person.hangs_up_after or person.rings_at_most or HangUp() in person.script
        assert leaf.get(typed(person), UNSERVED[0]) in UNSERVED
