from collections.abc import Callable
from pathlib import Path

from ivrd.config.load import load
from ivrd.config.settings import RedisSettings, Retention, StoreSettings

Change = Callable[[str, str, str], None]
SOUNDS = "sounds: sounds\n"


def test_without_the_part_it_is_a_file_in_state_dir(folder: Path) -> None:
    assert load(folder).store == StoreSettings(Path("/var/lib/ivrd/ivrd.sqlite"), None, 0.5)


def test_a_file_of_a_name(folder: Path, change: Change) -> None:
    part = "state_dir: state\nstore: {file: x.sqlite, deadline_seconds: 2}\n"
    change("ivrd.yaml", SOUNDS, SOUNDS + part)
    assert load(folder).store == StoreSettings(folder / "state" / "x.sqlite", None, 2)


def test_a_redis_server(folder: Path, change: Change) -> None:
    url = "rediss://[2001:db8::1]:6380/2"
    named = f'url: "{url}", user: ivrd, secret_file: ./redis.secret, ca_file: ca.pem'
    change("ivrd.yaml", SOUNDS, f"{SOUNDS}store: {{redis: {{{named}}}}}\n")
    redis = RedisSettings(url, (), "", "ivrd", folder / "redis.secret", folder / "ca.pem")
    assert load(folder).store == StoreSettings(None, redis, 0.5)


def test_a_redis_that_sentinel_knows(folder: Path, change: Change) -> None:
    named = 'sentinels: ["192.0.2.1:26379", "[2001:db8::1]:26379"], service: ivrd'
    change("ivrd.yaml", SOUNDS, f"{SOUNDS}store: {{redis: {{{named}}}}}\n")
    at = (("192.0.2.1", 26379), ("2001:db8::1", 26379))
    assert load(folder).store == StoreSettings(
        None, RedisSettings("", at, "ivrd", "", None, None), 0.5
    )


def test_sentinels_with_a_password(folder: Path, change: Change) -> None:
    named = 'sentinels: ["192.0.2.1:26379"], service: ivrd, sentinel_user: watch'
    named += ", sentinel_secret_file: ./sentinel.secret"
    change("ivrd.yaml", SOUNDS, f"{SOUNDS}store: {{redis: {{{named}}}}}\n")
    at, file = (("192.0.2.1", 26379),), folder / "sentinel.secret"
    redis = RedisSettings("", at, "ivrd", "", None, None, "watch", file)
    assert load(folder).store == StoreSettings(None, redis, 0.5)


def test_how_long_it_keeps_what_is_over(folder: Path, change: Change) -> None:
    assert load(folder).store.keep_days == Retention(calls=92, history=92, audit=400)
    change("ivrd.yaml", SOUNDS, f"{SOUNDS}store: {{keep_days: {{history: 400, audit: 4000}}}}\n")
    assert load(folder).store.keep_days == Retention(calls=92, history=400, audit=4000)
