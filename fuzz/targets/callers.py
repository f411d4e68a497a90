"""What callers send: names and numbers in SIP, keys, and the results of commands about them."""

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast

from fuzz.runner import One, Target
from ivrd.asterisk import ami_action
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.async_agi import TEXT_LIMIT, Sessions, quoted
from ivrd.asterisk.conversation import Conversation
from ivrd.asterisk.conversation_settings import ConversationSettings
from ivrd.calls.caller_hash import HASH_CHARACTERS, Hasher
from ivrd.config.load import load
from ivrd.log.formatters import FORMATTERS

CONFIG = Path(__file__).parents[2] / "config"
NAMES: Sequence[bytes] = (
    *("สมชาย ใจดี".encode(), b"0200000001", b"+66200000001", b"anonymous", b""),
    *(b'"x" <sip:0200000001@192.0.2.1>', b"x\r\nAction: Originate", b"$(id)", b"1330"),
)


def unquoted(text: str) -> str:
    """One quoted AGI argument as Asterisk reads it (parse_args in res/res_agi.c)."""
    assert text[0] == text[-1] == '"'
    out, escaped = [], False
    for c in text[1:-1]:
        assert c != '"' or escaped  # an argument ends where we end it
        if c == "\\" and not escaped:
            escaped = True
        else:
            out.append(c)
            escaped = False
    assert not escaped
    return "".join(out)


@contextmanager
def strings() -> Iterator[One]:
    """A caller's name or number is one hash, one argument, one header, one line of the log."""
    hasher = Hasher([b"k" * 32], "TH")
    out = io.StringIO()
    forms = [form(None) for form in FORMATTERS.values()]

    def one(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape" if len(data) % 2 else "replace")
        hashed = hasher.hash_number(text)
        assert hashed == "" or len(hashed) == HASH_CHARACTERS
        assert hasher.hash_number(text) == hashed
        argument = quoted(text.encode("utf-8", "replace").decode())
        assert argument.isprintable()
        assert len(unquoted(argument).encode()) <= TEXT_LIMIT
        try:
            ami_action.encoded({"Value": text})
        except ami_action.BadValue:
            pass
        else:
            assert not set(text) & set("\r\n\0")
        record = logging.LogRecord("ivrd", logging.INFO, "", 0, text, None, None)
        record.fields = {"name": text, "call": text}
        for form in forms:
            out.seek(0)
            assert "\n" not in form.format(record)

    yield one


class Dialled:
    """A link that takes every command and tells nobody."""

    received_at = 0.0

    def __init__(self) -> None:
        self.commands: list[str] = []

    def tell(self, action: str, **headers: str) -> "asyncio.Future[Any]":
        """What `AmiClient.tell` does."""
        ami_action.encoded(headers)
        if "CommandID" in headers:
            self.commands.append(headers["CommandID"])
        return asyncio.get_running_loop().create_future()


@cache
def script() -> ConversationSettings:
    """The shipped menus."""
    settings = load(CONFIG)
    topics = {topic: topic for queue in settings.queues for topic in queue.topics}
    tree = settings.tree
    return ConversationSettings(
        tree, lambda: tree, lambda _prompt: 60.0, topics, 5.0, 30.0, frozenset, date.today
    )


async def talk(data: bytes) -> None:
    """One call: each line is a key (one character) or the result of the oldest open command."""
    link = Dialled()
    sessions = Sessions(cast(AmiClient, link), lambda _seconds: None, lambda _seconds: None)
    session = sessions.begin("PJSIP/carrier-00000001")
    conversation = Conversation(
        script,
        session,
        lambda _command: None,
        lambda _step: None,
        dict,
        lambda: None,
        lambda _queue: False,
        tuple,
        lambda: False,
        lambda: False,
        lambda _queue, said: said,
        lambda: False,
        lambda _queue: True,
        lambda: False,
    )
    task = asyncio.create_task(conversation.run())
    for raw in data.split(b"\n")[:60]:
        line = raw.decode("utf-8", "replace")
        await asyncio.sleep(0)
        if len(line) <= 1:
            conversation.press(line)
        elif link.commands:
            sessions.result(link.commands.pop(0), line)
        sessions.result(line, line)
    sessions.end(session, "the caller hung up")
    conversation.over()
    async with asyncio.timeout(30):
        await task


def in_loop(body: Callable[[bytes], Any]) -> Callable[[], Any]:
    """A target whose inputs run in one event loop; what it leaves to the loop must not fail."""

    @contextmanager
    def opened() -> Iterator[One]:
        faults: list[dict[str, Any]] = []
        with asyncio.Runner() as runner:
            runner.get_loop().set_exception_handler(lambda _loop, what: faults.append(what))

            def one(data: bytes) -> None:
                runner.run(body(data))
                if faults:
                    what = faults.pop()
                    raise what.get("exception") or AssertionError(json.dumps(what, default=str))

            yield one

    return opened


RESULTS: Sequence[bytes] = (
    b"200 result=0\n200 result=0 endpos=24000\n1\n200 result=0 endpos=24000\n2\n200 result=1",
    b"1\n200 result=0\n1\n200 result=0 endpos=100\n2\n200 result=0 endpos=9\n200 result=0\n*",
    b"200 result=-1\n\n0\n9\n#\n511 Command Not Permitted on a dead channel\n510 Invalid",
    b"520-Invalid command syntax.  Proper usage follows:\n520 End of proper usage.\n3\n0",
    b"\n".join([b"200 result=0 endpos=160000"] * 12),
)

TARGETS = (
    Target("strings", strings, lambda: NAMES, 4_000, 200_000),
    Target("agi", in_loop(talk), lambda: RESULTS, 800, 30_000, (b"result=", b"endpos=", b"\n")),
)
