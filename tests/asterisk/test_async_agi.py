"""Commands go out without waiting, results find theirs, and an ended session is ended."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panoramisk.message import Message

from ivrd.asterisk.ami_action import BadValue, ConnectionLost, encoded
from ivrd.asterisk.async_agi import (
    PATIENCE_SECONDS,
    TEXT_LIMIT,
    Session,
    SessionOver,
    Sessions,
    quoted,
)
from tests.asterisk.virtual import run

CHANNEL = "PJSIP/carrier-00000001"


class FakeLink:
    """Takes what is told and leaves the answers to the test."""

    def __init__(self) -> None:
        self.received_at = 0.0  # when the last event came
        self.told: list[dict[str, str]] = []
        self.answers: list[asyncio.Future[Message]] = []
        self.error: Exception | None = None

    def tell(self, action: str, **headers: str) -> "asyncio.Future[Message]":
        if self.error is not None:
            raise self.error
        self.told.append({"Action": action, **headers})
        self.answers.append(asyncio.get_running_loop().create_future())
        return self.answers[-1]

    @property
    def commands(self) -> list[str]:
        return [headers["Command"] for headers in self.told if headers["Action"] == "AGI"]

    def command_id(self, number: int) -> str:
        return self.told[number]["CommandID"]


class Rig:
    """A session on a fake link."""

    def __init__(self) -> None:
        self.link = FakeLink()
        self.observed: list[float] = []
        self.decided: list[float] = []
        self.sessions = Sessions(self.link, self.observed.append, self.decided.append)  # type: ignore[arg-type]
        self.session = self.sessions.begin(CHANNEL)
        self.overs = 0

    def watch(self, patience: float) -> None:
        def over() -> None:
            self.overs += 1

        self.session.watch(over, patience)


async def fails(future: "asyncio.Future[str]", why: str) -> None:
    with pytest.raises(SessionOver, match=why):
        await future


# --- quoting -------------------------------------------------------------------------------


def parse_args(command: str) -> list[str]:
    """What Asterisk makes of a command, by the rules of parse_args in res/res_agi.c."""
    words: list[str] = []
    inside_quotes = escaped = False
    between_words = True
    for char in command:
        if char == '"' and not escaped:
            inside_quotes = not inside_quotes
            if inside_quotes and between_words:
                words.append("")
                between_words = False
        elif char == "\\" and not escaped:
            escaped = True
        elif char in " \t" and not inside_quotes and not escaped:
            between_words = True
        else:
            if between_words:
                words.append("")
                between_words = False
            words[-1] += char
            escaped = False
    return words


HOSTILE = st.text(st.one_of(st.characters(), st.sampled_from('"\\ \t\r\n\0กำ้ไทย')))


@given(HOSTILE)
def test_asterisk_reads_the_text_that_was_meant(text: str) -> None:
    words = parse_args(f"SET VARIABLE IVRD_TOPIC {quoted(text)}")
    meant = "".join(c if c.isprintable() else " " for c in text)
    assert words[:3] == ["SET", "VARIABLE", "IVRD_TOPIC"]
    assert len(words) == 4
    assert meant.startswith(words[3])
    assert words[3] == meant or len(meant.encode()) > TEXT_LIMIT


@given(st.text(st.sampled_from('ก"\\x'), min_size=TEXT_LIMIT, max_size=4096))
def test_a_name_of_four_kilobytes_is_cut_and_fits_into_a_line_of_ami(text: str) -> None:
    command = f"SET VARIABLE CALLERID(name) {quoted(text)}"
    encoded({"Command": command})  # raises if Asterisk would drop the line
    kept = parse_args(command)[3]
    assert text.startswith(kept)
    assert len(kept.encode()) > TEXT_LIMIT - 3  # at most one Thai character less


# --- pipelining and correlation ------------------------------------------------------------


def test_sending_does_not_wait_for_the_one_before() -> None:
    async def body() -> None:
        rig = Rig()
        for number in range(6):
            rig.session.send(f"NOOP {number}")
        assert rig.link.commands == [f"NOOP {number}" for number in range(6)]
        assert {headers["Channel"] for headers in rig.link.told} == {CHANNEL}
        assert len({headers["CommandID"] for headers in rig.link.told}) == 6

    run(body())


@given(st.permutations(range(5)))
def test_results_find_their_commands_in_any_order(order: list[int]) -> None:
    async def body() -> None:
        rig = Rig()
        futures = [rig.session.send(f"NOOP {number}") for number in range(5)]
        for number in order:
            rig.sessions.result(rig.link.command_id(number), f"200 result={number}")
        assert [future.result() for future in futures] == [f"200 result={n}" for n in range(5)]

    run(body())


def test_results_go_to_the_session_that_asked() -> None:
    async def body() -> None:
        rig = Rig()
        other = rig.sessions.begin("PJSIP/carrier-00000002")
        mine, others = rig.session.send("NOOP"), other.send("NOOP")
        rig.sessions.result(rig.link.command_id(1), "200 result=2")
        assert not mine.done()
        assert others.result() == "200 result=2"

    run(body())


@pytest.mark.parametrize("stranger", ["", "1.1", "x", "deadbeef.1.1", "....", "ไทย.1"])
def test_results_of_others_match_nothing(stranger: str) -> None:
    async def body() -> None:
        rig = Rig()
        future = rig.session.send("NOOP")
        rig.sessions.result(stranger, "200 result=0")
        assert not future.done()

    run(body())


def test_an_earlier_processs_results_match_nothing() -> None:
    async def body() -> None:
        before, after = Rig(), Rig()
        before.session.send("NOOP")
        future = after.session.send("NOOP")
        after.sessions.result(before.link.command_id(0), "200 result=0")
        assert not future.done()

    run(body())


def test_the_same_result_twice_is_taken_once() -> None:
    async def body() -> None:
        rig = Rig()
        future = rig.session.send("NOOP")
        rig.sessions.result(rig.link.command_id(0), "200 result=1")
        rig.sessions.result(rig.link.command_id(0), "200 result=2")
        assert future.result() == "200 result=1"

    run(body())


def test_the_time_that_commands_take_is_observed_without_prompts() -> None:
    async def body() -> None:
        rig = Rig()
        rig.session.send("NOOP")
        rig.session.send('STREAM FILE x ""', 9.0)
        await asyncio.sleep(0.02)
        rig.sessions.result(rig.link.command_id(0), "200 result=1")
        rig.sessions.result(rig.link.command_id(1), "200 result=0 endpos=80000")
        assert rig.observed == [pytest.approx(0.02)]

    run(body())


# --- the end -------------------------------------------------------------------------------


def test_the_end_fails_what_is_pending_and_takes_nothing_more() -> None:
    async def body() -> None:
        rig = Rig()
        rig.watch(5.0)
        pending = [rig.session.send("NOOP"), rig.session.send('STREAM FILE x ""')]
        rig.sessions.end(rig.session, "the caller hung up")
        pending.append(rig.session.send("ASYNCAGI BREAK"))
        for future in pending:
            await fails(future, "the caller hung up")
        rig.session.stop_playing()
        assert rig.link.commands == ["NOOP", 'STREAM FILE x ""']
        assert len(rig.link.told) == 2
        assert rig.overs == 1

    run(body())


def test_a_result_after_the_end_changes_nothing() -> None:
    async def body() -> None:
        rig = Rig()
        future = rig.session.send("NOOP")
        rig.sessions.end(rig.session, "the dialplan has the call")
        rig.sessions.result(rig.link.command_id(0), "200 result=0")
        await fails(future, "the dialplan has the call")

    run(body())


@pytest.mark.parametrize("kind", ["refused", "lost", "given up"])
def test_a_command_that_asterisk_does_not_take_ends_the_session(kind: str) -> None:
    async def body() -> None:
        rig = Rig()
        rig.watch(5.0)
        future = rig.session.send("NOOP")
        answer = rig.link.answers[0]
        if kind == "refused":
            answer.set_result(Message({"Response": "Error", "Message": "No such channel"}))
        elif kind == "lost":
            answer.set_exception(ConnectionLost("reset"))
        else:
            answer.cancel()
        why = "No such channel" if kind == "refused" else "connection to Asterisk was lost"
        await fails(future, why)
        assert rig.overs == 1

    run(body())


def test_an_acknowledged_command_is_not_done_yet() -> None:
    async def body() -> None:
        rig = Rig()
        future = rig.session.send("NOOP")
        rig.link.answers[0].set_result(Message({"Response": "Success"}))
        await asyncio.sleep(0)
        assert not future.done()
        assert rig.session.over == ""

    run(body())


@pytest.mark.parametrize(
    "error", [ConnectionLost("not connected"), BadValue("'Channel': one line")]
)
@pytest.mark.parametrize("what", ["send", "stop"])
def test_what_cannot_be_sent_ends_the_session_instead_of_raising(
    error: Exception, what: str
) -> None:
    async def body() -> None:
        rig = Rig()
        rig.watch(5.0)
        rig.link.error = error
        if what == "send":
            await fails(rig.session.send("NOOP"), str(error))
        else:
            rig.session.stop_playing()
        assert rig.session.over == str(error)
        assert rig.overs == 1

    run(body())


# --- deadlines -----------------------------------------------------------------------------


async def _ended_at(session: Session, patience: float) -> float:
    ended = asyncio.Event()
    session.watch(ended.set, patience)
    await ended.wait()
    return asyncio.get_running_loop().time()


def test_a_command_that_never_gets_its_result_ends_the_session() -> None:
    async def body() -> None:
        rig = Rig()
        future = rig.session.send("NOOP")
        ended_at = await _ended_at(rig.session, PATIENCE_SECONDS)
        assert ended_at == pytest.approx(PATIENCE_SECONDS)
        await fails(future, "did not carry out a command in time")
        sent = len(rig.link.told)
        await fails(rig.session.send("NOOP"), "did not carry out a command in time")
        assert len(rig.link.told) == sent

    run(body())


def test_the_deadline_counts_from_when_asterisk_can_begin() -> None:
    """A command behind two prompts of 8 and 4 seconds has those 12 seconds and the patience."""

    async def body() -> None:
        rig = Rig()
        rig.watch(5.0)
        rig.session.send('STREAM FILE a ""', 8.0)
        rig.session.send('STREAM FILE b ""', 4.0)
        rig.session.send("NOOP")
        rig.sessions.result(rig.link.command_id(0), "200 result=0 endpos=64000")
        rig.sessions.result(rig.link.command_id(1), "200 result=0 endpos=32000")
        assert await _ended_at(rig.session, 5.0) == pytest.approx(8 + 4 + 5)

    run(body())


def test_results_in_time_leave_the_session_alone_for_ever() -> None:
    async def body() -> None:
        rig = Rig()
        rig.watch(5.0)
        for number in range(4):
            rig.session.send('STREAM FILE a ""', 8.0)
            await asyncio.sleep(8.0 + 4.9)
            rig.sessions.result(rig.link.command_id(number), "200 result=0 endpos=64000")
            await asyncio.sleep(3600)  # the caller thinks
        assert rig.session.over == ""

    run(body())


def test_a_command_of_whose_result_nothing_depends_has_no_id_and_is_never_overdue() -> None:
    async def body() -> None:
        rig = Rig()
        rig.watch(5.0)
        rig.session.tell("SET VARIABLE A 1")
        assert rig.link.commands == ["SET VARIABLE A 1"]
        assert "CommandID" not in rig.link.told[0]
        await asyncio.sleep(3600)
        assert rig.session.over == ""
        rig.session.end("the caller hung up")
        rig.session.tell("SET VARIABLE A 2")
        assert len(rig.link.told) == 1

    run(body())


# --- how long a decision takes -------------------------------------------------------------


def test_a_decision_takes_from_the_bytes_of_an_event_to_the_first_action_after_it() -> None:
    async def act() -> None:
        rig, now = Rig(), asyncio.get_running_loop().time
        rig.session.send("ANSWER")  # the answer to the session's own beginning
        await asyncio.sleep(0)
        rig.decided.clear()
        rig.link.received_at = now()
        await asyncio.sleep(0.02)
        rig.session.event()
        rig.link.received_at = now()  # bytes of somebody else's
        rig.session.event()
        await asyncio.sleep(0.03)
        rig.session.stop_playing()
        rig.session.send("STREAM FILE")  # the same answer goes on
        await asyncio.sleep(0)
        assert rig.decided == [pytest.approx(0.05)]

    run(act())


def test_an_event_that_needs_no_answer_is_no_slow_decision() -> None:
    async def act() -> None:
        rig = Rig()
        rig.session.send("ANSWER")
        await asyncio.sleep(0)
        rig.decided.clear()
        rig.session.event()
        rig.session.settled()
        await asyncio.sleep(5)
        rig.session.send("STREAM FILE")  # because of the clock
        await asyncio.sleep(0)
        assert rig.decided == []

    run(act())
