"""Secrets and certificates that are missing, and files that the service's user may not read."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from ivrd.cli.service_user import Need, refused, unit_user
from ivrd.cli.step import Step
from ivrd.config import certificates, yamlfile
from ivrd.config.files import FILES, OPTIONAL_FILES
from ivrd.config.outbox_settings import FileSettings, HttpSettings, LineSettings
from ivrd.config.problem import ConfigError
from ivrd.config.secret import AMI_SECRET, SEATS_SECRET, read_secret
from ivrd.config.settings import Settings
from ivrd.config.trunk_settings import TLS, TrunkSettings, uses


def secrets(settings: Settings) -> Iterator[Step]:
    """Those that Asterisk's files are written with."""
    asterisk = settings.asterisk
    for path, variable in (
        (asterisk.ami_secret_file, AMI_SECRET),
        (asterisk.seats_secret_file, SEATS_SECRET),
    ):
        if path is None:
            continue
        try:
            read_secret(path, variable)
        except ConfigError as error:
            yield Step([str(error)], f"(umask 077; openssl rand -hex 16 > {path})")
    for trunk in settings.trunks.values():
        try:
            trunk_secret(trunk)
        except ConfigError as error:
            remedy = "put what the other side has given you into"
            yield Step([str(error)], f"{remedy} {trunk.secret_file}")


def tls(settings: Settings) -> Step:
    """What TLS needs, when a trunk is spoken to by it."""
    problems: list[str] = []
    if uses([*settings.trunks.values()], TLS):
        place = yamlfile.places(settings.folder / "ivrd.yaml")
        for key, say in certificates.wrong(settings.asterisk.tls, datetime.now(settings.zone)):
            problems.append(str(place.problem(key, say)))
    return Step(problems, "put the certificates there")


def _asked(settings: Settings) -> Iterator[HttpSettings]:
    """The other systems that ivrd asks or tells something."""
    for channel in settings.outbox.channels.values():
        if not isinstance(channel, FileSettings):
            yield channel.http
    if settings.crm is not None:
        yield settings.crm.http


def outbox_secrets(settings: Settings) -> Iterator[Step]:
    """What other systems have given out, or sign with; calls go on without."""
    for http in _asked(settings):
        if http.secret_file:
            try:
                read_secret(http.secret_file, http.secret_variable, token=True)
            except ConfigError as error:
                remedy = "put what the other system has given you into"
                yield Step([str(error)], f"{remedy} {http.secret_file}")
    for channel in settings.outbox.channels.values():
        if isinstance(channel, LineSettings) and (path := channel.channel_secret_file):
            try:
                read_secret(path, channel.channel_secret_variable, token=True)
            except ConfigError as error:
                yield Step([str(error)], f"put the LINE channel's secret into {path}")
    for contact in settings.call_outs.contacts.values():
        if contact.secret_file:
            try:
                read_secret(contact.secret_file, contact.secret_variable, token=True)
            except ConfigError as error:
                remedy = "put the secret by which the partner signs its answers into"
                yield Step([str(error)], f"{remedy} {contact.secret_file}")


def trunk_secret(trunk: TrunkSettings) -> str:
    """A trunk's password; empty for one without.  Raises `ConfigError`."""
    if trunk.secret_file is None:
        return ""
    return read_secret(trunk.secret_file, trunk.secret_variable)


def permissions(settings: Settings) -> list[str]:
    """What the daemon's user may not read or write."""
    user = unit_user()
    if user is None:
        return []
    try:
        return refused(needs(settings), user)
    except KeyError:
        return [f"there is no user {user}, as whom ivrd.service runs ivrd"]


def needs(settings: Settings) -> Iterator[Need]:
    """What the daemon reads and writes."""
    optional = [name for name in OPTIONAL_FILES if (settings.folder / name).exists()]
    yield from (Need(settings.folder / name) for name in (*FILES, *optional))
    yield Need(settings.asterisk.ami_secret_file)
    if uses([*settings.trunks.values()], TLS):
        tls = settings.asterisk.tls
        yield from (Need(path) for path in (tls.cert_file, tls.ca_file) if path)
    if redis := settings.store.redis:
        secrets: Sequence[Path | None] = (redis.secret_file, redis.sentinel_secret_file)
        yield from (Need(path) for path in (*secrets, redis.ca_file) if path)
    for channel in settings.outbox.channels.values():
        if isinstance(channel, FileSettings):
            yield Need(channel.path.parent, writes=True)
        elif isinstance(channel, LineSettings) and channel.channel_secret_file:
            yield Need(channel.channel_secret_file)
    for http in _asked(settings):
        yield from (Need(path) for path in (http.secret_file, http.ca_file) if path)
    answers = (contact.secret_file for contact in settings.call_outs.contacts.values())
    yield from (Need(path) for path in answers if path)
    for language in settings.languages:
        for path in sorted((settings.sounds / language).glob("*.wav")):
            yield Need(path)
    yield Need(settings.asterisk.queue_log)
    yield Need(settings.caller_key_file)
    yield Need(settings.number_key_file)
    for folder in {settings.state_dir, settings.control_socket.parent}:
        yield Need(folder, writes=True)
