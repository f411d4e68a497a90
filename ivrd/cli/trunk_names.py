"""What DNS says of trunks that are given by name, for `ivrd check --live`."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ivrd.config import trunk_place
from ivrd.config.field_types import is_name
from ivrd.config.settings import Settings
from ivrd.config.trunk_network import split, version
from ivrd.config.trunk_settings import TrunkSettings
from ivrd.config.yamlfile import Key
from ivrd.trunks.names import Finding, Resolver, TrunkName, Unanswered, source


class LookedUp(NamedTuple):
    """One name of a trunk.  `text`: a line in words, with file, line and key when it fails."""

    trunk: str
    name: str
    found: bool
    text: str


def looked_up(settings: Settings) -> list[LookedUp]:
    """All names of all trunks, asked for as Asterisk would."""
    sources = dict(settings.asterisk.carriers)
    names = [
        (trunk, name, key)
        for trunk, of in settings.trunks.items()
        for name, key in {
            name: key for key, name in (*_names(of), *_sources(of, sources.get(trunk, ())))
        }.items()
    ]
    return [
        LookedUp(trunk, str(name), finding.found, _line(settings, trunk, name, key, finding))
        for (trunk, name, key), finding in zip(
            names, asyncio.run(_find(settings, [name for _, name, _ in names])), strict=True
        )
    ]


async def _find(settings: Settings, names: list[TrunkName]) -> list[Finding]:
    if not names:
        return []
    try:
        resolver = Resolver(settings.asterisk.network.dns_servers)
    except Unanswered as error:
        return [Finding(False, str(error))] * len(names)
    return await asyncio.gather(*map(resolver.look_up, names))


def _names(of: TrunkSettings) -> Iterator[tuple[Key, TrunkName]]:
    """Each place that is a name, and its key below the trunk's."""
    places: list[tuple[Key, str]] = [(("registrar",), text) for text in of.registrars]
    places += [(("redirects_to", at), text) for at, text in enumerate(of.network.redirects_to)]
    # The last one of a name counts: who is called and registers is named by `addresses` alone.
    places += [(("addresses", at), text) for at, text in enumerate(of.addresses)]
    for key, text in places:
        host, port = split(text)
        if version(host) is None:
            yield key, TrunkName(host, port, of.transport, of.network.ipv6)


def _sources(of: TrunkSettings, sources: Sequence[str]) -> Iterator[tuple[Key, TrunkName]]:
    """Each name from which a carrier calls."""
    for at, text in enumerate(sources):
        if is_name(text):
            yield ("addresses", at), source(of, text)


def _line(settings: Settings, trunk: str, name: TrunkName, below: Key, finding: Finding) -> str:
    if finding.found:
        return f"{trunk}: {name} in DNS: {finding.text}"
    place, key = trunk_place.of(settings, trunk)
    if (*key, below[0]) in place.lines:  # else its address alone stands there
        key = (*key, *below)
    return str(place.problem(key, f"{name}: {finding.text}"))
