"""The number that people call who stay on the line of their seats: `line_number` of agents.yaml."""

from collections.abc import Iterator

from ivrd.config import main
from ivrd.config.agents_file import AgentsFile
from ivrd.config.dialled import canonical, spellings
from ivrd.config.main import MainFile
from ivrd.config.model import File
from ivrd.config.problem import Problem
from ivrd.config.queues import LINE, QueuesFile


def line_number(parsed: AgentsFile, program: MainFile) -> tuple[str, ...]:
    """The number in all its spellings; nothing if there is none."""
    dialled = canonical(parsed.line_number)
    return spellings(dialled, program.country) if dialled else ()


def check(file: File[AgentsFile], queues: QueuesFile, program: MainFile) -> Iterator[Problem]:
    """Whether it is there if it is needed, and is no other number of ours."""
    number = line_number(file.parsed, program)
    pool = next((name for name, part in queues.pools.items() if part.kind == LINE), "")
    if pool and not number:
        say = f"missing; expected the number that the people of the pool {pool} call"
        yield file.problem("line_number", say=say)
    if number and not pool:
        yield file.problem("line_number", say="no pool of queues.yaml has `kind: line`")
    same = next(
        (of.number for of in main.numbers(program, ()) if {*of.spellings} & {*number}),
        "",
    )
    if same:
        yield file.problem("line_number", say=f"this is the same number as {same} in {main.FILE}")
