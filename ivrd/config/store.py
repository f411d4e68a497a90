"""The part `store:` of ivrd.yaml: where ivrd keeps what it needs to go on after a restart."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_core import PydanticCustomError

from ivrd.config.effect import RELOAD, RESTART
from ivrd.config.field_types import (
    ADDRESS,
    PATH,
    Address,
    FieldType,
    number,
    pattern,
    whole,
    worded,
)
from ivrd.config.model import Part
from ivrd.config.settings import RedisSettings, Retention, StoreSettings

Wrong = tuple[tuple[str, ...], str]  # a key and what is wrong there

FORM = re.compile(
    r"rediss?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[0-9]{1,3})?|unix:///[^?#@\s]+"
)


class _Url(FieldType):
    """An address that does not repeat what may be a password."""

    def _value(self, value: object) -> object:
        if isinstance(value, str) and ("@" in value or "?" in value):
            say = "no user or password may stand here; write user and secret_file beside it"
            raise PydanticCustomError("expected", "{message}", {"message": say})
        return super()._value(value)


_PLAIN = worded(
    "an address such as rediss://redis.example:6379/0 or unix:///run/redis/redis.sock",
    lambda text: text if FORM.fullmatch(text) else None,
)
URL = _Url(_PLAIN.what, _PLAIN.read)
WORD = pattern("a name of letters, digits, ., _ and - (64 at most)", "[A-Za-z0-9._-]{1,64}")


class RedisPart(Part):
    """`redis:` one server, or what Sentinel names."""

    url: Annotated[str, URL, RESTART] = ""
    sentinels: Annotated[list[Annotated[Address, ADDRESS]], RESTART] = Field(default_factory=list)
    service: Annotated[str, WORD, RESTART] = ""
    user: Annotated[str, WORD, RESTART] = ""
    secret_file: Annotated[str, PATH, RESTART] = ""
    ca_file: Annotated[str, PATH, RESTART] = ""
    sentinel_user: Annotated[str, WORD, RESTART] = ""
    sentinel_secret_file: Annotated[str, PATH, RESTART] = ""


DAYS = whole(2, 4000)  # yesterday's report is always there


class KeepPart(Part):
    """`keep_days:` for how many days the store keeps what is over."""

    calls: Annotated[int, DAYS, RELOAD] = Retention.calls
    history: Annotated[int, DAYS, RELOAD] = Retention.history
    audit: Annotated[int, DAYS, RELOAD] = Retention.audit


class StorePart(Part):
    """`store:` a file, or Redis."""

    file: Annotated[str, PATH, RESTART] = ""
    redis: RedisPart = RedisPart()
    deadline_seconds: Annotated[float, number(0.05, 10), RESTART] = 0.5
    keep_days: KeepPart = KeepPart()


def check(part: StorePart) -> Iterator[Wrong]:
    """What is wrong between the values of this part."""
    redis = part.redis
    if not _names_redis(part):
        return
    if part.file:
        yield ("file",), "expected either file or redis, got both"
    if bool(redis.url) == bool(redis.sentinels):
        both = "both" if redis.url else "neither"
        yield ("redis",), f"expected either url or sentinels, got {both}"
    elif bool(redis.sentinels) != bool(redis.service):
        say = "expected both sentinels and service, the name by which Sentinel knows the master"
        yield ("redis",), say
    yield from _check_login("user", redis.user, "secret_file", redis.secret_file)
    yield from _check_login(
        "sentinel_user", redis.sentinel_user, "sentinel_secret_file", redis.sentinel_secret_file
    )
    if redis.sentinel_secret_file and not redis.sentinels:
        yield ("redis", "sentinel_secret_file"), "expected sentinels as well, whose password it is"
    if redis.ca_file and redis.url and not redis.url.startswith("rediss:"):
        say = "a certificate is for TLS; expected a url that begins with rediss:"
        yield ("redis", "ca_file"), say


def _check_login(user_key: str, user: str, file_key: str, file: str) -> Iterator[Wrong]:
    """What is wrong with a user and the file that has the password."""
    if file and not {"/", "."} & set(file):  # it may be the secret
        say = "expected the path of a file with the secret, such as ./redis.secret"
        yield ("redis", file_key), say
    if user and not file:
        yield ("redis", user_key), f"expected {file_key} as well, with the user's password"


def store(part: StorePart, folder: Path, state_dir: Path) -> StoreSettings:
    """The settings; paths begin in the configuration's `folder`, the file's own in `state_dir`."""
    days = Retention(**part.keep_days.model_dump())
    if not _names_redis(part):
        file = _in(state_dir, part.file or "ivrd.sqlite")
        return StoreSettings(file, None, part.deadline_seconds, days)
    of = part.redis
    redis = RedisSettings(
        url=of.url,
        sentinels=tuple((at.host, at.port) for at in of.sentinels),
        service=of.service,
        user=of.user,
        secret_file=_file(folder, of.secret_file),
        ca_file=_file(folder, of.ca_file),
        sentinel_user=of.sentinel_user,
        sentinel_secret_file=_file(folder, of.sentinel_secret_file),
    )
    return StoreSettings(None, redis, part.deadline_seconds, days)


def _names_redis(part: StorePart) -> bool:
    return "redis" in part.model_fields_set


def _file(folder: Path, path: str) -> Path | None:
    return _in(folder, path) if path else None


def _in(folder: Path, path: str) -> Path:
    return (folder / path).absolute()
