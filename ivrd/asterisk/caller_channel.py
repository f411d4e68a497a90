"""What the dialplan must know of a caller in a menu, and the caller's ways back into it."""

from collections.abc import Mapping

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.async_agi import Session, quoted
from ivrd.core.commands import AtBooked, AtClosed, AtDeflected, AtInfo, AtMenu, Command
from ivrd.core.intake import AtFiled

# What IVRD_STAGE is from then on; a promise is told at once, whatever is queued.
STAGES: Mapping[type[Command], str] = {
    AtMenu: "ivr",
    AtInfo: "info",
    AtClosed: "closed",
}
PROMISED: Mapping[type[Command], str] = {
    AtBooked: "booked",
    AtDeflected: "deflected",
    AtFiled: "info",
}


class CallerChannel:
    """The channel's variables, and the commands that end its session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def speak(self, language: str) -> None:
        """What the dialplan says from now on is in this language, or its variant."""
        self._set("CHANNEL(language)", language)

    def reached(self, command: AtMenu | AtInfo | AtClosed) -> None:
        """Where the caller is."""
        self._set(dialplan_names.STAGE, STAGES[type(command)])

    def promised(self, command: AtBooked | AtDeflected | AtFiled) -> None:
        """What the caller has been promised."""
        self._session.set_variables({dialplan_names.STAGE: PROMISED[type(command)]})

    def to_queue(
        self, queue: str, topic: str, shown: str, language: str | None, place: Mapping[str, str]
    ) -> None:
        """Let the caller join a queue.

        `shown`: what the agent's phone shows.  `language`: in which the caller waits, None for the
        one spoken so far.  `place`: variables of the channel (calls/placement.py).
        """
        self._set(dialplan_names.QUEUE, queue)
        if language is not None:
            self.speak(language)
        self._set(dialplan_names.TOPIC, topic)
        for variable, value in place.items():
            self._set(variable, value)
        self._set("CALLERID(name)", shown)
        self._session.send("ASYNCAGI BREAK")

    def back_to_queue(self, queue: str | None) -> None:
        """Send a caller who waits back to the queue; the place is on the channel.

        By a redirection: AsyncAGI would read a command only when what is said has ended.
        """
        variables = {dialplan_names.QUEUE: queue} if queue is not None else {}
        self._session.redirect(dialplan_names.QUEUE_CONTEXT, variables)

    def hang_up(self) -> None:
        """End the call."""
        self._session.send("HANGUP")

    def _set(self, variable: str, value: str) -> None:
        self._session.tell(f"SET VARIABLE {variable} {quoted(value)}")
