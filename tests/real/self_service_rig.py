"""Callers who help themselves by keys, in every way there is, and leave at every step of it.

Each caller acts on the prompts that are said (lab/callers/prompts.py), as people do: whoever is
asked anew keys it in anew.  What became of each is in the callers' own ledger.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.callers import Caller, Entry, HangUp, Hear, Keys, Meet, Quiet, Step, Until, Wait
from lab.callers.prompts import recognisable
from tests.real import intake_rig, test_cases, test_links
from tests.real.intake_rig import keys, typed
from tests.real.test_callback import number

LINK_KEY = "7"
IN_QUEUE_LINK, IN_QUEUE_INTAKE, PLACE, GO_ON = "4", "5", "1", "3"
PROMPTS = {
    "intake-consent": "consent",
    "intake-filed": "filed",
    "intake-asked-anew": "anew",
    "link-sent": "sent",
    "certificate-info": "told",
}
TO_A_PERSON = Keys("0")
OPENS_MENU = (TO_A_PERSON, Hear(), Wait(3), Keys("9"), Hear(), Wait(1))
STAYS = Quiet(600)  # until the hotline ends the call
Script = tuple[Step, ...]


def with_everything(
    folder: Path, crm: str, gateway: str, cases: str
) -> Callable[[str, dict[str, Any]], None]:
    """Intake, links and look-ups at these addresses, prompts that callers recognise, no seat."""
    changes = (
        intake_rig.with_intake(folder, crm, seats_open=False),
        test_links.with_links(gateway, LINK_KEY),
        test_cases.with_cases(folder, cases, failures=5, pause_seconds=5),
    )

    def change(name: str, settings: dict[str, Any]) -> None:
        for one in changes:
            one(name, settings)
        if name == "ivrd.yaml":
            shipped = Path(settings["sounds"])
            settings["sounds"] = str(recognisable(shipped, folder / "sounds", PROMPTS))

    return change


# --- scripts, each of caller n ------------------------------------------------------------------


def _in_menu(n: int) -> Script:
    return (Hear(), Wait(0.2 * (n % 7)))


def _intake(n: int, *, waits: bool) -> Script:
    """Until the consent is asked for."""
    begin = (*OPENS_MENU, Keys(IN_QUEUE_INTAKE)) if waits else (*_in_menu(n), Keys("5"))
    return (*begin, Until("consent"), Wait(0.3))


def registers(n: int, *, waits: bool) -> Script:
    """All of it, and again what is asked again; then stays, hangs up, or wants a person as well."""
    anew = {
        "consent": (Wait(0.3), Keys(typed(n))),
        "anew": (Wait(1.5), Keys(typed(n)[1:])),
    }
    then: tuple[Script, ...] = (
        (STAYS,),
        (Wait(1), HangUp()),
        (Wait(1), TO_A_PERSON, Meet(), STAYS),
    )
    return (*_intake(n, waits=waits), Keys(typed(n)), Until("filed", anew), *then[n % len(then)])


def leaves_intake(n: int, *, waits: bool) -> Script:
    """Hangs up at one of its steps, or in the midst of one."""
    at = intake_rig.STEPS[n % len(intake_rig.STEPS)]
    return (*_intake(n, waits=waits), keys(typed(n)[:at]), Wait(0.1), HangUp())


def hurries(n: int) -> Script:
    """Hangs up with the last key, and never hears whether it was taken."""
    return (*_intake(n, waits=False), keys(typed(n)), HangUp())


def takes_link(n: int, *, waits: bool) -> Script:
    begin = (*OPENS_MENU, Keys(IN_QUEUE_LINK)) if waits else (*_in_menu(n), Keys(LINK_KEY))
    return (*begin, Until("sent"), *((STAYS,) if n % 2 else (Wait(1), HangUp())))


def leaves_link(n: int) -> Script:
    """Hangs up before it can have been accepted."""
    return (*_in_menu(n), Keys(LINK_KEY), HangUp())


def asks_state(n: int) -> Script:
    then: tuple[Script, ...] = ((Wait(1.5), HangUp()), (Wait(1.5), TO_A_PERSON, Meet(), STAYS))
    return (*_in_menu(n), test_cases.keys(test_cases.typed(n)), Until("told"), *then[n % 2])


def leaves_state(n: int) -> Script:
    at = (1, 2, 7, 12)[n % 4]
    return (*_in_menu(n), test_cases.keys(test_cases.typed(n)[:at]), Wait(0.1), HangUp())


def asks_place(n: int) -> Script:
    return (*OPENS_MENU, Keys(PLACE), Hear(), Wait(2), Keys(GO_ON), Meet(), STAYS)


def leaves_queue(n: int) -> Script:
    steps: tuple[Script, ...] = (
        (TO_A_PERSON, Hear(), Wait(3)),
        OPENS_MENU,
        (*OPENS_MENU, Keys(PLACE), Wait(0.5)),
    )
    return (*steps[n % len(steps)], HangUp())


@dataclass(frozen=True)
class Kind:
    """So many callers of a hundred do this."""

    name: str
    share: int
    script: Callable[[int], Script]


KINDS = (
    Kind("registers", 22, lambda n: registers(n, waits=False)),
    Kind("registers while waiting", 11, lambda n: registers(n, waits=True)),
    Kind("leaves the intake", 16, lambda n: leaves_intake(n, waits=False)),
    Kind("leaves the intake while waiting", 7, lambda n: leaves_intake(n, waits=True)),
    Kind("registers and hangs up", 1, hurries),
    Kind("takes a link", 8, lambda n: takes_link(n, waits=False)),
    Kind("takes a link while waiting", 5, lambda n: takes_link(n, waits=True)),
    Kind("asks for a link and hangs up", 3, leaves_link),
    Kind("asks for a state", 12, asks_state),
    Kind("leaves the look-up", 5, leaves_state),
    Kind("asks for the place", 7, asks_place),
    Kind("leaves the queue", 3, leaves_queue),
)


def people(hundreds: int) -> list[Caller]:
    """So many hundreds, of all kinds, in the same random order each time."""
    kinds = [kind for kind in KINDS for _ in range(hundreds * kind.share)]
    random.Random(1330).shuffle(kinds)
    return [
        Caller(n, kind.name, kind.script(n), number=number(n)[0]) for n, kind in enumerate(kinds, 1)
    ]


# --- what became of them, by their own account ----------------------------------------------------


def outcome(entry: Entry) -> str:
    """The hotline's word for it; that of one who was let go without anything is `dropped`."""
    if entry.person is not None:
        return "answered"
    if "sent" in entry.prompts:
        return "deflected"
    if {"filed", "told"} & {*entry.prompts}:
        return "self_served"
    return "abandoned" if entry.ended == "caller" else "dropped"


def of_kind(entries: list[Entry], name: str) -> Iterator[Entry]:
    """Those of a kind, or of all that begin so."""
    return (entry for entry in entries if entry.behaviour.startswith(name))
