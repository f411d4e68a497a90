"""Where a trunk stands in the configuration."""

from ivrd.config import main, partners, routes, yamlfile
from ivrd.config.settings import Settings
from ivrd.config.yamlfile import Document, Key


def of(settings: Settings, name: str) -> tuple[Document, Key]:
    """The file of a trunk with this name in Asterisk, and its key there."""
    file, key = _key(settings, name)
    return yamlfile.places(settings.folder / file), key


def _key(settings: Settings, name: str) -> tuple[str, Key]:
    if name in dict(settings.asterisk.carriers):
        return main.FILE, ("asterisk", "carriers", name)
    if name == routes.TRUNK:
        return main.FILE, ("callback", "trunk")
    if name.startswith(routes.TRUNK):
        return main.FILE, ("callback", "routes", name.removeprefix(routes.trunk_of("")), "trunk")
    return partners.FILE, ("partners", name.removeprefix(partners.IN_ASTERISK), "trunk")
