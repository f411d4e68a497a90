"""Agents who are called: `reminders`, and each one's `telephone` and `shift`, in agents.yaml."""

from collections.abc import Iterator, Mapping

from ivrd.config.agents_file import AgentPart, AgentsFile
from ivrd.config.hours import ALWAYS, HoursFile
from ivrd.config.main import MainFile
from ivrd.config.model import File
from ivrd.config.problem import Problem, unknown
from ivrd.config.settings import ReminderSettings
from ivrd.core.reminder import Limits
from ivrd.core.schedule import Schedule
from ivrd.core.seats import on_line


def check(file: File[AgentsFile], hours: HoursFile, program: MainFile) -> Iterator[Problem]:
    """Shifts that there are not, and calls that could never be made."""
    for name, part in file.parsed.agents.items():
        for key, say in _wrong(part, hours, program):
            yield file.problem("agents", name, key, say=say)
    port = program.callback.port
    if file.parsed.reminders.when_paused and port == program.asterisk.sip.listen.port:
        say = (
            f"callback.port in ivrd.yaml, by which calls are made, is that of asterisk.sip: {port}"
        )
        yield file.problem("reminders", "when_paused", say=say)


def _wrong(part: AgentPart, hours: HoursFile, program: MainFile) -> Iterator[tuple[str, str]]:
    if not part.shift:
        if part.telephone:
            yield "telephone", "expected a shift as well: at its beginning the agent is called"
        return
    if part.shift == ALWAYS:
        yield "shift", "always never begins; expected hours from hours.yaml"
    elif part.shift not in hours.hours:
        yield "shift", unknown("hours", part.shift, hours.hours)
    if not part.telephone:
        yield "shift", "expected a telephone as well, where the agent is called"
    if not on_line(part.seat):
        yield "shift", f"{part.seat} is a phone; only who stays on the line is called to a shift"
    if program.callback.trunk is None:
        yield "shift", "nobody can be called without callback.trunk in ivrd.yaml"


def settings(
    parsed: AgentsFile, schedules: Mapping[str, Schedule | None], program: MainFile
) -> ReminderSettings:
    """How agents are called, as the program works with it."""
    of = parsed.reminders
    return ReminderSettings(
        Limits(of.calls, of.again_minutes * 60.0, of.ring_seconds, of.at_once),
        of.when_paused,
        {name: schedule for name, schedule in schedules.items() if schedule is not None},
        parsed.language or program.languages[0],
        program.callback.port,
    )
