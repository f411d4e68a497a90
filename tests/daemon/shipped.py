"""The shipped configuration, read once for all tests of the daemon."""

from functools import cache
from pathlib import Path

from ivrd.config.load import load
from ivrd.config.settings import Settings

CONFIG = Path(__file__).parents[2] / "config"


@cache
def shipped(config: Path = CONFIG) -> Settings:
    """What is in a folder."""
    return load(config)
