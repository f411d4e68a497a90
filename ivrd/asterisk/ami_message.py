"""panoramisk's message, read in one pass.

`Message.from_line` builds each message three times over: as a dict, as the case-insensitive dict
that it is, and once more for each header that is read.  That is most of what an event costs.  Here
its own store is filled straight away; whatever is out of the ordinary is left to panoramisk.
"""

from typing import Any
from urllib.parse import unquote

from panoramisk.message import Message

LINE_END = "\r\n"
QUOTED = "result"  # of AGI: URL-encoded
WITH_TEXT = (b"Response: Follows", b"Response: Fail")  # text without headers follows


class AmiMessage(Message):  # type: ignore[misc]  # panoramisk has no types
    """Each header once, whatever its case: of one that comes twice, the first is Asterisk's own."""

    def __init__(self, store: dict[str, tuple[str, str]]) -> None:
        self._store = store
        self.content = ""
        self.manager = None

    def __getattr__(self, name: str) -> Any:
        found = self.__dict__["_store"].get(name)
        return found[1] if found else ""


def parsed(block: bytes) -> Message | None:
    """The message in what stands between two ends of messages; None for what is none."""
    text = block.decode("utf-8", "replace").strip(LINE_END)
    if block.lstrip().startswith(WITH_TEXT):
        return _plain(Message.from_line(text))
    lines = [line.partition(": ") for line in text.split(LINE_END)]
    lines.reverse()  # so that the first of two is what stays
    store = {name.lower(): (name, value) for name, colon, value in lines if colon}
    if "event" not in store and "response" not in store:
        return None
    if QUOTED in store:
        name, value = store[QUOTED]
        store[QUOTED] = (name, unquote(value).strip())
    return AmiMessage(store)


def _plain(message: Message | None) -> Message | None:
    """The message with each header once."""
    if message is not None:
        for name, value in message.items():
            if isinstance(value, list):
                message[name] = value[0]
    return message
