"""Where a caller stands who registers by keys."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from ivrd.core.commands import Command, say
from ivrd.core.digits import Keyed
from ivrd.core.intake import Answers, AtIntake, Form
from ivrd.core.menu import Visit
from ivrd.core.menu_tree import Tree


class At(StrEnum):
    """Which question the caller is asked, or what is being done."""

    CONSENT = "consent"
    FLAG = "flag"
    FLAGS = "flags"
    NUMBER = "number"
    DAY = "day"
    YEAR = "year"
    FILING = "filing"
    ANEW = "anew"
    FINDING = "finding"
    FILED = "filed"
    LEFT = "waits_on"  # the caller goes back to the queue


# The steps as metrics and the log have them.
STEP_OF = {
    At.CONSENT: "consent",
    At.FLAG: "questions",
    At.FLAGS: "questions",
    At.ANEW: "questions",
    At.NUMBER: "citizen_number",
    At.DAY: "tested_on",
    At.YEAR: "tested_on",
    At.FILING: "ticket",
    At.FINDING: "ticket",
    At.FILED: "ticket",
    At.LEFT: "ticket",
}
NUMBERS = (At.NUMBER, At.DAY, At.YEAR)
STEPS = tuple(dict.fromkeys(STEP_OF.values()))


@dataclass(frozen=True)
class IntakeVisit:
    """Where a caller stands.

    back: the visit in which it was asked for; None of one who waits.  flag: which of the questions
    is asked; yes: the names of those that were answered so, and are not said back yet; keyed: the
    number that is being keyed in; day: DDMM, of which the year is asked.  code, by_text: as in
    `TicketAnswer`.  The rest as `menu.Visit` has it.
    """

    at: At
    topic: str
    language: str
    back: Visit | None
    flag: int = 0
    yes: tuple[str, ...] = field(default=(), repr=False)
    keyed: Keyed = field(default_factory=Keyed)
    day: str = field(default="", repr=False)
    answers: Answers = field(default_factory=Answers)
    code: str = ""
    by_text: bool = False
    misses: int = 0
    over: bool = False
    interruptions: int = 0

    @property
    def waits(self) -> bool:
        """Whether it was asked for in the queue."""
        return self.back is None

    @property
    def is_asking(self) -> bool:
        """Whether the caller still keys in answers: all is filed, or over, else."""
        return self.at not in (At.FILED, At.LEFT)

    @property
    def step(self) -> str:
        """For metrics and the log."""
        return STEP_OF[self.at]


Result = tuple[IntakeVisit | Visit, tuple[Command, ...]]


def without_answers(visit: IntakeVisit) -> IntakeVisit:
    """What may be stored of a visit: not what was keyed in."""
    begun = IntakeVisit(visit.at, visit.topic, visit.language, visit.back)
    if visit.at is At.FILED:
        begun = replace(begun, code=visit.code, by_text=visit.by_text)
    elif visit.at is At.FILING:
        begun = replace(begun, at=At.FINDING)
    elif visit.at in (At.FLAGS, *NUMBERS) or visit.flag > 0:
        begun = replace(begun, at=At.ANEW)
    return replace(begun, over=visit.over, interruptions=visit.interruptions)


def go_to(visit: IntakeVisit, at: At, *prompts: str) -> Result:
    """On to a step, and what is said there."""
    after = replace(visit, at=at, misses=0)
    return after, (AtIntake(after.step), say(after.language, *prompts))


def form_of(tree: Tree) -> Form:
    """What is asked."""
    assert tree.intake is not None, "menus.yaml is checked"
    return tree.intake
